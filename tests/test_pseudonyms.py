"""Students stand in the graph under pseudonyms, wherever a table writes their numbers."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graph.civic import CIVIC
from graph.errors import LoadError
from loaders.folder import Checked, read
from loaders.pseudonyms import Pseudonyms, read_key
from server.cli import main

KEY = b"0123456789abcdef0123456789abcdef"
TABLES = {
    "students": "id,level\n18001234,5\nstudent:W18001235,6\nmade-up-s1,4\n",
    "modules": "id,name,code,students\nm,M,M1,18001234; w18001235\n",
    "student-takes-part-in-project": "from,to\n 18001234 ,walk\nstudent:18009999,walk\n",
    "projects": "id,name\nwalk,Walk\n",
    "aliases": "alias,id\nstudent:18009999,student:w18001235\n",
}

Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Reads tables given as text, with a key or without."""
    with ExitStack() as opened:

        def checked(tables: dict[str, str], key: bytes | None = KEY) -> Checked:
            folder = tmp_path / str(len(list(tmp_path.iterdir())))
            folder.mkdir()
            for name, text in tables.items():
                (folder / f"{name}.csv").write_text(text)
            return opened.enter_context(read(folder, CIVIC, None, pseudonyms=Pseudonyms(key)))

        yield checked


def pseudonym(number: str, key: bytes = KEY) -> str:
    return f"student:p{hmac.new(key, f'student:{number}'.encode(), hashlib.sha256).hexdigest()[:32]}"


def keys(checked: Checked, name: str) -> set[str]:
    """The ids that are first in the keys of a table's statements."""
    table = next(t for t in CIVIC.tables if t.table == name)
    return {statement.key[0] for statement in checked.statements.of(table)}


def test_a_number_becomes_one_pseudonym_wherever_it_is_written(check: Check) -> None:
    checked = check(TABLES)
    first, second = pseudonym("18001234"), pseudonym("w18001235")
    assert keys(checked, "Student") == {first, second, "student:made-up-s1"}
    assert keys(checked, "Student_ENROLLED_IN_Module") == {first, second}
    assert keys(checked, "Student_TAKES_PART_IN_Project") == {first, second}
    everything: list[Any] = [list(checked.statements.of(table)) for table in CIVIC.tables]
    assert not re.search("1800[0-9]{4}", str(everything))


def test_a_pseudonym_is_its_own(check: Check) -> None:
    known = pseudonym("18001234")
    assert keys(check({"students": f"id\n{known}\n"}), "Student") == {known}
    twice = check({"students": f"id\n{known}\n18001234\n"}).report
    assert "row 2" in str(twice.issues[0])


def test_another_key_makes_others(check: Check) -> None:
    other = check({"students": "id\n18001234\n"}, KEY[::-1])
    assert keys(other, "Student") == {pseudonym("18001234", KEY[::-1])} != {pseudonym("18001234")}


def test_without_a_key_numbers_are_refused_and_pseudonyms_are_not(check: Check) -> None:
    report = check(TABLES, None).report
    assert {issue.file for issue in report.issues} >= {"students.csv", "modules.csv", "aliases.csv"}
    assert {issue.message for issue in report.issues} == {
        "a number is no pseudonym, and there is no key to make one with"
    }
    assert "CIVIC_GRAPH_STUDENT_KEY" in report.issues[0].expected
    assert check({"students": f"id\n{pseudonym('1')}\nmade-up-s1\n"}, None).report.ok


def test_keys_are_read_from_files_and_short_ones_refused(tmp_path: Path) -> None:
    path = tmp_path / "student.key"
    with pytest.raises(LoadError, match="cannot be read: No such file"):
        read_key(path)
    path.write_bytes(KEY[1:] + b"\n")
    with pytest.raises(LoadError, match="has 31 bytes; expected 32 or more"):
        read_key(path)
    path.write_bytes(KEY + b"\n")
    assert read_key(path) == KEY


def test_the_command_line_takes_the_key_from_its_setting(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "students.csv").write_text("id\n18001234\n")
    (tmp_path / "key").write_bytes(KEY)
    store = ["--store", f"sqlite:{tmp_path / 'graph.db'}"]
    tables = str(tmp_path / "tables")
    without = CliRunner().invoke(main, [*store, "load", tables])
    assert (without.exit_code, "CIVIC_GRAPH_STUDENT_KEY" in without.stderr) == (1, True)
    runner = CliRunner(env={"CIVIC_GRAPH_STUDENT_KEY": str(tmp_path / "key")})
    assert runner.invoke(main, [*store, "check", tables]).exit_code == 0
    assert runner.invoke(main, [*store, "load", tables]).exit_code == 0
    answer = runner.invoke(main, [*store, "query", "--compact", "{ students { nodes { id name } } }"]).stdout
    node = pseudonym("18001234")
    assert f'{{"id":"{node}","name":"{node.removeprefix("student:")}"}}' in answer
    assert b"18001234" not in b"".join(path.read_bytes() for path in tmp_path.glob("graph.db*"))


def test_another_key_is_another_load(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "students.csv").write_text("id\n18001234\n")
    students = "{ students { nodes { id } } }"
    seen = []
    for key in (KEY, KEY, KEY[::-1]):
        (tmp_path / "key").write_bytes(key)
        command = ["--store", f"sqlite:{tmp_path / 'g.db'}"]
        loaded = CliRunner().invoke(
            main, [*command, "load", str(tmp_path / "tables"), "--student-key", str(tmp_path / "key")]
        )
        asked = CliRunner().invoke(main, [*command, "query", students])
        seen.append(("already loaded" in loaded.stdout, pseudonym("18001234", key) in asked.stdout, loaded.exit_code))
    assert seen == [(False, True, 0), (True, True, 0), (False, True, 0)]

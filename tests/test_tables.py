"""Files that are not quite tables: each is refused at its place, and none raises, hangs or fills the memory."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.civic import CIVIC
from graph.errors import LoadError
from loaders import tables
from loaders.files import load_id
from loaders.folder import read
from loaders.report import Issue, Report
from tests.office import Check

HAZARDS = Path(__file__).parents[2] / "shared" / "data" / "hazards"


def report_on(folder: Path, content: bytes, name: str = "partners.csv") -> Report:
    (folder / name).write_bytes(content)
    with read(folder, CIVIC, None) as checked:
        return checked.report


def only(report: Report) -> Issue:
    assert len(report.issues) == 1, report.lines()
    return report.issues[0]


ROWS = "id,name\na,Ann\nb,Bob\n"


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode(),
        ROWS.encode("utf-8-sig"),
        ROWS.replace("\n", "\r\n").encode(),
        ROWS.replace("\n", "\r").encode(),
        b"id,name\r\na,Ann\nb,Bob",
        b"id,name\n\na,Ann\n,,,\n  ,\nb,Bob\n\n\n",
        b'"id","name"\n"a","Ann"\n"b","Bob"\n',
        b"id,name,,\na,Ann,,,,\nb,Bob\n",
    ],
    ids=["lf", "bom", "crlf", "cr", "mixed", "blank rows", "quoted", "ragged"],
)
def test_every_form_of_csv_is_read(tmp_path: Path, content: bytes) -> None:
    report = report_on(tmp_path, content)
    assert report.lines() == ["0 errors, 0 warnings in 2 rows of 1 file"]


AWKWARD = {
    "empty": (b"", 1, "there is no header"),
    "blank header": (b"\n\nid,name\n", 1, "there is no header"),
    "cp1252": ("id,name\na,Ann\nb,Caf\xe9 \xa3\n".encode("cp1252"), 3, "the file looks like cp1252"),
    "no encoding": (b"id,name\na,\x81\x8d\n", 2, "byte 0x81 is not UTF-8"),
    "surrogate in UTF-8": (b"id,name\na,\xed\xa0\x80\n", 2, "byte 0xED is not UTF-8"),
    "bad byte within quotes": (b'id,name\na,"one\ntwo\xff"\nb,Bob\n', 2, "byte 0xFF"),
    "bad byte in header": (b"id,name\xff\na,Ann\n", 1, "byte 0xFF"),
    "UTF-16": (ROWS.encode("utf-16"), 1, "looks like UTF-16"),
    "UTF-16 without mark": (ROWS.encode("utf-16-le"), 1, "looks like UTF-16"),
    "unclosed quote": (b'id,name\na,Ann\nb,"Bob\nc,Cat\n', 3, "a quote is opened and never closed"),
    "unclosed quote, long": (b'id,name\na,"' + b"x" * 600_000, 2, "a cell has more than 131,072 characters"),
    "text after a quote": (b'id,name\na,"Ann"x\n', 2, "there is text after a closing quote"),
    "cells beyond the header": (b"id,name\na,Ann\nb,Bob,,extra\n", 3, '"extra" stands beyond the last column'),
    "cells below no name": (b"id,,name\na,odd,Ann\n", 2, '"odd" stands in a column without a name'),
    "long line": (b"id,name\na,Ann\nb," + b"x" * 1_000_001, 3, "more than 1,000,000 characters"),
    "long row": (b"id,name\na,Ann\n" + b'"\n",' * 300_000, 3, "more than 1,000,000 characters"),
    "many columns": (b",".join(b"c%d" % i for i in range(501)), 1, "there are 501 columns"),
    "semicolons": (b"id;name;borough\na;Ann;Hackney\n", 1, "the columns are separated by semicolons"),
    "semicolons, quoted": (b'\xef\xbb\xbf"id";"name"\r\n"a";"Ann"\r\n', 1, "the columns are separated by semicolons"),
    "a line for a spreadsheet": (b"sep=;\r\nid;name\r\na;Ann\r\n", 1, "the columns are separated by semicolons"),
    "tabs": (b"id\tname\na\tAnn\n", 1, "the columns are separated by tabs"),
    "huge header": (b"x" * 2_000_000, 1, "more than 1,000,000 characters"),
    "NUL": (b"id,name\na,A\x00nn\n", 2, "control character U+0000"),
    "escape": (b"id,name\na,A\x1b[31mnn\n", 2, "control character U+001B"),
    "million characters": (b"id,name\na," + b"x" * 900_000 + b"\n", 2, "a cell has more than"),
    "long text": (b"id,name\na," + b"x" * 100_001 + b"\n", 2, "the text has 100,001 characters"),
}


@pytest.mark.parametrize(("content", "row", "message"), AWKWARD.values(), ids=AWKWARD)
def test_awkward_files_are_refused_at_their_row(tmp_path: Path, content: bytes, row: int, message: str) -> None:
    issue = only(report_on(tmp_path, content))
    assert (issue.file, issue.row) == ("partners.csv", row)
    assert message in issue.message


def test_semicolons_say_how_to_save_the_file(tmp_path: Path) -> None:
    issue = only(report_on(tmp_path, b"id;name\na;Ann\n"))
    assert issue.expected == "commas: save as CSV UTF-8 (comma delimited)"
    assert report_on(tmp_path, b"id,name,aliases\na,Ann,A;B\n").ok


def test_rows_before_a_broken_one_are_checked(tmp_path: Path) -> None:
    report = report_on(tmp_path, b'id,name,status\na,Ann,odd\nb,"Bob')
    assert [(i.row, i.column) for i in report.issues] == [(2, "status"), (3, None)]
    assert report.files == {"partners.csv": 1}


def test_row_numbers_count_blank_rows_and_not_lines(tmp_path: Path) -> None:
    issue = only(report_on(tmp_path, b'id,name,status\n\na,"two\nlines",active\nb,Bob,odd\n'))
    assert issue.row == 4


def test_header_alone_is_no_error(tmp_path: Path) -> None:
    report = report_on(tmp_path, b"id,name\n")
    assert report.ok and report.files == {"partners.csv": 0}


def test_more_rows_than_allowed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    assert report_on(tmp_path, ROWS.encode() + b"c,Cat\n").ok
    issue = only(report_on(tmp_path, ROWS.encode() + b"c,Cat\nd,Dan\n"))
    assert (issue.row, issue.message) == (5, "the table has more than 3 rows")


def test_files_of_too_many_bytes_are_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "partners.csv").open("wb") as file:
        file.truncate(500_000_001)
    with read(tmp_path, CIVIC, None) as checked:
        assert "500,000,001 bytes" in only(checked.report).message


def test_memory_stays_small_whatever_is_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "partners.csv").write_bytes(b"id,name\n" + b'"\n",' * 5_000_000)
    (tmp_path / "projects.csv").write_bytes(b"id,name\n" + b"x" * 20_000_000)
    (tmp_path / "modules.csv").write_bytes(b'id,name\na,"' + b"x\n" * 10_000_000)
    tracemalloc.start()
    try:
        with read(tmp_path, CIVIC, None) as checked:
            assert checked.report.errors == 3
        assert tracemalloc.get_traced_memory()[1] < 100_000_000
    finally:
        tracemalloc.stop()


def test_unknown_files_are_named_with_the_nearest(tmp_path: Path) -> None:
    issue = only(report_on(tmp_path, b"id\n", "partner.csv"))
    assert (issue.file, issue.message, issue.nearest) == ("partner.csv", "is no table of the model", "partners.csv")


def test_other_files_are_ignored(tmp_path: Path) -> None:
    for name in ("README.md", "notes.txt", ".hidden.csv", "data.xlsx"):
        (tmp_path / name).write_bytes(b"\xff")
    (tmp_path / "old").mkdir()
    assert report_on(tmp_path, ROWS.encode()).ok


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with read(tmp_path, CIVIC, None) as checked:
        assert only(checked.report).message == "holds no tables"


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_folder_is_a_load_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    for ask in (lambda: read(tmp_path / name, CIVIC, None), lambda: load_id(tmp_path / name, CIVIC)):
        with pytest.raises(LoadError, match="cannot be read as a folder"):
            ask()


def test_links_lead_nowhere_outside(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("id,name\nsecret,Secret\n")
    (folder / "partners.csv").symlink_to("../secret.csv")
    (folder / "data.txt").write_text("id,name\nj,Job\n")
    (folder / "projects.csv").symlink_to("data.txt")
    (folder / "modules.csv").symlink_to("nowhere")
    (folder / "units.csv").symlink_to("units.csv")
    with read(folder, CIVIC, None) as checked:
        messages = {i.file: i.message for i in checked.report.issues}
    assert messages == {
        "units.csv": "cannot be read: Too many levels of symbolic links",
        "modules.csv": "cannot be read: No such file or directory",
        "partners.csv": "is a link to a place outside of the folder",
    }
    assert checked.report.files == {"projects.csv": 1}


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "partners.csv").mkdir()
    os.mkfifo(tmp_path / "projects.csv")
    with read(tmp_path, CIVIC, None) as checked:
        assert {(i.file, i.message) for i in checked.report.issues} == {
            ("partners.csv", "is no file"),
            ("projects.csv", "is no file"),
        }


def test_unreadable_files_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "partners.csv").write_text(ROWS)
    monkeypatch.setattr(Path, "open", deny)
    with read(tmp_path, CIVIC, None) as checked:
        assert only(checked.report).message == "cannot be read: Permission denied"


@pytest.mark.parametrize("name", ["partners.csv", "boroughs.csv", "sources.csv", "aliases.csv"])
def test_any_bytes_make_a_report(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    starts = (
        b"",
        b"id,name\n",
        b"alias,id\n",
        b"id,name,aliases,parent,org_ids,source\n",
        b"\xff\xfe",
        b"\xef\xbb\xbfid,name\r",
    )
    parts = st.one_of(
        st.binary(max_size=20), st.sampled_from([b",", b"\n", b"\r", b'"', b";", b"partner:a", b"a", b"\0"])
    )

    @settings(max_examples=150, deadline=2_000)
    @given(st.sampled_from(starts), st.lists(parts, max_size=40))
    def check(start: bytes, rest: list[bytes]) -> None:
        report = report_on(folder, start + b"".join(rest), name)
        assert report.lines() and all(line.isprintable() for line in report.lines())
        assert report.as_json()["ok"] is report.ok

    check()


@pytest.mark.skipif(not HAZARDS.is_dir(), reason="needs ../shared/data/hazards")
def test_real_files_of_other_forms_are_reported(tmp_path: Path) -> None:
    hazards = [path for path in HAZARDS.iterdir() if path.suffix == ".csv"]
    assert hazards
    for path in hazards:
        folder = tmp_path / path.stem
        folder.mkdir()
        assert only(report_on(folder, path.read_bytes(), path.name)).message == "is no table of the model"
        (folder / path.name).unlink()
        report = report_on(folder, path.read_bytes())
        assert not report.ok and {i.file for i in report.issues} == {"partners.csv"}


def test_a_header_that_stands_there_again_is_told(check: Check) -> None:
    line, _ = check({"partners": "id,name\na,Ann\nid,name\nb,Ben\n"}).report.lines()
    assert line == "partners.csv row 3: the header is repeated here; expected it in the first row only"

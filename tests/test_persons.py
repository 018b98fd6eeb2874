"""One person: all that is held about them is told, erased on request, and not brought back by the next load."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from graph import changes
from graph.civic import CIVIC
from graph.model import Model
from graph.store import Store
from graph.stores import open_store
from loaders.erased import Erased
from loaders.folder import read
from server.cli import main
from tests.client import Client
from tests.world import WORLD

ADA = "champion:ada"
ABOUT_ADA = {
    "Champion",
    "Champion_LEADS_Project",
    "Champion_CHAMPIONS_Challenge",
    "Champion_CONTACT_FOR_Partner",
    "Champion_MEMBER_OF_Unit",
}
TABLES = {
    "champions": "id,name,email,expertise\nada,Ada,ada@example.org,soil\nben,Ben,ben@example.org,\n",
    "projects": "id,name,leads\ngarden,Garden,ada;ben\n",
    "units": "id,name\nlab,Lab\n",
    "champion-member-of-unit": "from,to\nada,lab\n",
}

Run = Callable[..., Result]
NewStore = Callable[[Model], Store]


@pytest.fixture
def store(new_store: NewStore) -> Store:
    made = new_store(CIVIC)
    changes.load(made, WORLD)
    return made


def test_all_that_is_held_is_told_and_nothing_else(store: Store) -> None:
    told = list(changes.about(store, ADA))
    assert {table.table for table, _, _ in told} == ABOUT_ADA
    assert all(ADA in key for _, key, _ in told)
    assert len(told) == 7
    assert list(changes.about(store, "champion:nobody")) == list(changes.about(store, "moon:1")) == []


def test_who_is_erased_is_gone_and_the_rest_stays_as_it_was(store: Store) -> None:
    before, counts = store.head(), store.counts()
    head, erased = changes.erase(store, ADA)
    assert (erased, head.version) == (7, before.version + 1)
    assert head == store.head()
    assert store.verify()
    assert list(changes.about(store, ADA)) == []
    client = Client(store)
    query = """{
        champions { nodes { name } } contacts: partner(id: "partner:acorn") { contacts { nodes { name } } }
        champion(id: "champion:ada") { name } projects(where: {leads: {some: {}}}) { totalCount }
    }"""
    assert client.data(query) == {
        "champions": {"nodes": [{"name": "Ben"}]},
        "contacts": {"contacts": {"nodes": [{"name": "Ben"}]}},
        "champion": None,
        "projects": {"totalCount": 0},
    }
    gone = {"Champion": 1, "Champion_MEMBER_OF_Unit": 2, "Champion_CHAMPIONS_Challenge": 2}
    assert {name: counts[name] - store.counts()[name] for name in gone} == gone
    assert store.hidden().keys().isdisjoint(ABOUT_ADA)
    assert changes.erase(store, ADA) == (head, 0)


def test_of_what_a_student_did_alone_nothing_is_left(store: Store) -> None:
    noted: list[set[str]] = []
    told = {key for _, key, _ in changes.about(store, "student:s1")}
    assert ("placement:p1", "partner:trees") in told
    assert not any("placement:p2" in key for key in told)
    _, erased = changes.erase(store, "student:s1", noted.append)
    assert (noted, erased) == ([{"student:s1", "placement:p1"}], len(told))
    assert store.verify()
    assert Client(store).data('{ placements { nodes { id } } partner(id: "partner:trees") { name } }') == {
        "placements": {"nodes": [{"id": "placement:p3"}, {"id": "placement:p2"}]},
        "partner": {"name": "🌳 Trees for Cities"},
    }


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "tables").mkdir()
    for name, text in TABLES.items():
        (tmp_path / "tables" / f"{name}.csv").write_text(text)
    store = ["--store", f"sqlite:{tmp_path / 'graph.db'}"]
    return lambda *arguments, **more: CliRunner().invoke(main, [*store, *arguments], **more)


def test_the_next_load_of_the_same_tables_does_not_bring_them_back(run: Run, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    assert run("load", str(tables)).exit_code == 0
    assert "ada@example.org" in run("person", "show", ADA).stdout
    assert run("person", "erase", ADA, "--yes").stdout.startswith(f"{ADA}: 3 records erased")
    (tables / "units.csv").write_text("id,name\nlab,The lab\n")
    loaded = run("load", str(tables))
    assert loaded.exit_code == 0
    assert loaded.stderr.count("this is about somebody who was erased, and is left out") == 3
    assert "champions.csv row 2" in loaded.stderr
    assert "ada" not in loaded.stderr
    query = "{ champions { nodes { name } } projects { nodes { leads { nodes { name } } } } units { nodes { name } } }"
    assert json.loads(run("query", query).stdout)["data"] == {
        "champions": {"nodes": [{"name": "Ben"}]},
        "projects": {"nodes": [{"leads": {"nodes": [{"name": "Ben"}]}}]},
        "units": {"nodes": [{"name": "The lab"}]},
    }
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("graph.db*"))
    assert b"ben@example.org" in kept
    assert b"ada" not in kept.lower()


def test_who_is_read_of_meanwhile_is_erased_once_that_has_ended(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("load", str(tmp_path / "tables"))
    monkeypatch.setattr("graph.stores.sqlite_file.PURGE_MS", 10)
    with open_store(f"sqlite:{tmp_path / 'graph.db'}", CIVIC).snapshot() as snapshot:
        assert any(snapshot.of(CIVIC.kind("Champion")))
        refused = run("person", "erase", ADA, "--yes")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "keeps it as long as somebody reads the graph as it was before" in refused.stderr
        assert run("person", "show", ADA).stdout == ""
    assert run("person", "erase", ADA, "--yes").stdout.startswith(f"{ADA}: 0 records erased")
    assert b"ada" not in b"".join(path.read_bytes() for path in tmp_path.glob("graph.db*")).lower()


def test_a_dump_of_before_does_not_bring_them_back(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    dump = str(tmp_path / "before.jsonl")
    assert run("export", dump).exit_code == 0
    assert run("person", "erase", ADA, "--yes").exit_code == 0
    other = ["--store", f"sqlite:{tmp_path / 'other.db'}"]
    loaded = run(*other, "load", dump, "--erased", str(tmp_path / "graph.db.erased"))
    assert loaded.exit_code == 0, loaded.output
    assert "; 3 records left out, about somebody who was erased; " in loaded.stdout
    assert "the graph is at version 1\n" in loaded.stdout
    assert run(*other, "person", "show", ADA).stdout == ""
    assert "Ben" in run(*other, "person", "show", "champion:ben").stdout
    assert run(*other, "stats", "--verify").exit_code == 0
    listed = CliRunner(env={"CIVIC_GRAPH_ERASED": str(tmp_path / "graph.db.erased")})
    restored = listed.invoke(main, ["--store", f"sqlite:{tmp_path / 'third.db'}", "restore", dump])
    assert restored.exit_code == 0, restored.output
    assert run("--store", f"sqlite:{tmp_path / 'third.db'}", "person", "show", ADA).stdout == ""


def test_they_are_told_by_source_as_lines_and_as_json(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    lines = run("person", "show", "champion:ben").stdout.splitlines()
    assert lines == [
        "Champion LEADS Project champion:ben → project:garden: nothing more (source:tables)",
        'Champion champion:ben: name "Ben", email "ben@example.org" (source:tables)',
    ]
    objects = [json.loads(line) for line in run("person", "show", "champion:ben", "--json").stdout.splitlines()]
    assert objects[1]["values"] == {"name": "Ben", "email": "ben@example.org"}
    assert objects[0]["to"] == "project:garden"


def test_nobody_is_erased_without_being_asked_for_or_by_half_an_id(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    assert run("person", "erase", ADA, input="n\n").exit_code == 1
    assert run("person", "show", ADA).stdout
    for wrong in ("ada", "Ada Lovelace", "moon:ada", "champion:Ada L", "champion:"):
        result = run("person", "erase", wrong, "--yes")
        assert (result.exit_code, "is no whole id" in result.stderr) == (1, True)
    for command in (("erase", "--yes"), ("show",)):
        result = run("person", command[0], "borough:hackney", *command[1:])
        assert result.exit_code == 1
        assert "'borough:hackney' is about a borough, not a person; expected champion:" in result.stderr
    assert json.loads(run("person", "erase", ADA, "--yes", "--json").stdout)["erased"] == 3


def test_of_somebody_who_is_not_there_that_is_said(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    for options in ([], ["--json"]):
        result = run("person", "show", "champion:nobody", *options)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "nothing is held about champion:nobody\n"


def test_a_link_that_leads_elsewhere_takes_the_list_along(run: Run, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "a.db")
    store = ("--store", f"sqlite:{link}")
    run(*store, "load", str(tmp_path / "tables"))
    assert run(*store, "person", "erase", ADA, "--yes").exit_code == 0
    link.unlink()
    link.symlink_to(tmp_path / "b.db")
    assert run(*store, "load", str(tmp_path / "tables")).stderr.count("somebody who was erased") == 3
    other = ("--store", f"sqlite:{tmp_path / 'a.db'}")
    (tmp_path / "tables" / "units.csv").write_text("id,name\nlab,The lab\n")
    assert run(*other, "load", str(tmp_path / "tables")).stderr.count("somebody who was erased") == 3


def test_a_refused_list_leaves_no_store(run: Run, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:{tmp_path / 'new.db'}")
    for command in (("load", str(tmp_path / "tables")), ("restore", __file__)):
        assert run(*store, *command, "--erased", "nowhere").exit_code == 1
    assert not list(tmp_path.glob("new.db*"))


def test_what_several_say_of_somebody_is_one_record(run: Run, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "champions.csv").write_text(f"id,name\nada,Ada {folder}\n")
        run("load", str(tmp_path / folder))
    run("export", str(tmp_path / "before.jsonl"))
    run("person", "erase", ADA, "--yes")
    other = ("--store", f"sqlite:{tmp_path / 'other.db'}", "restore", str(tmp_path / "before.jsonl"))
    restored = run(*other, "--erased", str(tmp_path / "graph.db.erased"), "--json")
    assert json.loads(restored.stdout)["leftOut"] == 1
    assert json.loads(restored.stdout)["records"] == 2  # of the sources
    assert run("--store", f"sqlite:{tmp_path / 'other.db'}", "stats", "--verify").exit_code == 0


def test_the_list_holds_hashes_and_each_once(tmp_path: Path) -> None:
    erased = Erased(tmp_path / "list")
    assert not erased
    for _ in range(2):
        erased.add({ADA})
    assert erased.is_about(("project:garden", ADA))
    assert not erased.is_about(("project:garden", "champion:ben"))
    assert Erased(tmp_path / "list").is_about((ADA,))
    text = (tmp_path / "list").read_text()
    assert len(text.split()) == 1
    assert "ada" not in text


def test_a_dry_run_of_a_dump_says_nothing_of_them(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    run("export", str(tmp_path / "before.jsonl"))
    run("person", "erase", ADA, "--yes")
    (tmp_path / "tables" / "units.csv").write_text("id,name\nlab,The lab\n")
    run("load", str(tmp_path / "tables"))
    tried = run("load", str(tmp_path / "before.jsonl"), "--dry-run")
    assert (tried.exit_code, "ada" in tried.output.lower()) == (0, False)
    loaded = run("load", str(tmp_path / "before.jsonl"))
    for result in (tried, loaded):
        assert "0 added, 1 altered, 0 withdrawn; 3 records left out, about somebody who was erased" in result.stdout


def test_who_is_erased_while_a_load_is_read_does_not_come_back(run: Run, tmp_path: Path, new_store: NewStore) -> None:
    store, erased = new_store(CIVIC), Erased(tmp_path / "list")
    with read(tmp_path / "tables", CIVIC, store, erased=erased) as checked:
        Erased(tmp_path / "list").add({ADA})
        difference = changes.load(store, checked.statements, erased=erased.anew())
    assert difference.left_out == 3
    assert list(changes.about(store, ADA)) == []
    assert list(changes.about(store, "champion:ben"))
    assert store.verify()


def test_who_is_only_spoken_of_by_others_does_not_come_back(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tables" / "champions.csv").unlink()
    run("load", str(tmp_path / "tables"))
    run("export", str(tmp_path / "before.jsonl"))
    assert run("person", "erase", ADA, "--yes").stdout.startswith(f"{ADA}: 2 records erased")
    other = ("--store", f"sqlite:{tmp_path / 'other.db'}")
    restored = run(*other, "restore", str(tmp_path / "before.jsonl"), "--erased", str(tmp_path / "graph.db.erased"))
    assert (restored.exit_code, restored.stderr) == (0, "")
    assert run(*other, "person", "show", ADA).stdout == ""
    assert run(*other, "person", "show", "champion:ben").stdout


def test_the_list_is_beside_the_file_whatever_link_leads_there(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    run("person", "erase", ADA, "--yes")
    (tmp_path / "link.db").symlink_to(tmp_path / "graph.db")
    (tmp_path / "tables" / "units.csv").write_text("id,name\nlab,The lab\n")
    loaded = run("--store", f"sqlite:{tmp_path / 'link.db'}", "load", str(tmp_path / "tables"))
    assert loaded.stderr.count("somebody who was erased") == 3


def test_a_list_that_is_named_and_not_there_is_refused(run: Run, tmp_path: Path) -> None:
    missing = str(tmp_path / "typo.erased")
    for command in (("load", str(tmp_path / "tables")), ("restore", __file__)):
        refused = run(*command, "--erased", missing)
        assert refused.exit_code == 1
        assert f"there is no list of who was erased at {missing}; expected the one that" in refused.stderr


def test_a_restoration_without_a_list_says_that_nobody_is_left_out(run: Run, tmp_path: Path) -> None:
    run("load", str(tmp_path / "tables"))
    run("export", str(tmp_path / "before.jsonl"))
    restored = run("--store", f"sqlite:{tmp_path / 'other.db'}", "restore", str(tmp_path / "before.jsonl"))
    assert "other.db.erased, so nobody was left out" in restored.stderr


def test_what_is_a_students_alone_is_told_and_goes_with_them(run: Run, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    (tables / "students.csv").write_text("id,level\nmade-up-1,5\nmade-up-2,5\n")
    rows = ["alone,Alone,made-up-1,Hackney", "both,Both,made-up-1;made-up-2,Hackney", "other,Other,made-up-2,Hackney"]
    (tables / "placements.csv").write_text("\n".join(["id,name,students,boroughs", *rows]))
    assert run("load", "example", str(tables)).exit_code == 0
    told = [json.loads(line) for line in run("person", "show", "student:made-up-1", "--json").stdout.splitlines()]
    assert [said["id"] for said in told if "id" in said] == ["placement:alone", "student:made-up-1"]
    assert [(said["from"], said["to"]) for said in told if "from" in said] == [
        ("placement:alone", "borough:E09000012"),
        ("student:made-up-1", "placement:alone"),
        ("student:made-up-1", "placement:both"),
    ]
    assert run("person", "erase", "student:made-up-1", "--yes").stdout.startswith("student:made-up-1: 5 records erased")
    (tables / "units.csv").write_text("id,name\nlab,The lab\n")
    loaded = run("load", str(tables))
    assert loaded.stderr.count("somebody who was erased") == 5
    query = "{ placements { nodes { name students { nodes { name } } } } }"
    others = {"nodes": [{"name": "made-up-2"}]}
    assert json.loads(run("query", query).stdout)["data"] == {
        "placements": {"nodes": [{"name": "Both", "students": others}, {"name": "Other", "students": others}]}
    }
    assert run("stats", "--verify").exit_code == 0


@pytest.mark.parametrize("command", ["show", "erase"])
def test_a_student_is_found_by_a_key_or_a_pseudonym_only(run: Run, tmp_path: Path, command: str) -> None:
    run("load", str(tmp_path / "tables"))
    yes = ["--yes"] if command == "erase" else []
    refused = run("person", command, "student:18001234", *yes)
    assert refused.exit_code == 1
    assert "student:18001234: a number is no pseudonym, and there is no key to make one with" in refused.stderr
    assert not (tmp_path / "graph.db.erased").exists()
    assert run("person", command, "student:made-up-1", *yes).exit_code == 0

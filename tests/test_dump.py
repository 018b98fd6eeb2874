"""A graph is dumped, checked and loaded again: equal on any store, or refused with line and reason."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from graph import changes
from graph.changes import Told
from graph.civic import CIVIC
from graph.errors import Conflict, Incompatible, LoadError
from graph.model import Model
from graph.statements import Load
from graph.store import Head, Store
from graph.stores import open_store
from graph.stores.sqlite import SQLiteStore
from loaders import dumped
from loaders.dump import LONGEST, write
from loaders.folder import read
from loaders.generate import generate
from server.dumps import exported
from server.loading import Loading
from tests.database.fixtures import Database
from tests.world import Said, World, link, node

New = Callable[[Model], Store]
BASED = "Partner_BASED_IN_Borough"


class Elsewhere(Said):
    """A source in a place of its own."""

    @property
    def load(self) -> Load:
        return Load(
            self.source, f"{self.source} {sorted(self.rows)}", f"/{self.source}", 3, "tests", "", self.rank, self.date
        )


SHEET = Elsewhere(
    "source:sheet",
    {
        "Partner": [
            node("partner:oak", "Oak", aliases=("Eiche", "Chêne"), orgIds=("GB-CHC-1",), description="Two\nlines\t🌳"),
            node("partner:elm", "Elm", website="https://elm.example/", status="active"),
        ],
        "Borough": [node("borough:north", "North", gssCode="E1", area=1 / 3, population=-7)],
        BASED: [link("partner:oak", "borough:north", since="2020-02"), link("partner:elm", "borough:gone")],
        "Placement": [node("placement:one", "One", portfolioSubmitted=False)],
        "Partner_TAKES_PART_IN_Project": [link("partner:oak", "project:none", role="lead", hours=1e-300)],
    },
    rank=1,
)
REGISTER = Elsewhere(
    "source:register",
    {
        "Partner": [node("partner:oak", "OAK", aliases=("Oak Ltd", "Eiche"), postcode="E8 1AA")],
        BASED: [SHEET.rows[BASED][0]],
    },
)
SMALL = World((SHEET, REGISTER))


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens new, empty embedded stores."""
    opened: list[Store] = []
    numbers = count()

    def one() -> Store:
        opened.append(open_store(f"sqlite:{tmp_path / f'{next(numbers)}.db'}", CIVIC))
        return opened[-1]

    yield one
    for store in opened:
        store.close()


@pytest.fixture
def small(new: Callable[[], Store]) -> Store:
    store = new()
    for said in SMALL.said:
        changes.load(store, World((said,)))
    return store


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, example_url: str) -> Iterator[Store]:
    """The example and a made-up city."""
    folder = tmp_path_factory.mktemp("city")
    generate(folder / "tables", partners=60, seed=5)
    store = open_store(f"sqlite:{folder / 'city.db'}", CIVIC)
    assert Loading(store).load("example").ok
    with read(folder / "tables", CIVIC, store) as checked:
        changes.load(store, checked.statements)
    yield store
    store.close()


@pytest.fixture
def file(small: Store, tmp_path: Path) -> Path:
    return dump(small, tmp_path / "graph.jsonl")


def dump(store: Store, file: Path) -> Path:
    exported(store, file, False, None)
    return file


def whole(store: Store) -> object:
    """All that a store holds."""
    with store.snapshot() as snapshot:
        return snapshot.head, snapshot.loads, {table.table: dict(snapshot.of(table)) for table in CIVIC.tables}


def load(store: Store, file: Path) -> object:
    outcome = Loading(store).load(str(file))
    assert outcome.ok, outcome.report and outcome.report.lines()
    return outcome


# Whole


def test_a_dump_is_loaded_as_it_was_and_once(small: Store, new_store: New, tmp_path: Path, file: Path) -> None:
    store = new_store(CIVIC)
    load(store, file)
    assert whole(store) == whole(small)
    assert store.hidden() == small.hidden() == {BASED: 1, "Partner_TAKES_PART_IN_Project": 1}
    assert store.verify()
    assert str(load(store, file)) == f"{file}: already loaded, nothing to do"
    before = store.head()
    with dumped.read(file, CIVIC) as found:
        assert changes.load(store, found.statements).total == 0
    assert store.head() == before


def test_from_one_store_to_the_other_and_back(
    city: Store, neo4j: Database, new: Callable[[], Store], tmp_path: Path
) -> None:
    middle, last = neo4j.new_store(CIVIC), new()
    load(middle, dump(city, tmp_path / "there.jsonl"))
    load(last, dump(middle, tmp_path / "back.jsonl"))
    assert whole(last) == whole(middle) == whole(city)
    assert last.verify() and middle.verify()
    middle.close()


def test_the_same_graph_makes_the_same_file(city: Store, new: Callable[[], Store], tmp_path: Path) -> None:
    first = dump(city, tmp_path / "first.jsonl")
    again = new()
    load(again, first)
    assert dump(again, tmp_path / "second.jsonl").read_bytes() == first.read_bytes()


def test_a_dump_replaces_what_its_sources_said_and_leaves_others(small: Store, file: Path) -> None:
    before = whole(small)
    changes.load(small, World((Elsewhere("source:sheet", {"Partner": [node("partner:ash", "Ash")]}, rank=1),)))
    changes.load(small, World((Elsewhere("source:other", {"Unit": [node("unit:lab", "Lab")]}),)))
    load(small, file)
    assert small.counts()["Unit"] == 1
    assert not small.missing(["partner:oak"]) and small.missing(["partner:ash"])
    changes.withdraw(small, "source:other")
    assert whole(small)[1:] == before[1:]  # type: ignore[index]
    assert small.verify()


def test_a_dry_run_changes_nothing(small: Store, new: Callable[[], Store], file: Path) -> None:
    store = new()
    outcome = Loading(store, dry_run=True).load(str(file))
    assert outcome.head == small.head()
    assert store.head() == Head()


def test_a_source_that_came_from_elsewhere_must_be_said_to_have_moved(new: Callable[[], Store], file: Path) -> None:
    store = new()
    changes.load(store, World((Said("source:sheet", {"Unit": [node("unit:lab", "Lab")]}),)))
    with pytest.raises(LoadError, match="say --moved"):
        load(store, file)
    assert Loading(store, move=True).load(str(file)).ok
    assert store.counts()["Unit"] == 0


# The file


def test_the_lines_are_a_header_records_and_a_footer(small: Store, file: Path) -> None:
    header, *records, footer = map(json.loads, file.read_text().splitlines())
    assert (header["format"], header["formatVersion"]) == ("civic-graph", 1)
    assert (header["model"], header["version"]) == (CIVIC.revision, 2)
    assert header["contentHash"] == small.head().hash_text
    assert [source["source"] for source in header["sources"]] == ["source:register", "source:sheet"]
    tables = [table.table for table in CIVIC.tables]
    assert [record["table"] for record in records] == sorted((r["table"] for r in records), key=tables.index)
    assert records[1] == {
        "table": "Partner",
        "key": ["partner:oak"],
        "claims": [
            {
                "source": "source:sheet",
                "locator": "row 1",
                "values": {
                    "name": "Oak",
                    "aliases": ["Eiche", "Chêne"],
                    "orgIds": ["GB-CHC-1"],
                    "description": "Two\nlines\t🌳",
                },
            },
            {
                "source": "source:register",
                "locator": "row 1",
                "values": {"name": "OAK", "aliases": ["Oak Ltd", "Eiche"], "postcode": "E8 1AA"},
            },
        ],
    }
    assert footer["records"] == len(records) == 7


def test_a_file_is_for_its_owner_and_not_overwritten(small: Store, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(LoadError, match="is there already; another name, or --force"):
        exported(small, file, False, None)
    changes.withdraw(small, "source:register")
    exported(small, file, True, None)
    assert file.read_bytes() != before
    assert list(file.parent.glob(".*")) == []


def test_a_place_that_cannot_be_written_is_said(small: Store, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="cannot be written: No such file"):
        exported(small, tmp_path / "nowhere" / "graph.jsonl", False, None)


def test_what_another_process_writes_is_left_to_it(small: Store, tmp_path: Path) -> None:
    """Of containers that share a disk, two may have processes of the same number."""
    theirs = tmp_path / f".graph.jsonl.{os.getpid()}.part"
    theirs.write_text("half of a dump")
    with pytest.raises(LoadError, match="another process writes"):
        exported(small, tmp_path / "graph.jsonl", False, None)
    assert theirs.read_text() == "half of a dump"


def test_a_damaged_graph_is_not_dumped(small: Store, tmp_path: Path) -> None:
    assert isinstance(small, SQLiteStore)
    with small.write() as writer:
        writer._connection.execute("UPDATE Borough SET population = 8")
        writer._connection.execute("COMMIT")
    file = tmp_path / "graph.jsonl"
    with pytest.raises(Incompatible, match="not those that its content hash was made of"):
        exported(small, file, False, None)
    assert not file.exists()
    assert list(tmp_path.glob(".*")) == []


def test_a_graph_that_is_being_loaded_is_not_dumped(neo4j: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.stores.neo4j_parts.TRANSACTION", 1)
    store = neo4j.new_store(CIVIC)

    def stop(table: object, batch: list[Any]) -> None:
        if batch[0].key[0].startswith("borough:"):
            raise LoadError("enough")

    with pytest.raises(LoadError, match="enough"):
        changes.load(store, World((SHEET,)), on_changes=stop)
    with store.snapshot() as snapshot, pytest.raises(Conflict, match="being loaded from source:sheet"):
        write(snapshot, CIVIC, BytesIO())
    store.close()


# What is refused


def lines_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def errors(file: Path, store: Store) -> list[str]:
    """What is wrong with a file, of which nothing is loaded."""
    with dumped.read(file, CIVIC) as found:
        assert not found.report.ok
        with pytest.raises(LoadError, match="nothing is loaded from a dump with errors"):
            _ = found.statements
    assert not Loading(store).load(str(file)).ok
    assert store.head() == Head()
    return [str(issue) for issue in found.report.issues]


Edit = Callable[[list[dict[str, Any]]], object]
NORTH, OAK, OAK_IN_NORTH, TAKES_PART = 3, 2, 5, 7

EDITS: dict[str, tuple[Edit, str]] = {
    "table": (
        lambda lines: lines[OAK].update(table="Partnr"),
        "row 3: there is no table 'Partnr'; expected one of the model; did you mean Partner?",
    ),
    "property": (
        lambda lines: said(lines[OAK]).update(nme="x"),
        'row 3, column nme: Partner has no property "nme"; expected one of the model; did you mean name?',
    ),
    "source": (
        lambda lines: lines[OAK]["claims"][0].update(source="source:shet"),
        'row 3: "source:shet" is not a source; expected one of the header; did you mean source:sheet?',
    ),
    "two claims": (
        lambda lines: lines[OAK]["claims"][0].update(source="source:register"),
        "row 3: there are 2 claims of 1 sources; expected one of each",
    ),
    "no claims": (lambda lines: lines[OAK].update(claims=[]), "row 3: there are 0 claims of 0 sources"),
    "number": (
        lambda lines: said(lines[NORTH]).update(population="7"),
        'row 4, column population: "7" is not a whole number of 32 bits',
    ),
    "large number": (
        lambda lines: said(lines[NORTH]).update(population=2**31),
        "row 4, column population: 2147483648 is not a whole number of 32 bits",
    ),
    "truth": (
        lambda lines: said(lines[NORTH]).update(population=True),
        "row 4, column population: true is not a whole number of 32 bits",
    ),
    "decimal": (lambda lines: said(lines[NORTH]).update(area="1"), 'row 4, column area: "1" is not a number'),
    "less than nothing": (
        lambda lines: said(lines[NORTH]).update(area=-0.0),
        "row 4, column area: -0.0 is 0.0; expected 0.0",
    ),
    "range": (
        lambda lines: said(lines[TAKES_PART]).update(hours=-1),
        "row 8, column hours: -1 is out of range; expected a number of 0 or more",
    ),
    "hash": (lambda lines: lines[0].update(contentHash="zz"), "row 1: the first line is no header of a dump"),
    "rank": (lambda lines: lines[0]["sources"][0].update(rank=2**63), "row 1: the first line is no header of a dump"),
    "version": (lambda lines: lines[0].update(version=-1), "row 1: the first line is no header of a dump"),
    "null": (lambda lines: said(lines[NORTH]).update(area=None), "row 4, column area: null is not a number"),
    "required": (lambda lines: said(lines[NORTH]).pop("gssCode"), "row 4, column gssCode: the gssCode is missing"),
    "text": (lambda lines: said(lines[OAK]).update(name=7), "row 3, column name: 7 is not a text"),
    "spaces": (lambda lines: said(lines[OAK]).update(name="Oak "), 'row 3, column name: "Oak " is not plain'),
    "control": (
        lambda lines: said(lines[OAK]).update(name="O\x01k"),
        "row 3, column name: there is the control character U+0001 in the text",
    ),
    "list": (
        lambda lines: said(lines[OAK]).update(aliases="Eiche"),
        'row 3, column aliases: "Eiche" is not a list of texts',
    ),
    "twice in a list": (
        lambda lines: said(lines[OAK]).update(aliases=["a", "a"]),
        "row 3, column aliases: the list is empty, or has a text twice",
    ),
    "enum": (
        lambda lines: said(lines[1]).update(status="actve"),
        'row 2, column status: "actve" is none of the values; expected one of prospect, active',
    ),
    "url": (lambda lines: said(lines[1]).update(website="elm"), 'row 2, column website: "elm" is not an address'),
    "date": (
        lambda lines: said(lines[OAK_IN_NORTH]).update(since="2020-13"),
        'row 6, column since: "2020-13" is not a date',
    ),
    "id": (lambda lines: lines[OAK].update(key=["borough:oak"]), 'row 3: "borough:oak" is not the id of a partner'),
    "key": (lambda lines: lines[OAK].update(key=["partner:oak", "x"]), "row 3: the key has 2 parts; expected id"),
    "key property": (
        lambda lines: said(lines[TAKES_PART]).update(role="host"),
        'is not its key; expected ["host"], by its properties',
    ),
    "again": (lambda lines: lines.insert(OAK, lines[OAK]), "row 4: partner:oak is given already in row 3"),
    "left out": (
        lambda lines: lines.pop(OAK),
        "the file has 6 records and is not as it was written; expected 7 records",
    ),
    "altered": (
        lambda lines: said(lines[OAK]).update(name="Oak Tree"),
        "the file has 7 records and is not as it was written",
    ),
    "no footer": (lambda lines: lines.pop(), "the file ends without its last line, after 7 records"),
    "after the footer": (lambda lines: lines.append(lines[OAK]), "row 10: there is a line after the last one"),
    "unknown field": (
        lambda lines: lines[OAK].update(more=1),
        "row 3: the line is no record: Object contains unknown field `more`",
    ),
    "format": (lambda lines: lines[0].update(format="other"), "row 1: the file is no dump of Civic Graph"),
    "no header": (lambda lines: lines.pop(0), "row 1: the first line is no header of a dump"),
    "newer": (
        lambda lines: lines[0].update(model=99),
        "row 1: it was made by a newer version of Civic Graph (model 99, format 1; this is model",
    ),
    "sources": (
        lambda lines: lines[0]["sources"].append(lines[0]["sources"][0]),
        "row 1: a source stands twice in the header",
    ),
    "source id": (
        lambda lines: lines[0]["sources"][0].update(source="sheet"),
        "row 1: 'sheet' is not the id of a source",
    ),
}


def said(line: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = line["claims"][0]["values"]
    return values


@pytest.mark.parametrize("edit", EDITS)
def test_what_is_wrong_is_said_by_line(file: Path, new: Callable[[], Store], edit: str) -> None:
    change, expected = EDITS[edit]
    lines = lines_of(file)
    change(lines)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert any(expected in error for error in errors(file, new())), errors(file, new())


def test_a_hash_that_fits_does_not_hide_what_the_content_hash_finds(file: Path, new: Callable[[], Store]) -> None:
    out = BytesIO()
    with dumped.read(file, CIVIC) as found:
        found.head = Head(2, 1, found.head.loaded_at)
        with pytest.raises(Incompatible):
            write(found, CIVIC, out)
        with pytest.raises(LoadError, match="the records are not those"):
            changes.load(new(), Told(found))


def test_every_file_that_is_cut_off_is_refused(file: Path, new: Callable[[], Store]) -> None:
    content, store = file.read_bytes(), new()
    for size in {*range(0, len(content) - 1, 97), len(content) - 2}:
        file.write_bytes(content[:size])
        assert errors(file, store)


def test_every_flipped_bit_is_found(file: Path, new: Callable[[], Store]) -> None:
    content, store = file.read_bytes(), new()
    for place in range(0, len(content) - 1, 53):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert errors(file, store)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\0" * 1000,
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"table":' + b"[" * 100_000,
        b'{"table":"Partner","key":["partner:x"],"claims":[{"source":"source:sheet","locator":"","values":{"name":'
        + b'{"a":' * 100_000,
        b'{"table":"Borough","key":["borough:x"],"claims":[{"source":"source:sheet","locator":"","values":{"area":'
        + b"9" * 5_000
        + b"}}]}",
        b'{"table":"Partner","key":["partner:\\ud800"],"claims":[]}',
        b'"' + b"x" * LONGEST + b'"',
    ],
    ids=["empty", "nulls", "no text", "deep", "deep table", "deep value", "digits", "surrogate", "long"],
)
@pytest.mark.parametrize("place", [0, 3])
def test_garbage_is_refused(file: Path, new: Callable[[], Store], line: bytes, place: int) -> None:
    lines = file.read_bytes().splitlines()
    lines[place] = line
    file.write_bytes(b"\n".join(lines))
    found = errors(file, new())
    assert f"row {place + 1}" in " ".join(found)
    assert all(len(error) < 500 for error in found)


def test_a_file_that_changes_while_it_is_read_is_refused(file: Path, new: Callable[[], Store]) -> None:
    store = new()
    with dumped.read(file, CIVIC) as found:
        file.write_bytes(file.read_bytes().replace(b"Eiche", b"eiche"))
        with pytest.raises(LoadError, match="changed while it was read"):
            changes.load(store, found.statements)
    assert store.head() == Head()


def test_a_student_who_is_named_is_refused(new: Callable[[], Store], tmp_path: Path) -> None:
    store = new()
    rows = {
        "Student": [
            node("student:made-up-1", "made-up-1"),
            node("student:made-up-2", "Ann Other"),
            node("student:1234", "1234"),
        ]
    }
    changes.load(store, World((Said("source:sheet", rows),)))
    found = errors(dump(store, tmp_path / "students.jsonl"), new())
    assert len(found) == 2
    assert 'row 2: "student:1234" is no pseudonym; expected one that a load has made' in found[0]
    assert "row 4, column name: it has a name of its own" in found[1]

"""An office's folder of tables, given as text, and read against a store that knows two boroughs, one challenge and a
partner:

    Hackney E09000012 (London Borough of Hackney)   City of London E09000001
    Health (Health improvement)                     partner:known (GB-CHC-9)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.model import Kind, Property, Relation
from graph.statements import Load, Statement
from graph.store import Store
from graph.stores import open_store
from loaders.folder import Checked, read
from loaders.report import Issue, Report

KNOWN = {
    "Borough": {
        "borough:E09000012": ["Hackney", "London Borough of Hackney"],
        "borough:E09000001": ["City of London"],
    },
    "Challenge": {"challenge:health": ["Health", "Health improvement"]},
}


class Known:
    """A store that knows what is drawn above."""

    def spellings(self, kind: str) -> dict[str, list[str]]:
        return KNOWN[kind]

    def loads(self) -> dict[str, Load]:
        return {}

    def missing(self, ids: Sequence[str], without: Sequence[str] = ()) -> set[str]:
        return {node_id for node_id in ids if node_id not in {"partner:known", *KNOWN["Borough"], *KNOWN["Challenge"]}}

    def holders(self, kind: Kind, prop: Property, values: Sequence[str]) -> dict[str, set[str]]:
        return {"GB-CHC-9": {"partner:known"}} if "GB-CHC-9" in values else {}


Tables = dict[str, str]


Office = Callable[..., list[str]]


class Check(Protocol):
    def __call__(self, tables: Tables, *, name: str | None = None, origin: str | None = None) -> Checked: ...


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Reads tables given as text by the name of their file, in a folder called `office`."""
    folder = tmp_path / "office"
    folder.mkdir()

    def checked(tables: Tables, **options: Any) -> Checked:
        for path in folder.iterdir():
            path.unlink()
        for name, text in tables.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        opened.append(read(folder, CIVIC, cast(Store, Known()), **options))
        return opened[-1]

    opened: list[Checked] = []
    yield checked
    for each in opened:
        each.close()


def table(name: str) -> Kind | Relation:
    return next(t for t in CIVIC.tables if t.table == name)


def said(checked: Checked, name: str) -> list[Statement]:
    assert checked.report.ok, checked.report.lines()
    return list(checked.statements.of(table(name)))


def values(checked: Checked, name: str) -> dict[str, dict[str, Any]]:
    """What is said of each node or relation, properties with nothing said left out."""
    names = [p.name for p in table(name).values]
    return {
        " ".join(key): {n: v for n, v in zip(names, claim.values, strict=True) if v not in (None, ())}
        for key, claim in said(checked, name)
    }


def keys(checked: Checked, name: str) -> list[tuple[str, ...]]:
    return [key for key, _ in said(checked, name)]


def only(report: Report) -> Issue:
    assert len(report.issues) == 1, report.lines()
    return report.issues[0]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Loads tables given as text by the name of their file, of the same folder each time, into one graph."""
    store = open_store(f"sqlite:{tmp_path / 'graph.db'}", CIVIC)

    def load(tables: Tables, name: str = "office") -> list[str]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for file, text in tables.items():
            (folder / f"{file}.csv").write_text(text, encoding="utf-8")
        with read(folder, CIVIC, store) as checked:
            if checked.report.ok:
                changes.load(store, checked.statements)
            return [str(issue) for issue in checked.report.issues]

    yield load
    store.close()

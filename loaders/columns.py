"""The columns a table may have: from the model, for templates, documentation and reading alike."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.errors import LoadError
from graph.model import SOURCE, Form, Hop, Kind, Model, Property, Relation, Table, snake
from loaders.files import ALIASES, file_of
from loaders.report import Place, Refused, Report, quoted


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is documented and read: one of `id`, `from`, `to`, `source` and `locator`, a property's or
    a relation's."""

    name: str
    type: str
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    property: Property | None = None
    hop: Hop | None = None


def columns_of(model: Model, table: Table) -> tuple[Column, ...]:
    """Every column a table's file may have, in the order of its template."""
    if isinstance(table, Relation):
        return (*_ends(table), *map(_value, table.values), *PROVENANCE)
    columns = (_id(table), *map(_value, said_of(table)), *(_relation(hop) for hop in _hops(model, table)))
    return columns if is_source(table) else (*columns, *PROVENANCE)


def said_of(kind: Kind) -> tuple[Property, ...]:
    """The properties that have columns. A pseudonymous kind has no names: a table cannot give one away."""
    return kind.properties if kind.pseudonymous else kind.values


def is_source(table: Table) -> bool:
    return table.table == SOURCE


PROVENANCE = (
    Column("source", "id of Source", "The source of sources.csv that says so."),
    Column("locator", "text", "Where in the source: a page, a row, a heading."),
)
ALIASED = (
    Column("alias", "id", "The whole id that is not used any more, as in partner:mudchute.", required=True),
    Column("id", "id", "The whole id of the node that it means.", required=True),
)


def _id(kind: Kind) -> Column:
    also = "; without it the first of org_ids is" if kind.org_ids else ""
    return Column("id", "key", f"Key of the {kind.name.lower()}, or its whole id{also}.", required=True)


def _ends(relation: Relation) -> Iterator[Column]:
    yield Column("from", f"id of {relation.source}", f"Where it starts. {relation.description}", required=True)
    yield Column("to", f"id of {relation.target}", "Where it leads.", required=True)


def _value(of: Property) -> Column:
    unit = f" In {of.unit}." if of.unit else ""
    return Column(snake(of.name), of.type, of.description + unit, of.required, of.values, property=of)


def _relation(hop: Hop) -> Column:
    kind = f"{'ids' if hop.many else 'id'} of {hop.target}"
    return Column(snake(hop.field), kind, hop.relation.description, hop=hop)


def _hops(model: Model, kind: Kind) -> list[Hop]:
    """The relations that can be a column: those of which nothing more must be said."""
    return [hop for hop in model.hops(kind) if not any(p.required for p in hop.relation.properties)]


def matched(header: Sequence[str], columns: Sequence[Column], file: str, report: Report) -> dict[str, int] | None:
    """Where each column stands in the header, None where one that is needed is not there."""
    known = {_folded(column.name): column.name for column in columns}
    at: dict[str, int] = {}
    for place, name in enumerate(header):
        try:
            if name:
                at[_new(name, known, at)] = place
        except Refused as refused:
            report.refuse(Place(file, 1, name), name, refused)
    is_spared = any(c.name in at for c in columns if c.property and c.property.form is Form.ORG_ID)
    missing = [c.name for c in columns if c.required and c.name not in at and not (c.name == "id" and is_spared)]
    for name in missing:
        report.error(Place(file, 1), f"there is no column {name}", f"a header with {name} in it")
    return None if missing else at


def _new(name: str, known: dict[str, str], at: dict[str, int]) -> str:
    column = known.get(_folded(name))
    if column is None:
        raise Refused(f"{quoted(name)} is not a column of this table", _one_of(known), name, known.values())
    if column in at:
        raise Refused(f"{quoted(name)} stands twice in the header", "each column once")
    return column


def _one_of(known: dict[str, str]) -> str:
    return f"one of {', '.join(known.values())}"


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _among(model: Model, kinds: Sequence[Kind]) -> list[Table]:
    """The tables of kinds, and of those relations between them of which more can be said than that they are there."""
    names = {kind.name for kind in kinds}
    return [*kinds, *(r for r in model.relations if r.values and {r.source, r.target} <= names)]


def template(model: Model, folder: Path, plurals: Collection[str] = ()) -> list[str]:
    """Write empty tables with all their columns: one a kind, one a relation of which more can be said, and aliases.csv.
    With the plurals of some kinds only theirs, and those of the relations between them.

    Returns the names of the files. Raises LoadError where one is there already, or the folder cannot be written.
    """
    kinds = [kind for kind in model.kinds if not plurals or kind.plural in plurals]
    headers = {file_of(t): [column.name for column in columns_of(model, t)] for t in _among(model, kinds)}
    if not plurals:
        headers[ALIASES] = [column.name for column in ALIASED]
    if there := [name for name in headers if (folder / name).exists()]:
        raise LoadError(f"{folder} has {there[0]} already: give a new or empty folder, nothing is overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, columns in headers.items():
            with (folder / name).open("x", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(columns)
    except OSError as error:
        raise LoadError(f"{folder} cannot be written: {error.strerror}") from error
    return list(headers)

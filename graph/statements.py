"""Statements: what each source says of a node or relation, and how they are merged into what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from graph.model import Property, Relation, Table

Key = tuple[str, ...]  # (id,) of a node; (from, to) or (from, to, key) of a relation
Values = tuple[Any, ...]  # in the order of the table's `values`; None, or () of a list, says nothing

DEFAULT_RANK = 50
BATCH = 5_000  # statements or records that are handled together
HASH_BITS = 128

T = TypeVar("T")


class Claim(NamedTuple):
    """What one source says of one node or relation, and where in it."""

    source: str
    locator: str
    values: Values


class Statement(NamedTuple):
    """A claim with the key of the node or relation it is about."""

    key: Key
    claim: Claim


Record = tuple[Claim, ...]  # all that is said of one node or relation, the claim that counts most first


@dataclass(frozen=True, slots=True)
class Load:
    """The load record of a source: what of it is in the graph, from where, and since when.

    `rank` and `date` give its precedence; `load_id` names the bytes and the loader; `rows` counts its statements.
    """

    source: str
    load_id: str
    origin: str
    rows: int
    loader: str
    loaded_at: str
    rank: int = DEFAULT_RANK
    date: str = ""


class Statements(Protocol):
    """All that one load says: its load records, one a source, and their statements, a table at a time."""

    @property
    def loads(self) -> tuple[Load, ...]: ...

    def of(self, table: Table) -> Iterator[Statement]:
        """The statements about rows of a table, each key at most once a source."""
        ...


def precedence(loads: Iterable[Load]) -> dict[str, int]:
    """The place of each source where sources disagree: by rank, then the newest date, then id."""
    by_id = sorted(loads, key=lambda load: load.source)
    by_date = sorted(by_id, key=lambda load: load.date, reverse=True)
    return {load.source: place for place, load in enumerate(sorted(by_date, key=lambda load: load.rank))}


def restate(record: Record, claim: Claim, places: dict[str, int]) -> Record:
    """The record once its source says this instead of what it said before."""
    if not record:
        return (claim,)
    claims = [*(c for c in record if c.source != claim.source), claim]
    return tuple(sorted(claims, key=lambda c: places[c.source]))


def without(record: Record, source: str) -> Record:
    """The record once a source says nothing of it."""
    return tuple(claim for claim in record if claim.source != source)


def merged(table: Table, record: Record) -> Values:
    """What a record shows: of each property the first value said, of lists all values in that order."""
    if len(record) == 1:
        return record[0].values
    said = zip(*(claim.values for claim in record), strict=True)
    return tuple(_merged(p, values) for p, values in zip(table.values, said, strict=True))


def _merged(of: Property, said: tuple[Any, ...]) -> Any:
    if of.is_list:
        return tuple(dict.fromkeys(value for values in said for value in values))
    return next((value for value in said if value is not None), None)


def told(table: Table, record: Record) -> tuple[tuple[str, ...], tuple[str, ...], Values]:
    """Who says something of a record, where in it, and what it shows."""
    if len(record) == 1:  # as most are
        source, locator, values = record[0]
        return (source,), (locator,), values
    sources, locators, _ = zip(*record, strict=True)
    return sources, locators, merged(table, record)


def key_text(relation: Relation, values: Values) -> str:
    """The key properties of a relation as one text, the third part of its key."""
    return _encode([values[place] for place in relation.key_places]).decode()


_encode = msgspec.json.Encoder().encode


def digest(table: Table, key: Key, record: Record) -> int:
    """A number for what a record shows. The sum over all records, modulo 2**128, is the graph's content hash:
    it depends on neither order nor store, nor on when anything was loaded, nor on what is not known."""
    sources, locators, shown = told(table, record)
    known = [(name, value) for name, at in table.places if (value := shown[at]) is not None and value != ()]
    content = _encode((table.table, key, known, sources, locators))
    return int.from_bytes(blake2b(content, digest_size=16).digest(), "big")


def chunks(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    while chunk := list(islice(items, size)):
        yield chunk

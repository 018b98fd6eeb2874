"""Dumps: a whole graph as lines of JSON, a header, a record a line, and a footer by which a cut-off file is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from hashlib import blake2b
from typing import Annotated, BinaryIO

import msgspec
from msgspec import Meta

from graph.errors import Conflict, Incompatible
from graph.model import Model, Table
from graph.statements import HASH_BITS, Claim, Key, Load, Record, digest
from graph.store import Head, Snapshot

FORMAT, FORMAT_VERSION = "civic-graph", 1
LONGEST = 16 << 20  # bytes of a line
MOST = 2**63 - 1  # that stores hold

Progress = Callable[[str, int], None]  # takes a table's name and the records of it so far
Value = str | int | float | bool | list[str] | None

encode = msgspec.json.Encoder().encode


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A load record, as in `graph.statements`."""

    source: str
    load_id: str
    origin: str
    rows: Annotated[int, Meta(ge=0, le=MOST)]
    loader: str
    loaded_at: str
    rank: Annotated[int, Meta(ge=-MOST, le=MOST)]
    date: str


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The first line: what this is, and the graph's state and sources."""

    format: str
    format_version: int
    model: int
    version: Annotated[int, Meta(ge=0, le=MOST)]
    content_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{1,32}\Z")]
    loaded_at: str
    sources: list[Source]

    @classmethod
    def of(cls, snapshot: Snapshot, model: Model) -> Header:
        head, sources = snapshot.head, [Source(**asdict(load)) for load in snapshot.loads.values()]
        state = (head.version, head.hash_text, head.loaded_at)
        return cls(FORMAT, FORMAT_VERSION, model.revision, *state, sources)

    @property
    def head(self) -> Head:
        return Head(self.version, int(self.content_hash, 16), self.loaded_at)

    @property
    def loads(self) -> dict[str, Load]:
        return {source.source: Load(**msgspec.structs.asdict(source)) for source in self.sources}


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """What one source says, and where in it."""

    source: str
    locator: str
    values: dict[str, Value]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """A record: all that is said of a node or relation, the claim that counts most first."""

    table: str
    key: list[str]
    claims: list[Said]


class Footer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: the number of records, and a hash of all bytes before this line."""

    records: int
    hash: str


def write(snapshot: Snapshot, model: Model, out: BinaryIO, progress: Progress | None = None) -> int:
    """Write a dump of a snapshot; gives the number of its records.

    Raises Conflict where a load into the graph has begun and not ended, Incompatible where its records are not those
    of its content hash.
    """
    if snapshot.head.loading:
        raise Conflict(f"the graph is being loaded from {', '.join(snapshot.head.loading)}: try again once it is done")
    written = Written(out)
    written.line(Header.of(snapshot, model))
    content = 0
    for table in model.tables:
        for number, (key, record) in enumerate(snapshot.of(table), start=1):
            content += digest(table, key, record)
            written.line(line_of(table, key, record))
            if progress and number % 1_000 == 0:
                progress(table.table, number)
    if content % 2**HASH_BITS != snapshot.head.content_hash:
        raise Incompatible("the records of the graph are not those that its content hash was made of: it is damaged")
    records = written.lines - 1
    written.line(Footer(records, written.hash))
    return records


class Written:
    """Counts and hashes the lines that are written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._whole = blake2b(digest_size=16)
        self.lines = 0

    @property
    def hash(self) -> str:
        return self._whole.hexdigest()

    def line(self, content: msgspec.Struct) -> None:
        line = encode(content) + b"\n"
        self._whole.update(line)
        self._out.write(line)
        self.lines += 1


def line_of(table: Table, key: Key, record: Record) -> Line:
    names = [prop.name for prop in table.values]
    return Line(table.table, list(key), [_said(names, claim) for claim in record])


def _said(names: list[str], claim: Claim) -> Said:
    known = {name: value for name, value in zip(names, claim.values, strict=True) if value is not None and value != ()}
    return Said(claim.source, claim.locator, known)

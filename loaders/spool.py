"""The statements of a load between checking and writing: in a temporary file, with hashes of their keys."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import compress
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple

import msgspec

from graph.errors import LoadError
from graph.model import Kind, Model, Property, Table, Type
from graph.statements import Claim, Key, Load, Statement, Values
from loaders.report import Place, Refused

IN_MEMORY = 8 << 20  # bytes; more goes to the disk
MAX_STATEMENTS = 3_000_000  # about a table

PYTHON: dict[Type, Any] = {Type.INTEGER: int, Type.DECIMAL: float, Type.BOOLEAN: bool}


class Frame(NamedTuple):
    """Statements about rows of one table, and where they stand: all in one file, and one column or a whole row."""

    file: str
    column: str | None
    rows: Sequence[int]
    keys: Sequence[Key]
    sources: Sequence[str]
    locators: Sequence[str]
    values: Sequence[Values]

    def only(self, kept: Sequence[bool]) -> Frame:
        """The statements that are kept."""
        columns: list[Any] = [list(compress(column, kept)) for column in self[2:]]
        return Frame(self.file, self.column, *columns)


class Spool:
    """Frames in a temporary file, which is gone when it closes.

    Hashes take 8 bytes where a set of keys takes 150: what repeats or is missing is found by its hash, and
    looked up in the file only then.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.keys = {table.table: array("q") for table in model.tables}
        self.nodes = {kind.name: array("q") for kind in model.kinds}
        self.ends = {kind.name: array("q") for kind in model.kinds}
        self.rows: Counter[str] = Counter()
        self.in_columns: set[str] = set()  # relations that columns of other tables state
        self._frames: dict[str, list[tuple[int, int]]] = {table.table: [] for table in model.tables}
        self._dropped: dict[str, set[int]] = {table.table: set() for table in model.tables}
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._encode = msgspec.msgpack.Encoder().encode

    def add(self, table: Table, frame: Frame) -> None:
        """Keep a frame. Raises Refused where there are too many statements about the table."""
        keys = self.keys[table.table]
        keys.extend(map(hash, zip(frame.sources, frame.keys, strict=True)))
        if len(keys) > MAX_STATEMENTS:
            raise Refused(f"more than {MAX_STATEMENTS:,} statements are made here", "several folders")
        self.rows.update(frame.sources)
        first, *others = zip(*frame.keys, strict=True) if frame.keys else ((), ())
        if isinstance(table, Kind):
            self.nodes[table.name].extend(map(hash, first))
        else:
            self.ends[table.source].extend(map(hash, first))
            self.ends[table.target].extend(map(hash, others[0]))
            if frame.column:
                self.in_columns.add(table.table)
        self._write(table, frame)

    def _write(self, table: Table, frame: Frame) -> None:
        content = self._encode(frame)
        with _translated():
            self._frames[table.table].append((self._file.seek(0, 2), len(content)))
            self._file.write(content)

    def drop(self, table: Table, number: int, source: str) -> None:
        """Leave out a statement about a table from now on: which of those kept, and its source."""
        self._dropped[table.table].add(number)
        self.rows[source] -= 1

    def frames(self, table: Table) -> Iterator[Frame]:
        """The frames of a table, without what was dropped."""
        dropped, first = self._dropped[table.table], 0
        for frame in self._read(table):
            numbers = range(first, first := first + len(frame.rows))
            yield frame if dropped.isdisjoint(numbers) else frame.only([at not in dropped for at in numbers])

    def _read(self, table: Table) -> Iterator[Frame]:
        decode = msgspec.msgpack.Decoder(_frame_type(table)).decode
        for start, size in self._frames[table.table]:
            with _translated():
                self._file.seek(start)
                content = self._file.read(size)
            yield Frame(*decode(content))

    def close(self) -> None:
        self._file.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LoadError(f"the temporary file of the load cannot be used: {error.strerror}") from error


def _frame_type(table: Table) -> Any:
    """The type of a table's frames, so that lists come back as the tuples they were."""
    values: Any = tuple[tuple(map(_value_type, table.values))]  # type: ignore[misc]
    return tuple[str, str | None, list[int], list[tuple[str, ...]], list[str], list[str], list[values]]


def _value_type(of: Property) -> Any:
    return tuple[str, ...] if of.is_list else PYTHON.get(of.type, str) | None


def places(frame: Frame) -> Iterator[tuple[str, Key, Values, Place]]:
    """What a frame's statements say, with their source and place."""
    for row, key, source, values in zip(frame.rows, frame.keys, frame.sources, frame.values, strict=True):
        yield source, key, values, Place(frame.file, row, frame.column)


class Spooled:
    """What a checked folder says, as the graph takes it."""

    def __init__(self, spool: Spool, loads: tuple[Load, ...]) -> None:
        self._spool, self._loads = spool, loads

    @property
    def loads(self) -> tuple[Load, ...]:
        return self._loads

    def of(self, table: Table) -> Iterator[Statement]:
        for frame in self._spool.frames(table):
            said = map(Claim, frame.sources, frame.locators, frame.values)
            yield from map(Statement, frame.keys, said)

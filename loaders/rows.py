"""From rows to statements: every cell is read, what is refused reported, and the rest kept in the spool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import eq
from pathlib import Path
from typing import Any

from graph.model import Hop, Kind, Model, Property, Relation, Table, snake
from graph.statements import Key, Values, key_text
from loaders.checks import Parse, in_order, parser, text, texts
from loaders.columns import Column, columns_of, is_source, matched, said_of
from loaders.erased import MESSAGE, Erased
from loaders.provenance import Sources
from loaders.report import Refused, Report
from loaders.resolve import Ids
from loaders.spool import Frame, Spool
from loaders.tables import Batch, Sheet, opened

ORDERED = (("since", "until", False), ("startDate", "endDate", True))  # and whether both may be the same day


@dataclass(frozen=True, slots=True)
class Desk:
    """What the tables of one load share."""

    model: Model
    report: Report
    spool: Spool
    ids: Ids
    sources: Sources
    erased: Erased


class Cells:
    """Reads a table a column of a batch at a time; what is refused becomes an issue at its place."""

    def __init__(self, sheet: Sheet, at: dict[str, int]) -> None:
        self.sheet, self.at = sheet, at

    def read(self, batch: Batch, column: str, parse: Parse, blank: Any = None) -> list[Any]:
        """What the cells say, `blank` where they say nothing that can be taken."""
        if column not in self.at:
            return [blank] * len(batch.numbers)
        cells = batch.columns[self.at[column]]
        try:
            return list(map(parse, cells))
        except Refused:
            numbered = zip(batch.numbers, cells, strict=True)
            return [self._one(number, column, cell, parse, blank) for number, cell in numbered]

    def _one(self, number: int, column: str, cell: str, parse: Parse, blank: Any) -> Any:
        try:
            return parse(cell)
        except Refused as refused:
            self.refuse(number, column, cell, refused)
            return blank

    def refuse(self, number: int, column: str | None, cell: str | None, refused: Refused) -> None:
        self.sheet.report.refuse(self.sheet.place(number, column), cell, refused)

    def ids(self, batch: Batch, ids: Ids, kind: Kind) -> list[str | None]:
        """The id of each row of a kind's table: without one of its own, by its first org id."""
        own, orgs = ids.own(kind), kind.org_ids and snake(kind.org_ids.name)
        if orgs is None or orgs not in self.at:
            return self.read(batch, "id", own)
        keys = batch.columns[self.at["id"]] if "id" in self.at else [""] * len(batch.numbers)
        if all(map(str.strip, keys)):
            return self.read(batch, "id", own)
        firsts = (cell.partition(";")[0] for cell in batch.columns[self.at[orgs]])
        either = [key if key.strip() else first for key, first in zip(keys, firsts, strict=True)]
        return Cells(self.sheet, {"id": 0}).read(Batch(batch.numbers, [either]), "id", own)


def cells_of(path: Path, columns: Sequence[Column], report: Report) -> Iterator[tuple[Cells, Batch]]:
    """The rows of a file, with what reads their cells; none where the header does not fit."""
    with opened(path, report) as sheet:
        at = matched(sheet.header, columns, path.name, report) if sheet else None
        if sheet and at is not None:
            cells = Cells(sheet, at)
            for batch in sheet.batches():
                yield cells, batch


class Rows:
    """The rows of one table, whose values, sources and locators are read alike for kinds and relations."""

    def __init__(self, desk: Desk, cells: Cells, said: Sequence[Property]) -> None:
        self.desk, self.cells = desk, cells
        self._parsers = [(snake(p.name), parser(p), () if p.is_list else None) for p in said]
        self._source = desk.sources.reader()
        names = [p.name for p in said]
        self._ordered = [
            (names.index(start), names.index(end), same)
            for start, end, same in ORDERED
            if {snake(start), snake(end)} <= cells.at.keys()
        ]

    def values(self, batch: Batch) -> list[list[Any]]:
        """What the rows say of each property."""
        columns = [self.cells.read(batch, *each) for each in self._parsers]
        for start, end, same in self._ordered:
            dates = zip(batch.numbers, columns[start], columns[end], strict=True)
            for number, first, last in dates:
                if first and last and not in_order(first, last, same=same):
                    self._refuse_order(number, start, end, first, last)
        return columns

    def _refuse_order(self, number: int, start: int, end: int, first: str, last: str) -> None:
        column, other = self._parsers[end][0], self._parsers[start][0]
        refused = Refused(f"{last} is not after {first}", f"a date after that of {other}")
        self.cells.refuse(number, column, last, refused)

    def sources(self, batch: Batch) -> list[str]:
        return self.cells.read(batch, "source", self._source, self.desk.sources.default)

    def locators(self, batch: Batch) -> list[str]:
        return self.cells.read(batch, "locator", _locator, "")

    def keep(self, table: Table, frame: Frame, known: Sequence[bool]) -> Frame:
        """Put the rows whose ids are known into the spool, but for those about somebody who was erased."""
        if self.desk.erased:
            known = [fine and not self._is_erased(frame, at) for at, fine in enumerate(known)]
        if not all(known):
            frame = frame.only(known)
        self.desk.spool.add(table, frame)
        return frame

    def _is_erased(self, frame: Frame, at: int) -> bool:
        found = self.desk.erased.is_about(frame.keys[at][:2])
        if found:
            self.desk.report.warn(self.cells.sheet.place(frame.rows[at], frame.column), MESSAGE)
        return found


def _locator(cell: str) -> str:
    return text(cell) or ""


class KindRows(Rows):
    """The rows of a kind: a node each, and the relations that stand in columns."""

    def __init__(self, desk: Desk, cells: Cells, kind: Kind) -> None:
        super().__init__(desk, cells, said_of(kind))
        self.kind = kind
        self._hops = [
            (column.name, column.hop, desk.ids.some(desk.model.kind(column.hop.target), many=column.hop.many))
            for column in columns_of(desk.model, kind)
            if column.hop and column.name in cells.at
        ]

    def take(self, batch: Batch) -> None:
        ids = self.cells.ids(batch, self.desk.ids, self.kind)
        said = [*self._names(ids), *self.values(batch)]
        keys: list[Any] = list(zip(ids, strict=True))
        known = [node_id is not None for node_id in ids]
        values = list(zip(*said, strict=True))
        who: list[Any] = ids if is_source(self.kind) else self.sources(batch)
        where = self.locators(batch)
        whole = Frame(self.cells.sheet.name, None, batch.numbers, keys, who, where, values)
        kept = self.keep(self.kind, whole, known)
        if is_source(self.kind):
            self.desk.sources.tell(kept.sources, kept.values)
        for column, hop, parse in self._hops:
            ends = self.cells.read(batch, column, parse, ())
            if any(ends):
                self._relate(column, hop, whole, ids, ends)

    def _names(self, ids: Sequence[str | None]) -> list[list[Any]]:
        """The names that a pseudonymous kind has: its key, and no other."""
        if not self.kind.pseudonymous:
            return []
        start = len(self.kind.prefix) + 1
        return [[node_id and node_id[start:] for node_id in ids], [()] * len(ids)]

    def _relate(
        self, column: str, hop: Hop, of: Frame, ids: Sequence[str | None], ends: Sequence[tuple[str, ...]]
    ) -> None:
        """Keep the relations in a column: of each row with each of its ends."""
        pairs = [(at, end) for at, some in enumerate(ends) if some and ids[at] for end in some]
        key_of = _key_maker(hop)
        rows = [of.rows[at] for at, _ in pairs]
        keys = [key_of(ids[at], end) for at, end in pairs]
        who, where = [of.sources[at] for at, _ in pairs], [of.locators[at] for at, _ in pairs]
        values = [_blank(hop.relation)] * len(pairs)
        known = [key[0] != key[1] for key in keys]
        for number in (row for row, fine in zip(rows, known, strict=True) if not fine):
            self.cells.refuse(number, column, None, _itself(hop.relation))
        self.keep(hop.relation, Frame(of.file, column, rows, keys, who, where, values), known)


class RelationRows(Rows):
    """The rows of a relation: a relation each."""

    def __init__(self, desk: Desk, cells: Cells, relation: Relation) -> None:
        super().__init__(desk, cells, relation.values)
        self.relation = relation
        self._from = desk.ids.one(desk.model.kind(relation.source))
        self._to = desk.ids.one(desk.model.kind(relation.target))
        names = [p.name for p in relation.values]
        self._keys = [names.index(name) for name in relation.keys]
        self._key_text = key_texts(relation)

    def take(self, batch: Batch) -> None:
        starts, ends = self.cells.read(batch, "from", self._from), self.cells.read(batch, "to", self._to)
        said = self.values(batch)
        keys = self._keys_of(starts, ends, said)
        values: list[Values] = list(zip(*said, strict=True)) if said else [()] * len(keys)
        who, where = self.sources(batch), self.locators(batch)
        whole = Frame(self.cells.sheet.name, None, batch.numbers, keys, who, where, values)
        self.keep(self.relation, whole, self._known(batch, starts, ends))

    def _keys_of(self, starts: list[Any], ends: list[Any], said: list[list[Any]]) -> list[Key]:
        pairs = map(_sorted, starts, ends) if self.relation.symmetric else zip(starts, ends, strict=True)
        if not self._keys:
            return list(pairs)
        texts_of_keys = map(self._key_text, *(said[at] for at in self._keys))
        return [(*pair, rest) for pair, rest in zip(pairs, texts_of_keys, strict=True)]

    def _known(self, batch: Batch, starts: list[Any], ends: list[Any]) -> list[bool]:
        """Whether both ends of each row are known, and not the same."""
        known = [start is not None and end is not None for start, end in zip(starts, ends, strict=True)]
        if any(map(eq, starts, ends)):
            for at, number in enumerate(batch.numbers):
                if known[at] and starts[at] == ends[at]:
                    known[at] = False
                    self.cells.refuse(number, "to", starts[at], _itself(self.relation))
        return known


def _itself(relation: Relation) -> Refused:
    return Refused("it leads to itself", f"another {relation.target.lower()}")


def _sorted(start: str | None, end: str | None) -> Any:
    """The ends of a symmetric relation in the order in which it is kept."""
    return (end, start) if start and end and end < start else (start, end)


def key_texts(relation: Relation) -> Callable[..., str]:
    """Makes the third part of a key out of the key properties; they repeat, so a few are remembered."""
    names = [p.name for p in relation.values]
    places = [names.index(name) for name in relation.keys]

    @lru_cache(maxsize=256)
    def text_of(*said: Any) -> str:
        values = list(_blank(relation))
        for place, value in zip(places, said, strict=True):
            values[place] = value
        return key_text(relation, tuple(values))

    return text_of


def _blank(relation: Relation) -> Values:
    """What a column says of a relation's properties: nothing."""
    return tuple(() if p.is_list else None for p in relation.values)


def _key_maker(hop: Hop) -> Callable[[Any, str], Key]:
    """Makes the key of a relation of a row with an end that its column names."""
    relation = hop.relation
    rest = (key_text(relation, _blank(relation)),) if relation.keys else ()
    if relation.symmetric:
        return lambda node, end: (*_sorted(node, end), *rest)
    if hop.forward:
        return lambda node, end: (node, end, *rest)
    return lambda node, end: (end, node, *rest)


def spelled(cells: Cells, ids: Ids, kind: Kind, batch: Batch) -> list[tuple[str, list[str]]]:
    """The names of each node in a batch of a kind's table."""
    names = cells.read(batch, "name", text)
    aliases = cells.read(batch, "aliases", texts, ())
    found = zip(cells.ids(batch, ids, kind), names, aliases, strict=True)
    return [(node_id, [*filter(None, [name]), *others]) for node_id, name, others in found if node_id]


def rows_of(desk: Desk, cells: Cells, table: Table) -> KindRows | RelationRows:
    """What takes the rows of a table."""
    return KindRows(desk, cells, table) if isinstance(table, Kind) else RelationRows(desk, cells, table)

"""Which rows match, in SQL: predicates, and the relations that a step follows."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import assert_never

from graph import plan as p
from graph.model import Hop, Kind
from graph.stores.estimate import Facts, Tried
from graph.stores.sql_tables import ends, links, quoted
from graph.stores.sql_terms import (
    FALSE,
    TRUE,
    Row,
    all_of,
    compared,
    link_column,
    step,
)


class Matches:
    """The predicates of one compilation: hands out aliases, and names for the few nodes that are looked for again and
    again."""

    def __init__(self, kinds: Mapping[str, Kind], facts: Facts, few: dict[str, int] | None = None) -> None:
        self.kinds = kinds
        self.facts = facts
        self._numbers = count()
        self._few: dict[str, int] = {} if few is None else few  # what finds them, and how often it is asked

    def alias(self, letter: str) -> str:
        return f"{letter}{next(self._numbers)}"

    def beforehand(self) -> str:
        """What finds the few nodes that the statement looks for, once where it is asked more often."""
        kept = {text: "MATERIALIZED " if times > 1 else "" for text, times in self._few.items()}
        named = [f"few{place}(id) AS {kept[text]}({text})" for place, text in enumerate(kept)]
        return f"WITH {', '.join(named)} " if named else ""

    def predicate(self, predicate: p.Predicate, row: Row, tried: Tried) -> str:
        """A predicate as SQL; where it is not true it may be false or NULL, which `Not` makes false."""
        match predicate:
            case p.Cmp(op, prop, param, on_edge):
                return compared(op, row.column(prop, on_edge), f":{param.name}")
            case p.Missing(prop, on_edge):
                column = row.column(prop, on_edge)
                return f"{column} = '[]'" if prop.is_list else f"{column} IS NULL"
            case p.AllOf(parts):
                plain = p.AllOf(tuple(part for part in parts if isinstance(part, p.Cmp)))
                tried = tried.beside(plain, row.kind.name, self.facts.counts)
                return self.joined("AND", [self.predicate(part, row, tried) for part in parts]) or TRUE
            case p.AnyOf(parts):
                return self.joined("OR", [self.predicate(part, row, tried) for part in parts]) or FALSE
            case p.Not(part):
                return f"NOT ifnull({self.predicate(part, row, tried)}, 0)"
            case p.Has():
                return self.has(predicate, row, tried)
            case _:
                assert_never(predicate)

    def joined(self, word: str, parts: list[str]) -> str:
        """The parts under one operator, as a balanced tree: SQLite limits how deep an expression is."""
        if len(parts) < 2:
            return "".join(parts)
        middle = len(parts) // 2
        return f"({self.joined(word, parts[:middle])} {word} {self.joined(word, parts[middle:])})"

    def has(self, has: p.Has, row: Row, tried: Tried) -> str:
        counts = self.facts.counts
        if tried.finds_first(has, counts):
            # Independent of the row: so are its aliases, and the same text finds the same nodes
            text = Matches(self.kinds, self.facts, self._few).few(has)
            self._few[text] = self._few.get(text, 0) + 1
            return f"{row.id} IN (SELECT id FROM few{list(self._few).index(text)})"
        near, source, conditions = self.followed(has, tried.beyond(has.hop, counts), ordered=True)
        return f"EXISTS (SELECT 1 FROM {source} WHERE {all_of([f'{near} = {row.id}', *conditions])})"

    def few(self, has: p.Has) -> str:
        """The ids of all nodes for which it holds."""
        inside = self.facts.counts.get(has.hop.relation.table, 0)
        near, source, conditions = self.followed(has, Tried(inside, None, inside), ordered=False)
        return f"SELECT {near} FROM {source} WHERE {all_of(conditions)}"

    def followed(self, has: p.Has, tried: Tried, *, ordered: bool) -> tuple[str, str, list[str]]:
        """The near end of a step, its FROM, and what must hold of what it leads to."""
        hop, where = has.hop, has.where
        edge, node = self.alias("e"), self.alias("n")
        target = Row(link_column(edge, node), self.kinds[hop.target])
        conditions = [] if where == p.AllOf() else [self.predicate(where, target, tried)]
        source = step(hop, edge, node, target.kind, ordered=ordered)
        return f"{edge}.{quoted(ends(hop)[0])}", source, [*conditions, *self.chosen(hop, has.among, edge)]

    def among(self, hop: Hop, among: p.Predicate, edge: str) -> list[str]:
        """What a relation must fulfil to be followed at all."""
        relation = Row(link_column(edge, edge), self.kinds[hop.target])
        return [] if among == p.AllOf() else [self.predicate(among, relation, Tried(0, None, 0))]

    def chosen(self, hop: Hop, among: p.Predicate, edge: str) -> list[str]:
        """That a step follows this relation: to one node, that no other comes before it."""
        followed = self.among(hop, among, edge)
        if hop.many or self.facts.is_single(hop):
            return followed
        return [*followed, self.first(hop, among, edge)]

    def first(self, hop: Hop, among: p.Predicate, edge: str) -> str:
        """That none of the relations followed comes before this one."""
        other = self.alias("o")
        near, far = map(quoted, ends(hop))
        if hop.relation.dated:
            better = (
                f"{other}.since > {edge}.since OR ({other}.since IS NOT NULL AND {edge}.since IS NULL) "
                f"OR ({other}.since IS {edge}.since AND {other}.{far} < {edge}.{far})"
            )
        else:
            better = f"{other}.{far} < {edge}.{far}"
        where = all_of([f"{other}.{near} = {edge}.{near}", *self.among(hop, among, other), f"({better})"])
        return f"NOT EXISTS (SELECT 1 FROM {links(hop.relation)} {other} WHERE {where})"

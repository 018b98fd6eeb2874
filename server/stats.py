"""What is in a graph: its version, counts and sources."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from graph.statements import Load
from graph.store import Head, Store
from loaders.dump import Source

UNDER_WAY = "; a load of {} is under way, or was cut off: load again, and it goes on"


@dataclass(frozen=True, slots=True)
class Stats:
    """The state of a graph; `verified` is None where the content hash was not computed anew."""

    head: Head
    kinds: dict[str, int]
    relations: dict[str, int]
    hidden: dict[str, int]
    sources: list[Load]
    verified: bool | None

    @classmethod
    def of(cls, store: Store, verify: bool = False) -> Stats:
        counts = store.counts()
        return cls(
            head=store.head(),
            kinds={kind.table: counts[kind.table] for kind in store.model.kinds},
            relations={relation.table: counts[relation.table] for relation in store.model.relations},
            hidden=store.hidden(),
            sources=list(store.loads().values()),
            verified=store.verify() if verify else None,
        )

    @property
    def content_hash(self) -> str:
        return self.head.hash_text

    def __str__(self) -> str:
        """The state as one line."""
        if not self.head.version:
            return "The graph is empty: civic-graph load example"
        nodes, relations = sum(self.kinds.values()), sum(self.relations.values())
        state = f"Version {self.head.version} of {self.head.loaded_at}: {nodes:,} nodes, {relations:,} relations"
        return f"{state}{UNDER_WAY.format(', '.join(self.head.loading)) if self.head.loading else ''}"

    def tables(self) -> dict[str, list[tuple[object, ...]]]:
        """The counts that are not 0 and the sources, as tables by title, each with its header."""
        counted = {"Kinds": self.kinds, "Relations": self.relations, "Hidden until both ends are there": self.hidden}
        found: dict[str, list[tuple[object, ...]]] = {
            title: [("name", "count"), *((titled(name), count) for name, count in counts.items() if count)]
            for title, counts in counted.items()
        }
        sources = [(s.source, s.rows, s.rank, s.date, s.loaded_at, s.origin) for s in self.sources]
        found["Sources"] = [("id", "statements", "rank", "date", "loaded", "from"), *sources]
        return {title: rows for title, rows in found.items() if len(rows) > 1}

    def as_json(self) -> dict[str, Any]:
        head = {"version": self.head.version, "contentHash": self.content_hash, "loadedAt": self.head.loaded_at or None}
        loading = {"loading": list(self.head.loading)}
        counts = {"kinds": self.kinds, "relations": self.relations, "hidden": self.hidden}
        return {
            **head,
            **loading,
            "verified": self.verified,
            **counts,
            "sources": [msgspec.to_builtins(Source(**asdict(load))) for load in self.sources],
        }


def titled(table: str) -> str:
    """`Partner_BASED_IN_Borough` as `Partner BASED_IN Borough`."""
    source, _, rest = table.partition("_")
    return " ".join([source, *rest.rsplit("_", 1)]).strip()

"""Who says so: the sources of sources.csv, or the folder itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graph.errors import LoadError
from graph.model import SOURCE
from graph.statements import DEFAULT_RANK, Load, Values
from graph.text import bare
from loaders import LOADER_VERSION
from loaders.checks import Memo, Parse
from loaders.report import Refused, quoted
from loaders.resolve import Ids

MAX_SOURCES = 1_000


@dataclass(frozen=True, slots=True)
class Precedence:
    """What decides where sources disagree."""

    rank: int = DEFAULT_RANK
    date: str = ""


class Sources:
    """The sources a load speaks for. Without any in sources.csv, or with several and none named, the folder is one."""

    def __init__(self, ids: Ids, folder: Path, name: str | None) -> None:
        self.ids, self.kind = ids, ids.model.kind(SOURCE)
        self.name = name or folder.resolve().name
        self.folder = self.kind.id_of(_key(self.name))
        self.told: dict[str, Precedence] = {}

    def tell(self, ids: Sequence[str], values: Sequence[Values]) -> None:
        """Learn of sources from rows of sources.csv. Raises Refused where there are too many."""
        names = [p.name for p in self.kind.values]
        for source, said in zip(ids, values, strict=True):
            by_name = dict(zip(names, said, strict=True))
            rank = by_name["rank"]
            self.told[source] = Precedence(DEFAULT_RANK if rank is None else rank, by_name["date"] or "")
        if len(self.told) > MAX_SOURCES:
            raise Refused(f"there are more than {MAX_SOURCES:,} sources", "several folders")

    @property
    def default(self) -> str:
        """Who speaks where no source is named."""
        return next(iter(self.told)) if len(self.told) == 1 else self.folder

    def reader(self) -> Parse:
        """Reads the cells of a column `source`."""
        read, default = self.ids.own(self.kind), self.default

        def source(cell: str) -> str:
            if not cell.strip():
                return default
            if (found := read(cell)) not in self.told:
                keys = [told.partition(":")[2] for told in self.told]
                raise Refused(f"{quoted(cell.strip())} is not a source", "one of sources.csv", cell.strip(), keys)
            return str(found)

        return Memo(source).__getitem__

    def loads(self, load_id: str, origin: str, rows: dict[str, int]) -> tuple[Load, ...]:
        """The load records of all that spoke."""
        loader = f"folder {LOADER_VERSION}"
        precedences = {source: self.told.get(source, Precedence()) for source in rows}
        return tuple(
            Load(source, load_id, origin, rows[source], loader, "", of.rank, of.date)
            for source, of in precedences.items()
        )


def _key(name: str) -> str:
    key = re.sub(r"[^a-z0-9]+", "-", bare(name)).strip("-")
    if not key:
        raise LoadError(f"{quoted(name)} makes no id of a source: give the source a name with letters or digits")
    return key[:200]

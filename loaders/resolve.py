"""Which node a table means: by key, by id, by a line of aliases.csv, or by a spelling where a kind has such."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from graph.model import Kind, Model
from graph.text import fold
from loaders.checks import Memo, Parse
from loaders.report import Refused, quoted

MAX_SPELLINGS = 200_000  # of a kind
KEY = re.compile(r"[A-Za-z0-9._~/-]{1,200}")
KEY_EXPECTED = "a key of at most 200 letters A to Z, digits and -._~/"

# What a council's name adds to its borough's. The City of London is no city of a borough named London.
ADDED = re.compile(r"\b(london borough of|royal borough of|city of|council|corporation|london boro)\b")
PROTECTED = "city of london"


def spelling(kind: str, name: str) -> str:
    """What all spellings of a name have in common."""
    plain = " ".join(re.sub(r"[\s-]+", " ", fold(name).replace("&", " and ")).split())
    if kind != "Borough":
        return plain
    return PROTECTED if PROTECTED in plain else " ".join(ADDED.sub(" ", plain).split())


class Spellings:
    """The names and aliases of a spelled kind. What the load's own tables say goes before what the graph has."""

    def __init__(self, kind: Kind, stored: Mapping[str, Iterable[str]]) -> None:
        self.kind = kind
        self.ids: set[str] = set()
        self.names: dict[str, None] = {}
        self._own: dict[str, tuple[str, ...]] = {}
        self._stored: dict[str, tuple[str, ...]] = {}
        for node_id, names in stored.items():
            self._add(self._stored, node_id, names)

    def add(self, node_id: str, names: Iterable[str]) -> None:
        """Learn the names of a node. Raises Refused where there are too many."""
        self._add(self._own, node_id, names)
        if len(self._own) > MAX_SPELLINGS:
            raise Refused(f"there are more than {MAX_SPELLINGS:,} names and aliases", "one for each spelling")

    def _add(self, layer: dict[str, tuple[str, ...]], node_id: str, names: Iterable[str]) -> None:
        self.ids.add(node_id)
        for name in (node_id.partition(":")[2], *names):
            self.names[name] = None
            folded = spelling(self.kind.name, name)
            ids = layer.get(folded, ())
            if node_id not in ids:
                layer[folded] = (*ids, node_id)

    def find(self, written: str) -> str:
        """The id of the node that is spelled like this. Raises Refused where it is none, or several."""
        folded = spelling(self.kind.name, written)
        ids = self._own.get(folded) or self._stored.get(folded) or ()
        if len(ids) == 1:
            return ids[0]
        if ids:
            raise Refused(f"{quoted(written)} can be {' or '.join(ids)}", "the id of one")
        raise self._unknown(written)

    def _unknown(self, written: str) -> Refused:
        noun, plural = self.kind.name.lower(), self.kind.plural
        expected = f"the key or a name of a {noun}"
        if not self.ids:
            expected += f"; none is known yet: load the example first, or add {plural}.csv"
        return Refused(f"{quoted(written)} is not a {noun}", expected, written, self.names)


class Ids:
    """Reads ids and references as tables write them."""

    def __init__(self, model: Model, aliases: Mapping[str, str]) -> None:
        self.model, self.aliases = model, aliases
        self.spellings: dict[str, Spellings] = {}

    def own(self, kind: Kind) -> Parse:
        """Reads the id of a row."""
        return self._known(kind) if self.aliases else self._plain(kind)

    def _known(self, kind: Kind) -> Parse:
        plain, aliases = self._plain(kind), self.aliases

        def read(cell: str) -> str:
            node_id = plain(cell)
            return aliases.get(node_id, node_id)

        return read

    def _plain(self, kind: Kind) -> Parse:
        prefix, is_key = f"{kind.prefix}:", KEY.fullmatch

        def read(cell: str) -> str:
            key = cell.strip().removeprefix(prefix)
            if not is_key(key):
                raise self._no_key(kind, cell.strip())
            return prefix + key

        return read

    def _no_key(self, kind: Kind, written: str) -> Refused:
        other = self.model.kind_of(written)
        if not written:
            return Refused("the id is missing", KEY_EXPECTED)
        if other and other is not kind:
            return Refused(f"{quoted(written)} is of kind {other.name}", f"the id of a {kind.name.lower()}")
        return Refused(f"{quoted(written)} is no id", f'{KEY_EXPECTED}, alone or after "{kind.prefix}:"')

    def one(self, kind: Kind) -> Parse:
        """Reads a cell that names one node."""
        if kind.name not in self.spellings:
            return self.own(kind)
        return Memo(self._spelled(kind)).__getitem__

    def _spelled(self, kind: Kind) -> Parse:
        spellings, aliases, prefix = self.spellings[kind.name], self.aliases, f"{kind.prefix}:"

        def read(cell: str) -> str:
            written = cell.strip()
            node_id = prefix + written.removeprefix(prefix)
            node_id = aliases.get(node_id, node_id)
            if node_id in spellings.ids:
                return node_id
            if not written:
                raise Refused("the id is missing", f"the key or a name of a {kind.name.lower()}")
            found = spellings.find(written)
            return aliases.get(found, found)

        return read

    def some(self, kind: Kind, *, many: bool) -> Parse:
        """Reads a cell that names no node, one, or where it may be `many`, several with semicolons between."""
        one = self.one(kind)

        def read(cell: str) -> tuple[str, ...]:
            if not cell or cell.isspace():
                return ()
            if ";" not in cell:
                return (one(cell),)
            parts = [part for part in cell.split(";") if part.strip()]
            if len(parts) > 1 and not many:
                raise Refused(f"{quoted(cell)} names {len(parts)}", f"one {kind.name.lower()}")
            return tuple(map(one, parts))

        return read

"""Which node a table means: by key, by id, by a line of aliases.csv, or by a spelling where a kind has such."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from graph.model import Kind, Model
from graph.text import bare
from loaders import likely
from loaders.checks import Memo, Parse
from loaders.pseudonyms import Pseudonyms
from loaders.report import Refusals, Refused, quoted

MAX_SPELLINGS = 200_000  # of a kind
KEY = re.compile(r"[A-Za-z0-9._~/-]{1,200}")
KEY_EXPECTED = "a key of at most 200 letters A to Z, digits and -._~/"
PLACEHOLDER = "looks like a placeholder"
EMPTY = "an empty cell where nothing is known"

# What a council's name adds to its borough's. The City of London is no city of a borough named London.
ADDED = re.compile(r"\b(london borough of|royal borough of|city of|council|corporation|london boro)\b")
PROTECTED = "city of london"


def spelling(kind: str, name: str) -> str:
    """What all spellings of a name have in common."""
    plain = " ".join(re.sub(r"[\s-]+", " ", bare(name).replace("&", " and ")).split())
    if kind != "Borough":
        return plain
    if PROTECTED in plain and not ADDED.sub(" ", plain.replace(PROTECTED, " ")).strip():
        return PROTECTED
    return " ".join(ADDED.sub(" ", plain).split())


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
        noun = self.kind.name.lower()
        if not self.ids:
            expected = f"the example to be loaded first, or a file {self.kind.plural}.csv"
            return Refused(f"no {noun} is known yet", expected, once=True)
        return Refused(f"{quoted(written)} is not a {noun}", f"the key or a name of a {noun}", written, self.names)


class Names:
    """What the nodes of a load are called, for cells with a name where an id belongs. `read` gives the ids and names
    in a kind's own table, and is asked only where something is wrong."""

    def __init__(self, read: Callable[[Kind], Iterator[tuple[str, list[str]]]]) -> None:
        self._read = read
        self._keys: dict[str, dict[str, str]] = {}

    def key(self, kind: Kind, written: str) -> str:
        """The key of the node that is called like this, empty where there is none, or several."""
        if kind.name not in self._keys:
            self._keys[kind.name] = self._keys_of(kind)
        return self._keys[kind.name].get(spelling(kind.name, written), "")

    def _keys_of(self, kind: Kind) -> dict[str, str]:
        keys: dict[str, str] = {}
        for node_id, names in islice(self._read(kind), MAX_SPELLINGS):
            key = node_id.partition(":")[2]
            for folded in {spelling(kind.name, name) for name in names}:
                keys[folded] = key if keys.get(folded, key) == key else ""
        return keys


NoKey = Callable[[Kind, str], Refused]  # what to say of something written that is no key of a kind


class Ids:
    """Reads ids and references as tables write them."""

    def __init__(self, model: Model, aliases: Mapping[str, str], pseudonyms: Pseudonyms) -> None:
        self.model, self.aliases, self.pseudonyms = model, aliases, pseudonyms
        self.spellings: dict[str, Spellings] = {}
        self.names = Names(lambda kind: iter(()))

    def own(self, kind: Kind) -> Parse:
        """Reads the id of a row."""
        return self._known(kind, self._no_key)

    def _known(self, kind: Kind, refused: NoKey) -> Parse:
        plain, aliases = self._plain(kind, refused), self.aliases
        if not aliases:
            return plain

        def read(cell: str) -> str:
            node_id = plain(cell)
            return aliases.get(node_id, node_id)

        return read

    def _plain(self, kind: Kind, refused: NoKey) -> Parse:
        prefix, is_key = f"{kind.prefix}:", KEY.fullmatch

        def read(cell: str) -> str:
            key = cell.strip().removeprefix(prefix)
            if not is_key(key):
                raise refused(kind, cell.strip())
            return prefix + key

        return self._hidden(read) if kind.pseudonymous else read

    def _hidden(self, plain: Parse) -> Parse:
        pseudonym = self.pseudonyms.of

        def read(cell: str) -> str:
            return pseudonym(plain(cell))

        return read

    def _no_key(self, kind: Kind, written: str) -> Refused:
        other = self.model.kind_of(written)
        if not written:
            return Refused("the id is missing", KEY_EXPECTED)
        if other and other is not kind:
            return Refused(f"{quoted(written)} is of kind {other.name}", f"the id of a {kind.name.lower()}")
        expected = f'{KEY_EXPECTED}, alone or after "{kind.prefix}:"'
        key = likely.key(written.removeprefix(f"{kind.prefix}:"))
        return Refused(f"{quoted(written)} is no id", expected, likely=key)

    def _no_reference(self, kind: Kind, written: str) -> Refused:
        if likely.is_placeholder(written):
            return Refused(f"{quoted(written)} {PLACEHOLDER}", EMPTY)
        refused = self._no_key(kind, written)
        refused.likely = self.names.key(kind, written) or refused.likely
        return refused

    def one(self, kind: Kind) -> Parse:
        """Reads a cell that names one node."""
        if kind.name not in self.spellings:
            return self._known(kind, self._no_reference)
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
            parts = [part for part in cell.split(";") if part.strip()] if ";" in cell else [cell]
            if many:
                return self._each(kind, one, parts)
            if len(parts) > 1:
                raise Refused(f"{quoted(cell)} names {len(parts)}", f"one {kind.name.lower()}")
            return tuple(map(one, parts))

        return read

    def _each(self, kind: Kind, one: Parse, parts: Sequence[str]) -> tuple[str, ...]:
        found: list[str] = []
        refused: list[Refused] = []
        for part in parts:
            try:
                found.append(one(part))
            except Refused as error:
                refused.append(self._with_commas(kind, one, part) or error)
        if refused:
            raise Refusals(refused)
        return tuple(found)

    def _with_commas(self, kind: Kind, one: Parse, written: str) -> Refused | None:
        """What to say of values with commas between them, None where it is not that."""
        pieces = [piece.strip() for piece in written.split(",") if piece.strip()]
        if "," not in written or self.names.key(kind, written):
            return None
        try:
            deque(map(one, pieces), maxlen=0)
        except Refused:
            return None
        message = f"{quoted(written.strip())} has commas in it"
        return Refused(message, "a ; between values", likely=";".join(pieces))

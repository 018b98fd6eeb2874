"""What a line of a dump may say: keys, claims and values, each refused with what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from graph.model import Kind, Model, Property, Relation, Table, Type
from graph.statements import Claim, Key, Record, Values, key_text
from loaders import checks
from loaders.dump import Line, Said, Value
from loaders.pseudonyms import FORM
from loaders.report import Refused, quoted
from loaders.resolve import KEY, KEY_EXPECTED

Check = Callable[[Any], Any]  # of a value, as the graph has it. Raises Refused
Refuse = Callable[[str | None, Value, Refused], None]  # takes a property, or None for the whole line, and its value

PLAIN = "the text without space around it, or no property where nothing is known"


class Lines:
    """The lines about one table. `places` are those of the sources, where they disagree."""

    def __init__(self, model: Model, table: Table, places: Mapping[str, int]) -> None:
        self.table, self.places = table, places
        self._checks = {of.name: (at, check(of)) for at, of in enumerate(table.values)}
        self._blank: Values = tuple(() if of.is_list else None for of in table.values)
        self._required = [of.name for of in table.values if of.required]
        kinds = [table] if isinstance(table, Kind) else [model.kind(table.source), model.kind(table.target)]
        self._kinds = [(kind, f"{kind.prefix}:") for kind in kinds]

    def record(self, line: Line, refuse: Refuse) -> tuple[Key, Record]:
        """The record that a line gives; what is wrong is told to `refuse`."""
        record = tuple([self._claim(said, refuse) for said in line.claims])
        if len(record) != 1:
            record = self._several(record, refuse)
        for name in self._required:
            if all(name not in said.values for said in line.claims):
                refuse(name, None, Refused(f"the {name} is missing", "it in one of the claims"))
        return self._key(line, record, refuse), record

    def _claim(self, said: Said, refuse: Refuse) -> Claim:
        if said.source not in self.places:
            refuse(None, said.source, _no_source(said.source, self.places))
        values = list(self._blank)
        for name, value in said.values.items():
            try:
                at, check = self._checks[name]
                values[at] = check(value)
            except KeyError:
                message, expected = f"{self.table.table} has no property {quoted(name)}", "one of the model"
                refuse(name, value, Refused(message, expected, name, self._checks))
            except Refused as refused:
                refuse(name, value, refused)
        return Claim(said.source, said.locator, tuple(values))

    def _several(self, record: Record, refuse: Refuse) -> Record:
        """The claims of several sources, the one that counts most first."""
        sources = {claim.source for claim in record}
        if len(sources) < max(len(record), 1):
            refuse(None, None, Refused(f"there are {len(record)} claims of {len(sources)} sources", "one of each"))
        return tuple(sorted(record, key=lambda claim: self.places.get(claim.source, 0)))

    def _key(self, line: Line, record: Record, refuse: Refuse) -> Key:
        key = tuple(line.key)
        if len(key) != len(self.table.key):
            expected = ", ".join(prop.name for prop in self.table.key)
            refuse(None, line.key, Refused(f"the key has {len(key)} parts", expected))
            return key
        for node_id, (kind, prefix) in zip(key, self._kinds, strict=False):
            if not node_id.startswith(prefix) or not KEY.fullmatch(node_id, len(prefix)):
                expected = f'"{prefix}" and {KEY_EXPECTED}'
                refuse(None, node_id, Refused(f"{quoted(node_id)} is not the id of a {kind.name.lower()}", expected))
            elif kind.pseudonymous and not FORM.fullmatch(node_id, len(prefix)):
                refuse(None, node_id, Refused(f"{quoted(node_id)} is no pseudonym", "one that a load has made"))
        if isinstance(self.table, Relation):
            _check_ends(self.table, key, record, refuse)
        elif self.table.pseudonymous:
            _check_pseudonym(key[0].partition(":")[2], record, refuse)
        return key


def _check_ends(relation: Relation, key: Key, record: Record, refuse: Refuse) -> None:
    if relation.symmetric and key[0] > key[1]:
        refuse(None, key[0], Refused(f"{key[0]} stands before {key[1]}", "the smaller id first, as both are alike"))
    for claim in record if relation.keys else ():
        if key[2] != (expected := key_text(relation, claim.values)):
            refuse(None, key[2], Refused(f"{quoted(key[2])} is not its key", f"{expected}, by its properties"))


def _check_pseudonym(key: str, record: Record, refuse: Refuse) -> None:
    for claim in record:
        if claim.values[:2] != (key, ()):
            refuse("name", None, Refused("it has a name of its own", "the key as its name, and no aliases"))


def _no_source(source: str, known: Mapping[str, int]) -> Refused:
    return Refused(f"{quoted(source)} is not a source", "one of the header", source, known)


# Values


def check(of: Property) -> Check:
    """Takes what a table would give for any property of this type and range: other forms that older versions let pass,
    such as a longer name or another way to write an academic year, are loaded all the same."""
    match of.type:
        case Type.TEXT:
            return _plain(checks.text)
        case Type.TEXTS:
            return _texts
        case Type.INTEGER:
            return checks.ranged(_integer, of)
        case Type.DECIMAL:
            return checks.ranged(_decimal, of)
        case Type.BOOLEAN:
            return _boolean
        case Type.DATE:
            return _plain(checks.day)
        case Type.URL:
            return _plain(checks.url)
        case Type.ENUM:
            return _among(of)


def _plain(read: checks.Parse) -> Check:
    def plain(value: Any) -> str:
        if not isinstance(value, str):
            raise _unlike(value, "a text")
        if read(value) != value:
            raise Refused(f"{quoted(value)} is not plain", PLAIN)
        return value

    return plain


_text = _plain(checks.text)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _unlike(value, "a list of texts")
    if len(set(value)) < max(len(value), 1):
        raise Refused("the list is empty, or has a text twice", "each text once, or no property where there is none")
    return tuple(map(_text, value))


def _integer(value: Any) -> int:
    if type(value) is not int or not -(2**31) <= value < 2**31:
        raise _unlike(value, "a whole number of 32 bits")
    return value


def _decimal(value: Any) -> float:
    if type(value) not in (int, float) or not isfinite(value):
        raise _unlike(value, "a number")
    if str(value) == "-0.0":
        raise Refused("-0.0 is 0.0", "0.0")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _unlike(value, "true or false")
    return value


def _among(of: Property) -> Check:
    def among(value: Any) -> str:
        if not isinstance(value, str) or value not in of.values:
            expected = f"one of {', '.join(of.values)}"
            raise Refused(f"{_shown(value)} is none of the values", expected, str(value), of.values)
        return value

    return among


def _unlike(value: Any, expected: str) -> Refused:
    return Refused(f"{_shown(value)} is not {expected}", expected)


def _shown(value: Any) -> str:
    match value:
        case str():
            return quoted(value)
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            return f"a list of {len(value)}"
        case _:
            return str(value)

"""What one operation may ask for, and the refusal of more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graph.errors import BadInput, TooCostly, TooDeep, TooLarge
from graph.plan import MAX_PAGE
from graph.roles import Role

DEFAULT_PAGE = 20
MAX_TOKENS = 2_000
MAX_DOCUMENT = 32 * 1024  # bytes
MAX_DEPTH = 10  # relation hops
MAX_ALIASES = 15  # every fragment opened
MAX_DIRECTIVES = 10
MAX_FRAGMENTS = 100  # defined in a document, each of which is validated however little it says
MAX_VISITS = 10_000  # fields read to find those of one object
MAX_COMPARISONS = 10_000  # of fields of one name in one object, which validation takes one by one
HOPS, MAX_HOPS = 4, 10  # steps of a path, if not given and at most
WIDTH, MAX_WIDTH = 1, 3  # steps around a node, likewise
WALK_COST = 1_000  # rows that a walk counts as, besides those that it shows
MAX_NESTING = 30  # and, or, not and relation filters inside one another
MAX_CONDITIONS = 500
MAX_VALUES = 5_000  # in the whole plan, every fragment opened
MAX_VARIABLES = 10_000  # values in all variables together
MAX_COST = 50_000  # rows that may be asked for at most
SOURCES = 10  # that speak of a node, as it is costed: how many do is not limited
MAX_ABOUT_SCHEMA = 100_000  # fields of an answer about the schema; all of it has 53,000
MAX_ERRORS = 5  # in one answer


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a caller may do: rows asked for by an operation, whether errors say what else there is, and whether answers
    are explained."""

    cost: int = MAX_COST
    suggests: bool = True
    explains: bool = False


ALLOWANCES: Mapping[Role, Allowance] = {
    Role.PUBLIC: Allowance(5_000, suggests=False),
    Role.ANALYST: Allowance(20_000),
    Role.STEWARD: Allowance(explains=True),
    Role.ADMIN: Allowance(explains=True),
}


def document_size(text: str) -> None:
    size = len(text.encode(errors="replace"))
    if size > MAX_DOCUMENT:
        raise TooLarge(f"the document has {size:,} bytes; at most {MAX_DOCUMENT:,} are read")


def variables(given: object) -> None:
    if number_of(given, MAX_VARIABLES) > MAX_VARIABLES:
        raise TooLarge(f"the variables have more than {MAX_VARIABLES:,} values; send fewer")


def number_of(given: object, most: int) -> int:
    """How many values there are, `most` + 1 if more, without recursion: they nest as deep as their sender liked."""
    waiting, seen = [given], 0
    while waiting and seen <= most:
        value = waiting.pop()
        seen += 1
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value[: most + 1])
    return seen


def aliases(number: int) -> None:
    if number > MAX_ALIASES:
        raise TooCostly(f"more than {MAX_ALIASES} aliases are used, all fragments opened; ask in several operations")


def directives(number: int) -> None:
    if number > MAX_DIRECTIVES:
        raise TooCostly(f"more than {MAX_DIRECTIVES} directives are used, all fragments opened; use fewer")


def fragments(number: int) -> None:
    if number > MAX_FRAGMENTS:
        raise TooCostly(f"the document defines {number} fragments; at most {MAX_FRAGMENTS} are taken")


def visits(number: int) -> None:
    if number > MAX_VISITS:
        raise TooCostly(f"more than {MAX_VISITS:,} fields are asked for, all fragments opened; ask for fewer")


def comparisons(number: int) -> None:
    if number > MAX_COMPARISONS:
        raise TooCostly("the same fields are asked for again and again in one object; ask for each once")


def depth(hops: int) -> None:
    if hops > MAX_DEPTH:
        raise TooDeep(f"the operation follows {hops} relations in a row; at most {MAX_DEPTH} are allowed")


def nesting(levels: int) -> None:
    if levels > MAX_NESTING:
        raise TooDeep(f"where nests {levels} levels; at most {MAX_NESTING} are allowed")


def conditions(number: int) -> None:
    if number > MAX_CONDITIONS:
        raise TooCostly(f"the operation has more than {MAX_CONDITIONS} conditions; use `in` for many values")


def objects(number: int) -> None:
    if number > 2 * MAX_CONDITIONS + 1:
        raise TooCostly(f"where has more than {2 * MAX_CONDITIONS} objects; combine fewer")


def values(number: int) -> None:
    if number > MAX_VALUES:
        raise TooCostly(f"more than {MAX_VALUES:,} fields are asked for, all fragments opened; ask for fewer")


def cost(rows: int, most: int) -> None:
    if rows > most:
        raise TooCostly(f"the operation may ask for {rows:,} rows; at most {most:,} are allowed: ask for smaller pages")


def about_schema(fields: int) -> None:
    if fields > MAX_ABOUT_SCHEMA:
        raise TooCostly(
            f"the answer about the schema would have {fields:,} fields; at most {MAX_ABOUT_SCHEMA:,} are given"
        )


def ids(number: int) -> None:
    if number > MAX_PAGE:
        raise BadInput(f"{number} ids are given; at most {MAX_PAGE} are allowed")

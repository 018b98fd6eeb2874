"""Binding: the values of a plan's parameters, taken from the variables of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from graph.cursors import read_cursor
from graph.errors import BadInput
from graph.plan import MAX_TEXT, MAX_WORDS, Convert, Param, Plan
from graph.text import fold, words

FIRSTS = re.compile(r"(-01){1,2}$")  # what a date has that is said no more closely than its year or month


def bind(plan: Plan, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a plan by name, their values taken from the variables and converted; those that are computed
    are null.

    Raises BadCursor where a cursor is none, BadInput where a date is no day, or a text too long to be searched for.
    """
    return {param.name: converted(param, _found(param, variables)) for param in plan.params}


def _found(param: Param, variables: Mapping[str, Any]) -> Any:
    if not param.path:
        return param.literal
    value: Any = variables
    for step in param.path:
        value = value[step]
    return value


def converted(param: Param, value: Any) -> Any:
    """A value as a parameter has it. Raises as `bind` does."""
    match param.convert:
        case Convert.NONE:
            return _plain(value)
        case Convert.ENUM:
            return [item.lower() for item in value] if isinstance(value, list | tuple) else value.lower()
        case Convert.FOLD:
            return fold(value)
        case Convert.DAY:
            return _day(value)
        case Convert.COARSE:
            return FIRSTS.sub("", value)
        case Convert.FINE:
            return value + "-01-01"[len(value) - len("2026") :]
        case Convert.WORDS:
            return _searched(value)
        case Convert.CURSOR:
            return read_cursor(value)[1 + param.index]


def _plain(value: Any) -> Any:
    """The value with 0.0 for -0.0, which stands before it in some databases and is the same in others."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value] if 0.0 in value else value
    return value + 0.0 if isinstance(value, float) else value


def _day(value: str) -> str:
    with suppress(ValueError):
        if date.fromisoformat(value).isoformat() == value:
            return value
    raise BadInput(f"{value} is no single day; expected its year, month and day, as in 2021-03-04")


def _searched(text: str) -> str:
    found = words(text[: MAX_TEXT + 1])
    if len(text) > MAX_TEXT or len(found.split()) > MAX_WORDS:
        raise BadInput(f"text is too long: at most {MAX_TEXT} characters and {MAX_WORDS} words are searched for")
    return found

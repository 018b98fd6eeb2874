"""JSON in SQL: text that is put together from texts.

Functions such as `json_object` take a text that is JSON for a string, but for one that such a function has just made.
Through a subquery that is lost, and `json()` would read what was written a moment before, once for each level of an
answer: a third of the time of one with three levels. Here the compiler knows which expressions are JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graph.stores.sql_tables import literal


class Json(str):
    """An expression of SQL whose value is JSON text and never NULL. Any other stands for a value of its own."""

    __slots__ = ()


def json(value: str) -> Json:
    """What an expression stands for, as JSON."""
    return value if isinstance(value, Json) else Json(f"json_quote({value})")


def there(text: str) -> Json:
    """A text that is JSON, or NULL where there is nothing."""
    return Json(f"ifnull({text}, 'null')")


def chosen(condition: str, yes: str, no: str) -> Json:
    return Json(f"iif({condition}, {json(yes)}, {json(no)})")


def json_object(fields: Iterable[tuple[str, str]]) -> Json:
    """An object; its names need no quoting, as those of GraphQL."""
    named = list(fields)
    if not _are_json(values := [value for _, value in named]):
        return Json(f"json_object({', '.join(f'{literal(name)}, {value}' for name, value in named)})")
    return _joined("{", [f'"{name}":' for name, _ in named], values, "}")


def json_array(values: Sequence[str]) -> Json:
    if not _are_json(values):
        return Json(f"json_array({', '.join(values)})")
    return _joined("[", [""] * len(values), values, "]")


def json_list(value: str, rows: str) -> Json:
    """The values of rows, which a FROM gives in order."""
    if not isinstance(value, Json):
        return Json(f"(SELECT json_group_array({value}) FROM {rows})")
    return Json(f"concat('[', (SELECT group_concat({value}) FROM {rows}), ']')")


def _are_json(values: Sequence[str]) -> bool:
    return any(isinstance(value, Json) for value in values)


def _joined(opening: str, names: Sequence[str], values: Sequence[str], closing: str) -> Json:
    """Values, each after its name, between constant texts."""
    before = [f"{',' if place else opening}{name}" for place, name in enumerate(names)]
    parts = [f"{literal(text)}, {json(value)}" for text, value in zip(before, values, strict=True)]
    return Json(f"concat({', '.join([*parts, literal(closing)])})")

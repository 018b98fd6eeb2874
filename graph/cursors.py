"""Cursors: where a page begins or ends, as opaque text.

It is JSON in hexadecimal: the signature of an order, and the value of each of its keys in one row.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from graph.errors import BadCursor
from graph.plan import Key


def signature(page_of: str, order: tuple[Key, ...]) -> str:
    """Names an order in a cursor, so that a cursor of another order is refused. Six hex digits."""
    keys = [f"{'edge.' if k.on_edge else ''}{k.property.name}{' desc' if k.descending else ''}" for k in order]
    return blake2b(",".join([page_of, *keys]).encode(), digest_size=3).hexdigest()


def read_cursor(text: str) -> list[Any]:
    """The content of a cursor: the signature of its order, then the value of each key.

    Raises BadCursor where the text is none of ours.
    """
    try:
        content = msgspec.json.decode(bytes.fromhex(text))
    except (ValueError, RecursionError) as error:
        raise BadCursor(f"{text[:40]!r} is not a cursor of this API") from error
    if not isinstance(content, list) or not content or not isinstance(content[0], str):
        raise BadCursor(f"{text[:40]!r} is not a cursor of this API")
    if not all(map(_is_place, content)):
        raise BadCursor(f"{text[:40]!r} is not a cursor of this API")
    return content


def _is_place(value: Any) -> bool:
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or isinstance(value, str | float)

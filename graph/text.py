"""Text as people compare it: without case, accents and apostrophes."""

from __future__ import annotations

import unicodedata

_APOSTROPHES = dict.fromkeys(map(ord, "'’‘`´ʼ"))


def fold(text: str) -> str:
    """`Café` becomes `cafe`, `Women’s` becomes `womens`."""
    if text.isascii():
        return text.replace("'", "").replace("`", "").lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", plain.translate(_APOSTROPHES))


FIRST_WIDE = "\ud800"  # from here on, the orders by code point and by UTF-16 unit differ


def is_wide(text: str) -> bool:
    return not text.isascii() and max(text) >= FIRST_WIDE


def sortable(text: str) -> str:
    """Text that compares by UTF-16 unit with its like as `text` does by code point."""
    return "".join(map(_sortable, text)) if is_wide(text) else text


def _sortable(char: str) -> str:
    if char < FIRST_WIDE:
        return char
    point = ord(char)
    if point < 0x10000:
        return "\ue000" + char
    return "\ue001" + chr(0xE000 + (point >> 12)) + chr(0xE000 + (point & 0xFFF))

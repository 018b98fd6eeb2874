"""Text as people compare it: without case, accents and apostrophes, and as words."""

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


LONGEST = 64  # characters of a word that count; stores cut at lengths of their own
_PARTED = str.maketrans({c: " " for c in map(chr, range(128)) if not c.isalnum()})


def words(text: str) -> str:
    """The words of a text, folded, one space between them: what is no letter, digit or mark of Unicode parts words."""
    folded = fold(text)
    if folded.isascii():
        parted = folded.translate(_PARTED)
    else:
        parted = "".join(c if _is_of_word(c) else " " for c in folded.lower())
    return " ".join(word[:LONGEST] for word in parted.split())


def _is_of_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


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

"""Text as people compare it: without case and accents, without apostrophes, and as words."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

_APOSTROPHES = "'’‘`´ʼ"  # which are all the same
FOLDING = 2  # one more where the same text comes to be folded to something else
LONGEST = 64  # characters of a word that count; stores cut at lengths of their own


class _Characters(dict[int, Any]):
    """What becomes of each character in `str.translate`, found out once; the common ones are kept."""

    def __init__(self, become: Callable[[str], str | None]) -> None:
        super().__init__()
        self.become = become

    def __missing__(self, point: int) -> str | None:
        found = self.become(chr(point))
        if len(self) < 10_000:
            self[point] = found
        return found


def _without_marks(char: str) -> str | None:
    if char in _APOSTROPHES:
        return "'"
    return None if unicodedata.combining(char) else char.lower()


def _of_words(char: str) -> str:
    return char if char.isalnum() or unicodedata.category(char).startswith("M") else " "


_plain, _parted = _Characters(_without_marks), _Characters(_of_words)


def fold(text: str) -> str:
    """`Café` becomes `cafe`, `Women’s` becomes `women's`."""
    if text.isascii():
        return text.replace("`", "'").lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("´", "'"))  # of which it would make a space
    return unicodedata.normalize("NFC", decomposed.translate(_plain))


def bare(text: str) -> str:
    """Folded, and without apostrophes: `Women’s` becomes `womens`."""
    return fold(text).replace("'", "")


def words(text: str) -> str:
    """The words of a text, folded, one space between them: what is no letter, digit or mark of Unicode parts words."""
    found = " ".join(bare(text).translate(_parted).split())
    return found if len(found) <= LONGEST else " ".join(word[:LONGEST] for word in found.split())


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

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

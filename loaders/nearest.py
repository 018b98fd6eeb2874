"""The nearest of some words, for `did you mean`: it suggests, and never decides."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from rapidfuzz import fuzz, process

NEAR = 80  # of 100: two letters of ten may differ
MOST = 10_000  # words looked at


def nearest(given: str, among: Iterable[str]) -> str:
    """The word that is most like the one given, empty where none is really near."""
    words = list(islice(among, MOST))
    if not given or not words:
        return ""
    found = process.extractOne(given, words, scorer=fuzz.ratio, processor=str.casefold, score_cutoff=NEAR)
    return found[0] if found else ""

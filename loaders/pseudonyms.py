"""Pseudonyms: what stands in the graph in the place of a student's number."""

from __future__ import annotations

import hmac
import re
from pathlib import Path

from graph.errors import LoadError
from loaders.report import Refused

SHORTEST = 32  # bytes of a key: who guesses it can try every number there is
FORM = re.compile(r"p[0-9a-f]{32}|made-up-.*")  # a pseudonym, or one of whom nobody is meant


class Pseudonyms:
    """Makes pseudonyms by HMAC-SHA-256, with a key that is kept apart from the graph. Without one it makes none."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    @property
    def key_id(self) -> str:
        """Names the key, and does not tell it; nothing where there is none."""
        return hmac.digest(self._key, b"id of the key", "sha256").hex() if self._key else ""

    def of(self, node_id: str) -> str:
        """The id that stands for another; that of a pseudonym is its own. Raises Refused where there is no key."""
        prefix, _, number = node_id.partition(":")
        if FORM.fullmatch(number):
            return node_id
        if self._key is None:
            raise Refused(
                "a number is no pseudonym, and there is no key to make one with",
                "CIVIC_GRAPH_STUDENT_KEY to name a file with a key, as `openssl rand -hex 32` makes one",
                once=True,
            )
        return f"{prefix}:p{hmac.digest(self._key, node_id.lower().encode(), 'sha256').hex()[:32]}"


def read_key(path: Path) -> bytes:
    """The key in a file. Raises LoadError where there is none, or one that is soon guessed."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise LoadError(f"the key in {path} cannot be read: {error.strerror}") from error
    if len(key) < SHORTEST:
        raise LoadError(f"the key in {path} has {len(key)} bytes; expected {SHORTEST} or more: openssl rand -hex 32")
    return key

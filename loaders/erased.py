"""Who was erased: ids of which no load may say anything again, kept by their hashes in a file of their own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from graph.errors import LoadError

MESSAGE = "this is about somebody who was erased, and is left out"


class Erased:
    """The list in a file; where there is none, nobody was erased."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path

    def add(self, node_id: str) -> None:
        """Put somebody on the list. Raises LoadError where it cannot be kept."""
        assert self.path, "without a file nobody can be erased"
        if self.is_about((node_id,)):
            return
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(_digest(node_id) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LoadError(f"{self.path} cannot be written: {error.strerror}; nobody was erased") from error
        self._digests.add(_digest(node_id))

    def anew(self) -> Erased:
        """The list as the file has it when it is first asked from now on."""
        return Erased(self.path)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def is_about(self, ids: Sequence[str]) -> bool:
        """Whether somebody who was erased is among them."""
        return any(_digest(node_id) in self._digests for node_id in ids)

    @cached_property
    def _digests(self) -> set[str]:
        try:
            return set(self.path.read_text("ascii").split()) if self.path else set()
        except FileNotFoundError:
            return set()
        except (OSError, UnicodeError) as error:
            raise LoadError(f"the list of who was erased, {self.path}, cannot be read: {error}") from error


NOBODY = Erased()


def _digest(node_id: str) -> str:
    return sha256(node_id.encode()).hexdigest()

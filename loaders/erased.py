"""Who was erased: ids of which no load may say anything again, kept by their hashes in a file of their own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from graph.errors import LoadError

MESSAGE = "this is about somebody who was erased, and is left out"


class Erased:
    """The list in some files, which are to have the same; where there is none, nobody was erased."""

    def __init__(self, *paths: Path) -> None:
        self.paths = paths

    def add(self, ids: Iterable[str]) -> None:
        """Put some on the list. Raises LoadError where it cannot be kept."""
        digests = sorted(map(_digest, ids))
        for path in self.paths:
            known = _read(path)
            if new := [digest for digest in digests if digest not in known]:
                _append(path, new)
        self._digests.update(digests)

    def anew(self) -> Erased:
        """The list as the files have it when it is first asked from now on."""
        return Erased(*self.paths)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def is_about(self, ids: Sequence[str]) -> bool:
        """Whether somebody who was erased is among them."""
        return any(_digest(node_id) in self._digests for node_id in ids)

    @cached_property
    def _digests(self) -> set[str]:
        return set().union(*map(_read, self.paths))


NOBODY = Erased()


def _digest(node_id: str) -> str:
    return sha256(node_id.encode()).hexdigest()


def _read(path: Path) -> set[str]:
    try:
        return set(path.read_text("ascii").split())
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise LoadError(f"the list of who was erased, {path}, cannot be read: {error.strerror}") from error
    except UnicodeError as error:
        raise LoadError(f"the list of who was erased, {path}, has something else in it than hashes") from error


def _append(path: Path, digests: list[str]) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w") as file:
            file.writelines(f"{digest}\n" for digest in digests)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LoadError(f"{path} cannot be written: {error.strerror}; nobody was erased") from error

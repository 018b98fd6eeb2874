"""Whole graphs as files: written under another name until they are whole, and for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph.errors import LoadError
from graph.store import Head, Store
from loaders.dump import write
from loaders.report import counted
from server.console import Progress


@dataclass(frozen=True, slots=True)
class Dumped:
    """What was written where: the state of the graph, and the number of its records."""

    file: Path
    head: Head
    records: int

    def __str__(self) -> str:
        state = f"version {self.head.version}, content hash {self.head.content_hash:x}"
        return f"{self.file}: {counted(self.records, 'record')} of {state}"

    def as_json(self) -> dict[str, Any]:
        state = {"version": self.head.version, "contentHash": f"{self.head.content_hash:x}"}
        return {"file": str(self.file), "records": self.records, **state}


def exported(store: Store, file: Path, force: bool, progress: Progress | None) -> Dumped:
    """Write a dump of a graph. Raises LoadError where the file is there and not to be overwritten, or cannot be."""
    with replaced(file, force) as temporary, store.snapshot() as snapshot:
        with temporary.open("wb") as out:
            records = write(snapshot, store.model, out, progress)
            out.flush()
            os.fsync(out.fileno())
        return Dumped(file, snapshot.head, records)


@contextmanager
def replaced(file: Path, force: bool) -> Iterator[Path]:
    """A new file beside another one that takes its name at the end of the block, and goes where that fails.

    Raises LoadError where it is there and may not be overwritten, or cannot be written.
    """
    if file.exists() and not force:
        raise LoadError(f"{file} is there already; another name, or --force to overwrite it")
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield temporary
        temporary.replace(file)
        _settle(file.parent)
    except OSError as error:
        raise LoadError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Have the names in a folder outlive a crash, where the file system can."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

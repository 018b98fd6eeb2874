"""Whole graphs as files: written under another name until they are whole, and for their owner alone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graph import changes
from graph.errors import Incompatible, LoadError, StoreError
from graph.model import Model
from graph.store import Copying, Head, Snapshot, Store
from graph.stores import open_store
from loaders import dumped
from loaders.dump import write
from loaders.erased import NOBODY, Erased
from loaders.report import Report, counted
from server.console import Progress

SQLITE = b"SQLite format 3\0"  # what its files begin with


@dataclass(frozen=True, slots=True)
class Dumped:
    """What was written where: the state of the graph and, of a dump, the number of its records."""

    file: Path
    head: Head
    records: int | None = None

    def __str__(self) -> str:
        records = "" if self.records is None else f"{counted(self.records, 'record')} of "
        return f"{self.file}: {records}{state(self.head)}"

    def as_json(self) -> dict[str, Any]:
        return {"file": str(self.file), "records": self.records, **state_as_json(self.head)}


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a restoration: the state of the graph, and of a dump what is wrong with it."""

    file: Path
    head: Head
    records: int = 0
    left_out: int = 0
    report: Report | None = None

    @property
    def ok(self) -> bool:
        return self.report is None or self.report.ok

    def __str__(self) -> str:
        if not self.ok:
            return f"{self.file}: nothing was changed"
        left_out = f", {self.left_out:,} left out about somebody who was erased" if self.left_out else ""
        restored = f"{counted(self.records, 'record')} restored{left_out}"
        return f"{self.file}: {restored}; {state(self.head)}, as computed anew"

    def as_json(self) -> dict[str, Any]:
        report = {"report": self.report.as_json()} if self.report else {}
        numbers = {"records": self.records, "leftOut": self.left_out}
        return {"file": str(self.file), "ok": self.ok, **numbers, **state_as_json(self.head), **report}


def state(head: Head) -> str:
    return f"version {head.version}, content hash {head.hash_text}"


def state_as_json(head: Head) -> dict[str, Any]:
    return {"version": head.version, "contentHash": head.hash_text}


def exported(store: Store, file: Path, force: bool, progress: Progress | None) -> Dumped:
    """Write a dump of a graph. Raises LoadError where the file is there and not to be overwritten, or cannot be."""
    with replaced(file, force) as temporary, store.snapshot() as snapshot:
        with temporary.open("wb") as out:
            records = write(snapshot, store.model, out, progress)
            out.flush()
            os.fsync(out.fileno())
        return Dumped(file, snapshot.head, records)


def backed_up(store: Store, file: Path, force: bool, progress: Progress | None) -> Dumped:
    """Write a backup of a graph: a copy of the store where there is such, a dump of others. Raises as `exported`."""
    if not isinstance(store, Copying):
        return exported(store, file, force, progress)

    def copied(pages: int) -> None:
        if progress:
            progress("page", pages)

    with replaced(file, force) as temporary:
        return Dumped(file, store.copy(temporary, copied))


def restored(store: Store, file: Path, progress: Progress | None, erased: Erased = NOBODY) -> Restored:
    """Fill an empty graph from a backup or a dump, but for who was erased since, and read it again to be sure.

    Raises LoadError where the graph is not empty or the file cannot be read, Incompatible where what is in the graph
    then is not what it was made of.
    """
    with opened(file, store.model, progress) as (snapshot, report):
        if report and not report.ok:
            return Restored(file, store.head(), report=report)
        difference = changes.restore(store, snapshot, erased=erased.anew())
    if not store.verify():
        raise Incompatible(f"the graph is not what {file} holds: restore it into a new store")
    return Restored(file, store.head(), difference.total, difference.left_out, report)


@contextmanager
def opened(file: Path, model: Model, progress: Progress | None) -> Iterator[tuple[Snapshot, Report | None]]:
    """What a backup or a dump holds, and what is wrong with a dump."""
    if not is_copy(file):
        with dumped.read(file, model, progress) as found:
            yield found, found.report
        return
    with TemporaryDirectory(prefix="civic-graph-") as folder:  # since opening a store may bring it up to date
        copy = Path(folder) / "backup"
        try:
            shutil.copyfile(file, copy)
        except OSError as error:
            raise LoadError(f"{file} cannot be copied to {folder}: {error.strerror}") from error
        with closing(_copy(file, copy, model)) as store, store.snapshot() as snapshot:
            yield snapshot, None


def _copy(file: Path, copy: Path, model: Model) -> Store:
    try:
        return open_store(f"sqlite:{copy}", model)
    except StoreError as error:
        raise Incompatible(error.message.replace(str(copy), str(file))) from error


def is_copy(file: Path) -> bool:
    """Whether a file is one of SQLite's. Raises LoadError where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(len(SQLITE)) == SQLITE
    except OSError as error:
        raise LoadError(f"{file} cannot be read: {error.strerror}") from error


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
    except FileExistsError as error:
        raise LoadError(f"{temporary} is there: another process writes {file}, or was cut off doing so") from error
    except OSError as error:
        raise LoadError(f"{file} cannot be written: {error.strerror}") from error
    try:
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

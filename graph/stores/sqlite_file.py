"""The door to an SQLite file: connections that read or write, the one writer's lock, and SQLite's errors as ours."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import randrange
from typing import Any

import apsw

from graph import sums
from graph.errors import Conflict, Incompatible, StoreError, Timeout, Unavailable
from graph.stores.sql_provenance import as_said
from graph.text import fold

__all__ = [
    "Connection",
    "Translated",
    "begin",
    "commit",
    "copied",
    "end",
    "is_there",
    "looking",
    "making",
    "mark_of",
    "ours",
    "purge",
    "reading",
    "writing",
]

Connection = apsw.Connection

WAIT_MS = 10_000  # how long a writer waits for another
SETTLE_MS = 500  # how long a finished one waits for readers of the log
PURGE_MS = 30_000  # and how long one that has erased: longer than a question may take
PAGES = 1_000  # that are copied at a time
MARKS = 2**31  # numbers that a commit can be marked by
PRAGMAS = (
    "PRAGMA synchronous = FULL",  # NORMAL loses acknowledged commits with the power
    "PRAGMA secure_delete = ON",  # who was erased is not to be found in free pages
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 1073741824",
    "PRAGMA cache_size = -65536",
)
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {  # of SQL, with how many arguments they take
    "fold": (1, lambda text: text and fold(text)),
    "summed": (5, sums.total),
    "averaged": (5, sums.average),
    "said": (4, as_said),
}


def is_there(path: str) -> bool:
    return Path(path).exists()


def reading(path: Path) -> Connection:
    """A connection that can only read."""
    return _connected(path, apsw.SQLITE_OPEN_READONLY)


def looking(path: Path) -> Connection:
    """A connection that reads what it can at once."""
    return _connected(path, apsw.SQLITE_OPEN_READONLY, wait=0)


def writing(path: Path) -> Connection:
    return _connected(path, apsw.SQLITE_OPEN_READWRITE)


def making(path: Path) -> Connection:
    """A connection to a file that is made where there is none, for its owner alone: it tells of persons. The files that
    SQLite makes beside it are for the same."""
    with suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)
    return _connected(path, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)


def _connected(path: Path, flags: int, wait: int = WAIT_MS) -> Connection:
    connection = apsw.Connection(str(path), flags=flags)
    connection.set_busy_timeout(wait)
    for name, (arguments, function) in FUNCTIONS.items():
        connection.create_scalar_function(name, function, arguments, deterministic=True)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def copied(source: Connection, target: Connection, progress: Callable[[int], None]) -> None:
    """Copy all that `source` sees, a part at a time; it must be in a read transaction, or a load begins it anew."""
    with target.backup("main", source, "main") as backup:
        while not backup.step(PAGES):
            progress(backup.page_count - backup.remaining)


def holder(path: Path) -> Path:
    """The file that names the process which wrote last."""
    return path.with_name(path.name + ".writer")


def begin(connection: Connection, path: Path) -> None:
    """Become the one that writes, and leave word of who that is."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except apsw.BusyError as error:
        connection.close()
        pid = "unknown"
        with suppress(OSError):
            pid = holder(path).read_text()
        raise Conflict(f"{path} is being written by process {pid}; nothing was changed, try again later") from error
    with suppress(OSError):
        holder(path).write_text(str(os.getpid()))


def commit(connection: Connection, path: Path) -> None:
    holder(path).unlink(missing_ok=True)  # before others may write, who leave word of themselves
    mark = (mark_of(connection) + randrange(1, MARKS)) % MARKS  # another; by chance, for a file may be made anew
    connection.execute(f"PRAGMA user_version = {mark}")
    connection.execute("COMMIT")


def mark_of(connection: Connection) -> int:
    """The mark of the last commit that a connection sees."""
    mark: int = connection.execute("PRAGMA user_version").get
    return mark


def end(connection: Connection, path: Path) -> None:
    """Take back what was not committed, bring what was from the log into the file, and close."""
    with suppress(apsw.Error):
        if connection.in_transaction:
            holder(path).unlink(missing_ok=True)
            connection.execute("ROLLBACK")
        emptied(connection, SETTLE_MS)
    connection.close()


def emptied(connection: Connection, wait: int) -> bool:
    """Bring what is in the log into the file, where it takes the place of what was there before. Says whether that is
    done: who reads what was there before is waited for, so many milliseconds."""
    connection.set_busy_timeout(wait)
    row: Any = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(row[0] == 0)


def purge(connection: Connection, path: Path) -> None:
    """Leave nothing in the file of what a commit took out. Others that want to write wait meanwhile.

    Raises Conflict where somebody goes on reading it, or has begun to write.
    """
    if not emptied(connection, PURGE_MS):
        raise Conflict(
            f"it is erased from the graph, but {path} keeps it as long as somebody reads the graph as it was before, "
            "such as an export, or writes; do the same again once they have ended"
        )


class Translated:
    """A block in which SQLite's errors become ours."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, apsw.Error | UnicodeDecodeError):
            raise ours(error, self.path) from error


def ours(error: apsw.Error | UnicodeDecodeError, path: Path) -> StoreError:
    match error:
        case apsw.InterruptError():
            return Timeout("the store took too long to answer; ask for less")
        case apsw.FullError():
            return StoreError(f"the disk of {path} is full; nothing was changed", "the disk of the store is full")
        case apsw.BusyError():
            return Conflict(f"{path} is being written by another process", "the store is being written")
        case apsw.NotADBError() | apsw.CorruptError() | UnicodeDecodeError():
            return Incompatible(
                f"{path} is damaged or no SQLite file; restore it or load into a new store", "the store is damaged"
            )
        case apsw.CantOpenError() | apsw.IOError() | apsw.ReadOnlyError() | apsw.PermissionsError():
            return Unavailable(f"{path} cannot be used: {error}", "the store cannot be used")
        case _:
            return StoreError(f"the store could not do it: {error}", "the store could not do it")

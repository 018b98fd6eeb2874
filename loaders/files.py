"""Which files of a folder are tables of the model, and the id of a load: a hash of all that it reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from graph.errors import LoadError
from graph.model import Kind, Model, Table, kebab
from loaders import LOADER_VERSION
from loaders.report import Place, Refused, Report

ALIASES = "aliases.csv"
MAX_BYTES = 500_000_000  # of a file
UNREAD = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".numbers", ".tsv", ".tab"})  # what tables are called otherwise
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how the files of spreadsheet programs begin
HIDDEN = (".", "~$")  # how names begin that are not meant: of the system, and of locks that Excel leaves
SAVE_AS = "its tables saved as CSV UTF-8, each a file of its own in one folder"
CHUNK = 1 << 20


def file_of(table: Table) -> str:
    """`partners.csv` of a kind, `partner-takes-part-in-project.csv` of a relation."""
    if isinstance(table, Kind):
        return f"{kebab(table.plural)}.csv"
    return "-".join(map(kebab, (table.source, table.name, table.target))) + ".csv"


def tables_of(folder: Path, model: Model, report: Report) -> dict[str, Path]:
    """The tables of a folder by file name, where each can be read; what is wrong goes into the report.

    Raises LoadError where the folder is none.
    """
    known = [ALIASES, *map(file_of, model.tables)]
    found = {}
    for path in csv_files(folder):
        try:
            _check(path, folder, known)
            found[path.name] = path
        except Refused as refused:
            report.refuse(Place(path.name), None, refused)
    for path in unread(folder):
        report.warn(Place(path.name), "is not read", SAVE_AS)
    if not found and report.ok:
        report.error(Place(folder.name), "holds no tables", f"CSV files such as {', '.join(known[1:4])}")
    return found


def csv_files(folder: Path) -> list[Path]:
    """Everything in a folder that is called .csv, by name. Raises LoadError where the folder is none."""
    return [path for path in _inside(folder) if path.suffix.lower() == ".csv"]


def unread(folder: Path) -> list[Path]:
    """What looks like tables of a folder and is not read, by name. Raises LoadError where the folder is none."""
    return [path for path in _inside(folder) if path.suffix.lower() in UNREAD]


def _inside(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))
    except OSError as error:
        raise LoadError(f"{folder} cannot be read as a folder of tables: {error.strerror}") from error
    return [path for path in paths if not path.name.startswith(HIDDEN)]


def _check(path: Path, folder: Path, known: list[str]) -> None:
    if path.name not in known:
        expected = "a file for each kind, such as partners.csv, or relation, such as partner-serves-borough.csv"
        raise Refused("is no table of the model", expected, path.name, known)
    _check_content(path)
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise Refused("is a link to a place outside of the folder", "the file itself")


def _check_content(path: Path) -> None:
    try:
        status = path.stat()
    except OSError as error:
        raise Refused(f"cannot be read: {error.strerror}", "a file") from error
    if not stat.S_ISREG(status.st_mode):
        raise Refused("is no file", "a CSV file")
    if status.st_size > MAX_BYTES:
        raise Refused(f"has {status.st_size:,} bytes", f"at most {MAX_BYTES:,}: split the table into folders")
    if is_workbook(path):
        raise Refused("is a workbook, whatever its name", SAVE_AS)


def is_workbook(path: Path) -> bool:
    """Whether a file begins as what spreadsheet programs write."""
    try:
        with path.open("rb") as file:
            return file.read(4) in WORKBOOKS
    except OSError:
        return False  # to read it says why


def load_id(folder: Path, model: Model, name: str | None = None, key_id: str = "") -> str:
    """Names what a load of the folder would read: equal bytes, name, key of pseudonyms, model and loader give an equal
    id.

    Raises LoadError where the folder is none.
    """
    declared = (LOADER_VERSION, name, key_id, folder.resolve().name, model.kinds, model.relations)
    whole = blake2b(repr(declared).encode(errors="surrogateescape"), digest_size=16)
    for path in csv_files(folder):
        whole.update(os.fsencode(path.name) + b"\0" + _digest(path))
    for path in unread(folder):
        whole.update(os.fsencode(path.name))  # so that they are told of
    return whole.hexdigest()


def _digest(path: Path) -> bytes:
    """The hash of a file's bytes; nothing of what cannot be read, which fails the load anyway."""
    content = blake2b(digest_size=16)
    try:
        for chunk in _chunks(path):
            content.update(chunk)
    except (OSError, Refused):
        return b""
    return content.digest()


def _chunks(path: Path) -> Iterator[bytes]:
    _check_content(path)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk

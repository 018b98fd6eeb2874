"""Reading a dump: every line is checked before anything is written, and read again as the graph takes it."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, NoReturn

import msgspec

from graph.changes import Told
from graph.errors import LoadError
from graph.model import Model, Table
from graph.statements import HASH_BITS, Key, Load, Record, digest, precedence
from graph.store import Head, Store
from loaders import checks
from loaders.consistency import twice_among
from loaders.dump import FORMAT, FORMAT_VERSION, LONGEST, Footer, Header, Line, Progress, Value, encode
from loaders.files import SAVE_AS, is_workbook
from loaders.lines import Lines
from loaders.report import Place, Refused, Report, counted, shown
from loaders.resolve import KEY

GZIP = b"\x1f\x8b"  # what its files begin with
AHEAD = 1 << 20  # bytes of lines that are read at once

_header = msgspec.json.Decoder(Header).decode
_line = msgspec.json.Decoder(Line).decode
_footer = msgspec.json.Decoder(Footer).decode

WRITTEN = "a file that civic-graph export wrote"
RECORD = 'such as {"table": …, "key": […], "claims": […]}'
WHOLE = "a whole file, as civic-graph export wrote it"


class Part(NamedTuple):
    """Lines about one table that stand together: the number of the first, where it starts, and where the last ends."""

    number: int
    start: int
    end: int


class Dump:
    """A dump that was read: what was found, and the snapshot that it holds. Closing it closes its file."""

    def __init__(self, file: BinaryIO, report: Report, model: Model) -> None:
        self.report = report
        self.head, self.loads = Head(), dict[str, Load]()
        self.parts: dict[str, list[Part]] = {table.table: [] for table in model.tables}
        self._file, self._model, self._seen = file, model, _state(file)

    @property
    def statements(self) -> Told:
        """What the dump says. Raises LoadError where it has errors."""
        if not self.report.ok:
            raise LoadError(f"nothing is loaded from a dump with errors: {self.report.summary}")
        return Told(self)

    def of(self, table: Table) -> Iterator[tuple[Key, Record]]:
        lines = Lines(self._model, table, precedence(self.loads.values()))
        for part in self.parts[table.table]:
            for line in _lines(self._file, part):
                try:
                    said = _line(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    _changed()
                yield lines.record(said, _changed)
        if self._seen != _state(self._file):
            _changed()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Dump:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()


def _changed(*_: object) -> NoReturn:
    raise LoadError("the file changed while it was read; expected a file that is left alone")


def _refuse_table(path: Path) -> None:
    """Raises LoadError where a file is a table or a workbook, which are loaded by the folder, or compressed."""
    if is_workbook(path):
        raise LoadError(f"{path} is a workbook; expected {SAVE_AS}")
    with _opened(path) as file:
        if file.read(2) == GZIP:
            raise LoadError(f"{path} is compressed; unpack it first: gunzip")
    if path.suffix.lower() == ".csv" and not _begins_as_json(path):
        raise LoadError(f"{path} is one table; expected the folder that it is in, {path.resolve().parent}, or a dump")


def _begins_as_json(path: Path) -> bool:
    with _opened(path) as file:
        return file.read(1) == b"{"


def _state(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _lines(file: BinaryIO, part: Part) -> Iterator[bytes]:
    start = part.start
    while start < part.end:
        file.seek(start)  # others may have read elsewhere meanwhile
        for line in file.readlines(min(AHEAD, part.end - start)):
            start += len(line)
            if start <= part.end:
                yield line


def read(path: Path, model: Model, progress: Progress | None = None) -> Dump:
    """Read and check a dump. Raises LoadError where the file cannot be read, or is a table or a workbook."""
    _refuse_table(path)
    dump = Dump(_opened(path), Report(), model)
    try:
        Reading(dump, path.name, model, progress).run(dump._file)
    except BaseException:
        dump.close()
        raise
    return dump


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise LoadError(f"{path} cannot be read as a dump: {error.strerror}") from error


def is_loaded(store: Store, path: Path) -> bool:
    """Whether the graph has all that a dump says, by its header and by the hash in its last line."""
    with _opened(path) as file:
        try:
            header = _header(file.readline(LONGEST))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        known, loads = store.loads(), header.loads
        same = all(known.get(source) == load for source, load in loads.items())
        named = all(load.load_id for load in loads.values())
        return same and (named or store.head().content_hash == header.head.content_hash) and _is_whole(file)


def _is_whole(file: BinaryIO) -> bool:
    """Whether the last line has the hash of all before it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 200))
    last = file.read().splitlines(keepends=True)[-1]
    try:
        footer = _footer(last)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return footer.hash == _hash(file, size - len(last))


def _hash(file: BinaryIO, size: int) -> str:
    whole = blake2b(digest_size=16)
    file.seek(0)
    while size and (content := file.read(min(AHEAD, size))):
        whole.update(content)
        size -= len(content)
    return whole.hexdigest()


class Reading:
    """One walk through a dump."""

    def __init__(self, dump: Dump, name: str, model: Model, progress: Progress | None) -> None:
        self.dump, self.report, self.name = dump, dump.report, name
        self.model, self.progress = model, progress
        self.report.files[name] = 0
        self._tables = {table.table: table for table in model.tables}
        self._keys = {table.table: array("q") for table in model.tables}
        self._lines: dict[str, Lines] = {}
        self._content = 0
        self._whole = blake2b(digest_size=16)

    def run(self, file: BinaryIO) -> None:
        if not self._take_header(file.readline(LONGEST + 1)):
            return
        footer, number, start = None, 1, file.tell()
        while line := file.readline(LONGEST + 1):
            number += 1
            if footer:
                self._error(number, "there is a line after the last one", WHOLE)
                return
            if len(line) > LONGEST:
                self._error(number, f"the line is longer than {LONGEST:,} bytes", "a record a line")
                return
            footer = self._take(number, start, line)
            start += len(line)
        self._check_end(footer)

    # The header

    def _take_header(self, line: bytes) -> bool:
        try:
            header = _header(line)
            self._check_header(header)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._error(1, f"the first line is no header of a dump: {shown(str(error))}", WRITTEN)
            return False
        except Refused as refused:
            self._refuse(1, None, None, refused)
            return False
        self._whole.update(line)
        self.dump.head, self.dump.loads = header.head, header.loads
        places = precedence(header.loads.values())
        self._lines = {name: Lines(self.model, table, places) for name, table in self._tables.items()}
        return True

    def _check_header(self, header: Header) -> None:
        if header.format != FORMAT:
            raise Refused("the file is no dump of Civic Graph", WRITTEN)
        if header.format_version > FORMAT_VERSION or header.model > self.model.revision:
            made, here = (header.model, header.format_version), (self.model.revision, FORMAT_VERSION)
            versions = "model {}, format {}; this is model {}, format {}".format(*made, *here)
            raise Refused(f"it was made by a newer version of Civic Graph ({versions})", "an update of this one")
        ids = [source.source for source in header.sources]
        if len(set(ids)) < len(ids):
            raise Refused("a source stands twice in the header", "each once")
        for source in header.sources:
            if not source.source.startswith("source:") or not KEY.fullmatch(source.source, len("source:")):
                raise Refused(f"{source.source!a} is not the id of a source", '"source:" and a key')
            if source.date:
                checks.day(source.date)

    # Records

    def _take(self, number: int, start: int, line: bytes) -> Footer | None:
        """Check a line; gives it where it is the last."""
        try:
            said = _line(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return self._taken_footer(number, line, error)
        self._whole.update(line)
        self.report.files[self.name] += 1
        if said.table not in self._tables:
            refused = Refused(f"there is no table {said.table!a}", "one of the model", said.table, self._tables)
            self._refuse(number, None, said.table, refused)
            return None
        self._take_record(number, said)
        self._place(said.table, number, start, len(line))
        return None

    def _taken_footer(self, number: int, line: bytes, error: Exception) -> Footer | None:
        try:
            return _footer(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._whole.update(line)
            self._error(number, f"the line is no record: {shown(str(error))}", RECORD)
            return None

    def _take_record(self, number: int, line: Line) -> None:
        def refuse(column: str | None, value: Value, refused: Refused) -> None:
            self._refuse(number, column, value, refused)

        errors = self.report.errors
        key, record = self._lines[line.table].record(line, refuse)
        if self.report.errors == errors:
            self._content += digest(self._tables[line.table], key, record)
            self._keys[line.table].append(hash(key))
        if self.progress and number % 1_000 == 0:
            self.progress(self.name, number)

    def _place(self, table: str, number: int, start: int, size: int) -> None:
        parts = self.dump.parts[table]
        if parts and parts[-1].end == start:
            parts[-1] = parts[-1]._replace(end=start + size)
        else:
            parts.append(Part(number, start, start + size))

    # The end

    def _check_end(self, footer: Footer | None) -> None:
        records = self.report.files[self.name]
        if footer is None:
            self._error(None, f"the file ends without its last line, after {counted(records, 'record')}", WHOLE)
        elif footer.records != records or footer.hash != self._whole.hexdigest():
            message = f"the file has {counted(records, 'record')} and is not as it was written"
            self._error(None, message, f"{counted(footer.records, 'record')}, by the hash in the last line")
        for table, keys in self._keys.items():
            if twice := twice_among(keys):
                self._tell_twice(table, twice)
        if self.report.ok and self._content % 2**HASH_BITS != self.dump.head.content_hash:
            self._error(None, "the records are not those of the content hash in the header", WHOLE)

    def _tell_twice(self, table: str, twice: set[int]) -> None:
        first: dict[Key, int] = {}
        for part in self.dump.parts[table]:
            for number, line in enumerate(_lines(self.dump._file, part), start=part.number):
                key = tuple(_line(line).key)
                if hash(key) in twice and first.setdefault(key, number) != number:
                    self._error(number, f"{', '.join(key)} is given already in row {first[key]}", "a record a line")

    def _error(self, number: int | None, message: str, expected: str) -> None:
        self.report.error(Place(self.name, number), message, expected)

    def _refuse(self, number: int, column: str | None, value: Value, refused: Refused) -> None:
        given = value if value is None or isinstance(value, str) else encode(value).decode()
        self.report.refuse(Place(self.name, number, column), given, refused)

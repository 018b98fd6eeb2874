"""One CSV file as numbered rows, in batches, within limits: never more of it is held than a batch."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BufferedReader, TextIOWrapper
from itertools import chain, compress, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from loaders.report import Place, Report, quoted

MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_RECORD = 1_000_000  # characters of a row, all its lines together
BLOCK = 32  # lines
BATCH_ROWS = 2_000
BATCH_CHARACTERS = 4_000_000

LINE_END = re.compile(rb"[\r\n]")
UNDECODABLE = re.compile("[\udc80-\udcff]")  # what surrogateescape makes of a byte that is not UTF-8
SAVE = "UTF-8: in a spreadsheet, save as CSV UTF-8"
COMMAS = "commas: save as CSV UTF-8 (comma delimited)"
SEPARATORS = {b";": "semicolons", b"\t": "tabs"}
CSV_ERRORS = {  # a part of what the csv module says, what it means, and what was expected
    "unexpected end": ("a quote is opened and never closed", "quotes in pairs"),
    "expected after": (
        "there is text after a closing quote",
        "a comma there; a quote within quotes is written twice",
    ),
    "field larger": (
        f"a cell has more than {csv.field_size_limit():,} characters",
        "a shorter text; perhaps a quote is opened and never closed",
    ),
}


class Batch(NamedTuple):
    """Rows that follow each other, read by columns; blank rows are left out, not renumbered."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]


class Malformed(csv.Error):
    """The file cannot be read on from here."""

    def __init__(self, message: str, expected: str = "") -> None:
        super().__init__(message)
        self.expected = expected


@contextmanager
def opened(path: Path, report: Report) -> Iterator[Sheet | None]:
    """The table in a file, None where not even its header can be read."""
    report.files[path.name] = 0
    try:
        file = path.open("rb")
    except OSError as error:
        report.error(Place(path.name), f"cannot be read: {error.strerror}", "a file")
        yield None
        return
    with file, TextIOWrapper(file, "utf-8", "surrogateescape", newline="") as text:
        sheet = Sheet(path.name, text, report)
        yield sheet if sheet.begin(file) else None


class Sheet:
    """A table that is being read: its header, then its rows."""

    def __init__(self, name: str, file: TextIO, report: Report) -> None:
        self.name, self.report = name, report
        self.header: list[str] = []
        self._first: list[str] = []  # the header as it stands there
        self._lines = iter(partial(file.readline, MAX_RECORD + 1), "")
        self._records = csv.reader(chain.from_iterable(self._blocks()), strict=True)
        self._row = self._begun = 0  # the last row read, and the last one before those lines
        self._pending = 0  # characters of lines that may belong to the row being read
        self._batch = 0  # characters of the batch being read

    def begin(self, file: BufferedReader) -> bool:
        """Read the header; False where there is none to go by."""
        try:
            _skip_mark(file)
            _check_separator(file)
            self._first = next(self._records, [])
            self.header = _header(self._first)
        except (csv.Error, OSError) as error:
            self._stop(error)
        self._row = 1
        return bool(self.header)

    def batches(self) -> Iterator[Batch]:
        """The rows below the header. Where the file cannot be read on, they end, and the report says why."""
        numbers: list[int] = []
        rows: list[list[str]] = []
        for cells in self._rows():
            if any(map(str.strip, cells)):
                numbers.append(self._row)
                rows.append(cells)
            if len(rows) == BATCH_ROWS or self._batch > BATCH_CHARACTERS:
                yield self._taken(numbers, rows)
                numbers, rows, self._batch = [], [], 0
        yield self._taken(numbers, rows)

    def place(self, row: int, column: str | None = None) -> Place:
        return Place(self.name, row, column)

    def _rows(self) -> Iterator[list[str]]:
        try:
            for number, cells in enumerate(self._records, 2):
                if number > MAX_ROWS + 1:
                    raise Malformed(f"the table has more than {MAX_ROWS:,} rows", "several folders")
                self._row = number
                yield cells
        except (csv.Error, OSError) as error:
            self._stop(error)

    def _blocks(self) -> Iterator[list[str]]:
        """The lines: many at once where nothing is wrong with them, else one by one, to stop at the right row."""
        while block := list(islice(self._lines, BLOCK)):
            size = sum(map(len, block))
            if self._pending_with(size) <= MAX_RECORD and not _undecodable(block):
                self._count(size)
                yield block
            else:
                yield from ([self._checked(line)] for line in block)

    def _checked(self, line: str) -> str:
        self._count(len(line))
        if self._pending > MAX_RECORD:
            raise Malformed(f"the row has more than {MAX_RECORD:,} characters", "a shorter row; quotes in pairs")
        if bad := _undecodable([line]):
            raise Malformed(f"{_explained_byte(line, bad)}", SAVE)
        return line

    def _pending_with(self, size: int) -> int:
        return size + (self._pending if self._row == self._begun else 0)

    def _count(self, size: int) -> None:
        self._pending, self._begun = self._pending_with(size), self._row
        self._batch += size

    def _stop(self, error: csv.Error | OSError) -> None:
        self.report.error(self.place(self._row + 1), *_explained(error))

    def _taken(self, numbers: list[int], rows: list[list[str]]) -> Batch:
        self.report.files[self.name] += len(rows)
        width = len(self.header)
        if rows and set(map(len, rows)) != {width}:
            rows = [self._fitted(number, cells) for number, cells in zip(numbers, rows, strict=True)]
        if self._first in rows:
            self._report_again(numbers, rows)
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        for at in (at for at, name in enumerate(self.header) if not name):
            self._check_nameless(at, numbers, columns[at])
        return Batch(numbers, columns)

    def _fitted(self, number: int, cells: list[str]) -> list[str]:
        """The cells with empty ones added, or taken away, to be as many as in the header."""
        width = len(self.header)
        over = next(filter(None, map(str.strip, cells[width:])), None)
        if over:
            message = f"{quoted(over)} stands beyond the last column"
            self.report.error(self.place(number), message, f"{width} cells; quote a cell with a comma in it", over)
        return [*cells[:width], *[""] * (width - len(cells))]

    def _report_again(self, numbers: list[int], rows: list[list[str]]) -> None:
        for number in (number for number, cells in zip(numbers, rows, strict=True) if cells == self._first):
            self.report.error(self.place(number), "the header is repeated here", "it in the first row only")

    def _check_nameless(self, at: int, numbers: list[int], cells: Sequence[str]) -> None:
        filled = [bool(cell.strip()) for cell in cells]
        for number, cell in compress(zip(numbers, cells, strict=True), filled):
            message = f"{quoted(cell)} stands in a column without a name"
            self.report.error(self.place(number), message, f"a name in column {at + 1} of the header", cell)


def _skip_mark(file: BufferedReader) -> None:
    """Step over the byte order mark of UTF-8, stop at that of UTF-16."""
    start = file.peek(3)[:3]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Malformed("the file looks like UTF-16", SAVE)
    if start == b"\xef\xbb\xbf":
        file.read(3)


def _check_separator(file: BufferedReader) -> None:
    """Stop at a first line that has something else than commas between the columns, or says so: `sep=;`."""
    line = LINE_END.split(file.peek(), 1)[0]
    for sign, name in SEPARATORS.items():
        if sign in line and b"," not in line:
            raise Malformed(f"the columns are separated by {name}", COMMAS)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if any("\0" in name for name in names):
        raise Malformed("there are NUL characters in the header; the file looks like UTF-16", SAVE)
    while names and not names[-1]:
        names.pop()
    if not names:
        raise Malformed("there is no header", "the names of the columns in the first row")
    if len(names) > MAX_COLUMNS:
        raise Malformed(f"there are {len(names):,} columns", f"at most {MAX_COLUMNS}")
    return names


def _undecodable(lines: list[str]) -> str:
    """The first byte that is not UTF-8, as it was escaped; empty where there is none."""
    if all(map(str.isascii, lines)):
        return ""
    found = UNDECODABLE.search("".join(lines))
    return found.group() if found else ""


def _explained_byte(line: str, escaped: str) -> str:
    """What to say of a line with a byte that is not UTF-8."""
    byte = escaped.encode("utf-8", "surrogateescape").hex().upper()
    try:
        line.encode("utf-8", "surrogateescape").decode("cp1252")
    except UnicodeDecodeError:
        return f"byte 0x{byte} is not UTF-8"
    return f"byte 0x{byte} is not UTF-8; the file looks like cp1252, the encoding of Windows"


def _explained(error: csv.Error | OSError) -> tuple[str, str]:
    """What went wrong, and what was expected."""
    if isinstance(error, Malformed):
        return str(error), error.expected
    if isinstance(error, OSError):
        return f"the file cannot be read on: {error.strerror}", ""
    return next((said for part, said in CSV_ERRORS.items() if part in str(error)), (str(error), "CSV as in RFC 4180"))

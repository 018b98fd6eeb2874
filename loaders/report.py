"""What reading a folder found: issues with their place, as sentences for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from loaders.nearest import nearest

KEPT = 1_000  # issues; all are counted
SHOWN = 60  # characters of a value


class Severity(StrEnum):
    """An error keeps the whole folder out of the graph, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Place(NamedTuple):
    """Where something stands. Rows are numbered as a spreadsheet shows them: the header is row 1."""

    file: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        row = "" if self.row is None else f" row {self.row}"
        column = f", column {self.column}" if self.column else ""
        return self.file + row + column


class Refused(Exception):
    """A value that is not taken, and why. Whoever knows its place makes an issue of it."""

    def __init__(
        self,
        message: str,
        expected: str = "",
        given: str = "",
        among: Iterable[str] = (),
        *,
        likely: str = "",
        once: bool = False,
    ) -> None:
        """Suggest what is `likely` meant, or else what is nearest to the one given; say it `once` a file and column."""
        super().__init__(message)
        self.message, self.expected = message, expected
        self.given, self.among = given, among
        self.likely, self.once = likely, once

    @property
    def each(self) -> Sequence[Refused]:
        return (self,)


class Refusals(Refused):
    """Several values of one cell that are not taken."""

    def __init__(self, each: Sequence[Refused]) -> None:
        super().__init__("; ".join(refused.message for refused in each))
        self._each = each

    @property
    def each(self) -> Sequence[Refused]:
        return self._each


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong, or looks wrong: where, what, and what was expected instead."""

    severity: Severity
    file: str
    row: int | None
    column: str | None
    value: str | None
    message: str
    expected: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        expected = f"; expected {self.expected}" if self.expected else ""
        near = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{Place(self.file, self.row, self.column)}: {self.message}{expected}{near}"

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Report:
    """The issues of a load, errors before warnings, and the rows read of each file."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self._counts = dict.fromkeys(Severity, 0)
        self._kept: dict[Severity, list[Issue]] = {severity: [] for severity in Severity}
        self._once: set[tuple[str, str | None, str]] = set()

    @property
    def ok(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> int:
        return self._counts[Severity.ERROR]

    @property
    def warnings(self) -> int:
        return self._counts[Severity.WARNING]

    @property
    def rows(self) -> int:
        return sum(self.files.values())

    @property
    def issues(self) -> list[Issue]:
        """The first thousand: errors before warnings, those of a file together, by row."""
        return [issue for severity in Severity for issue in _sorted(self._kept[severity])][:KEPT]

    def error(self, place: Place, message: str, expected: str = "", value: str | None = None) -> None:
        self.refuse(place, value, Refused(message, expected))

    def refuse(self, place: Place, value: str | None, refused: Refused) -> None:
        """Note a refused value, or each of several, as an error at its place."""
        for each in refused.each:
            if not (each.once and self._is_said(place, each)):
                self._add(Severity.ERROR, place, value, each)

    def _is_said(self, place: Place, refused: Refused) -> bool:
        said = (place.file, place.column, refused.message)
        if said in self._once:
            return True
        self._once.add(said)
        return False

    def warn(
        self, place: Place, message: str, expected: str = "", value: str | None = None, *, likely: str = ""
    ) -> None:
        self._add(Severity.WARNING, place, value, Refused(message, expected, likely=likely))

    def _add(self, severity: Severity, place: Place, value: str | None, refused: Refused) -> None:
        self._counts[severity] += 1
        if len(self._kept[severity]) < KEPT:
            near = shown(refused.likely or nearest(refused.given, refused.among))
            file, row, column = place
            where = (shown(file), row, column and shown(column), None if value is None else shown(value))
            self._kept[severity].append(Issue(severity, *where, refused.message, refused.expected, near))

    def as_json(self) -> dict[str, Any]:
        issues = [issue.as_json() for issue in self.issues]
        left_out = self.errors + self.warnings - len(issues)
        counts = {"ok": self.ok, "errors": self.errors, "warnings": self.warnings}
        return {**counts, "files": dict(self.files), "issues": issues, "issuesLeftOut": left_out}

    def lines(self) -> list[str]:
        """A sentence for each issue, and the counts at the end."""
        issues = [f"{'' if i.severity is Severity.ERROR else 'warning: '}{i}" for i in self.issues]
        left_out = self.errors + self.warnings - len(issues)
        more = [f"{left_out:,} more are not shown"] if left_out else []
        return [*issues, *more, self.summary]

    @property
    def summary(self) -> str:
        found = f"{counted(self.errors, 'error')}, {counted(self.warnings, 'warning')}"
        return f"{found} in {counted(self.rows, 'row')} of {counted(len(self.files), 'file')}"


def _sorted(issues: list[Issue]) -> list[Issue]:
    files = {file: place for place, file in enumerate(dict.fromkeys(issue.file for issue in issues))}
    return sorted(issues, key=lambda issue: (files[issue.file], issue.row or 0))


def counted(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value: str) -> str:
    """A value as it can be printed: short, and with what is invisible written out."""
    start = value[:SHOWN]
    plain = start if start.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in start)
    return plain if len(plain) <= SHOWN and len(value) <= SHOWN else plain[: SHOWN - 1] + "…"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def quoted(value: str) -> str:
    return f'"{shown(value)}"'

"""Loading a folder or a dump and withdrawing a source: from where it is to what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graph import changes
from graph.changes import Counts, OnChanges
from graph.errors import LoadError
from graph.model import Table
from graph.store import Change, Head, Store
from loaders import dumped
from loaders.columns import is_source
from loaders.dumped import Dump
from loaders.erased import NOBODY, Erased
from loaders.files import file_of
from loaders.folder import EXAMPLE, NONE, Checked, is_loaded, read
from loaders.pseudonyms import Pseudonyms, read_key
from loaders.report import Place, Report, counted
from server.console import Progress, progress
from server.settings import Settings

PACKAGED = "example"  # names the example data that comes with the package
NO_LIST = (
    "there is no list of who was erased at {}; expected the one that `civic-graph person erase` wrote, or an empty "
    "file where nobody was erased"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a load or a withdrawal: its counts, and the graph after it. Without counts nothing changed:
    either the report has errors, or there is none because all was there already."""

    subject: str
    head: Head
    hidden: int = 0
    overruled: int = 0
    left_out: int = 0
    counts: Counts | None = None
    report: Report | None = None
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        return self.report is None or self.report.ok

    def __str__(self) -> str:
        if self.counts is None:
            return f"{self.subject}: " + ("already loaded, nothing to do" if self.ok else "nothing was changed")
        parts = {name: getattr(self.counts, name) for name in Counts.__slots__}
        said = ", ".join(f"{number:,} {part}" for part, number in parts.items())
        if self.overruled:
            said += f"; of {counted(self.overruled, 'record')} another source's word is shown"
        if self.left_out:
            said += f"; {counted(self.left_out, 'record')} left out, about somebody who was erased"
        read = f"; {counted(self.report.rows, 'row')} read" if self.report else ""
        version = f"would be at version {self.head.version}; nothing was changed" if self.dry_run else self._version
        return f"{self.subject}: {said}{read}; the graph {version}"

    @property
    def _version(self) -> str:
        waiting = f", {counted(self.hidden, 'relation')} hidden until both ends are there" if self.hidden else ""
        return f"is at version {self.head.version}{waiting}"

    def as_json(self) -> dict[str, Any]:
        counts = {name: getattr(self.counts or Counts(), name) for name in Counts.__slots__}
        report = {"report": self.report.as_json()} if self.report else {}
        state = {
            "version": self.head.version,
            "hidden": self.hidden,
            "overruled": self.overruled,
            "leftOut": self.left_out,
            "dryRun": self.dry_run,
        }
        return {"subject": self.subject, "ok": self.ok, **counts, **state, **report}


@dataclass(frozen=True, slots=True)
class Loading:
    """How to load: `name` is the folder's as a source, `move` says that its sources came from elsewhere before."""

    store: Store
    name: str | None = None
    move: bool = False
    dry_run: bool = False
    on_changes: OnChanges | None = None
    pseudonyms: Pseudonyms = NONE
    erased: Erased = NOBODY

    def load(self, subject: str) -> Outcome:
        """Load a folder, `example` or a dump.

        Raises LoadError where it is none, or its sources come from elsewhere and do not move.
        """
        if self._is_loaded(subject):
            return Outcome(subject, self.store.head(), _hidden(self.store))
        with checked(self.store, subject, self.pseudonyms, self.erased, self.name) as found:
            if not found.report.ok:
                return Outcome(subject, self.store.head(), report=found.report)
            return self._write(subject, found)

    def _is_loaded(self, subject: str) -> bool:
        folder, origin = located(subject)
        if folder.is_file() and self.name:
            raise LoadError(f"{subject} says itself who its sources are; --name is for a folder")
        if folder.is_file():
            return dumped.is_loaded(self.store, folder)
        return is_loaded(self.store, folder, self.store.model, self.name, origin, self.pseudonyms)

    def _write(self, subject: str, found: Checked | Dump) -> Outcome:
        with progress("Writing") as shown:
            difference = changes.load(
                self.store,
                found.statements,
                dry_run=self.dry_run,
                move=self.move,
                on_changes=self.on_changes or (counting(shown) if shown else None),
                erased=self.erased.anew(),
            )
        if isinstance(found, Checked):
            self._warn_of_gone(found.report, difference)
        return self._outcome(subject, difference, found.report)

    def _warn_of_gone(self, report: Report, difference: changes.Difference) -> None:
        """Say which tables of a kind have no rows any more: it may be their file that went missing."""
        for kind in self.store.model.kinds:
            counts = difference.tables.get(kind.table)
            if counts and not is_source(kind) and not report.files.get(file_of(kind)):
                said = f"there are no rows: what was said of {counted(counts.total, 'record')} is taken back"
                report.warn(Place(file_of(kind)), said, "the table, if they are to stay")

    def withdraw(self, source: str) -> Outcome:
        """Take back what a source said, named with or without its `source:`, and as a shell completes a folder.

        Raises LoadError where nothing was loaded from it, or it is a folder in which sources have names of their own.
        """
        source_id, loads = source if source.startswith("source:") else f"source:{source}", self.store.loads()
        if source_id not in loads:
            source_id = source_id.rstrip("/")
        inside = [load.source for load in loads.values() if load.origin == str(Path(source).resolve())]
        if inside and source_id not in loads:
            raise LoadError(f"{source} is a folder; what was loaded from it is {', '.join(inside)}: name one of these")
        difference = changes.withdraw(self.store, source_id, dry_run=self.dry_run, on_changes=self.on_changes)
        return self._outcome(source_id, difference)

    def _outcome(self, subject: str, difference: changes.Difference, report: Report | None = None) -> Outcome:
        counts = Counts()
        for part in difference.tables.values():
            for name in Counts.__slots__:
                setattr(counts, name, getattr(counts, name) + getattr(part, name))
        told = (_hidden(self.store), difference.overruled, difference.left_out)
        return Outcome(subject, difference.head, *told, counts, report, self.dry_run)


def counting(shown: Progress) -> OnChanges:
    """Shows how many records of a table were written."""
    written: dict[str, int] = {}

    def count(table: Table, batch: list[Change]) -> None:
        written[table.table] = written.get(table.table, 0) + len(batch)
        shown(table.table, written[table.table])

    return count


def pseudonyms(key_file: str) -> Pseudonyms:
    """Pseudonyms by the key in a file, none where no file is named. Raises LoadError where it has no good key."""
    return Pseudonyms(read_key(Path(key_file))) if key_file else NONE


def who_was_erased(settings: Settings) -> Erased:
    """Who was erased from a graph. Raises LoadError where a list is named that is not there."""
    if settings.erased and not Path(settings.erased).exists():
        raise LoadError(NO_LIST.format(settings.erased))
    return Erased(*lists_of_erased(settings))


def lists_of_erased(settings: Settings) -> tuple[Path, ...]:
    """The files with the list: the one that is named, or one beside the store, both where a link leads there and where
    its file is, as a link may come to lead elsewhere."""
    if settings.erased:
        return (Path(settings.erased),)
    scheme, _, place = settings.store.partition(":")
    beside = Path(place if scheme == "sqlite" else "civic-graph").absolute()
    return tuple(Path(f"{path}.erased") for path in dict.fromkeys((beside, beside.resolve())))


def checked(
    store: Store, subject: str, pseudonyms: Pseudonyms, erased: Erased = NOBODY, name: str | None = None
) -> Checked | Dump:
    """A folder, `example` or a dump, read and checked; a folder against the graph as well. To be closed.

    Raises LoadError where it is none.
    """
    folder, origin = located(subject)
    with progress("Reading") as shown:
        if folder.is_file():
            return dumped.read(folder, store.model, shown)
        return read(
            folder, store.model, store, name=name, origin=origin, progress=shown, pseudonyms=pseudonyms, erased=erased
        )


def located(subject: str) -> tuple[Path, str | None]:
    """Where the tables or the dump are, and where to say that they come from, if not there.

    Raises LoadError where there is nothing.
    """
    if subject == PACKAGED:
        return EXAMPLE, PACKAGED
    if not Path(subject).exists():
        raise LoadError(f"there is no {subject}; expected a folder of tables, or a file that civic-graph export wrote")
    return Path(subject), None


def _hidden(store: Store) -> int:
    return sum(store.hidden().values())

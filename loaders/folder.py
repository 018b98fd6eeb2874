"""Reading a folder of tables: checked as a whole, it becomes statements for the graph and a report for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from graph.errors import LoadError
from graph.model import Kind, Model, Table
from graph.statements import Load
from graph.store import Store
from loaders import consistency
from loaders.aliases import read_aliases
from loaders.columns import Column, columns_of, is_source, template
from loaders.erased import NOBODY, Erased
from loaders.files import ALIASES, file_of, load_id, tables_of
from loaders.provenance import Sources
from loaders.pseudonyms import Pseudonyms
from loaders.report import Place, Refused, Report
from loaders.resolve import Ids, Names, Spellings
from loaders.rows import Cells, Desk, cells_of, rows_of, spelled
from loaders.spool import Frame, Spool, Spooled
from loaders.tables import Batch

__all__ = ["EXAMPLE", "Checked", "Column", "columns_of", "is_loaded", "load_id", "read", "template"]

NONE = Pseudonyms()
EXAMPLE = Path(__file__).parent / "example"

Progress = Callable[[str, int], None]  # takes a file's name and the rows read of it so far


class Checked:
    """A folder that was read: what was found, and what it says. Closing it removes its temporary file."""

    def __init__(self, report: Report, spool: Spool, loads: tuple[Load, ...]) -> None:
        self.report = report
        self._spool, self._loads = spool, loads

    @property
    def statements(self) -> Spooled:
        """What the folder says. Raises LoadError where it has errors."""
        if not self.report.ok:
            raise LoadError(f"nothing is loaded from tables with errors: {self.report.summary}")
        return Spooled(self._spool, self._loads)

    def close(self) -> None:
        self._spool.close()

    def __enter__(self) -> Checked:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()


def read(
    folder: Path,
    model: Model,
    store: Store | None,
    *,
    name: str | None = None,
    origin: str | None = None,
    progress: Progress | None = None,
    pseudonyms: Pseudonyms = NONE,
    erased: Erased = NOBODY,
) -> Checked:
    """Read and check the tables of a folder; nothing is written to the store, which knows names and ids.

    `name` is that of the folder as a source, `origin` where it says it comes from; both are the folder's own
    if not given. `pseudonyms` stand for students' numbers; of who was `erased` nothing is said. Raises LoadError where
    the folder is none, or the temporary file cannot be written.
    """
    spool, report = Spool(model), Report()
    try:
        before = load_id(folder, model, name, pseudonyms.key_id)
        files = tables_of(folder, model, report)
        aliases = read_aliases(files[ALIASES], model, pseudonyms, report) if ALIASES in files else {}
        ids = Ids(model, aliases, pseudonyms)
        desk = Desk(model, report, spool, ids, Sources(ids, folder, name), erased)
        Reading(desk, files, store, progress).run()
        origin = origin_of(folder, origin)
        rest = consistency.Rest.of(store, set(spool.rows), origin)
        consistency.check(desk, rest)
        if before != load_id(folder, model, name, pseudonyms.key_id):
            report.error(Place(folder.name), "the files changed while they were read", "files that are left alone")
        return Checked(report, spool, desk.sources.loads(before, origin, spool.rows))
    except BaseException:
        spool.close()
        raise


def is_loaded(
    store: Store,
    folder: Path,
    model: Model,
    name: str | None = None,
    origin: str | None = None,
    pseudonyms: Pseudonyms = NONE,
) -> bool:
    """Whether the graph has all that the folder says, and from nowhere else: then there is nothing to do.

    Raises LoadError where the folder is none.
    """
    place = origin_of(folder, origin)
    loaded = {load.load_id for load in store.loads().values() if load.origin == place}
    return loaded == {load_id(folder, model, name, pseudonyms.key_id)}


def origin_of(folder: Path, origin: str | None) -> str:
    return origin or str(folder.resolve())


class Reading:
    """One walk through a folder: what tables refer to by name first, then kinds, then relations."""

    def __init__(self, desk: Desk, files: dict[str, Path], store: Store | None, progress: Progress | None) -> None:
        self.desk, self.files = desk, files
        self.store, self.progress = store, progress
        desk.ids.names = Names(self._called)

    def run(self) -> None:
        """Put all that the tables say into the spool."""
        model = self.desk.model
        self._read(self.desk.sources.kind)
        for kind in model.kinds:
            if kind.spelled:
                self.desk.ids.spellings[kind.name] = self._spellings(kind)
        for table in model.tables:
            if not is_source(table):
                self._read(table)
        self._tell_folder()

    def _read(self, table: Table) -> None:
        """Put all that a table says into the spool."""
        report, rows = self.desk.report, None
        try:
            for cells, batch in self._batches(table, report):
                rows = rows or rows_of(self.desk, cells, table)
                rows.take(batch)
                if self.progress:
                    self.progress(cells.sheet.name, report.files[cells.sheet.name])
        except Refused as refused:
            report.refuse(Place(file_of(table)), None, refused)

    def _batches(self, table: Table, report: Report) -> Iterator[tuple[Cells, Batch]]:
        """The rows of a table, none where it has no file or its header does not fit."""
        path = self.files.get(file_of(table))
        if path is not None:
            yield from cells_of(path, columns_of(self.desk.model, table), report)

    def _spellings(self, kind: Kind) -> Spellings:
        """How the nodes of a kind are spelled in the graph and in its own table, which is read in full later."""
        found = Spellings(kind, self.store.spellings(kind.name) if self.store else {})
        try:
            for node_id, names in self._called(kind):
                found.add(node_id, names)
        except Refused as refused:
            self.desk.report.refuse(Place(file_of(kind)), None, refused)
        return found

    def _called(self, kind: Kind) -> Iterator[tuple[str, list[str]]]:
        """The ids and names in a kind's own table."""
        for cells, batch in self._batches(kind, Report()):
            yield from spelled(cells, self.desk.ids, kind, batch)

    def _tell_folder(self) -> None:
        """Say what the folder is called, where it speaks for itself."""
        sources, rows = self.desk.sources, self.desk.spool.rows
        if sources.folder not in sources.told and (sources.folder in rows or not rows):
            key, kind = (sources.folder,), sources.kind
            named = tuple(sources.name if p.name == "name" else () if p.is_list else None for p in kind.values)
            self.desk.spool.add(kind, Frame(sources.name, None, [1], [key], [sources.folder], [""], [named]))

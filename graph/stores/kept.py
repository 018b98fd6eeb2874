"""A snapshot in a temporary file, for a store that has none of its own."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

from graph.errors import StoreError
from graph.model import Model, Table
from graph.statements import Key, Load, Record, chunks
from graph.store import Head, Snapshot

IN_MEMORY = 8 << 20  # bytes; more goes to the disk
BATCH = 1_000


class Kept:
    """What another snapshot held. The file has no name, so that nobody else can write to it, and is gone when this
    closes."""

    def __init__(self, model: Model) -> None:
        self.head, self.loads = Head(), dict[str, Load]()
        self._model = model
        self._file = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._batches: dict[str, list[int]] = {}

    def fill(self, snapshot: Snapshot) -> None:
        """Hold this snapshot, instead of what was held before. Raises StoreError where the file cannot be written."""
        self.head, self.loads = snapshot.head, snapshot.loads
        self._file.seek(0)
        for table in self._model.tables:
            self._batches[table.table] = []
            self._keep(table, snapshot.of(table))

    def _keep(self, table: Table, records: Iterator[tuple[Key, Record]]) -> None:
        for batch in chunks(records, BATCH):
            self._batches[table.table].append(self._file.tell())
            try:
                pickle.dump(batch, self._file)
            except OSError as error:
                raise StoreError(f"the graph cannot be kept in a temporary file: {error.strerror}") from error

    def of(self, table: Table) -> Iterator[tuple[Key, Record]]:
        for start in self._batches[table.table]:
            self._file.seek(start)
            yield from pickle.load(self._file)

    def close(self) -> None:
        self._file.close()

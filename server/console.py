"""What people see: tables on standard output, progress on standard error where it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

Progress = Callable[[str, int], None]  # takes a file's name and the rows of it so far

WIDE = 200  # columns where the output is no terminal and nothing is to be cut


def print_table(title: str, rows: Sequence[Sequence[object]]) -> None:
    """Print rows, the first of them a header, whole numbers to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, *column in zip(*rows, strict=True):
        number = all(isinstance(value, int) for value in column)
        table.add_column(str(name), justify="right" if number else "left", overflow="fold")
    for row in rows[1:]:
        table.add_row(*(Text(f"{value:,}" if isinstance(value, int) else str(value)) for value in row))
    output = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False)
    if title:
        output.print(f"\n{title}")
    output.print(table)


@contextmanager
def progress(doing: str) -> Iterator[Progress | None]:
    """Shows the file and row that a long task is at; nothing where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{doing} …") as status:
        yield lambda file, rows: status.update(f"{doing} {file}, row {rows:,}")

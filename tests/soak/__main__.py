"""Run the siege and print what came of it: `python -m tests.soak`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.served import Server, descriptors
from tests.soak.abuses import ABUSES, Target
from tests.soak.asked import Asked
from tests.soak.besieged import besieged
from tests.soak.line import DATA, ERRORS, Statuses, send
from tests.soak.watch import Watcher, watching

SLOWEST = 100  # ms that /healthz may take
GROWTH = 15  # MB that the process may grow
OPEN = 20  # files and connections more that it may have open
WARM = 1_500  # operations and bodies after which as much is kept as will be
TENTH = 10  # of each abuse is part of that
STILL = 0.5  # MB
WRONG = frozenset({DATA, ERRORS, "400", "404", "413"})  # 404 where no trusted document has the id
OWN = ("operations", "malformed bodies")
TOLD = Console(stderr=True)

Work = Callable[[], Coroutine[None, None, Statuses]]


@dataclass
class Row:
    """What was done, what was answered and within how many ms, and what it did to the server."""

    what: str
    asked: int
    statuses: dict[str, int]
    seconds: float
    answered: float
    slowest: float
    looks: int
    before: float
    most: float
    after: float
    missed: list[str] = field(default_factory=list)

    @property
    def growth(self) -> float:
        return self.after - self.before


class Siege:
    """A server, a watcher beside it, and rows of what was seen."""

    def __init__(self, server: Server, watcher: Watcher) -> None:
        self.server, self.watcher = server, watcher
        self.rows: list[Row] = []

    def do(self, what: str, allowed: frozenset[str], work: Work, within: float | None = None) -> None:
        before, opened = self.settled(), descriptors(self.server.worker())
        self.watcher.seen()
        began = time.perf_counter()
        statuses = asyncio.run(work())
        seconds = time.perf_counter() - began
        seen = self.watcher.seen()
        after = self.settled()
        asked, slowest, memory = statuses.total(), statuses.slowest, (before, seen.megabytes, after)
        row = Row(what, asked, dict(statuses), seconds, slowest, seen.slowest, seen.asked, *memory)
        if within and slowest > within:
            row.missed.append(f"an answer took {slowest:,.0f} ms, expected {within:,.0f}")
        if unexpected := statuses.keys() - allowed:
            row.missed.append(f"answered {', '.join(sorted(unexpected))}")
        if (more := descriptors(self.server.worker()) - opened) > OPEN:
            row.missed.append(f"has {more} more files and connections open")
        self.judge(row)

    def judge(self, row: Row) -> None:
        if row.slowest > SLOWEST:
            row.missed.append(f"/healthz took {row.slowest:.0f} ms")
        if row.growth > GROWTH:
            row.missed.append(f"grew by {row.growth:.1f} MB")
        self.rows.append(row)
        TOLD.print(f"{row.what}: {row.slowest:.0f} ms, {row.growth:+.1f} MB")

    def settled(self) -> float:
        """The memory of the server once it no longer changes."""
        deadline, last = time.monotonic() + 15, 0.0
        while time.monotonic() < deadline:
            now = self.server.kilobytes() / 1_024
            if abs(now - last) < STILL:
                return now
            last = now
            time.sleep(0.5)
        return last


def main() -> None:
    options = parsed()
    with TemporaryDirectory() as folder, besieged(Path(folder)) as (server, steward, url):
        asked = Asked(url, steward)
        with watching(server.port, server.worker()) as watcher:
            siege = Siege(server, watcher)
            run(siege, asked, Target(server.port, (steward, ())), options)
        errors = [line for line in (Path(folder) / "log").read_text().splitlines() if '"level":"error"' in line]
    shown(siege.rows, errors, as_json=options.json)
    sys.exit(bool(errors or any(row.missed for row in siege.rows)))


def run(siege: Siege, asked: Asked, target: Target, options: argparse.Namespace) -> None:
    fresh = siege.settled()
    warm = [*asked.operations(options.warm, seed=1), *asked.bodies(options.warm, seed=1)]
    asyncio.run(send(target.port, warm))
    for sort in ABUSES:
        asyncio.run(sort.run(target, sort.times // TENTH))
    first = siege.settled()
    TOLD.print(f"{fresh:.1f} MB at first, {first:.1f} MB when warm")
    if "operations" in options.parts:
        operations = list(asked.operations(options.operations, seed=2))
        siege.do("operations", frozenset({DATA, ERRORS}), lambda: send(target.port, operations))
    if "malformed bodies" in options.parts:
        bodies = list(asked.bodies(options.bodies, seed=2))
        siege.do("malformed bodies", WRONG, lambda: send(target.port, bodies))
    for sort in ABUSES:
        if sort.name in options.parts:
            siege.do(sort.name, sort.allowed, lambda sort=sort: sort.run(target, sort.times), sort.within)
    total = sum(row.asked for row in siege.rows)
    answered = max((row.answered for row in siege.rows), default=0.0)
    slowest = max((row.slowest for row in siege.rows), default=0.0)
    most = max((row.most for row in siege.rows), default=0.0)
    seconds = sum(row.seconds for row in siege.rows)
    siege.judge(Row("all", total, {}, seconds, answered, slowest, 0, first, most, siege.settled()))


def parsed() -> argparse.Namespace:
    names = [*OWN, *(sort.name for sort in ABUSES)]
    parser = argparse.ArgumentParser("python -m tests.soak", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(names)}; all if none is given")
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--bodies", type=int, default=50_000)
    parser.add_argument("--warm", type=int, default=WARM, help="operations and bodies before anything is measured")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; expected some of {', '.join(names)}")
    options.parts = options.parts or names
    return options


def shown(rows: list[Row], errors: list[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"rows": [asdict(row) for row in rows], "errors": errors}) + "\n")
        return
    title = f"Budgets: /healthz within {SLOWEST} ms, {GROWTH} MB more memory at most"
    heads = [
        "what",
        "asked",
        "answers",
        "seconds",
        "an answer at most",
        "/healthz at most",
        "MB before",
        "at most",
        "after",
        "verdict",
    ]
    table = Table(*heads, title=title)
    for row in rows:
        answers = ", ".join(f"{number:,} × {status}" for status, number in sorted(row.statuses.items()))
        sizes = [f"{size:.1f}" for size in (row.before, row.most, row.after)]
        times = [f"{ms:,.0f} ms" for ms in (row.answered, row.slowest)]
        figures = [f"{row.seconds:.1f}", *times, *sizes, "; ".join(row.missed) or "ok"]
        table.add_row(row.what, f"{row.asked:,}", answers, *figures)
    console = Console(width=150)
    console.print(table)
    for error in errors[:10]:
        console.print(error)


if __name__ == "__main__":
    main()

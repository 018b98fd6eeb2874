"""Run the measurements and print a table a store: `python -m tests.bench [sqlite] [neo4j]`."""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import neo4j, sqlite
from tests.bench.processes import SCRATCH

STORES = {"sqlite": ("SQLite", sqlite.measured), "neo4j": ("Neo4j", neo4j.measured)}


def main(names: list[str]) -> None:
    if unknown := set(names) - set(STORES):
        sys.exit(f"{', '.join(unknown)} is not measured; expected {' or '.join(STORES)}, or nothing for both")
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for name in names or STORES:
        title, measured = STORES[name]
        table = Table("what", "measured", "against", "ratio", "budget", title=f"Civic Graph, {title} store")
        for row in measured():
            table.add_row(*row)
        Console(width=130).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

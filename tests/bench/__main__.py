"""Run the measurements and print a table each: `python -m tests.bench [sqlite] [neo4j] [layers]`."""

import sys

from rich.console import Console
from rich.table import Table

from tests.bench import layers, neo4j, sqlite
from tests.bench.processes import SCRATCH

RATIOS = ("what", "measured", "against", "ratio", "budget")
COSTS = ("layer", "µs of processor time", "share of the small query")
TABLES = {
    "sqlite": ("SQLite store", RATIOS, sqlite.measured),
    "neo4j": ("Neo4j store", RATIOS, neo4j.measured),
    "layers": ("what each layer costs", COSTS, layers.measured),
}


def main(names: list[str]) -> None:
    if unknown := set(names) - set(TABLES):
        sys.exit(f"{', '.join(unknown)} is not measured; expected {' or '.join(TABLES)}, or nothing for all")
    SCRATCH.mkdir(parents=True, exist_ok=True)
    progress = Console(stderr=True)
    for name in names or TABLES:
        title, columns, measured = TABLES[name]
        table = Table(*columns, title=f"Civic Graph, {title}")
        for row in measured():
            progress.log(" · ".join(filter(None, row)))  # the last is long in coming
            table.add_row(*row)
        Console(width=130).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The load that ours is compared with: the same nodes and relations by UNWIND and CREATE, nothing checked.

Run as `python -m tests.bench.unwind URL FOLDER` on a graph that has the example, and with it every constraint.
"""

import csv
import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from neo4j import GraphDatabase, Session

from graph.civic import CIVIC
from graph.model import Hop, Kind, Relation, Table, Type, snake
from graph.search import is_searched
from graph.statements import key_text
from graph.stores.cypher_search import kept
from graph.stores.neo4j_access import access
from loaders.files import file_of

BATCH = 10_000
SAID = {"sources": ["source:made-up"], "locators": [""]}
READ: dict[Type, Callable[[str], Any]] = {
    Type.INTEGER: int,
    Type.DECIMAL: float,
    Type.BOOLEAN: "true".__eq__,
    Type.TEXTS: lambda cell: cell.split(";"),
}

Row = dict[str, Any]


def main(url: str, folder: Path) -> None:
    given = access(url, os.environ)
    with GraphDatabase.driver(url, auth=given.auth) as driver, driver.session() as session:
        for kind in CIVIC.kinds:
            write(session, f"UNWIND $rows AS row CREATE (n:{kind.name}) SET n = row", nodes(folder, kind))
        for kind in CIVIC.kinds:
            for hop in CIVIC.hops(kind):
                write(session, linking(hop.relation), named(folder, kind, hop))
        for relation in CIVIC.relations:
            write(session, linking(relation), links(folder, relation))


def write(session: Session, text: str, rows: Iterator[Row]) -> None:
    while batch := list(islice(rows, BATCH)):
        session.run(text, rows=batch).consume()


def linking(relation: Relation) -> str:
    return (
        f"UNWIND $rows AS row MATCH (a:{relation.source} {{id: row.from}}) MATCH (b:{relation.target} {{id: row.to}}) "
        f"CREATE (a)-[e:{relation.name}]->(b) SET e = row.said"
    )


def nodes(folder: Path, kind: Kind) -> Iterator[Row]:
    """The nodes of a kind's table; its first column is the key."""
    header, rows = table(folder, kind)
    read = readers(kind, header)
    for cells in rows:
        what = said(read, cells)
        if kind.pseudonymous:
            what["name"] = cells[0]
        if is_searched(kind):
            name, text = kept(kind, tuple(what.get(prop.name) for prop in kind.values))
            what[name] = text
        yield {"id": f"{kind.prefix}:{cells[0]}", **what, **SAID}


def named(folder: Path, kind: Kind, hop: Hop) -> Iterator[Row]:
    """The relations in a column of a kind's table."""
    header, rows = table(folder, kind)
    if snake(hop.field) not in header:
        return
    place, relation = header.index(snake(hop.field)), hop.relation
    what = {**SAID, "_key": key_text(relation, (None,) * len(relation.values))} if relation.keys else SAID
    near, far = (f"{CIVIC.kind(name).prefix}:" for name in (hop.origin, hop.target))
    start, end = ("from", "to") if hop.forward else ("to", "from")
    for cells in rows:
        if cells[place]:
            for other in cells[place].split(";"):
                yield {start: near + cells[0], end: far + other, "said": what}


def links(folder: Path, relation: Relation) -> Iterator[Row]:
    """The relations of a relation's table; its first columns are the ends."""
    header, rows = table(folder, relation)
    read = readers(relation, header)
    start, end = (f"{CIVIC.kind(name).prefix}:" for name in (relation.source, relation.target))
    for cells in rows:
        what = said(read, cells)
        if relation.keys:
            what["_key"] = key_text(relation, tuple(what.get(prop.name) for prop in relation.values))
        yield {"from": start + cells[0], "to": end + cells[1], "said": what | SAID}


def table(folder: Path, of: Table) -> tuple[list[str], Iterator[list[str]]]:
    """The header and rows of a table, none where the city has no such file."""
    path = folder / file_of(of)
    rows = csv.reader(path.open(encoding="utf-8", newline="") if path.exists() else [])
    return next(rows, []), rows


def readers(of: Table, header: list[str]) -> list[tuple[int, str, Callable[[str], Any]]]:
    """Where a property stands, its name, and what reads its cells."""
    props = [prop for prop in of.values if snake(prop.name) in header]
    return [(header.index(snake(prop.name)), prop.name, READ.get(prop.type, str)) for prop in props]


def said(read: list[tuple[int, str, Callable[[str], Any]]], cells: list[str]) -> Row:
    return {name: of(cells[place]) for place, name, of in read if cells[place]}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

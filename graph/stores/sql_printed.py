"""SQL, and what SQLite makes of it, as people read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from graph.printed import INDENT

PIECES = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[()]|[^'"()]+""")
CLAUSES = re.compile(r" (?=SELECT|FROM|WHERE|GROUP BY|ORDER BY|LIMIT)")


def sql_text(sql: str) -> str:
    """A statement with a clause a line, what is nested in it indented; but for spaces, it is the statement."""
    text = ""
    selects: list[bool] = []
    for place, piece in enumerate(pieces := PIECES.findall(sql)):
        depth = sum(selects)
        if piece == "(":
            selects.append(pieces[place + 1].startswith("SELECT"))
            text += "(" + _line(depth + 1) * selects[-1]
        elif piece == ")":
            text += (_line(depth - 1) if selects.pop() else "") + ")"
        elif piece[0] in "'\"" or (selects and not selects[-1]):
            text += piece
        else:
            text += CLAUSES.sub(_line(depth), piece)
    return text


def steps(rows: Iterable[tuple[int, int, int, str]]) -> Iterator[str]:
    """The rows of `EXPLAIN QUERY PLAN`, each below the one that it is a part of, indented."""
    depths = {0: -1}
    for number, parent, _, step in rows:
        depths[number] = depths[parent] + 1
        yield INDENT * depths[number] + step


def _line(depth: int) -> str:
    return "\n" + INDENT * depth

"""aliases.csv: ids that mean another, where two turn out to be one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from graph.model import Model
from loaders.checks import Parse
from loaders.columns import ALIASED
from loaders.pseudonyms import Pseudonyms
from loaders.report import Place, Refused, Report, quoted
from loaders.resolve import Ids
from loaders.rows import cells_of

MAX_ALIASES = 100_000


def read_aliases(path: Path, model: Model, pseudonyms: Pseudonyms, report: Report) -> dict[str, str]:
    """The id that each alias means; what is wrong with them goes into the report."""
    found: dict[str, str] = {}
    rows: dict[str, Place] = {}
    for place, alias, node_id in _lines(path, _whole_id(model, pseudonyms), report):
        try:
            _check(alias, node_id, found, rows, model)
            found[alias], rows[alias] = node_id, place
        except Refused as refused:
            report.refuse(place, alias, refused)
    for alias, node_id in found.items():
        if node_id in found:
            message = f"{alias} means {node_id}, which is an alias itself in row {rows[node_id].row}"
            report.error(rows[alias], message, f"the id that {node_id} means", node_id)
    return found


def _lines(path: Path, whole: Parse, report: Report) -> Iterator[tuple[Place, str, str]]:
    for cells, batch in cells_of(path, ALIASED, report):
        ids = (cells.read(batch, column.name, whole) for column in ALIASED)
        for number, alias, node_id in zip(batch.numbers, *ids, strict=True):
            if alias and node_id:
                yield Place(path.name, number, "alias"), alias, node_id


def _whole_id(model: Model, pseudonyms: Pseudonyms) -> Parse:
    """Reads ids of any kind, which must be whole: a key alone does not say of what."""
    own = {kind.prefix: Ids(model, {}, pseudonyms).own(kind) for kind in model.kinds}

    def read(cell: str) -> str:
        prefix, _, key = cell.strip().partition(":")
        if not key or prefix not in own:
            raise Refused(f"{quoted(cell.strip())} is no whole id", "one such as partner:GB-CHC-1000000")
        return str(own[prefix](cell))

    return read


def _check(alias: str, node_id: str, found: dict[str, str], rows: dict[str, Place], model: Model) -> None:
    if len(found) == MAX_ALIASES:
        raise Refused(f"there are more than {MAX_ALIASES:,} aliases", "ids that are used")
    if alias == node_id:
        raise Refused(f"{alias} means itself", "another id")
    if model.kind_of(alias) is not model.kind_of(node_id):
        raise Refused(f"{alias} and {node_id} are of two kinds", "ids of one kind")
    if alias in found:
        raise Refused(f"{alias} stands in row {rows[alias].row} already", "each alias once")

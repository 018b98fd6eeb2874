"""Many comparisons of one property in one way, which a store may make as one, mean what each means by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client import Client

NAMES = ["Acorn", "Café", "Trees", "Zebra", "a", "c", "é", "o", "z", "𝔸corn", ""]
TEXT = ["eq", "ne", "gt", "gte", "lt", "lte", "contains", "containsIgnoreCase", "startsWith"]
COMPARED: dict[str, list[Any]] = {
    **{f"name {op}": [{"name": {op: name}} for name in NAMES] for op in TEXT},
    "name in": [{"name": {"in": [name, "Trees"]}} for name in NAMES],
    "aliases has": [{"aliases": {"has": name}} for name in NAMES],
    **{f"website {op}": [{"website": {op: name}} for name in NAMES] for op in ("ne", "contains")},
}


def found(client: Client, where: object) -> set[str]:
    query = "query ($where: PartnerWhere) { partners(where: $where, first: 100) { nodes { id } } }"
    return {node["id"] for node in client.data(query, {"where": where})["partners"]["nodes"]}


@pytest.mark.parametrize("compared", COMPARED)
def test_many_alike_mean_what_each_means(compared: str, client: Client) -> None:
    parts = COMPARED[compared]
    each = [found(client, part) for part in parts]
    every, some, all_ = found(client, {}), set.union(*each), set.intersection(*each)
    assert found(client, {"or": parts}) == some
    assert found(client, {"and": parts}) == all_
    assert found(client, {"not": {"or": parts}}) == every - some
    assert found(client, {"not": {"and": parts}}) == every - all_

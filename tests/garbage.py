"""What no client means to send: odd values, and the places where they may stand."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import strategies as st

from tests.operations import literal

PARTNERS = "query ($v: %s) { partners(%s: $v) { totalCount } }"
NAMES = ["and", "or", "not", "name", "status", "eq", "in", "gt", "isNull", "projects", "some", "edge", "id", "x"]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["\ud800", "\0", "ASC", "ACTIVE", "partner:acorn", "2020", 2**63, 10**400, -0.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=8,
)
CURSORS = st.lists(st.sampled_from(["b48e3c", "name", "partner:acorn"]) | ODD, max_size=4) | st.just(["5"] * 9)
HEXED = CURSORS.map(lambda content: json.dumps(content).encode().hex()) | st.integers(1, 9_999).map(lambda n: "5b" * n)
SENT = [
    PARTNERS % ("Int", "first"),
    PARTNERS % ("Int!", "last"),
    PARTNERS % ("String", "after"),
    PARTNERS % ("PartnerWhere", "where"),
    PARTNERS % ("[PartnerOrder!]", "orderBy"),
    "query ($v: ID!) { node(id: $v) { ... on Entity { name } } }",
    "query ($v: ID!) { nodes(ids: [$v]) { ... on Entity { name } } }",
    "query ($v: [ID!]!) { nodes(ids: $v) { ... on Entity { name } } }",
    "query ($v: String) { partners(where: {name: {eq: $v, containsIgnoreCase: $v, startsWith: $v}}) { totalCount } }",
    "query ($v: [String!]) { partners(where: {name: {in: $v}}) { totalCount } }",
    "query ($v: String!) { partners(where: {name: {in: [$v]}, aliases: {has: $v}}) { totalCount } }",
    "query ($v: Float) { projects(where: {funding: {eq: $v}}) { totalCount } }",
    "query ($v: [Float!]) { projects(where: {funding: {in: $v}}) { totalCount } }",
    "query ($v: Date) { projects(where: {startDate: {lt: $v}}) { totalCount } }",
    "query ($v: Boolean!) { partners @include(if: $v) { totalCount } }",
    "query ($v: PartnerProjectsFilter) { partners(where: {projects: $v}) { totalCount } }",
    "query ($v: [PartnerGroupBy!]!) { partners { groups(by: $v) { count } } }",
    "query ($v: SortDirection) { partners(orderBy: [{name: $v}]) { totalCount } }",
    "query ($v: String!) { __type(name: $v) { name } }",
]
FLAT = ["\ud800", "a\ud800b", "\0", "", "x" * 100_000, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0, True, None]
NUMBERS = ["1e999", "-1e999", "1e-999", "9" * 400, "-" + "9" * 400, "0.1e1", "-0", "1E+5", "0.00000000000000000001"]
WORDS = ["...", "on", "query", "fragment", "partners", "first", "id", "1", "null", *'{}()[]!$:@|.#"\\ \n']


def written(query: str, value: Any) -> str:
    """A document of `SENT` with the value written into it, in the place of its variable."""
    return re.sub(r"^query \(.*?\) |\$v", lambda found: literal(value) if found[0] == "$v" else "", query)

"""What Relay's two specifications ask of a schema and its answers: object identification and cursor connections."""

from __future__ import annotations

import random
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graph.civic import CIVIC
from schema.types import executable
from tests.client import Client

SCHEMA = executable(CIVIC)
OBJECTS = [type_ for type_ in SCHEMA.type_map.values() if isinstance(type_, GraphQLObjectType)]
CONNECTIONS = [type_ for type_ in OBJECTS if type_.name.endswith("Connection")]
ARGUMENTS = {"first": "Int", "after": "String", "last": "Int", "before": "String"}

PAGE = "query ($first: Int, $after: String, $last: Int, $before: String) { partners(first: $first, after: $after, "
PAGE += "last: $last, before: $before) { edges { cursor node { id } } nodes { id } pageInfo { hasNextPage "
PAGE += "hasPreviousPage startCursor endCursor } } }"


def query_field(name: str) -> GraphQLField:
    assert SCHEMA.query_type
    return SCHEMA.query_type.fields[name]


# Object identification


def test_a_node_has_an_id_and_nothing_else() -> None:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    assert {name: str(field.type) for name, field in node.fields.items()} == {"id": "ID!"}


@pytest.mark.parametrize(
    ("field", "argument", "found"), [("node", "id: ID!", "Node"), ("nodes", "ids: [ID!]!", "[Node]!")]
)
def test_nodes_are_found_by_their_ids_alone(field: str, argument: str, found: str) -> None:
    declared = query_field(field)
    assert [f"{name}: {a.type}" for name, a in declared.args.items()] == [argument]
    assert str(declared.type) == found


def test_what_has_an_id_is_a_node() -> None:
    """Clients keep what they got by its `id`: two sorts of things must not have one id."""
    for type_ in OBJECTS:
        assert ("id" in type_.fields) == ("Node" in {i.name for i in type_.interfaces}), type_.name


def test_every_id_leads_back_to_the_node_it_is_of(client: Client) -> None:
    for kind in CIVIC.kinds:
        found = client.data(f"{{ {kind.plural}(first: 2) {{ nodes {{ id name __typename }} }} }}")
        for node in found[kind.plural]["nodes"]:
            again = "query ($id: ID!) { node(id: $id) { id __typename ... on Entity { name } } }"
            assert client.data(again, {"id": node["id"]})["node"] == node


def test_nodes_come_in_the_order_of_their_ids_however_often(client: Client) -> None:
    ids = [node["id"] for node in client.data("{ partners { nodes { id } } }")["partners"]["nodes"]]
    ids += ["borough:hackney", "nothing:here", ids[0]]
    expected = [node and {"id": node} for node in ids]
    expected[-2] = None
    pairs = list(zip(ids, expected, strict=True))
    for seed in range(5):
        random.Random(seed).shuffle(pairs)
        found = client.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [node for node, _ in pairs]})
        assert found["nodes"] == [node for _, node in pairs]


# Connections: types


def test_there_are_connections() -> None:
    assert len(CONNECTIONS) > len(CIVIC.kinds)


@pytest.mark.parametrize("connection", CONNECTIONS, ids=str)
def test_a_connection_has_edges_with_node_and_cursor_and_a_page_info(connection: GraphQLObjectType) -> None:
    edges = connection.fields["edges"].type
    assert is_list_type(get_nullable_type(edges))
    edge = get_named_type(edges)
    assert isinstance(edge, GraphQLObjectType)
    assert edge.name == f"{connection.name.removesuffix('Connection')}Edge"
    assert str(edge.fields["cursor"].type) == "String!"
    assert isinstance(edge.fields["node"].type, GraphQLNonNull)
    node = get_named_type(edge.fields["node"].type)
    assert isinstance(node, GraphQLObjectType | GraphQLInterfaceType)
    assert "Node" in {interface.name for interface in node.interfaces}
    assert str(connection.fields["pageInfo"].type) == "PageInfo!"


def test_whatever_leads_to_a_connection_pages_both_ways() -> None:
    leading = [f for type_ in OBJECTS for f in type_.fields.values() if get_named_type(f.type) in CONNECTIONS]
    assert len(leading) >= len(CONNECTIONS)
    for field in leading:
        assert {name: str(field.args[name].type) for name in ARGUMENTS} == ARGUMENTS


def test_the_page_info_is_the_specifications() -> None:
    page_info = SCHEMA.type_map["PageInfo"]
    assert isinstance(page_info, GraphQLObjectType)
    assert {name: str(field.type) for name, field in page_info.fields.items()} == {
        "hasNextPage": "Boolean!",
        "hasPreviousPage": "Boolean!",
        "startCursor": "String",  # there is none on a page without rows
        "endCursor": "String",
    }


# Connections: pages


def page(client: Client, **given: Any) -> Any:
    found = client.data(PAGE, given)["partners"]
    edges, info = found["edges"], found["pageInfo"]
    assert [edge["node"] for edge in edges] == found["nodes"]
    assert info["startCursor"] == (edges[0]["cursor"] if edges else None)
    assert info["endCursor"] == (edges[-1]["cursor"] if edges else None)
    return found


def ids(found: Any) -> list[str]:
    return [node["id"] for node in found["nodes"]]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("others", [{}, {"last": None, "before": None}])
def test_pages_forward_and_back_are_the_same_edges_in_the_same_order(
    client: Client, size: int, others: dict[str, None]
) -> None:
    everything = page(client, first=100)
    cursors = [edge["cursor"] for edge in everything["edges"]]
    for start in range(0, len(cursors), size):
        after = cursors[start - 1] if start else None
        forward = page(client, first=size, after=after, **others)
        assert ids(forward) == ids(everything)[start : start + size]
        assert forward["pageInfo"]["hasNextPage"] == (start + size < len(cursors))
    for stop in range(len(cursors), 0, -size):
        before = cursors[stop] if stop < len(cursors) else None
        back = page(client, last=size, before=before, first=None, after=None)
        assert ids(back) == ids(everything)[max(stop - size, 0) : stop]
        assert back["pageInfo"]["hasPreviousPage"] == (stop > size)


def test_between_two_cursors_are_the_edges_between(client: Client) -> None:
    everything = page(client, first=100)
    start, stop = (everything["edges"][place]["cursor"] for place in (1, 4))
    assert ids(page(client, first=100, after=start, before=stop)) == ids(everything)[2:4]
    assert ids(page(client, last=1, after=start, before=stop)) == ids(everything)[3:4]


@pytest.mark.parametrize(("size", "further"), [("first", "hasNextPage"), ("last", "hasPreviousPage")])
def test_a_page_of_none_says_whether_there_are_any(client: Client, size: str, further: str) -> None:
    none = page(client, **{size: 0})
    assert none["edges"] == []
    assert none["pageInfo"][further] is True
    query = (
        f'{{ partners({size}: 0, where: {{name: {{eq: "no such name"}}}}) {{ totalCount pageInfo {{ {further} }} }} }}'
    )
    assert client.data(query) == {"partners": {"totalCount": 0, "pageInfo": {further: False}}}


@pytest.mark.parametrize(("size", "further"), [("first", "hasNextPage"), ("last", "hasPreviousPage")])
def test_a_search_may_ask_for_none_too(client: Client, size: str, further: str) -> None:
    query = f'{{ search(text: "a", {size}: 0) {{ edges {{ cursor }} pageInfo {{ {further} endCursor }} }} }}'
    assert client.data(query) == {"search": {"edges": [], "pageInfo": {further: True, "endCursor": None}}}


def test_less_than_none_is_refused(client: Client) -> None:
    assert client.code("{ partners(first: -1) { totalCount } }") == "PAGE_SIZE"
    assert client.code("{ partners(last: -1) { totalCount } }") == "PAGE_SIZE"

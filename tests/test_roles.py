"""Who may see what: every property of every kind and relation, in every way of asking, for every role.

The questions are made from the model, so that a new property is covered as soon as it is there. Each is put twice: to
the API of the role, for which what it may not see is unknown; and past it, to the store, which refuses it once more.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from graph import changes, cubes
from graph import plan as p
from graph.civic import CIVIC
from graph.errors import Forbidden
from graph.model import Cube, DataClass, End, Hop, Kind, Model, Property, Relation, Table, Type, named
from graph.roles import ALL, Role, least, needed, seen_by
from graph.stores.sqlite import SQLiteStore
from schema import documents
from schema.groups import groupings, numeric
from schema.planner import Planner
from schema.types import executable, node_kind
from tests.client import Client
from tests.world import WORLD

PUBLIC, INTERNAL, PERSONAL, STUDENT = DataClass


class Question(NamedTuple):
    """A way of asking for a property, and the role that may at least."""

    name: str
    query: str
    least: Role


def questions(model: Model) -> Iterator[Question]:
    """Every way of asking for every property."""
    for kind in model.kinds:
        for prop in kind.columns:
            yield from asked(model, kind, prop, of_kind(model, kind, prop))
    for relation in model.relations:
        for prop in relation.columns:
            for hop in ends(relation):
                yield from asked(model, relation, prop, of_relation(model, hop, prop))


def asked(model: Model, table: Table, prop: Property, ways: dict[str, str]) -> Iterator[Question]:
    role = least({*model.classes(table), prop.data_class})
    for way, query in ways.items():
        yield Question(f"{table.table}.{prop.name} {way}", query, role)


def ends(relation: Relation) -> list[Hop]:
    return [Hop(relation)] if relation.symmetric else [Hop(relation), Hop(relation, forward=False)]


def of_kind(model: Model, kind: Kind, prop: Property) -> dict[str, str]:
    many, shown, where = kind.plural, prop.name, f"{prop.name}: {condition(prop)}"
    ways = {
        "select": f"{{ {many}(first: 1) {{ nodes {{ {shown} }} }} }}",
        "filter": f"{{ {many}(where: {{not: {{{where}}}}}) {{ totalCount }} }}",
        "node": f'{{ node(id: "{kind.prefix}:x") {{ ... on {kind.name} {{ {shown} }} }} }}',
    }
    if prop.searchable:
        ways["search"] = f'{{ search(text: "x", kinds: [{node_kind(kind)}]) {{ totalCount nodes {{ id }} }} }}'
    if not prop.is_list:
        ways["sort"] = f"{{ {many}(orderBy: [{{{shown}: DESC}}]) {{ pageInfo {{ endCursor }} }} }}"
    return ways | grouped(model, kind, prop, None, f"{{ {many} {{ %s }} }}")


def grouped(model: Model, kind: Kind, prop: Property, relation: Relation | None, query: str) -> dict[str, str]:
    """The ways to group by a property of a kind, or of the relation that leads to it, and to add it up."""
    found = groupings(model, kind, relation)
    place = (prop, relation is not None)
    names = [name for name, by in found.items() if isinstance(by, p.By) and (by.property, by.on_edge) == place]
    ways = {f"group by {name}": query % f"groups(by: [{name}]) {{ count }}" for name in names}
    for added in ("sum", "average") if numeric([prop]) else ():
        number = f"{{ edge {{ {prop.name} }} }}" if relation else f"{{ {prop.name} }}"
        ways[added] = query % f"groups(by: [{next(iter(found))}]) {{ {added} {number} }}"
    return ways


def of_relation(model: Model, hop: Hop, prop: Property) -> dict[str, str]:
    many, where, field = model.kind(hop.origin).plural, f"{prop.name}: {condition(prop)}", hop.field
    if not hop.many:
        return {
            f"select by {field}": f"{{ {many}(first: 1) {{ nodes {{ {field}Edge {{ {prop.name} }} }} }} }}",
            f"filter by {field}": f"{{ {many}(where: {{{field}Edge: {{{where}}}}}) {{ totalCount }} }}",
        }
    ways = {
        f"select by {field}": f"{{ {many}(first: 1) {{ nodes {{ {field} {{ edges {{ {prop.name} }} }} }} }} }}",
        f"filter by {field}": f"{{ {many}(where: {{{field}: {{edge: {{{where}}}}}}}) {{ totalCount }} }}",
        f"narrow {field}": f"{{ {many}(first: 1) {{ nodes {{ {field}(edge: {{{where}}}) {{ totalCount }} }} }} }}",
    }
    if not prop.is_list:
        order = f"orderBy: [{{edge: {{{prop.name}: DESC}}}}]"
        ways[f"sort {field}"] = f"{{ {many}(first: 1) {{ nodes {{ {field}({order}) {{ nodes {{ id }} }} }} }} }}"
    query = f"{{ {many}(first: 1) {{ nodes {{ {field} {{ %s }} }} }} }}"
    ways_there = grouped(model, model.kind(hop.target), prop, hop.relation, query)
    return ways | {f"{way} of {field}": asked for way, asked in ways_there.items()}


def condition(prop: Property) -> str:
    if prop.is_list:
        return "{isEmpty: true}"
    return "{isNull: true}" if prop.type is Type.BOOLEAN else "{in: []}"


QUESTIONS = list(questions(CIVIC))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> SQLiteStore:
    store = SQLiteStore(str(tmp_path_factory.mktemp("roles") / "graph.db"), CIVIC)
    changes.load(store, WORLD)
    return store


def outcome(client: Client, query: str) -> str:
    body = client.ask(query)
    return str(body["errors"][0]["extensions"]["code"]) if "errors" in body else "answered"


def holes(client: Client, role: Role, questions: list[Question] = QUESTIONS) -> list[str]:
    """The questions that are not answered as they should be for a role."""
    order = list(Role)
    expected = ("VALIDATION_FAILED", "answered")
    return [
        question.name
        for question in questions
        if outcome(client, question.query) != expected[order.index(role) >= order.index(question.least)]
    ]


# What a role may not see is unknown to it


@pytest.mark.parametrize("role", Role)
def test_every_property_is_seen_by_those_who_may_and_unknown_to_others(store: SQLiteStore, role: Role) -> None:
    assert holes(Client(store, role), role) == []


def without_class(model: Model, table: str, prop: str | None) -> Model:
    """A model that forgot to protect a property, or a kind with all of its own."""

    def open_up(item: Any) -> Any:
        if item.table != table:
            return item
        changed = (replace(own, data_class=PUBLIC) if prop in (own.name, None) else own for own in item.properties)
        opened = replace(item, properties=tuple(changed))
        return opened if prop else replace(opened, data_class=PUBLIC)

    return Model(tuple(map(open_up, model.kinds)), tuple(map(open_up, model.relations)))


@pytest.mark.parametrize(
    ("table", "prop", "ways"),
    [
        ("Partner", "postcode", {"select", "filter", "sort", "node"}),
        ("Partner_TAKES_PART_IN_Project", "hours", {"select", "filter", "narrow", "sort", "sum", "average"}),
        ("Placement", None, {"select", "filter", "sort", "node", "group", "search", "sum", "average"}),
    ],
)
def test_a_tag_that_is_dropped_is_found_out(store: SQLiteStore, table: str, prop: str | None, ways: set[str]) -> None:
    careless = SQLiteStore(str(store.path), without_class(CIVIC, table, prop))
    about = [q for q in QUESTIONS if q.name.startswith(f"{table}.{prop or ''}")]
    found = holes(Client(careless, Role.PUBLIC), Role.PUBLIC, about)
    careless.close()
    assert {name.split()[1] for name in found} == ways


PROTECTED = {
    "Champion": Role.STEWARD,
    "Student": Role.STEWARD,
    "Placement": Role.STEWARD,
    "Enquiry": Role.ANALYST,
    "Partner.postcode": Role.ANALYST,
    "Project.funding": Role.ANALYST,
    "Partner_TAKES_PART_IN_Project.hours": Role.ANALYST,
    "Partner_TAKES_PART_IN_Project.inKind": Role.ANALYST,
}


def test_what_the_office_protects_is_tagged() -> None:
    tagged = {question.name.split()[0]: question.least for question in QUESTIONS}
    order = list(Role)
    for name, role in PROTECTED.items():
        about = [least for key, least in tagged.items() if key == name or key.startswith(f"{name}.")]
        assert about
        assert min(order.index(least) for least in about) >= order.index(role), name
    assert all(tagged[f"{table.table}.locators"] is not Role.PUBLIC for table in CIVIC.tables)


def test_what_people_search_by_shows_no_more_than_their_kind() -> None:
    open_text = Property("note", Type.TEXT, "A note.", searchable=True, data_class=INTERNAL)
    with pytest.raises(ValueError, match=r"Place.note: who searches finds by it"):
        Model((Kind("Place", "places", "A place.", (open_text,), data_class=PUBLIC),), ())


def test_the_same_answer_for_what_is_hidden_and_what_is_not_there(store: SQLiteStore) -> None:
    public, steward = Client(store, Role.PUBLIC), Client(store, Role.STEWARD)
    query = "query ($id: ID!) { node(id: $id) { id ... on Entity { name } } nodes(ids: [$id]) { id } }"
    assert steward.data(query, {"id": "champion:ada"})["node"] == {"id": "champion:ada", "name": "Ada"}
    hidden, unknown, foreign = (public.ask(query, {"id": node}) for node in ("champion:ada", "champion:eve", "moon:1"))
    assert hidden == unknown == foreign == {"data": {"node": None, "nodes": [None]}}
    ways = ["{ champion(id: $id) { name } }", "{ node(id: $id) { ... on Champion { email } } }"]
    for way in ways:
        assert public.error(f"query ($id: ID!) {way}", {"id": "champion:ada"})["message"] == (
            public.error(f"query ($id: ID!) {way.replace('hampion', 'hameleon')}", {"id": "champion:ada"})["message"]
        ).replace("hameleon", "hampion")


def test_no_name_of_anything_hidden_is_in_what_a_role_reads_of_the_schema(store: SQLiteStore) -> None:
    names = "{ __schema { types { name fields { name } inputFields { name } enumValues { name } } } }"
    told = str(Client(store, Role.PUBLIC).data(names))
    counts = r"\b(studentCounts?|StudentCounts?|StudentCube|(STUDENTS|PLACEMENTS)_BY_\w+)\b"  # which are for everybody
    said = re.sub(counts, "", told).lower()
    for word in ("champion", "student", "portfolio", "enquir", "postcode", "funding", "inkind", "locators"):
        assert word not in said
    assert "champion" in str(Client(store, Role.STEWARD).data(names)).lower()


def test_of_the_graph_as_a_whole_a_role_is_told_what_it_could_count_itself(store: SQLiteStore) -> None:
    query = "{ graph { version loadedAt counts { name count } } }"
    counted = {row["name"]: row["count"] for row in Client(store, Role.PUBLIC).data(query)["graph"]["counts"]}
    assert counted.keys() == {table.table for table in seen_by(Role.PUBLIC, CIVIC).tables}
    everything = Client(store, Role.STEWARD).data(query)["graph"]["counts"]
    assert counted.items() < {row["name"]: row["count"] for row in everything}.items()
    for fact in ("contentHash", "sources { sourceId rows }"):
        assert outcome(Client(store, Role.ANALYST), f"{{ graph {{ {fact} }} }}") == "VALIDATION_FAILED"


# And the store refuses it once more


def plan_of(query: str) -> p.Plan:
    schema = executable(CIVIC)
    operation = documents.read(query, schema).operation(None)
    return Planner(CIVIC, schema, operation, {}).plan()


def test_plans_of_all_these_questions_are_refused_to_those_who_may_not_see() -> None:
    for question in QUESTIONS:
        if " node" not in question.name:  # of which the plan visits every kind
            assert least(needed(plan_of(question.query), CIVIC)) is question.least, question.name


@pytest.mark.parametrize(
    ("query", "classes"),
    [
        ("{ partners { totalCount } }", {PUBLIC}),
        ("{ partners { nodes { name borough { name } boroughEdge { since } } } }", {PUBLIC}),
        ("{ partners(orderBy: [{postcode: ASC}]) { totalCount } }", {PUBLIC, INTERNAL}),
        ('{ partners(where: {or: [{not: {postcode: {eq: "E8"}}}]}) { totalCount } }', {PUBLIC, INTERNAL}),
        ("{ partners(where: {postcode: {eq: null}}) { totalCount } }", {PUBLIC, INTERNAL}),
        ("{ partners(where: {contacts: {none: {}}}) { totalCount } }", {PUBLIC, PERSONAL}),
        ("{ partners { nodes { contacts { totalCount } } } }", {PUBLIC, PERSONAL}),
        ("{ projects { groups(by: [STUDENTS]) { count } } }", {PUBLIC, STUDENT}),
        ("{ boroughs { groups(by: [PLACEMENTS]) { keys { node { name } } } } }", {PUBLIC, STUDENT}),
        ("{ projects { nodes { partners(edge: {hours: {gt: 1}}) { totalCount } } } }", {PUBLIC, INTERNAL}),
        ("{ projects { nodes { partners(orderBy: [{edge: {inKind: ASC}}]) { nodes { id } } } } }", {PUBLIC, INTERNAL}),
        ("{ projects { groups(by: [STATUS]) { sum { funding } } } }", {PUBLIC, INTERNAL}),
        (
            "{ projects { nodes { partners { groups(by: [TYPE]) { average { edge { hours } } } } } } }",
            {PUBLIC, INTERNAL},
        ),
        ("{ partners { nodes { connectedStudents { groups(by: [EDGE_ROLE]) { count } } } } }", {PUBLIC, STUDENT}),
        ("{ partners { nodes { provenance { sourceId loadedAt source { name } } } } }", {PUBLIC}),
        ("{ partners { nodes { provenance { locator } } } }", {PUBLIC, INTERNAL}),
        ("{ partners { nodes { provenance { values { value } } } } }", {PUBLIC, INTERNAL}),
        ('{ partners(asOf: "2021-03-04") { nodes { borough { name } } } }', {PUBLIC}),
        ("{ students { nodes { connectedPartners { totalCount } } } }", {PUBLIC, STUDENT}),
        ("{ enquiries { nodes { partner { name } } } }", {PUBLIC, INTERNAL}),
        ('{ node(id: "borough:hackney") { ... on Entity { name } } }', ALL),
        ('{ search(text: "x") { totalCount } }', ALL),
        ('{ path(from: "x", to: "y") { since } }', ALL),
        ('{ neighbourhood(of: "x", kinds: [BOROUGH]) { hasMore } }', ALL),
        ('{ search(text: "x", kinds: [PARTNER]) { nodes { id } } }', {PUBLIC}),
        ('{ search(text: "x", kinds: [CHAMPION, PARTNER]) { totalCount } }', {PUBLIC, PERSONAL}),
        ("{ graph { version loadedAt } }", set()),
        ("{ studentCounts(cube: STUDENTS_BY_MODULE) { total rows { value count percentage } } }", set()),
        ("{ graph { counts { name } } }", ALL),
        ("{ graph { contentHash } }", ALL),
        ("{ graph { sources { sourceId } } }", ALL),
    ],
)
def test_a_plan_needs_all_that_its_answer_depends_on(query: str, classes: set[DataClass]) -> None:
    assert needed(plan_of(query), CIVIC) == classes


def test_a_plan_cannot_say_itself_how_its_data_are_protected() -> None:
    kind = CIVIC.kind("Partner")
    forged = replace(named(kind.properties, "postcode"), data_class=PUBLIC)
    page = p.Page(kind, None, p.AllOf(), (), 1, False, None, None, p.Rows(p.Get(forged)))
    assert INTERNAL in needed(p.Plan(p.Obj((("partners", page),)), ()), CIVIC)
    student = p.Lookup(p.Param("p0"), False, ((replace(CIVIC.kind("Student"), data_class=PUBLIC), p.Const("Student")),))
    assert STUDENT in needed(p.Plan(p.Obj((("student", student),)), ()), CIVIC)


def test_a_relation_is_as_protected_as_the_keys_that_tell_it_apart() -> None:
    place = Kind("Place", "places", "A place.", data_class=PUBLIC)
    role = Property("role", Type.TEXT, "A role.", data_class=INTERNAL)
    near = Relation("NEAR", "Place", "Place", End("near"), End("nearby"), "Near.", (role,), ("role",))
    model = Model((place,), (near,))
    assert seen_by(Role.PUBLIC, model).relations == ()
    assert seen_by(Role.ANALYST, model).relations == (near,)


def test_both_stores_refuse(client: Client) -> None:
    for query in ("{ champions { totalCount } }", "{ partners { nodes { postcode } } }", "{ graph { contentHash } }"):
        compiled = client.store.compile(plan_of(query))
        assert asyncio.run(client.store.run(compiled, {}, Role.ADMIN))
        with pytest.raises(Forbidden, match="public may not see all that this asks for"):
            asyncio.run(client.store.run(compiled, {}, Role.PUBLIC))


@pytest.mark.parametrize("cube", CIVIC.cubes, ids=lambda cube: cube.name)
def test_exact_counts_of_students_are_refused_to_those_who_get_rounded_ones(store: SQLiteStore, cube: Cube) -> None:
    compiled = store.compile(cubes.plan_of(cube, CIVIC))
    assert STUDENT in compiled.needed
    for role in (Role.PUBLIC, Role.ANALYST):
        with pytest.raises(Forbidden):
            asyncio.run(store.run(compiled, {}, role))


def test_what_a_schema_lets_through_that_it_should_not_is_forbidden(store: SQLiteStore) -> None:
    careless = Client(store, Role.STEWARD)
    careless.api.role = Role.PUBLIC
    answer = careless.answer("{ champions { nodes { name email } } }")
    assert answer.status == 403
    assert json.loads(answer.body) == {
        "errors": [{"message": "public may not see all that this asks for", "extensions": {"code": "FORBIDDEN"}}]
    }
    assert careless.data("{ boroughs { totalCount } }")

"""What is wrong with a request is said in its answer: a code, a message, and where it stands in the document."""

from __future__ import annotations

from typing import Any

import pytest

from schema import limits
from tests.client import Client

Variables = dict[str, Any]


# Documents

HUGE = "9" * 5_000
FUNDED = "{ projects(where: {funding: {in: $v}}) { totalCount } }"
WRONG: list[tuple[str, str, str, tuple[int, int] | None]] = [
    ("", "PARSE_FAILED", "Unexpected <EOF>", (1, 1)),
    ("{ partners(", "PARSE_FAILED", "Expected Name, found <EOF>", (1, 12)),
    ("{\n  partners {\n    totalCount\n", "PARSE_FAILED", "Expected Name, found <EOF>", (4, 1)),
    ('{ partner(id: "a\nb") { id } }', "PARSE_FAILED", "Unterminated string", (1, 17)),
    ('{ partner(id: "\\ud800") { id } }', "PARSE_FAILED", "Invalid Unicode escape", (1, 16)),
    ("{ __typename " * 1000, "PARSE_FAILED", "nested too deeply", None),
    ("{" + "__typename " * 1_999 + "}", "PARSE_FAILED", "more than 2000 tokens", None),
    ("{ partnerz { totalCount } }", "VALIDATION_FAILED", "Did you mean", (1, 3)),
    ("{\n  partners {\n    total\n  }\n}", "VALIDATION_FAILED", "Cannot query field 'total'", (3, 5)),
    ("{ partners }", "VALIDATION_FAILED", "must have a selection of subfields", (1, 3)),
    ("{ partners(frist: 1) { totalCount } }", "VALIDATION_FAILED", "Unknown argument 'frist'", (1, 12)),
    ("{ partner { id } }", "VALIDATION_FAILED", "of type 'ID!' is required", (1, 3)),
    ("{ partners(first: 1.5) { totalCount } }", "VALIDATION_FAILED", "Int cannot represent", (1, 19)),
    ("{ boroughs(where: {population: {eq: 99999999999}}) { totalCount } }", "VALIDATION_FAILED", "32-bit", (1, 37)),
    ("{ partners(where: {status: {eq: GONE}}) { totalCount } }", "VALIDATION_FAILED", "GONE", (1, 33)),
    (
        '{ projects(where: {startDate: {gt: "soon"}}) { totalCount } }',
        "VALIDATION_FAILED",
        "as in 2021, 2021-03",
        None,
    ),
    ('{ projects(where: {startDate: {gt: "2021-13"}}) { totalCount } }', "VALIDATION_FAILED", "2021-13", (1, 36)),
    ("{ partners(first: [1]) { totalCount } }", "VALIDATION_FAILED", "cannot represent", None),
    ("{ partners(first: {a: 1}) { totalCount } }", "VALIDATION_FAILED", "cannot represent", None),
    ("{ partner(id: [{a: 1}]) { id } partnerz { id } }", "VALIDATION_FAILED", "ID cannot represent", None),
    ('{ partners(where: {name: {eq: ["a"]}}) { totalCount } }', "VALIDATION_FAILED", "cannot represent", None),
    ("{ partners(where: {status: {eq: [[ACTIVE]]}}) { totalCount } }", "VALIDATION_FAILED", "cannot represent", None),
    ("query ($a: Int = [1]) { partners(first: $a) { totalCount } }", "VALIDATION_FAILED", "cannot represent", None),
    ("query ($a: Int) { partners(first: [$a]) { totalCount } }", "VALIDATION_FAILED", "cannot represent", None),
    ("{ __typename @skip(if: [true]) }", "VALIDATION_FAILED", "cannot represent", None),
    ("query ($a: Int) { __typename }", "VALIDATION_FAILED", "Variable '$a' is never used", (1, 8)),
    ("{ partners(first: $a) { totalCount } }", "VALIDATION_FAILED", "'$a' is not defined", (1, 19)),
    ("query ($a: String) { partners(first: $a) { totalCount } }", "VALIDATION_FAILED", "type 'String'", (1, 8)),
    ("{ ...F } fragment F on Query { ...F }", "VALIDATION_FAILED", "Cannot spread fragment 'F' within itself", (1, 32)),
    ("fragment F on Query { __typename }", "VALIDATION_FAILED", "'F' is never used", (1, 1)),
    ("{ a: partners { totalCount } a: projects { totalCount } }", "VALIDATION_FAILED", "conflict", (1, 3)),
    (
        "{ partners(first: 1) { totalCount } partners { totalCount } }",
        "VALIDATION_FAILED",
        "differing arguments",
        (1, 3),
    ),
    ("{ __typename @defer }", "VALIDATION_FAILED", "Unknown directive '@defer'", (1, 14)),
    ("query @skip(if: true) { __typename }", "VALIDATION_FAILED", "may not be used on query", (1, 7)),
    ("mutation { partners { totalCount } }", "VALIDATION_FAILED", "mutation", (1, 1)),
    ("subscription { partners { totalCount } }", "VALIDATION_FAILED", "subscription", (1, 1)),
    ("{ __typename } { __typename }", "VALIDATION_FAILED", "only defined operation", (1, 1)),
    (f"query ($v: [Float!] = 1e999) {FUNDED}", "VALIDATION_FAILED", "1e999 is too large", (1, 23)),
    (f"query ($v: [Float!] = [1, -1e999]) {FUNDED}", "VALIDATION_FAILED", "-1e999 is too large", (1, 27)),
    (f"{{ partners(first: {HUGE}) {{ id }} }}", "VALIDATION_FAILED", "too many digits", (1, 19)),
    (f"query ($v: Int = {HUGE}) {{ __typename }}", "VALIDATION_FAILED", "too many digits", (1, 18)),
    ("query ($v: Date) { partners(asOf: [$v]) { totalCount } }", "VALIDATION_FAILED", "what is no text", None),
    ("{__typename}#" + "x" * limits.MAX_DOCUMENT, "TOO_LARGE", "32,768", None),
]


@pytest.mark.parametrize(("query", "code", "says", "at"), WRONG, ids=[f"{w[1]}-{w[2][:20]}" for w in WRONG])
def test_what_is_wrong_with_a_document(
    client: Client, query: str, code: str, says: str, at: tuple[int, int] | None
) -> None:
    error = client.error(query)
    assert error["extensions"]["code"] == code
    assert says in error["message"]
    if at:
        assert error["locations"][0] == {"line": at[0], "column": at[1]}


NEAR = "{ near: neighbours(first: 1) { nodes "
MANY = "partners(first: 100) { nodes { projects(first: 100) { nodes "
NOT_DONE = [  # by the field that cannot be answered
    ("b: projects", "PAGE_SIZE", "{ a: partners(first: 5) { totalCount }\n b: projects(first: 101) { totalCount } }"),
    ("b: projects", "BAD_INPUT", "{ a: partners { totalCount }\n b: projects(first: 1, last: 1) { totalCount } }"),
    ("g: groups", "BAD_INPUT", "{ partners { totalCount g: groups(by: [TYPE, STATUS]) { count } } }"),
    ("p: projects", "BAD_CURSOR", '{ partners { nodes { name } } p: projects(after: "zz") { totalCount } }'),
    ("far: ", "TOO_DEEP", f"{{ boroughs(first: 1) {{ nodes {NEAR * 10}{{ far: neighbours {{ totalCount {'} ' * 24}"),
    ("wide: ", "TOO_COSTLY", f"{{ {MANY}{{ wide: champions(first: 100) {{ totalCount }} }} }} }} }} }}"),
    (
        "wide: ",
        "TOO_COSTLY",
        f"{{ {MANY}{{ boroughs(first: 1) {{ totalCount }} wide: provenance {{ loadedAt }} }} }} }} }} }}",
    ),
    (
        "b: projects",
        "PAGE_SIZE",
        "{ borough(id: 1) { ...F } } fragment F on Borough { b: projects(first: -1) { totalCount } }",
    ),
]


@pytest.mark.parametrize(("field", "code", "query"), NOT_DONE, ids=[case[1] + case[0][:4] for case in NOT_DONE])
def test_the_field_that_cannot_be_answered_is_named(client: Client, field: str, code: str, query: str) -> None:
    error = client.error(query)
    assert error["extensions"]["code"] == code
    before = query[: query.index(field)]
    place = {"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n")}
    assert error["locations"] == [place]


def test_a_refused_document_has_a_status_of_a_request(client: Client) -> None:
    assert client.answer("{").status == 400
    assert client.answer("#" * 40_000).status == 413
    assert client.answer("{ __typename }").status == 200


def test_five_errors_are_told_not_all(client: Client) -> None:
    assert len(client.ask("{ " + " ".join(f"x{i}" for i in range(50)) + " }")["errors"]) == 5
    names = [f"v{number}" for number in range(8)]
    asked = " ".join(f"{name}: partners(first: ${name}) {{ totalCount }}" for name in names)
    query = f"query ({', '.join(f'${name}: Int' for name in names)}) {{ {asked} }}"
    assert len(client.ask(query, dict.fromkeys(names, "many"))["errors"]) == 5


def test_a_document_is_read_to_its_last_byte(client: Client) -> None:
    document = "{ __typename } #"
    document += "x" * (limits.MAX_DOCUMENT - len(document))
    assert client.data(document) == {"__typename": "Query"}
    assert client.code(document + "x") == "TOO_LARGE"
    assert client.code(document[:-1] + "é") == "TOO_LARGE"


# Operations


@pytest.mark.parametrize(
    ("query", "name", "says"),
    [
        ("query A { __typename } query B { __typename }", None, "one of A, B"),
        ("query A { __typename } query B { __typename }", "C", "no operation 'C'"),
        ("{ __typename }", "A", "no operation 'A'; it has one, which has no name"),
    ],
)
def test_the_operation_must_be_clear(client: Client, query: str, name: str | None, says: str) -> None:
    error = client.error(query, None, name)
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert says in error["message"]


def test_the_operation_named_is_the_one_that_runs(client: Client) -> None:
    query = "query A { a: __typename } query B($n: Int!) { partners(first: $n) { nodes { name } } }"
    assert client.data(query, None, "A") == {"a": "Query"}
    assert len(client.data(query, {"n": 2}, "B")["partners"]["nodes"]) == 2
    assert client.code(query, None, "B") == "BAD_INPUT"


# Variables


PARTNERS = "query ($v: %s) { partners(%s: $v) { totalCount } }"
FIRST = PARTNERS % ("Int", "first")
WHERE = PARTNERS % ("PartnerWhere", "where")
UNFIT = [
    ("query ($v: ID!) { partner(id: $v) { id } }", {}, "non-null type 'ID!'"),
    ("query ($v: ID!) { partner(id: $v) { id } }", {"v": None}, "non-null type 'ID!'"),
    ("query ($v: ID!) { partner(id: $v) { id } }", {"v": 1.5}, "ID cannot represent value: 1.5"),
    (FIRST, {"v": "2"}, "Int cannot represent non-integer value: '2'"),
    (FIRST, {"v": True}, "Int cannot represent"),
    (FIRST, {"v": 2**31}, "32-bit"),
    (FIRST, {"v": [1]}, "Int cannot represent"),
    (WHERE, {"v": "x"}, "to be an object"),
    (WHERE, {"v": {"nmae": {"eq": "x"}}}, "'nmae'"),
    (WHERE, {"v": {"name": {"eq": 5}}}, "String cannot represent"),
    (WHERE, {"v": {"name": {"in": ["a", None]}}}, "non-null"),
    (WHERE, {"v": {"status": {"eq": "active"}}}, "'active'"),
    (PARTNERS % ("[PartnerOrder!]", "orderBy"), {"v": [{"name": "UP"}]}, "'UP'"),
    (PARTNERS % ("[PartnerOrder!]", "orderBy"), {"v": [{"name": "ASC", "id": "ASC"}]}, "exactly one"),
    ("query ($v: Date) { projects(where: {startDate: {eq: $v}}) { totalCount } }", {"v": "1.1.2020"}, "as in 2021"),
    ("query ($v: Float) { projects(where: {funding: {eq: $v}}) { totalCount } }", {"v": float("nan")}, "nan"),
    ("query ($v: Float) { projects(where: {funding: {eq: $v}}) { totalCount } }", {"v": float("inf")}, "inf"),
    ("query ($v: Float) { projects(where: {funding: {eq: $v}}) { totalCount } }", {"v": 10**400}, "Float"),
]


@pytest.mark.parametrize(("query", "variables", "says"), UNFIT, ids=[u[2] for u in UNFIT])
def test_what_does_not_fit_its_type_is_refused(client: Client, query: str, variables: Variables, says: str) -> None:
    error = client.error(query, variables)
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert says in error["message"]


FIT = [
    ("query ($v: ID!) { partner(id: $v) { id } }", {"v": 5}, {"partner": None}),
    ("query ($v: [ID!]!) { nodes(ids: $v) { id } }", {"v": "partner:acorn"}, {"nodes": [{"id": "partner:acorn"}]}),
    ("query ($v: [String!]) { partners(where: {name: {in: $v}}) { totalCount } }", {"v": "Acorn"}, 2),
    ("query ($v: Float) { projects(where: {funding: {gte: $v}}) { totalCount } }", {"v": 1000}, 1),
    ("query ($v: Int = 1) { partners(first: $v) { nodes { __typename } } }", {}, [{"__typename": "Partner"}]),
    ("query ($v: Int = 1) { partners(first: $v) { totalCount } }", {"v": None}, 10),
]


@pytest.mark.parametrize(("query", "variables", "expected"), FIT)
def test_what_fits_is_made_to(client: Client, query: str, variables: Variables, expected: Any) -> None:
    data = client.data(query, variables)
    connection = next(iter(data.values()))
    assert expected in (data, *(connection.values() if isinstance(connection, dict) else ()))


@pytest.mark.parametrize(
    ("type_", "argument"),
    [
        ("Int", "first"),
        ("Int", "last"),
        ("String", "after"),
        ("String", "before"),
        ("PartnerWhere", "where"),
        ("[PartnerOrder!]", "orderBy"),
    ],
)
def test_null_is_as_if_not_given(client: Client, type_: str, argument: str) -> None:
    asked = "totalCount nodes { id }"
    expected = client.data(f"{{ partners {{ {asked} }} }}")
    query = f"query ($v: {type_}) {{ partners({argument}: $v) {{ {asked} }} }}"
    assert client.data(query, {"v": None}) == expected
    assert client.data(query, {}) == expected
    assert client.data(f"{{ partners({argument}: null) {{ {asked} }} }}") == expected


def test_first_and_a_null_last_are_first(client: Client) -> None:
    query = "query ($f: Int, $l: Int, $a: String, $b: String) { partners(first: $f, last: $l, after: $a, before: $b) "
    query += "{ nodes { id } } }"
    found = client.data(query, {"f": 2, "l": None, "a": None, "b": None})
    assert found == client.data("{ partners(first: 2) { nodes { id } } }")


@pytest.mark.parametrize("item", ["{name: ASC, id: ASC}", "{}", "{name: null}", "{name: $v, id: ASC}", "{edge: {}}"])
def test_an_item_of_an_order_is_one_key(client: Client, item: str) -> None:
    query = f"query ($v: SortDirection) {{ partners {{ nodes {{ projects(orderBy: [{item}]) {{ totalCount }} }} }} }}"
    error = client.error(query if "$v" in item else query.replace("($v: SortDirection)", ""))
    assert error["extensions"]["code"] == "VALIDATION_FAILED"
    assert "exactly one field must be specified" in error["message"]


@pytest.mark.parametrize("zero", ["0", "-0", "0.0", "-0.0"])
def test_there_is_one_nothing(client: Client, zero: str) -> None:
    for compared, found in (("gte", 2), ("gt", 1), ("lt", 1), ("lte", 2), ("in", 1)):
        for query, variables in (
            (f"{{ projects(where: {{funding: {{{compared}: {zero}}}}}) {{ totalCount }} }}", {}),
            (
                f"query ($v: {'[Float!]' if compared == 'in' else 'Float'}) "
                f"{{ projects(where: {{funding: {{{compared}: $v}}}}) {{ totalCount }} }}",
                {"v": float(zero)},
            ),
        ):
            assert client.data(query, variables)["projects"]["totalCount"] == found, (query, variables)


def test_a_number_that_a_float_cannot_hold_is_refused(client: Client) -> None:
    message = client.error("{ projects(where: {funding: {lt: 9007199254740993}}) { totalCount } }")["message"]
    assert message == "9007199254740993 does not fit Float: it is too large, or has too many digits"


@pytest.mark.parametrize("given", [None, {}], ids=["null", "not given"])
def test_an_order_that_a_variable_leaves_empty_is_refused(client: Client, given: Variables | None) -> None:
    query = "query ($v: SortDirection) { partners(orderBy: [{name: $v}]) { totalCount } }"
    assert client.code(query, {"v": None} if given is None else {}) == "BAD_INPUT"


def test_a_null_among_conditions_is_refused(client: Client) -> None:
    query = "query ($v: PartnerWhere = {}) { partners(where: {and: [$v]}) { totalCount } }"
    assert client.code(query, {"v": None}) == "BAD_INPUT"


def test_without_a_value_an_operator_says_nothing_but_for_eq_and_ne(client: Client) -> None:
    query = "query ($v: %s) { partners(where: {sizeBand: {%s: $v}}) { totalCount } }"
    for type_, operator in (("[PartnerSizeBand!]", "in"), ("Boolean", "isNull")):
        assert client.data(query % (type_, operator), {"v": None})["partners"]["totalCount"] == 10
    assert client.data(query % ("PartnerSizeBand", "eq"), {"v": None})["partners"]["totalCount"] == 6
    assert client.data(query % ("PartnerSizeBand", "ne"), {"v": None})["partners"]["totalCount"] == 4
    for operator in ("gt", "lte", "contains", "startsWith", "containsIgnoreCase"):
        assert client.data(f"{{ partners(where: {{name: {{{operator}: null}}}}) {{ totalCount }} }}")


def test_variables_in_lists_are_values_like_others(client: Client) -> None:
    query = 'query ($v: ID!) { nodes(ids: [$v, "project:garden"]) { ... on Entity { name } } }'
    assert client.data(query, {"v": "borough:newham"}) == {"nodes": [{"name": "Newham"}, {"name": "Garden"}]}
    assert client.data(query, {"v": "x"}) == {"nodes": [None, {"name": "Garden"}]}
    query = 'query ($v: String!) { partners(where: {name: {in: ["zebra", $v]}}) { totalCount } }'
    assert [client.data(query, {"v": v})["partners"]["totalCount"] for v in ("Acorn", "zebra", "x")] == [3, 1, 1]


def test_a_plan_made_for_one_value_serves_another(client: Client) -> None:
    query = "query ($w: PartnerWhere, $n: Int) { partners(where: $w, first: $n) { totalCount nodes { id } } }"
    asked = [
        ({"name": {"eq": "Acorn"}}, 1),
        ({"name": {"eq": "zebra"}}, 1),
        ({"name": {"eq": None}}, 2),
        ({"name": {"isNull": True}}, 2),
        ({"name": {"isNull": False}}, 2),
        ({"or": []}, 2),
        ({"or": [{"name": {"eq": "Acorn"}}]}, 2),
        ({"or": [{"name": {"eq": "Acorn"}}, {}]}, 2),
    ]
    expected = [(2, 1), (1, 1), (0, 0), (0, 0), (10, 2), (0, 0), (2, 2), (10, 2)]
    for _ in range(2):
        found = [client.data(query, {"w": where, "n": size})["partners"] for where, size in asked]
        assert [(page["totalCount"], len(page["nodes"])) for page in found] == expected


@pytest.mark.parametrize("query", ["{}", "query Q {}", "{ partners {} }", "{ partners { nodes {} } }"])
def test_nothing_is_not_selected(client: Client, query: str) -> None:
    assert client.code(query) == "PARSE_FAILED"


# Variables of several operations, and those that are null where they may not be

DEFAULTED = {
    "node": 'query ($v: ID = "partner:acorn") { node(id: $v) { id } }',
    "partner": 'query ($v: ID = "partner:acorn") { partner(id: $v) { id } }',
    "nodes": 'query ($v: [ID!] = ["partner:acorn"]) { nodes(ids: $v) { id } }',
    "an id": 'query ($v: ID = "partner:acorn") { nodes(ids: [$v]) { id } }',
    "search": 'query ($v: String = "acorn") { search(text: $v) { totalCount } }',
    "kinds": 'query ($v: NodeKind = PARTNER) { search(text: "acorn", kinds: [$v]) { totalCount } }',
    "path": 'query ($v: ID = "partner:acorn") { path(from: $v, to: "borough:hackney") { node { id } } }',
    "neighbourhood": 'query ($v: ID = "partner:acorn") { neighbourhood(of: $v) { nodes { id } } }',
    "groups": "query ($v: [PartnerGroupBy!] = [STATUS]) { partners { groups(by: $v) { count } } }",
    "a group": "query ($v: PartnerGroupBy = STATUS) { partners { groups(by: [$v]) { count } } }",
    "if": "query ($v: Boolean = true) { partners @include(if: $v) { totalCount } }",
    "type": 'query ($v: String = "Partner") { __type(name: $v) { name } }',
    "if of the schema": "query ($v: Boolean = true) { __schema { queryType @skip(if: $v) { name } } }",
}


@pytest.mark.parametrize("query", DEFAULTED.values(), ids=DEFAULTED)
def test_a_null_in_the_place_of_a_default_is_refused_where_none_may_be(client: Client, query: str) -> None:
    assert client.data(query)
    error = client.error(query, {"v": None})
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "locations" in error


BOTH = "query A($x: {}) {{ {} }} query B($x: PartnerWhere!) {{ partners(where: $x) {{ totalCount }} }}"
WHERES = [{"website": None}, {"website": {"isNull": True}}, {"website": {"isNull": False}}, {"name": {"eq": "Acorn"}}]


@pytest.mark.parametrize(
    ("type_", "field"), [("[ID!]!", "nodes(ids: $x) { id }"), ("String", "partners(after: $x) { totalCount }")]
)
def test_a_variable_is_what_its_operation_declares(client: Client, type_: str, field: str) -> None:
    both = BOTH.format(type_, field)
    for where in WHERES:
        assert client.data(both, {"x": where}, "B") == client.data(WHERE, {"v": where})


def test_a_text_is_no_cursor_in_another_operation(client: Client) -> None:
    query = """query A($x: String) { partners(after: $x) { totalCount } }
               query B($x: String!) { search(text: $x) { totalCount } }"""
    assert client.data(query, {"x": "acorn"}, "B")["search"]["totalCount"]
    error = client.error(query, {"x": "acorn"}, "A")
    assert (error["extensions"]["code"], "locations" in error) == ("BAD_CURSOR", True)

"""Searching: which nodes are found and in which order, whatever is typed, and what each may see of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.plan import MAX_TEXT, MAX_WORDS
from graph.roles import Role
from graph.text import words
from tests.client import Client
from tests.conftest import Open
from tests.world import Row, Said, World, node

QUERY = "query ($text: String!, $kinds: [NodeKind!]) { search(text: $text, kinds: $kinds) { totalCount nodes { id } } }"


def found(client: Client, text: str, kinds: list[str] | None = None) -> list[str]:
    page = client.data(QUERY, {"text": text, "kinds": kinds})["search"]
    ids = [node["id"] for node in page["nodes"]]
    assert page["totalCount"] == len(ids)
    return ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café  Olé’s", "cafe oles"),
        ("_wild_ 100%", "wild 100"),
        ("ÅNGSTRÖM-Straße", "angstrom strasse"),
        ("東京都 大田区", "東京都 大田区"),
        ("हिन्दी", "हिनदी"),
        ("🌳🌲 ℌ²", "h2"),
        ("\ud800 \x00 \ue000", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_text_is_parted_into_words(text: str, expected: str) -> None:
    assert words(text) == expected


# What is found


def test_every_word_must_be_there_and_the_last_may_be_begun(client: Client) -> None:
    assert found(client, "acorn") == ["partner:acorn", "partner:acorn-2"]
    assert found(client, "acorn oak") == found(client, "OAK, acor") == ["partner:acorn"]
    assert found(client, "oa acorn") == []


def test_accents_and_apostrophes_do_not_matter(client: Client) -> None:
    assert found(client, "CAFE OLES") == found(client, "café olé's") == ["partner:cafe-nfd", "partner:cafe"]


def test_a_name_has_a_word_where_one_begins_so(new_store: Open) -> None:
    store, texts = new_store(CIVIC), {"heart": "Heart Club", "able": "Able Studio", "arts": "The Arts"}
    said = [node(f"partner:{key}", name, description="We teach art.") for key, name in texts.items()]
    changes.load(store, World((Said("source:a", {"Partner": said}),)))
    assert found(Client(store), "art") == ["partner:arts", "partner:able", "partner:heart"]


def test_kinds_narrow_it(client: Client) -> None:
    assert found(client, "caf") == ["partner:cafe-nfd", "partner:cafe", "project:talk"]
    assert found(client, "caf", ["PROJECT", "BOROUGH"]) == ["project:talk"]
    assert found(client, "caf", ["BOROUGH"]) == found(client, "caf", []) == []


@pytest.mark.parametrize("text", ["", " ", "%", "*", '"', '""', "'", "_", "🌳", "-", "\u0000", "\ue000", "&&", "\\"])
def test_without_a_word_nothing_is_found(client: Client, text: str) -> None:
    assert found(client, text) == []


@pytest.mark.parametrize(
    "text",
    [
        '"acorn"',
        "acorn*",
        "*acorn",
        "+acorn",
        "-acorn",
        "(acorn",
        "acorn)",
        "^acorn",
        "{acorn}",
        "[acorn]",
        "acorn\\",
        "acorn'; --",
        "acorn\x00",
        "acorn/",
        "acorn~",
        "acorn!",
        "acorn:",
    ],
)
def test_signs_only_part_words(client: Client, text: str) -> None:
    assert found(client, text) == ["partner:acorn", "partner:acorn-2"]


@pytest.mark.parametrize(
    "text",
    [
        "acorn OR zebra",
        "acorn AND oak AND",
        "NOT acorn",
        "NEAR(acorn oak)",
        "public: acorn",
        "_search_public:acorn",
    ],
)
def test_words_of_a_query_language_are_words(client: Client, text: str) -> None:
    assert found(client, text) == []


def test_too_much_is_refused(client: Client) -> None:
    assert found(client, "x" * MAX_TEXT) == []
    assert found(client, "x " * MAX_WORDS) == []
    for text in ("x" * (MAX_TEXT + 1), "x " * (MAX_WORDS + 1), "x" * 10_000, "x " * 100_000):
        assert client.code(QUERY, {"text": text}) == "BAD_INPUT"


# In which order

NAMES = (
    "Green Park",  # 0: just these words
    "green park!",
    "Green Park Friends",  # 1: begins with them
    "Green Parks",
    "The Green Park",  # 2: has them in it
    "Parks, green",  # 3: has them elsewhere
    "Common",  # among its aliases
)


@pytest.fixture(scope="module")
def parks(new_store: Open) -> Client:
    store = new_store(CIVIC)
    rows = [
        node(f"partner:{n}", name, aliases=("Green old park",) if name == "Common" else ())
        for n, name in enumerate(NAMES)
    ]
    cjk = [node("project:tokyo", "東京都"), node("project:astral", "\U00010330\U00010331", summary="\ufdfa")]
    wide = [node(f"project:wide-{n}", f"{sign} wide") for n, sign in enumerate("\uffee🌳\ue000z")]
    changes.load(store, World((Said("source:a", {"Partner": rows, "Project": [*cjk, *wide]}),)))
    return Client(store)


def test_the_likest_names_come_first(parks: Client) -> None:
    assert found(parks, "green park") == [f"partner:{n}" for n in (0, 1, 2, 3, 4, 6, 5)]


def test_words_of_every_alphabet_are_found(parks: Client) -> None:
    assert found(parks, "東京") == ["project:tokyo"]
    assert found(parks, "京都") == []
    assert found(parks, "\U00010330") == ["project:astral"]
    assert found(parks, "صلى") == ["project:astral"]


def test_names_sort_by_code_point(parks: Client) -> None:
    assert found(parks, "wide") == [f"project:wide-{n}" for n in (2, 0, 1, 3)]


@pytest.mark.parametrize("text", ["green park", "wide", "gre"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_join_in_either_direction(parks: Client, text: str, size: int) -> None:
    forward = list(walk(parks, text, f"first: {size}, after", "hasPreviousPage", "hasNextPage", "endCursor"))
    back = list(walk(parks, text, f"last: {size}, before", "hasNextPage", "hasPreviousPage", "startCursor"))
    for pages in (forward, back[::-1]):
        assert [node_id for page in pages for node_id in page] == found(parks, text)


def walk(client: Client, text: str, way: str, behind: str, ahead: str, edge: str) -> Iterator[list[str]]:
    query = (
        f"query ($text: String!, $at: String) {{ search(text: $text, {way}: $at) "
        "{ nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    )
    cursor, more = None, True
    while more:
        page = client.data(query, {"text": text, "at": cursor})["search"]
        info = page["pageInfo"]
        assert info[behind] is (cursor is not None)
        cursor, more = info[edge], info[ahead]
        yield [node["id"] for node in page["nodes"]]


def test_a_cursor_of_something_else_is_refused(parks: Client) -> None:
    ends = parks.data(
        '{ partners(first: 1) { pageInfo { endCursor } } search(text: "green", first: 1) { pageInfo { endCursor } } }'
    )
    partners, hits = (ends[name]["pageInfo"]["endCursor"] for name in ("partners", "search"))
    for cursor in (partners, "x", "5b5d", ""):
        assert parks.code(f'{{ search(text: "green", after: "{cursor}") {{ totalCount }} }}') == "BAD_CURSOR"
    assert parks.code(f'{{ partners(after: "{hits}") {{ totalCount }} }}') == "BAD_CURSOR"


def test_it_counts_among_what_an_operation_costs(client: Client) -> None:
    nested = "nodes { ... on Partner { projects(first: 100) { nodes { partners(first: 10) { totalCount } } } } }"
    assert client.code(f'{{ search(text: "a", first: 100) {{ {nested} }} }}') == "TOO_COSTLY"
    assert client.code('{ search(text: "a", first: 101) { totalCount } }') == "PAGE_SIZE"
    assert client.data(f'{{ search(text: "acorn", first: 1) {{ {nested} }} partners {{ totalCount }} }}')


# What loads change


def says(*rows: Row) -> World:
    return World((Said("source:a", {"Partner": rows}),))


def test_loads_change_what_is_found(new_store: Open) -> None:
    store = new_store(CIVIC)
    client = Client(store)

    def finds() -> list[bool]:
        return [bool(found(client, text)) for text in ("heath", "meadow", "common", "moor")]

    changes.load(store, says(node("partner:x", "Heath", description="An old common"), node("partner:y", "Moor")))
    assert finds() == [True, False, True, True]
    changes.load(store, says(node("partner:x", "Meadow", aliases=("Heath",))))
    assert finds() == [True, True, False, False]
    changes.load(store, says(node("partner:x", "Meadow", status="active")))
    assert finds() == [False, True, False, False]
    changes.withdraw(store, "source:a")
    assert finds() == [False, False, False, False]


def test_a_dry_run_changes_nothing(new_store: Open) -> None:
    store = new_store(CIVIC)
    changes.load(store, says(node("partner:x", "Heath")), dry_run=True)
    assert found(Client(store), "heath") == []


# Who may see what


def test_each_role_finds_what_it_may_see(client: Client) -> None:
    finds = {role: found(Client(client.store, role), "a") for role in Role}
    assert "champion:ada" in finds[Role.STEWARD]
    assert finds[Role.PUBLIC] == finds[Role.ANALYST] == [i for i in finds[Role.STEWARD] if i != "champion:ada"]
    for role in (Role.PUBLIC, Role.ANALYST):
        assert found(Client(client.store, role), "soil") == []
        asked = {"text": "soil", "kinds": ["CHAMPION"]}
        assert Client(client.store, role).code(QUERY, asked) == "BAD_INPUT"


def test_pseudonyms_are_not_searched(client: Client) -> None:
    assert found(client, "student") == []

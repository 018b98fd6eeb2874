"""Answers are kept and given again, as long as nobody, in whatever process, has changed the graph."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import CivicGraphError
from graph.roles import Role
from graph.store import Compiled, Found, Store
from graph.stores import open_store
from graph.stores.neo4j import Neo4jStore
from graph.stores.sqlite import SQLiteStore
from schema.answers import ENTRY, SHARE, Answer, Answers, key_of
from schema.api import API
from schema.trusted import Documents, trusted
from server.app import create_app
from server.callers import Callers
from server.tokens import Tokens
from server.turns import Turns
from tests.conftest import Open
from tests.test_journal import lines, numbers
from tests.visitor import Visitor, visiting
from tests.world import Said, World, node

NAMES = "query Names($first: Int) { boroughs(first: $first) { nodes { name } } }"
RANKS = "{ graph { version loadedAt sources { sourceId rank } } }"
SIZE = 1_000_000


def said(*names: str, rank: int = 1) -> World:
    boroughs = [node(f"borough:{name}", name, gssCode=name) for name in names]
    return World((Said("source:sheet", {"Borough": boroughs}, rank=rank),))


class Watched:
    """A store of which is known how often it was asked."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.runs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def run(self, compiled: Compiled, parameters: Mapping[str, Any], role: Role) -> Found:
        self.runs += 1
        return await self.store.run(compiled, parameters, role)


class Asker:
    """Asks a store by APIs that share what they keep, and says whether that was asked."""

    def __init__(self, store: Store, size: int = SIZE) -> None:
        self.store: Any = Watched(store)
        self.answers = Answers(size)
        self.apis = {role: API(self.store, role, self.answers) for role in (Role.PUBLIC, Role.STEWARD)}

    def __call__(self, query: str, role: Role = Role.STEWARD, **given: Any) -> tuple[Any, bool]:
        """The answer, and whether it was kept: the store is asked where it was not, and only there."""
        before = self.store.runs
        answer = asyncio.run(self.apis[role].answer(query, **given))
        assert answer.is_kept is (self.store.runs == before)
        return json.loads(answer.body), answer.is_kept


@pytest.fixture
def store(new_store: Open) -> Iterator[Store]:
    store = new_store(CIVIC)
    changes.load(store, said("A"))
    yield store


def url_of(store: Store) -> str:
    if isinstance(store, Neo4jStore):
        return store.access.url
    assert isinstance(store, SQLiteStore)
    return f"sqlite:{store.path}"


def civic(store: Store, *command: str) -> None:
    """Run a command on the store in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "server", "--store", url_of(store), *command], check=True, capture_output=True
    )


# What is kept


def test_an_answer_is_given_again_without_asking_the_store(store: Store) -> None:
    ask = Asker(store)
    first = {"data": {"boroughs": {"nodes": [{"name": "A"}]}}}
    assert [ask(NAMES), ask(NAMES), ask(NAMES)] == [(first, False), (first, True), (first, True)]


def test_what_is_kept_has_the_name_and_the_cost_of_what_was_made(store: Store) -> None:
    api = API(store, Role.STEWARD, Answers(SIZE))
    made, kept = (asyncio.run(api.answer(NAMES, {"first": 7})) for _ in range(2))
    assert (kept.operation, kept.cost) == ("Names", 7)
    assert replace(kept, kept_by=None) == made


def test_what_is_kept_waits_for_no_turn(store: Store) -> None:
    turns = Turns(running=1)
    api = API(store, Role.STEWARD, Answers(SIZE), turns)

    async def test() -> None:
        await api.answer(NAMES)
        async with turns, asyncio.timeout(10):
            assert (await api.answer(NAMES)).is_kept
            other = asyncio.create_task(api.answer(RANKS))
            while not turns.waiting:
                await asyncio.sleep(0.001)
            assert not other.done()
        assert not (await other).is_kept

    asyncio.run(test())


def test_roles_share_nothing(store: Store) -> None:
    changes.load(store, World((Said("source:a", {"Enquiry": [node("enquiry:a", "A")]}),)), move=True)
    ask = Asker(store)
    assert ask("{ graph { counts { name } } }")[0] != ask("{ graph { counts { name } } }", Role.PUBLIC)[0]
    assert ask("{ graph { counts { name } } }", Role.PUBLIC)[1]
    ask("{ enquiries { totalCount } }")
    with pytest.raises(CivicGraphError):
        ask("{ enquiries { totalCount } }", Role.PUBLIC)


ALIKE: list[dict[str, Any]] = [
    {"query": "query ($x: Value) { __typename }"},
    {"query": "query ($x: Value) { __typename }", "tells_cost": True},
    {"query": "query ($x: Value) {__typename }"},
    {"query": "query A { __typename } query B { t: __typename }", "operation": "A"},
    {"query": "query A { __typename } query B { t: __typename }", "operation": "B"},
    *({"query": NAMES, "variables": {"first": first}} for first in (1, 0, None)),
    *(
        {"query": NAMES, "variables": {"first": 1, "other": other}}
        for other in (1, True, "1", 1.5, None, [1], {"a": 1})
    ),
]


def test_whatever_is_asked_otherwise_is_another_answer() -> None:
    asked = [{"variables": {}, "operation": None, "tells_cost": False, **given} for given in ALIKE]
    keys = {key_of(role, **given) for given in asked for role in Role}
    assert len(keys) == len(asked) * len(Role)
    assert None not in keys


def test_what_has_no_form_of_bytes_is_answered_and_not_kept(store: Store) -> None:
    ask = Asker(store)
    for _ in range(2):
        assert not ask(NAMES, variables={"first": 1, "other": "\ud800"})[1]


def test_errors_and_explanations_are_not_kept(store: Store) -> None:
    ask = Asker(store)
    for query in ("{", "{ unknown }", "{ boroughs(first: 101) { totalCount } }"):
        with pytest.raises(CivicGraphError):
            ask(query)
    for _ in range(2):
        assert not ask(NAMES, explains=True)[1]
    assert ask.answers.weight == 0


def test_what_is_asked_of_the_schema_alone_is_not_kept(store: Store) -> None:
    api = API(store, Role.STEWARD, Answers(SIZE))
    for _ in range(2):
        answer = asyncio.run(api.answer("{ __schema { queryType { name } } }"))
        assert (answer.is_kept, answer.state) == (False, None)


# As long as the graph is in the same state


def test_a_load_is_seen_right_after_it(store: Store) -> None:
    ask = Asker(store)
    for names in ("A", "AB", "B", "A"):
        changes.load(store, said(*names))
        assert ask(NAMES) == ({"data": {"boroughs": {"nodes": [{"name": name} for name in names]}}}, False)
        assert ask(NAMES)[1]


def test_a_load_that_changes_nothing_but_its_record_is_seen(store: Store) -> None:
    ask = Asker(store)
    before, _ = ask(RANKS)
    changes.load(store, said("A", rank=2))
    after, kept = ask(RANKS)
    assert not kept
    assert after["data"]["graph"]["version"] == before["data"]["graph"]["version"]
    assert after["data"]["graph"]["sources"] == [{"sourceId": "source:sheet", "rank": 2}]


def test_what_is_withdrawn_or_erased_is_not_told_any_more(store: Store) -> None:
    ask = Asker(store)
    changes.load(store, said("A", "B"))
    assert len(ask(NAMES)[0]["data"]["boroughs"]["nodes"]) == 2
    changes.erase(store, "borough:A")
    assert ask(NAMES)[0]["data"]["boroughs"]["nodes"] == [{"name": "B"}]
    changes.withdraw(store, "source:sheet")
    assert ask(NAMES)[0]["data"]["boroughs"]["nodes"] == []


def test_a_load_by_another_process_is_seen_right_after_it(store: Store) -> None:
    ask = Asker(store)
    query = "{ graph { version } boroughs { totalCount } sources { totalCount } }"
    seen = []
    for command in (("stats",), ("load", "example"), ("withdraw", "source:london-boroughs"), ("load", "example")):
        civic(store, *command)
        answer, kept = ask(query)
        assert not kept or command == ("stats",)
        assert ask(query) == (answer, True)
        seen.append((answer["data"]["graph"]["version"], answer["data"]["boroughs"]["totalCount"]))
    assert seen == [(1, 1), (2, 34), (3, 1), (4, 34)]


def test_counts_of_students_are_those_of_the_state(store: Store) -> None:
    ask = Asker(store)
    query = "{ studentCounts(cube: STUDENTS_BY_MODULE) { total } }"
    for number in (30, 60):
        students = [node(f"student:made-up-{n}", f"student:made-up-{n}") for n in range(number)]
        changes.load(store, World((Said("source:town", {"Student": students}),)), move=True)
        assert ask(query, Role.PUBLIC) == ({"data": {"studentCounts": {"total": number}}}, False)
        assert ask(query, Role.PUBLIC)[1]


# In so many bytes


def answer(length: int, state: int = 1) -> Answer:
    return Answer(b"x" * length, state=state)


def test_no_more_than_so_many_bytes_are_kept() -> None:
    answers = Answers(20 * ENTRY)
    for number in range(100):
        answers.keep(f"{number}".encode(), answer(number * 10))
        assert answers.weight <= answers.size
    known = [number for number in range(100) if answers.known(f"{number}".encode(), 1)]
    assert known == list(range(100 - len(known), 100)), "those that were asked for last"
    assert answers.weight == sum(number * 10 + ENTRY for number in known) > answers.size / 2


def test_who_is_asked_for_again_stays() -> None:
    answers = Answers(10 * ENTRY)
    for number in range(100):
        answers.keep(f"{number}".encode(), answer(0))
        assert answers.known(b"0", 1)


def test_what_takes_a_large_share_is_not_kept() -> None:
    answers = Answers(100 * ENTRY)
    most = answers.size // SHARE - ENTRY
    for length in (most, most + 1):
        answers.keep(f"{length}".encode(), answer(length))
    assert answers.known(f"{most}".encode(), 1)
    assert not answers.known(f"{most + 1}".encode(), 1)


def test_of_another_state_nothing_is_left() -> None:
    answers = Answers(SIZE)
    for key in (b"a", b"b"):
        answers.keep(key, answer(10, state=1))
    assert not answers.known(b"a", 2)
    assert answers.weight == 0
    for key in (b"a", b"b"):
        answers.keep(key, answer(10, state=2))
    assert answers.weight == 2 * (10 + ENTRY)
    assert answers.known(b"a", 2)


def test_what_took_too_long_does_not_take_the_place_of_what_is_newer() -> None:
    answers = Answers(SIZE)
    assert not answers.known(b"old", 1)
    assert not answers.known(b"new", 2)
    answers.keep(b"new", answer(10, state=2))
    answers.keep(b"old", answer(20, state=1))
    assert answers.of(b"old", 1) is None
    assert answers.of(b"new", 2) == answers.known(b"new", 2)
    assert answers.weight == 10 + ENTRY


def test_what_is_of_no_state_is_not_kept() -> None:
    answers = Answers(SIZE)
    answers.keep(b"a", Answer(b"x"))
    assert answers.weight == 0


def test_what_is_kept_twice_takes_its_place_once() -> None:
    answers = Answers(SIZE)
    for length in (10, 30, 20):
        answers.keep(b"a", answer(length))
        assert answers.weight == length + ENTRY


def test_none_are_kept_where_there_is_no_room(store: Store) -> None:
    ask = Asker(store, size=0)
    assert [ask(NAMES)[1] for _ in range(3)] == [False] * 3


# Over HTTP


@pytest.fixture
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(tmp_path_factory.mktemp("tokens") / "tokens")


TRUSTED = trusted(NAMES, {})


@pytest.fixture
def visitor(example_url: str, tokens: Tokens) -> Iterator[Visitor]:
    store = open_store(example_url, CIVIC)
    app = create_app(store, callers=Callers(tokens), documents=Documents([TRUSTED], only=True))
    with visiting(app) as visitor:
        yield visitor


def test_a_kept_answer_is_logged_and_counted_as_any_other(
    visitor: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs.log.level", 0)
    request = {"documentId": TRUSTED.id, "variables": {"first": 3}}
    made, kept = (visitor.post("/graphql", json=request) for _ in range(2))
    assert made.content == kept.content
    made_line, kept_line = (line for line in lines(capsys) if line["path"] == "/graphql")
    assert [made_line.pop("kept"), kept_line.pop("kept")] == [False, True]
    for line in (made_line, kept_line):
        assert line.pop("request") and line.pop("ms") and line.pop("timestamp")
    assert made_line == kept_line
    found = numbers(visitor)
    assert found['civic_graph_answers_total{by="made"}'] == found['civic_graph_answers_total{by="kept"}'] == 1
    assert found["civic_graph_operation_cost_sum"] == 6
    assert found["civic_graph_kept_bytes"] > len(kept.content)


def test_a_request_that_comes_again_is_logged_and_counted_as_well(
    visitor: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs.log.level", 0)
    request = {"documentId": TRUSTED.id, "variables": {"first": 3}}  # not as it is asked when the server starts
    for _ in range(4):
        visitor.post("/graphql", json=request)
    said = [line for line in lines(capsys) if line["path"] == "/graphql"]
    assert [line["kept"] for line in said] == [False, True, True, True]
    assert len({line["request"] for line in said}) == 4
    for name in ("role", "status", "bytes", "document", "operation", "cost", "code"):
        assert len({line[name] for line in said}) == 1
    found = numbers(visitor)
    assert found['civic_graph_answers_total{by="kept"}'] == 3
    assert found["civic_graph_operation_cost_count"] == 4


def test_who_may_not_ask_is_not_given_what_is_kept(visitor: Visitor, tokens: Tokens) -> None:
    token, secret = tokens.create(Role.STEWARD, timedelta(days=1), "")
    caller = {"authorization": f"Bearer {secret}"}
    request = {"documentId": TRUSTED.id}
    assert [visitor.post("/graphql", json=request, headers=caller).status_code for _ in range(2)] == [200] * 2
    assert visitor.post("/graphql", json={"query": NAMES + " "}, headers=caller).status_code == 403
    tokens.revoke(token.id)
    assert visitor.post("/graphql", json=request, headers=caller).status_code == 401

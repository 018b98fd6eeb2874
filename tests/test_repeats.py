"""Repeats: a request that comes again is answered as if nothing had been kept, only without being read."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import pytest

from graph import changes
from graph.civic import CIVIC
from graph.roles import Role
from graph.stores import open_store
from graph.stores.sqlite import SQLiteStore
from schema.answers import Answer, Answers
from server import graphql
from server.apis import APIs
from server.app import create_app
from server.callers import Callers
from server.moments import Moments
from server.repeats import ENTRY, LONGEST, MOST, Heard, Repeats
from server.tokens import Tokens
from tests.conftest import Open
from tests.test_answers import civic, said, url_of
from tests.visitor import Visitor, visiting

LARGE = "{ boroughs(first: 33) { nodes { id name gssCode neighbours { nodes { name } } } } }"  # worth compressing
BODIES: list[bytes] = [
    b'{"query": "{ boroughs(first: 3) { nodes { name } } }"}',
    b'{"query":"{ boroughs(first: 3) { nodes { name } } }"}',
    b'{"query": "query A { __typename } query B { boroughs { totalCount } }", "operationName": "B"}',
    b'{"query": "query Q($n: Int!) { boroughs(first: $n) { nodes { id } } }", "variables": {"n": 1}}',
    b'{"query": "query Q($n: Int!) { boroughs(first: $n) { nodes { id } } }", "variables": {"n": 2}}',
    b'{"query": "{ boroughs { totalCount } }", "extensions": {"cost": true}}',
    b'{"query": "{ __typename }"}',
    b'{"query": "{ nothing }"}',
    b'{"query": ',
    f'{{"query": "{LARGE}"}}'.encode(),
]
HEADERS: list[dict[str, str]] = [
    {},
    {"accept-encoding": "identity"},
    {"accept": "application/graphql-response+json"},
    {"accept-encoding": "gzip"},
    {"accept-encoding": "zstd"},
    {"accept-encoding": "gzip;q=0"},
    {"content-type": "text/plain"},
    {"content-encoding": "gzip"},
    {"host": "elsewhere.example"},
    {"cookie": "a=b"},
    {"cookie": "a=b", "sec-fetch-site": "cross-site"},
    {"cookie": "a=b", "sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "cross-site"},
    {"origin": "https://allowed.example"},
    {"origin": "https://other.example"},
    {"x-civic-graph-explain": "true"},
    {"authorization": "Bearer analyst"},
    {"authorization": "Bearer nobody"},
    {"x-request-id": "mine"},
]


@pytest.fixture
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(tmp_path_factory.mktemp("tokens") / "tokens", Moments().now)


def app_over(url: str, tokens: Tokens, kept: int = 10_000_000) -> Any:
    callers, origins = Callers(tokens, Role.STEWARD), ("https://allowed.example",)
    return create_app(open_store(url, CIVIC), hosts=("localhost",), callers=callers, origins=origins, kept=kept)


@pytest.fixture
def visitor(example_url: str, tokens: Tokens) -> Iterator[Visitor]:
    with visiting(app_over(example_url, tokens)) as visitor:
        yield visitor


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that are read."""
    bodies: list[bytes] = []
    decode = graphql.decoded

    def noted(body: bytes) -> graphql.Request:
        bodies.append(body)
        return decode(body)

    monkeypatch.setattr(graphql, "decoded", noted)
    return bodies


def ask(visitor: Visitor, body: bytes = BODIES[0], **headers: str) -> httpx.Response:
    return visitor.post("/graphql", content=body, headers={"content-type": "application/json", **headers})


def test_whatever_is_asked_how_often_is_answered_as_if_nothing_were_kept(example_url: str, tokens: Tokens) -> None:
    _, secret = tokens.create(Role.ANALYST, timedelta(days=1), "")

    def told(response: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
        return response.status_code, sorted(response.headers.items()), response.content

    asked = list(product(range(len(BODIES)), range(len(HEADERS)))) * 4
    random.Random(5).shuffle(asked)
    with visiting(app_over(example_url, tokens)) as keeping, visiting(app_over(example_url, tokens, 0)) as making:
        for number, (body, which) in enumerate(asked):
            headers = {"x-request-id": f"r{number}", **HEADERS[which]}
            if "analyst" in headers.get("authorization", ""):
                headers["authorization"] = f"Bearer {secret}"
            one, other = (ask(visitor, BODIES[body], **headers) for visitor in (keeping, making))
            if "x-civic-graph-explain" in headers:  # which tells of times
                assert ("explain" in one.text, one.status_code) == ("explain" in other.text, other.status_code)
            else:
                assert told(one) == told(other), (BODIES[body], headers)


def test_what_comes_for_the_third_time_is_not_read(visitor: Visitor, read: list[bytes]) -> None:
    """For the first time its answer is made, for the second that is found and the request is remembered."""
    plain = {"accept-encoding": "identity"}
    several = [plain, {**plain, "accept": "application/graphql-response+json"}, {"accept-encoding": "gzip"}]
    answers = [ask(visitor, BODIES[-1], **{"x-request-id": f"r{i}"}, **several[i % 3]) for i in range(9)]
    assert len(read) == 2
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers["x-request-id"] for answer in answers] == [f"r{i}" for i in range(9)]
    assert [answer.headers.get("content-encoding") for answer in answers] == [None, None, "gzip"] * 3


def test_others_are_read_each_time(example_url: str, tokens: Tokens, read: list[bytes]) -> None:
    with visiting(app_over(example_url, tokens, kept=0)) as visitor:
        assert [ask(visitor).status_code for _ in range(4)] == [200] * 4
    with visiting(app_over(example_url, tokens)) as visitor:
        long = b'{"query": "{ boroughs { totalCount } }"' + b" " * LONGEST + b"}"
        for body in (long, b'{"query": "{ nothing }"}', b'{"query": "{ __schema { queryType { name } } }"}'):
            assert len({ask(visitor, body).status_code for _ in range(4)}) == 1
    assert len(read) == 16


def test_few_are_remembered(example_url: str, tokens: Tokens) -> None:
    async def test(repeats: Repeats) -> None:
        answer = Answer(b"{}", state=await repeats.apis.state(), kept_by=b"key")
        repeats.apis.answers.keep(b"key", answer)
        body = b"x" * LONGEST
        heard = [Heard(Role.PUBLIC, None, b"%d" % i + body[6:]) for i in range(100_000, 100_100)]
        for one in heard:
            repeats.note(one, answer, "document")
        found = [one for one in heard if await repeats.answer(one)]
        assert found == heard[-len(found) :]
        assert len(found) == MOST[1] // (LONGEST + ENTRY)

    with closing(open_store(example_url, CIVIC)) as store:
        asyncio.run(test(Repeats(APIs(store, Role.PUBLIC, Answers(10_000)))))


def test_a_token_is_checked_each_time(visitor: Visitor, tokens: Tokens, read: list[bytes]) -> None:
    token, secret = tokens.create(Role.ANALYST, timedelta(days=1), "")
    caller = {"authorization": f"Bearer {secret}"}
    assert {ask(visitor, **caller).status_code for _ in range(4)} == {200}
    assert len(read) == 2
    tokens.revoke(token.id)
    assert ask(visitor, **caller).status_code == 401


def test_each_role_is_answered_for_itself(visitor: Visitor, tokens: Tokens) -> None:
    champions = b'{"query": "{ champions(first: 1) { nodes { name } } }"}'
    _, secret = tokens.create(Role.ANALYST, timedelta(days=1), "")
    for _ in range(4):
        assert "data" in ask(visitor, champions).json()
        assert "errors" in ask(visitor, champions, authorization=f"Bearer {secret}").json()


def test_who_holds_two_tokens_of_a_role_is_answered_alike(visitor: Visitor, tokens: Tokens, read: list[bytes]) -> None:
    for _ in range(3):
        _, secret = tokens.create(Role.ANALYST, timedelta(days=1), "")
        assert ask(visitor, authorization=f"Bearer {secret}").status_code == 200
    assert len(read) == 2


def test_a_load_is_seen_right_after_it(new_store: Open, tokens: Tokens) -> None:
    """Also what another process does."""
    store = new_store(CIVIC)
    changes.load(store, said("A"))
    with visiting(app_over(url_of(store), tokens)) as visitor:

        def names() -> list[str]:
            found = [ask(visitor).json()["data"]["boroughs"]["nodes"] for _ in range(4)]
            assert all(one == found[0] for one in found)
            return [node["name"] for node in found[0]]

        assert names() == ["A"]
        changes.load(store, said("A", "B"))
        assert names() == ["A", "B"]
        civic(store, "withdraw", "source:sheet")
        assert names() == []
        while visitor.get("/readyz").json()["verified"] == "pending":
            continue  # a check under way would keep the store open


# Moments


def test_outside_of_an_event_loop_there_are_no_moments() -> None:
    moments = Moments()
    with pytest.raises(RuntimeError):
        moments.now()

    async def test() -> None:
        before = moments.now()
        await asyncio.sleep(0)
        assert moments.now() != before

    asyncio.run(test())


def test_a_moment_is_a_turn_of_the_event_loop() -> None:
    async def test() -> None:
        moments = Moments()
        seen = []
        for _ in range(3):
            seen.append((moments.now(), moments.now()))
            await asyncio.sleep(0)
        assert seen == [(0, 0), (1, 1), (2, 2)]

    asyncio.run(test())


def test_the_state_is_looked_at_once_in_a_moment(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    look = SQLiteStore.state

    async def counted(self: SQLiteStore) -> int:
        nonlocal looks
        looks += 1
        return await look(self)

    async def test(apis: APIs) -> None:
        for moment in range(1, 4):
            assert len({await apis.state() for _ in range(5)}) == 1
            assert looks == moment
            await asyncio.sleep(0)

    monkeypatch.setattr(SQLiteStore, "state", counted)
    with closing(open_store(example_url, CIVIC)) as store:
        asyncio.run(test(APIs(store, Role.PUBLIC)))


def test_what_is_seen_after_its_moment_is_of_none(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that takes several turns may be older than who asks in the last of them."""
    states = iter(range(10))

    async def slow(self: SQLiteStore) -> int:
        state = next(states)
        await asyncio.sleep(0)
        return state

    async def test(apis: APIs) -> None:
        assert [await apis.state() for _ in range(3)] == [0, 1, 2]

    monkeypatch.setattr(SQLiteStore, "state", slow)
    with closing(open_store(example_url, CIVIC)) as store:
        asyncio.run(test(APIs(store, Role.PUBLIC)))

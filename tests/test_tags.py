"""Tags: who asks again by GET, and has what it would get, is told so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from graph import changes
from graph.civic import CIVIC
from graph.roles import Role
from graph.stores.sqlite import SQLiteStore
from server import tags
from server.app import create_app
from server.callers import Callers
from server.responses import GRAPHQL
from server.tags import is_known
from server.tokens import Tokens
from tests.test_journal import lines
from tests.visitor import Visitor, visiting
from tests.world import Said, World, node

NAMES = {"query": "{ boroughs { nodes { name } } }"}
AGAIN = "private, no-cache"


def said(*names: str, rank: int = 1) -> World:
    boroughs = [node(f"borough:{name}", name, gssCode=name) for name in names]
    return World((Said("source:sheet", {"Borough": boroughs}, rank=rank),))


@pytest.fixture
def store(tmp_path: Path) -> SQLiteStore:
    store = SQLiteStore(str(tmp_path / "graph.db"), CIVIC)
    changes.load(store, said("A"))
    return store


@pytest.fixture
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(tmp_path_factory.mktemp("tokens") / "tokens")


@pytest.fixture(params=[1_000_000, 0], ids=["kept", "not kept"])
def visitor(store: SQLiteStore, tokens: Tokens, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    with visiting(create_app(store, callers=Callers(tokens), kept=request.param)) as visitor:
        yield visitor


def get(visitor: Visitor, known: str = "", params: dict[str, str] = NAMES, **headers: str) -> httpx.Response:
    return visitor.get("/graphql", params=params, headers={**headers, **({"if-none-match": known} if known else {})})


def bearer(tokens: Tokens, role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {tokens.create(role, timedelta(days=1), '')[1]}"}


def test_who_has_the_answer_is_told_so(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    first = get(visitor)
    assert first.headers["cache-control"] == AGAIN
    for known in (first.headers["etag"], f"W/{first.headers['etag']}", f'"x", {first.headers["etag"]}', "*"):
        again = get(visitor, known)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary"):
            assert again.headers[name] == first.headers[name]
        assert "content-type" not in again.headers
        assert "content-length" not in again.headers


def test_head_is_answered_as_get_is(visitor: Visitor) -> None:
    etag = get(visitor).headers["etag"]
    assert visitor.request("HEAD", "/graphql", params=NAMES).headers["etag"] == etag
    again = visitor.request("HEAD", "/graphql", params=NAMES, headers={"if-none-match": etag})
    assert again.status_code == 304


@pytest.mark.parametrize("known", ["", '"x"', "x", 'W/"x"', '"*"', ","])
def test_who_has_another_gets_the_answer(visitor: Visitor, known: str) -> None:
    assert get(visitor, known).json() == {"data": {"boroughs": {"nodes": [{"name": "A"}]}}}


def test_after_a_load_the_answer_is_sent(visitor: Visitor, store: SQLiteStore) -> None:
    etag = get(visitor).headers["etag"]
    changes.load(store, said("A", "B"))
    after = get(visitor, etag)
    assert (after.status_code, len(after.json()["data"]["boroughs"]["nodes"])) == (200, 2)
    changes.load(store, said("A", "B", rank=2))
    assert get(visitor, after.headers["etag"]).status_code == 200, "whatever of the state is asked for"


def test_every_role_request_and_media_type_has_tags_of_its_own(visitor: Visitor, tokens: Tokens) -> None:
    steward, analyst = (bearer(tokens, role) for role in (Role.STEWARD, Role.ANALYST))
    other = {"query": "{ boroughs { nodes { name id } } }"}
    answers = [
        get(visitor),
        get(visitor, **steward),
        get(visitor, **analyst),
        get(visitor, accept=GRAPHQL),
        get(visitor, params=other),
        get(visitor, params={**NAMES, "variables": '{"a": 1}'}),
        get(visitor, params={**NAMES, "extensions": '{"cost": true}'}),
    ]
    assert len({answer.headers["etag"] for answer in answers}) == len(answers)
    assert get(visitor, answers[1].headers["etag"], **steward).status_code == 304
    assert get(visitor, answers[1].headers["etag"], **analyst).status_code == 200


def test_who_may_not_ask_any_more_is_not_told_that_nothing_changed(visitor: Visitor, tokens: Tokens) -> None:
    token, secret = tokens.create(Role.STEWARD, timedelta(days=1), "")
    caller = {"authorization": f"Bearer {secret}"}
    etag = get(visitor, **caller).headers["etag"]
    tokens.revoke(token.id)
    assert get(visitor, etag, **caller).status_code == 401


@pytest.mark.parametrize(
    "params",
    [
        {"query": "{"},
        {"query": "{ unknown }"},
        {"query": "{ boroughs(first: 101) { totalCount } }"},
        {"query": "{ __schema { queryType { name } } }"},
        {"query": "{ boroughs { totalCount } }", "extensions": '{"explain": true}'},
    ],
)
def test_what_does_not_last_has_no_tag(visitor: Visitor, tokens: Tokens, params: dict[str, str]) -> None:
    answer = get(visitor, "*", params, **bearer(tokens, Role.STEWARD))
    assert answer.content
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"


def test_what_is_posted_has_no_tag(visitor: Visitor) -> None:
    answer = visitor.post("/graphql", json=NAMES, headers={"if-none-match": "*"})
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in answer.headers


def test_the_log_says_that_nothing_was_sent(
    visitor: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("server.logs.log.level", 0)
    get(visitor, "*")
    (line,) = [line for line in lines(capsys) if line["path"] == "/graphql"]
    assert (line["status"], line["bytes"], line["code"], line["cost"]) == (304, 0, "OK", 20)


def test_the_schema_has_a_tag_for_each_role(tmp_path: Path, tokens: Tokens) -> None:
    with visiting(create_app(SQLiteStore(str(tmp_path / "graph.db"), CIVIC), callers=Callers(tokens))) as visitor:
        caller = bearer(tokens, Role.STEWARD)
        first, other = visitor.get("/schema.graphql"), visitor.get("/schema.graphql", headers=caller)
        assert first.headers["etag"] != other.headers["etag"]
        known = {"if-none-match": first.headers["etag"]}
        assert visitor.get("/schema.graphql", headers=known).status_code == 304
        assert visitor.get("/schema.graphql", headers=caller | known).text == other.text
        assert first.headers["cache-control"] == AGAIN


def test_another_release_may_answer_otherwise(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    known = get(visitor).headers["etag"]
    assert get(visitor, known).status_code == 304
    monkeypatch.setattr(tags, "RELEASE", b"another")
    assert get(visitor, known).status_code == 200


def test_tags_are_compared_as_a_whole() -> None:
    assert is_known(b'"ab"', b'W/"x" , W/"ab"')
    assert not is_known(b'"ab"', b'"a", "b", ab')

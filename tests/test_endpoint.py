"""The GraphQL endpoint keeps GraphQL over HTTP, and answers whatever it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from graph.civic import CIVIC
from graph.errors import Unavailable
from graph.stores import open_store
from schema.answers import Answer
from schema.api import API
from server.app import create_app
from server.graphql import MAX_BODY, preferred
from server.responses import GRAPHQL, JSON
from tests.visitor import Visitor, visiting

TYPENAME = {"data": {"__typename": "Query"}}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def visitor(example_url: str) -> Iterator[Visitor]:
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        yield visitor


def code(body: object) -> str:
    assert isinstance(body, dict)
    assert list(body) == ["errors"]
    return str(body["errors"][0]["extensions"]["code"])


def test_a_query_is_answered(visitor: Visitor) -> None:
    query = "query Q($id: ID!) { borough(id: $id) { name } } query R { __typename }"
    request = {"query": query, "variables": {"id": "borough:E09000012"}, "operationName": "Q", "extensions": {}}
    response = visitor.post("/graphql", json=request)
    assert (response.status_code, response.json()) == (200, {"data": {"borough": {"name": "Hackney"}}})
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_get_asks_by_parameters(visitor: Visitor) -> None:
    parameters = {
        "query": "query Q($id: ID!) { borough(id: $id) { name } }",
        "variables": '{"id": "borough:E09000012"}',
    }
    assert visitor.get("/graphql", params=parameters).json() == {"data": {"borough": {"name": "Hackney"}}}


def test_null_and_unknown_fields_are_passed_over(visitor: Visitor) -> None:
    request = {"query": "{__typename}", "variables": None, "operationName": None, "extensions": None, "x": 1}
    assert visitor.post("/graphql", json=request).json() == TYPENAME


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/plain", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, application/json; charset=utf-8", GRAPHQL),
        (f"application/json, {GRAPHQL}", GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.9", JSON),
        (f"{GRAPHQL};q=0", JSON),
        (f"{GRAPHQL};q=high", JSON),
        (GRAPHQL.upper(), GRAPHQL),
    ],
)
def test_the_media_type_is_the_one_liked_best(accept: str, media: str) -> None:
    assert preferred(accept.encode()) == media


@pytest.mark.parametrize("query", ["{", "{ unknown }", "query($v: Int!) { boroughs(first: $v) { totalCount } }"])
def test_an_error_in_the_document_is_400_only_in_graphqls_own_media_type(visitor: Visitor, query: str) -> None:
    own = visitor.post("/graphql", json={"query": query}, headers={"accept": GRAPHQL})
    plain = visitor.post("/graphql", json={"query": query}, headers={"accept": JSON})
    assert (own.status_code, plain.status_code) == (400, 200)
    for response in (own, plain):
        assert response.json()["errors"][0]["extensions"].pop("requestId") == response.headers["x-request-id"]
    assert own.json()["errors"][0]["message"] == plain.json()["errors"][0]["message"]
    assert code(own.json()) in ("PARSE_FAILED", "VALIDATION_FAILED", "BAD_INPUT")


MALFORMED = {
    "empty": b"",
    "no JSON": b"{",
    "two values": b'{"query": "{__typename}"} {}',
    "null": b"null",
    "number": b"1",
    "batch": b'[{"query": "{__typename}"}]',
    "no query": b'{"variables": {}}',
    "query null": b'{"query": null}',
    "query number": b'{"query": 1}',
    "query object": b'{"query": {}}',
    "variables array": b'{"query": "{__typename}", "variables": []}',
    "variables text": b'{"query": "{__typename}", "variables": "{}"}',
    "operation number": b'{"query": "{__typename}", "operationName": 1}',
    "extensions text": b'{"query": "{__typename}", "extensions": ""}',
    "byte order mark": b'\xef\xbb\xbf{"query": "{__typename}"}',
    "UTF-16": '{"query": "{__typename}"}'.encode("utf-16"),
    "not UTF-8": b'{"query": "{__typename}\xff"}',
    "not UTF-8 where nobody looks": b'{"query": "{__typename}", "x": "\xff"}',
    "half a surrogate pair": b'{"query": "{__typename}", "variables": {"a": "\\ud800"}}',
    "nested deeply": b'{"query": "{__typename}", "variables": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "nested where nobody looks": b'{"query": "{__typename}", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "huge integer": b'{"query": "{__typename}", "variables": {"a": ' + b"9" * 5_000 + b"}}",
    "NaN": b'{"query": "{__typename}", "variables": {"a": NaN}}',
    "infinity": b'{"query": "{__typename}", "variables": {"a": 1e999}}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_what_is_no_request_is_a_bad_request(visitor: Visitor, body: bytes, accept: str) -> None:
    headers = {"content-type": JSON, "accept": accept}
    response = visitor.post("/graphql", content=body, headers=headers)
    assert (response.status_code, code(response.json())) == (400, "BAD_REQUEST")
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "query=",
        "variables={}",
        "query={__typename}&variables=[]",
        "query={__typename}&variables={",
        "query={__typename}&extensions=1",
        "query=%ff",
        "query={__typename}&" + "&".join(f"a{i}=1" for i in range(200)),
        f"query={{__typename}}&variables={'[' * 5000}",
    ],
)
def test_a_get_that_is_no_request_is_a_bad_request(visitor: Visitor, parameters: str) -> None:
    response = visitor.get(f"/graphql?{parameters}")
    assert (response.status_code, code(response.json())) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": ""},
        {"content-type": JSON, "content-encoding": "gzip"},
    ],
)
def test_a_body_of_another_type_is_not_read(visitor: Visitor, headers: dict[str, str]) -> None:
    response = visitor.post("/graphql", content=b'{"query": "{__typename}"}', headers=headers)
    assert (response.status_code, code(response.json())) == (415, "BAD_REQUEST")


def test_what_cannot_be_read_is_named(visitor: Visitor) -> None:
    headers = {"content-type": "application/json; charset=utf-16"}
    body = visitor.post("/graphql", content=b"{}", headers=headers).json()
    assert body["errors"][0]["message"].startswith("the body is 'application/json; charset=utf-16'; expected")
    body = visitor.get("/graphql?query={__typename}&extensions={}&variables={1").json()
    assert body["errors"][0]["message"].startswith("variables in the address is not JSON: ")


@pytest.mark.parametrize(
    "media", ["application/json", "Application/JSON; Charset=UTF-8", 'application/json;charset="utf-8"']
)
def test_json_in_utf8_is_read_however_it_is_called(visitor: Visitor, media: str) -> None:
    headers = {"content-type": media, "content-encoding": "identity"}
    assert visitor.post("/graphql", content=b'{"query": "{__typename}"}', headers=headers).json() == TYPENAME


def test_a_body_that_says_it_is_too_long_is_not_read(visitor: Visitor) -> None:
    headers = {"content-type": JSON, "content-length": str(MAX_BODY + 1)}
    response = visitor.post("/graphql", content=b"{}", headers=headers)
    assert (response.status_code, code(response.json())) == (413, "TOO_LARGE")


def test_a_body_that_goes_on_is_not_read_on(visitor: Visitor) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1_000):
            read += 100_000
            yield b" " * 100_000

    response = visitor.post("/graphql", content=endless(), headers={"content-type": JSON})
    assert (response.status_code, code(response.json())) == (413, "TOO_LARGE")
    assert read <= MAX_BODY + 200_000


def test_a_body_of_just_that_length_is_read(visitor: Visitor) -> None:
    body = b'{"query": "{__typename}"}'.ljust(MAX_BODY)
    assert visitor.post("/graphql", content=body, headers={"content-type": JSON}).json() == TYPENAME


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_refused(visitor: Visitor, method: str) -> None:
    response = visitor.request(method, "/graphql")
    assert (response.status_code, code(response.json())) == (405, "BAD_REQUEST")
    assert response.headers["allow"] == "GET, HEAD, POST"


def test_a_browser_gets_the_page_also_with_a_query(visitor: Visitor) -> None:
    for address in ("/graphql", "/graphql?query={__typename}"):
        response = visitor.get(address, headers={"accept": BROWSER})
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["vary"] == "accept, accept-encoding, authorization"
        assert "<textarea" in response.text


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
def test_a_store_that_fails_keeps_its_status(visitor: Visitor, monkeypatch: pytest.MonkeyPatch, accept: str) -> None:
    async def unavailable(self: API, *arguments: object) -> Answer:
        raise Unavailable("the store does not answer")

    monkeypatch.setattr(API, "answer", unavailable)
    response = visitor.post("/graphql", json={"query": "{__typename}"}, headers={"accept": accept})
    assert (response.status_code, code(response.json())) == (503, "UNAVAILABLE")

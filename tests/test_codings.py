"""Codings: who takes answers in fewer bytes gets them so, as it likes best."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from threading import get_ident
from typing import Any

import httpx
import pytest
from zstandard import ZstdDecompressor

from graph import changes
from graph.civic import CIVIC
from graph.stores import open_store
from graph.stores.sqlite import SQLiteStore
from server.app import create_app
from server.codings import CODERS, LARGE, LEAST, chosen, shorter
from tests.test_journal import lines
from tests.visitor import Visitor, visiting
from tests.world import Said, World, node

LONG = {"query": "{ boroughs(first: 33) { nodes { name population gssCode } } }"}
SHORT = {"query": "{ boroughs { totalCount } }"}


@pytest.fixture(scope="module")
def visitor(example_url: str) -> Iterator[Visitor]:
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        yield visitor


def raw(visitor: Visitor, method: str, url: str, accept: str, **options: Any) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it was sent."""

    async def ask() -> tuple[httpx.Response, bytes]:
        headers = {**options.pop("headers", {}), "accept-encoding": accept}
        async with visitor.client.stream(method, url, headers=headers, **options) as response:
            return response, b"".join([part async for part in response.aiter_raw()])

    return visitor.call(ask)


def decoded(response: httpx.Response, body: bytes) -> bytes:
    match response.headers.get("content-encoding"):
        case "gzip":
            return gzip.decompress(body)
        case "zstd":
            return ZstdDecompressor().decompress(body)
        case _:
            return body


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", None),
        ("identity", None),
        ("br, deflate", None),
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("*", "gzip"),
        ("br, *;q=0.1", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("zstd, gzip", "gzip"),
        ("gzip;q=0.5, zstd;q=0.9", "zstd"),
        ("gzip;q=0, zstd", "zstd"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("gzip;q=0, *", None),
        ("gzip;q=0.5, identity", None),
        ("identity;q=0.1, gzip;q=0.2", "gzip"),
        ("gzip;q=high", None),
        ("gzip;q=nan, zstd;q=inf", None),
        ("xgzip, zstdx", None),
    ],
)
def test_the_coding_is_the_one_liked_best(accept: str, coding: str | None) -> None:
    assert chosen(accept.encode()) == coding


@pytest.mark.parametrize("accept", ["gzip", "zstd", "identity"])
def test_an_answer_is_the_same_in_every_coding(visitor: Visitor, accept: str) -> None:
    plain, body = raw(visitor, "POST", "/graphql", "identity", json=LONG)
    assert "content-encoding" not in plain.headers
    assert len(body) > LEAST
    for _ in range(3):  # made, coded when it is kept, and kept as it is coded
        response, sent = raw(visitor, "POST", "/graphql", accept, json=LONG)
        assert response.headers.get("content-encoding", "identity") == accept
        assert response.headers["content-length"] == str(len(sent))
        assert decoded(response, sent) == body
        assert len(sent) == len(body) if accept == "identity" else len(sent) < len(body) / 2


def test_short_bodies_are_sent_as_they_are(visitor: Visitor) -> None:
    for request in (SHORT, {"query": "{"}):
        response, body = raw(visitor, "POST", "/graphql", "gzip, zstd", json=request)
        assert len(body) < LEAST
        assert "content-encoding" not in response.headers


@pytest.mark.parametrize("url", ["/", "/graphql", "/schema.graphql", "/static/query.js", "/metrics"])
def test_pages_and_files_are_coded_too(visitor: Visitor, url: str) -> None:
    accept = {"headers": {"accept": "text/html"}}
    plain = raw(visitor, "GET", url, "identity", **accept)[1]
    response, body = raw(visitor, "GET", url, "gzip", **accept)
    assert response.headers["content-encoding"] == "gzip"
    assert len(body) < len(plain)
    if url != "/metrics":
        assert decoded(response, body) == plain


def test_a_range_of_a_file_is_sent_as_it_is(visitor: Visitor) -> None:
    whole = raw(visitor, "GET", "/static/query.js", "identity")[1]
    response, body = raw(visitor, "GET", "/static/query.js", "gzip", headers={"range": f"bytes=1-{LEAST + 1}"})
    assert (response.status_code, body) == (206, whole[1 : LEAST + 2])
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("accept", ["identity", "gzip"])
@pytest.mark.parametrize("url", ["/", "/graphql", "/schema.graphql"])
def test_answers_say_that_others_may_get_them_otherwise(visitor: Visitor, url: str, accept: str) -> None:
    response, _ = raw(visitor, "GET", url, accept, params=LONG if url == "/graphql" else {})
    assert "accept-encoding" in response.headers["vary"]


def test_a_coded_answer_has_a_weak_tag_that_is_known_in_every_coding(visitor: Visitor) -> None:
    for url, params in (("/graphql", LONG), ("/schema.graphql", {}), ("/static/query.js", {})):
        tag = raw(visitor, "GET", url, "identity", params=params)[0].headers["etag"]
        for accept in ("gzip", "zstd"):
            weak = raw(visitor, "GET", url, accept, params=params)[0].headers["etag"]
            assert weak == f"W/{tag}"
            again, body = raw(visitor, "GET", url, accept, params=params, headers={"if-none-match": weak})
            assert (again.status_code, body) == (304, b"")
            assert "content-encoding" not in again.headers


def test_the_log_has_the_bytes_that_were_sent(
    visitor: Visitor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs.log.level", 0)
    _, body = raw(visitor, "POST", "/graphql", "gzip", json=LONG)
    (line,) = [line for line in lines(capsys) if line["path"] == "/graphql"]
    assert line["bytes"] == len(body)


def test_what_is_kept_is_coded_once_and_anew_after_a_load(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store, coded = SQLiteStore(str(tmp_path / "graph.db"), CIVIC), []
    monkeypatch.setitem(CODERS, "gzip", lambda body: coded.append(1) or gzip.compress(body))
    with visiting(create_app(store)) as visitor:
        for number in (60, 70):
            boroughs = [node(f"borough:{n}", f"Borough {n}", gssCode=f"E{n}") for n in range(number)]
            changes.load(store, World((Said("source:sheet", {"Borough": boroughs}),)))
            request = {"query": "{ boroughs(first: 100) { nodes { name } } }"}
            for _ in range(5):
                response, body = raw(visitor, "POST", "/graphql", "gzip", json=request)
                assert decoded(response, body).count(b"Borough") == number
    assert len(coded) == 4, "as it was made, and as it was kept"


@pytest.mark.parametrize(("length", "beside"), [(LARGE - 1, False), (LARGE, True)])
def test_what_takes_long_to_code_is_coded_beside_other_requests(
    length: int, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CODERS, "gzip", lambda body: str(get_ident()).encode())
    assert (asyncio.run(shorter(b"x" * length, "gzip")) != str(get_ident()).encode()) is beside

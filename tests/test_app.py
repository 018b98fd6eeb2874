"""The application: its pages, its health, and what becomes of the unexpected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import Conflict, Unavailable
from graph.roles import Role, seen_by
from graph.stores import open_store
from graph.stores.sqlite import SQLiteStore
from schema.api import API
from schema.types import sdl
from server import health
from server.app import LOCAL, application, create_app
from server.examples import EXAMPLES, FIRST, Example
from server.settings import Settings
from tests.visitor import Visitor, visiting
from tests.world import Said, World, node


@pytest.fixture(scope="module")
def visitor(example_url: str) -> Iterator[Visitor]:
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        yield visitor


@pytest.fixture
def store(tmp_path: Path) -> SQLiteStore:
    return SQLiteStore(str(tmp_path / "graph.db"), CIVIC)


def said(*sources: dict[str, str]) -> World:
    rows = [node(f"source:{number:03}", **source) for number, source in enumerate(sources)]
    return World((Said("source:000", {"Source": rows}),))


# Pages


def test_the_start_page_says_what_is_in_the_graph(visitor: Visitor) -> None:
    page = unescape(visitor.get("/").text)
    assert "Version 1" in page
    assert "33 boroughs" in page
    assert "1 outcome<" in page
    assert "students<" not in page
    assert FIRST in page


def test_the_start_page_prints_every_attribution_word_for_word(visitor: Visitor) -> None:
    page = unescape(visitor.get("/").text)
    query = "{ sources(first: 100) { nodes { name attribution licence } } }"
    sources = visitor.post("/graphql", json={"query": query}).json()["data"]["sources"]["nodes"]
    assert len(sources) > 10
    for source in sources:
        assert source["name"] in page
        assert (source["licence"] or "") in page
        assert (source["attribution"] or "") in page


def test_an_empty_graph_says_how_to_fill_it(store: SQLiteStore) -> None:
    with visiting(create_app(store)) as visitor:
        assert "civic-graph load example" in visitor.get("/").text


def test_more_sources_than_a_page_are_all_there(store: SQLiteStore) -> None:
    changes.load(store, said(*({"name": f"Source {number}"} for number in range(250))))
    with visiting(create_app(store)) as visitor:
        page = visitor.get("/").text
    assert all(f"Source {number} " in page or f"Source {number}<" in page for number in range(250))


def test_what_a_source_says_of_itself_stays_text(store: SQLiteStore) -> None:
    wicked = {"name": "<script>alert(1)</script>", "url": "javascript:alert(1)", "attribution": '"><img src=x>'}
    linked = {"name": "Linked", "url": 'https://example.org/?a=1&b="'}
    changes.load(store, said(wicked, linked))
    with visiting(create_app(store)) as visitor:
        page = visitor.get("/").text
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page
    assert '<a href="https://example.org/?a=1&amp;b=&quot;">Linked</a>' in page


def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(visitor: Visitor) -> None:
    for address in ("/", "/graphql"):
        response = visitor.get(address, headers={"accept": "text/html"})
        assert response.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        loaded = re.findall(r"<(?:script|link|img)[^>]*?(?:src|href)=\"([^\"]+)\"", response.text)
        assert loaded
        assert all(visitor.get(f"/{source}").status_code == 200 for source in loaded)
        assert not re.search(r"<style|<script(?![^>]*src=)|\son\w+=|\sstyle=", response.text)


def test_every_control_of_the_query_page_has_a_label(visitor: Visitor) -> None:
    page = visitor.get("/graphql", headers={"accept": "text/html"}).text
    controls = re.findall(r"<(?:textarea|select|input) id=\"(\w+)\"", page)
    assert controls == ["examples", "token", "explain", "query", "variables"]
    assert all(f'<label for="{control}">' in page for control in controls)


def test_the_script_finds_every_element_it_asks_for(visitor: Visitor) -> None:
    page = visitor.get("/graphql", headers={"accept": "text/html"}).text
    script = visitor.get("/static/query.js").text
    named = re.findall(r'"([\w-]+)"(?=[,\]])', "".join(re.findall(r"= \[.*\]\.map\(at\)", script)))
    assert len(named) == 11
    assert all(f'id="{name}"' in page for name in named)


def test_the_menu_holds_the_examples(visitor: Visitor) -> None:
    page = visitor.get("/graphql", headers={"accept": "text/html"}).text
    assert [unescape(query) for query in re.findall(r'data-query="([^"]*)"', page)] == [e.query for e in EXAMPLES]


@pytest.mark.parametrize("example", [Example("FIRST", FIRST), *EXAMPLES], ids=lambda e: e.title)
def test_every_example_is_answered_with_something(visitor: Visitor, example: Example) -> None:
    request = {"query": example.query, "variables": json.loads(example.variables or "null")}
    answer = visitor.post("/graphql", json=request).json()
    assert "errors" not in answer
    assert '"name"' in json.dumps(answer)


def test_the_schema_is_served_as_text(visitor: Visitor) -> None:
    response = visitor.get("/schema.graphql")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.text == sdl(seen_by(Role.PUBLIC, CIVIC))


# Health


def test_a_verified_graph_is_ready(visitor: Visitor) -> None:
    assert visitor.get("/healthz").json() == {"status": "alive"}
    state = verified(visitor)
    assert (state["ready"], state["version"], state["verified"]) == (True, 1, "yes")


def test_a_damaged_graph_is_not_ready(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQLiteStore, "verify", lambda self: False)
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        assert verified(visitor)["ready"] is False
        assert visitor.get("/readyz").status_code == 503
        assert visitor.get("/healthz").status_code == 200


def test_a_store_that_does_not_answer_is_not_ready(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: SQLiteStore) -> None:
        raise Unavailable("the disk is gone")

    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        monkeypatch.setattr(SQLiteStore, "head", fail)
        response = visitor.get("/readyz")
    assert (response.status_code, response.json()["error"]) == (503, "the disk is gone")


def test_a_graph_that_cannot_be_verified_now_is_not_taken_for_damaged(
    example_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: SQLiteStore) -> bool:
        raise Conflict("the graph is being written by process 1")

    monkeypatch.setattr(SQLiteStore, "verify", fail)
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        while "graph not verified" not in capsys.readouterr().err:
            assert visitor.get("/readyz").json()["verified"] == "pending"
        assert visitor.get("/readyz").status_code == 200
        monkeypatch.undo()
        assert visitor.get("/readyz").json()["verified"] == "pending"
        monkeypatch.setattr(health, "AGAIN", 0)
        assert verified(visitor)["verified"] == "yes"


def verified(visitor: Visitor) -> dict[str, object]:
    """The state of the server once the graph has been verified."""
    while (state := visitor.get("/readyz").json())["verified"] == "pending":
        pass
    return dict(state)


def test_the_end_closes_the_store(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(store, "close", lambda: closed.append(True))
    with visiting(create_app(store)):
        assert closed == []
    assert closed == [True]


# The unexpected


def test_the_unexpected_is_logged_and_not_told(
    example_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fail(self: API, *arguments: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(API, "answer", fail)
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        responses = [visitor.post("/graphql", json={"query": "{__typename}"}), visitor.get("/")]
    for response in responses:
        assert response.status_code == 500
        assert [error["extensions"]["code"] for error in response.json()["errors"]] == ["INTERNAL"]
        assert not re.search("secret|Zero|Traceback", response.text)
        assert response.headers["x-content-type-options"] == "nosniff"
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    lines = [line for line in lines if line["event"] == "request failed"]
    assert [line["request"] for line in lines] == [response.headers["x-request-id"] for response in responses]
    assert [(line["event"], line["path"]) for line in lines] == [("request failed", path) for path in ("/graphql", "/")]
    assert all("ZeroDivisionError: secret" in line["exception"] for line in lines)


TAGGED = ("/schema.graphql", "/static/style.css")


@pytest.mark.parametrize("address", ["/", "/graphql", "/schema.graphql", "/healthz", "/static/style.css", "/nowhere"])
def test_no_answer_goes_without_these_headers(visitor: Visitor, address: str) -> None:
    headers = visitor.get(address).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("private, no-cache" if address in TAGGED else "no-store")
    assert ("etag" in headers) is (address in TAGGED)
    assert headers["server"] == ""


def test_nobody_is_led_to_the_host_that_they_name(visitor: Visitor) -> None:
    for path in ("/graphql/", "/healthz/", "/schema.graphql/"):
        assert visitor.get(path, headers={"host": "attacker.example"}).status_code == 404


def test_nothing_beside_the_static_files_is_served(visitor: Visitor) -> None:
    for path in ("static/", "static/../app.py", "static/%2e%2e/app.py", "templates/start.html"):
        assert visitor.get(f"/{path}").status_code == 404


def test_an_asgi_server_can_make_the_application_itself(example_url: str) -> None:
    with visiting(application(Settings(store=example_url))) as visitor:
        assert visitor.get("/readyz").json()["version"] == 1


def test_only_requests_for_this_machine_are_answered_where_it_serves_this_machine(example_url: str) -> None:
    app = create_app(open_store(example_url, CIVIC), hosts=LOCAL)
    with visiting(app) as visitor:
        assert visitor.get("/healthz", headers={"host": "attacker.example"}).status_code == 400
        both = [("host", "attacker.example"), ("host", "localhost")]
        assert visitor.get("/healthz", headers=both).status_code == 400
        for host in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
            assert visitor.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("anonymous", [Role.PUBLIC, Role.STEWARD])
@pytest.mark.parametrize(("host", "called"), [("127.0.0.2", "127.0.0.2:8000"), ("::1", "[::1]:8000")])
def test_it_answers_to_the_name_that_it_was_told_to_listen_at(
    example_url: str, host: str, called: str, anonymous: Role
) -> None:
    with visiting(application(Settings(store=example_url, host=host, anonymous=anonymous))) as visitor:
        assert visitor.get("/healthz", headers={"host": called}).status_code == 200
        assert visitor.get("/healthz", headers={"host": "attacker.example"}).status_code == 400


def test_a_server_for_other_machines_answers_to_any_name_as_public(example_url: str) -> None:
    with visiting(application(Settings(store=example_url, host="192.0.2.1"))) as visitor:
        assert visitor.get("/healthz", headers={"host": "civic.example"}).status_code == 200


def test_what_fails_beside_the_first_requests_is_logged_and_ends_nothing_else(
    example_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(store: object) -> None:
        raise RuntimeError("the terminal is gone")

    app = create_app(open_store(example_url, CIVIC), fail)
    with visiting(app) as visitor:
        assert verified(visitor)["ready"] is True
        asked = visitor.post("/graphql", json={"query": "{ boroughs { totalCount } }"})
        assert asked.json() == {"data": {"boroughs": {"totalCount": 33}}}
    assert "the terminal is gone" in capsys.readouterr().err

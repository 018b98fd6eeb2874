"""Pages of other sites: those that may ask, and those that come with a cookie of whoever looks at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from graph.civic import CIVIC
from graph.errors import BadInput
from graph.stores import open_store
from server.app import application, create_app
from server.cli import main
from server.settings import Settings, from_environment
from tests.visitor import Visitor, visiting

FRIEND, STRANGER = "https://map.example", "https://stranger.example"
ASK = {"query": "{ __typename }"}
PREFLIGHT = {"access-control-request-method": "POST"}


@pytest.fixture(scope="module")
def visitor(example_url: str) -> Iterator[Visitor]:
    """Comes to a server that lets the pages of a friend ask."""
    with visiting(application(Settings(store=example_url, origins=(FRIEND,)))) as visitor:
        yield visitor


# Who may read


def test_a_page_of_an_allowed_origin_may_send_and_read_what_it_needs(visitor: Visitor) -> None:
    asked = {
        "origin": FRIEND,
        **PREFLIGHT,
        "access-control-request-headers": "authorization,content-type,if-none-match,x-request-id",
    }
    response = visitor.request("OPTIONS", "/graphql", headers=asked)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == FRIEND
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["server"] == ""
    response = visitor.post("/graphql", json=ASK, headers={"origin": FRIEND, "x-request-id": "mine"})
    assert response.json() == {"data": {"__typename": "Query"}}
    assert response.headers["access-control-allow-origin"] == FRIEND
    assert response.headers["access-control-expose-headers"] == "etag, retry-after, x-request-id"
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("headers", [{"authorization": "Bearer wrong"}, {"cookie": "a=1", "authorization": "Basic x"}])
def test_it_may_read_refusals_too(visitor: Visitor, headers: dict[str, str]) -> None:
    response = visitor.post("/graphql", json=ASK, headers={"origin": FRIEND, **headers})
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (401, FRIEND)


@pytest.mark.parametrize(
    "asked",
    [
        {"origin": STRANGER, **PREFLIGHT},
        {"origin": "null", **PREFLIGHT},
        {"origin": FRIEND, "access-control-request-method": "DELETE"},
        {"origin": FRIEND, **PREFLIGHT, "access-control-request-headers": "x-secret"},
    ],
)
def test_nothing_else_may_be_sent(visitor: Visitor, asked: dict[str, str]) -> None:
    assert visitor.request("OPTIONS", "/graphql", headers=asked).status_code == 400


def test_a_page_of_another_origin_reads_nothing(visitor: Visitor) -> None:
    response = visitor.post("/graphql", json=ASK, headers={"origin": STRANGER})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_where_no_origin_is_set_none_is_allowed(example_url: str) -> None:
    with visiting(create_app(open_store(example_url, CIVIC))) as visitor:
        refused = visitor.request("OPTIONS", "/graphql", headers={"origin": FRIEND, **PREFLIGHT})
        assert (refused.status_code, "CIVIC_GRAPH_ORIGINS" in refused.text) == (405, True)
        response = visitor.post("/graphql", json=ASK, headers={"origin": FRIEND})
        assert not [name for name in response.headers if name.startswith("access-control-")]


# Cookies

LINK = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
FOREIGN = {
    "its site": {"sec-fetch-site": "cross-site"},
    "a sister site": {"sec-fetch-site": "same-site"},
    "its origin": {"origin": STRANGER},
    "no origin that can be told": {"origin": "null"},
    "another port": {"origin": "http://localhost:3000"},
    "both": {"origin": STRANGER, "sec-fetch-site": "cross-site"},
    "a frame": {**LINK, "sec-fetch-dest": "iframe"},
    "an object": {**LINK, "sec-fetch-dest": "object"},
}
OURS = {
    "no page": {},
    "our page": {"origin": "http://localhost", "sec-fetch-site": "same-origin"},
    "our page by another name": {"origin": "https://graph.example", "sec-fetch-site": "same-origin"},
    "our page in an old browser": {"origin": "http://localhost"},
    "somebody who types": {"sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    "a friend": {"origin": FRIEND, "sec-fetch-site": "cross-site"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize(("method", "address"), [("POST", "/graphql"), ("GET", "/graphql?query={__typename}")])
def test_another_site_with_a_cookie_is_refused(
    visitor: Visitor, headers: dict[str, str], method: str, address: str
) -> None:
    body = ASK if method == "POST" else None
    response = visitor.request(method, address, json=body, headers={**headers, "cookie": "session=1"})
    assert response.status_code == 403
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert visitor.request(method, address, json=body, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", OURS.values(), ids=OURS)
def test_a_cookie_from_nowhere_else_is_passed_over(visitor: Visitor, headers: dict[str, str]) -> None:
    response = visitor.post("/graphql", json=ASK, headers={**headers, "cookie": "session=1"})
    assert response.json() == {"data": {"__typename": "Query"}}


def test_a_link_from_another_site_leads_here_and_a_form_does_not(visitor: Visitor) -> None:
    headers = {**LINK, "accept": "text/html", "cookie": "session=1"}
    assert visitor.get("/", headers=headers).status_code == 200
    assert visitor.get("/graphql", headers=headers).status_code == 200
    assert visitor.post("/graphql", json=ASK, headers=headers).status_code == 403


# The setting


def test_origins_are_given_separated_by_commas() -> None:
    given = {"CIVIC_GRAPH_ORIGINS": "https://map.example, http://localhost:3000,http://[::1]:80"}
    expected = ("https://map.example", "http://localhost:3000", "http://[::1]:80")
    assert from_environment(given).origins == expected


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "map.example",
        "https://map.example/",
        "https://Map.example",
        "https://*.example",
        "null",
        ",",
        "https://a b",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match=r"CIVIC_GRAPH_ORIGINS is .*expected origins as in"):
        from_environment({"CIVIC_GRAPH_ORIGINS": wrong})
    result = CliRunner().invoke(main, ["serve", "--origins", wrong])
    assert result.exit_code == 1
    said = [
        line for line in result.stderr.splitlines() if not line.startswith("{")
    ]  # the visitor's server may log there
    assert said[0].startswith(f"Error: --origins is {wrong!r}; expected origins as in https://example.org")

"""The pages in a real browser: what a person sees, nothing loaded from elsewhere, nothing the policy blocks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from graph.roles import Role
from server.tokens import Tokens
from tests.test_serve import address, start, wait, welcome

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM and not os.environ.get("CI"):
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return Tokens(tmp_path_factory.mktemp("tokens") / "tokens")


@pytest.fixture(scope="module")
def site(example_url: str, tokens: Tokens) -> Iterator[str]:
    process = start(example_url, "--tokens", str(tokens.path))
    url = address(welcome(process))
    wait(url)
    yield url
    process.kill()
    process.communicate()


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """A page that must not complain, nor ask any other host."""
    opened = browser.new_page(base_url=site)
    said: list[str] = []
    elsewhere: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("request", lambda request: request.url.startswith(site) or elsewhere.append(request.url))
    yield opened
    opened.close()
    assert said == []
    assert elsewhere == []


def test_the_start_page_shows_the_graph_and_leads_to_the_query_page(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("33 boroughs")).to_be_visible()
    expect(page.get_by_text("Crown copyright").first).to_be_visible()
    page.get_by_role("link", name="Ask a question").click()
    expect(page).to_have_title("Query · Civic Graph")


def test_a_query_runs_by_button_and_by_key(page: Page) -> None:
    page.goto("/graphql")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#result")).to_contain_text('"Croydon"')
    page.get_by_label("Query").fill("{ challenges { totalCount } }")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#result")).to_contain_text('"totalCount": 6')


def test_an_example_takes_its_variables(page: Page) -> None:
    page.goto("/graphql")
    page.get_by_label("Example").select_option("Partners based in a borough")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#result")).to_contain_text('"Hackney Council"')


def test_who_gives_a_token_sees_more(page: Page, tokens: Tokens) -> None:
    page.goto("/graphql")
    page.get_by_text("Schema as text").click()
    expect(page.get_by_label("Schema", exact=True)).to_contain_text("type Borough implements Entity & Node")
    expect(page.get_by_label("Schema", exact=True)).not_to_contain_text("type Champion implements Entity & Node")
    page.get_by_label("Token").fill(tokens.create(Role.STEWARD, timedelta(days=1), "")[1])
    page.get_by_label("Query").fill("{ champions { totalCount } }")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#result")).to_contain_text('"totalCount": 0')
    expect(page.get_by_label("Schema", exact=True)).to_contain_text("type Champion implements Entity & Node")
    assert page.url.endswith("/graphql")


def test_an_error_is_shown_as_the_server_says_it(page: Page) -> None:
    page.goto("/graphql")
    page.get_by_label("Variables (JSON)").fill("{")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("status")).to_have_text("The variables are no JSON")


def test_a_steward_has_an_answer_explained(page: Page, tokens: Tokens) -> None:
    page.goto("/graphql")
    page.get_by_label("Token").fill(tokens.create(Role.STEWARD, timedelta(days=1), "")[1])
    page.get_by_label("Query").fill('{ path(from: "borough:E09000012", to: "challenge:crime") { relation } }')
    page.get_by_label("Explain").check()
    page.get_by_role("button", name="Run").click()
    explained = page.get_by_role("region", name="Explanation")
    expect(explained).to_contain_text("rows shown of")
    expect(explained.get_by_label("Plan")).to_contain_text("path: if p2\n  rows of p2")
    expect(explained.get_by_label("Statement").last).to_contain_text("SELECT CAST(concat('{\"path\":'")
    expect(explained).to_contain_text("p0: text, p1: text, p2: list of")
    expect(explained.get_by_label("What the store does for it").first).to_contain_text("SEARCH")
    expect(page.locator("#result")).to_contain_text('"path"')
    expect(page.locator("#result")).not_to_contain_text("extensions")
    page.get_by_label("Explain").uncheck()
    page.get_by_role("button", name="Run").click()
    expect(explained).to_be_hidden()


def test_others_are_told_that_explanations_are_for_stewards(browser: Browser, site: str) -> None:
    page = browser.new_page(base_url=site)  # which may complain, as Chromium does of every answer of 403
    page.goto("/graphql")
    page.get_by_label("Explain").check()
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#result")).to_contain_text("public may not have answers explained")
    expect(page.get_by_role("status")).to_contain_text("Refused")
    expect(page.get_by_role("region", name="Explanation")).to_be_hidden()
    page.close()


def test_the_schema_opens_below(page: Page) -> None:
    page.goto("/graphql")
    page.get_by_text("Schema as text").click()
    expect(page.get_by_label("Schema", exact=True)).to_contain_text("type Borough implements Entity & Node")


# Pages of other sites

READ = """async site => {
  const headers = {"content-type": "application/json", "x-request-id": "from-elsewhere"};
  const body = JSON.stringify({query: "{ boroughs { totalCount } }"});
  const response = await fetch(site + "/graphql", {method: "POST", headers, body});
  return [await response.json(), response.headers.get("x-request-id")];
}"""
BRING = """site => fetch(site + "/graphql?query={__typename}", {credentials: "include", mode: "no-cors"})"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where another site is, an origin by the name of this machine and another by its number."""
    folder: Path = tmp_path_factory.mktemp("elsewhere")
    (folder / "index.html").write_text("<!doctype html><link rel=icon href=data:,><title>Elsewhere</title>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def friendly(example_url: str, port: int) -> Iterator[str]:
    """A server that lets the origin with a name ask."""
    process = start(example_url, "--origins", f"http://localhost:{port}")
    url = address(welcome(process))
    wait(url)
    yield url
    process.kill()
    process.communicate()


def test_a_page_of_an_allowed_origin_reads_what_it_asks_for(browser: Browser, friendly: str, port: int) -> None:
    with browser.new_page() as page:
        page.goto(f"http://localhost:{port}/")
        assert page.evaluate(READ, friendly) == [{"data": {"boroughs": {"totalCount": 33}}}, "from-elsewhere"]


def test_a_page_of_another_origin_reads_nothing_and_brings_no_cookie(
    browser: Browser, friendly: str, port: int
) -> None:
    with browser.new_page() as page:
        page.context.add_cookies([{"name": "session", "value": "1", "url": friendly}])
        page.goto(f"http://127.0.0.1:{port}/")
        assert page.evaluate(f"site => ({READ})(site).catch(error => error.name)", friendly) == "TypeError"
        answers: list[Response] = []
        page.on("response", lambda answer: answers.append(answer))
        page.evaluate(BRING, friendly)
        page.goto(friendly)
        assert [(answer.url.removeprefix(friendly)[:8], answer.status) for answer in answers[:2]] == [
            ("/graphql", 403),
            ("/", 200),
        ]

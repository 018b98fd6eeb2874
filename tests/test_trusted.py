"""Trusted documents are asked for by id, and where a server is told so, no others are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from graph.civic import CIVIC
from graph.roles import Role
from graph.stores import open_store
from schema.api import API
from schema.trusted import Documents, trusted
from server.app import create_app
from server.callers import Callers
from server.cli import main
from server.operations import known
from tests.visitor import Visitor, visiting

TEXT = "# Which borough is it?\nquery Which($id: ID!) { borough(id: $id) { name } }\n"
WHICH = trusted(TEXT, {"id": "borough:E09000012"})
HACKNEY = {"id": "borough:E09000012"}
ANSWER = {"data": {"borough": {"name": "Hackney"}}}
GRAPHQL = {"accept": "application/graphql-response+json"}


@pytest.fixture(scope="module", params=[False, True], ids=["open", "trusted only"])
def either(request: pytest.FixtureRequest, example_url: str) -> Iterator[Visitor]:
    documents = Documents([WHICH], only=request.param)
    with visiting(create_app(open_store(example_url, CIVIC), documents=documents)) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def strict(example_url: str) -> Iterator[Visitor]:
    with visiting(create_app(open_store(example_url, CIVIC), documents=Documents([WHICH], only=True))) as visitor:
        yield visitor


def ask(visitor: Visitor, **request: Any) -> tuple[int, Any]:
    response = visitor.post("/graphql", json=request, headers=GRAPHQL)
    return response.status_code, response.json()


def code(answer: Any) -> str:
    (error,) = answer["errors"]
    return str(error["extensions"]["code"])


def test_the_id_is_the_hash_of_the_text() -> None:
    assert WHICH.id == "sha256:" + hashlib.sha256(TEXT.encode()).hexdigest()
    published = "query ($id: ID!) {\n  user(id: $id) {\n    name\n  }\n}"  # the specification's own example
    assert hashlib.sha256(published.encode()).hexdigest().startswith("7dba4bd717b41f10434822356a93c32b")


def test_a_document_is_asked_for_by_its_id(either: Visitor) -> None:
    assert ask(either, documentId=WHICH.id, variables=HACKNEY) == (200, ANSWER)
    assert ask(either, documentId=WHICH.id, variables=HACKNEY, operationName="Which") == (200, ANSWER)
    parameters = {"documentId": WHICH.id, "variables": json.dumps(HACKNEY)}
    assert either.get("/graphql", params=parameters, headers=GRAPHQL).json() == ANSWER


def test_its_text_is_answered_as_well(either: Visitor) -> None:
    assert ask(either, query=TEXT, variables=HACKNEY) == (200, ANSWER)


@pytest.mark.parametrize("unknown", ["sha256:" + "0" * 64, "sha256:x", "", "md5:1", WHICH.id.upper()])
def test_an_unknown_id_is_refused(either: Visitor, unknown: str) -> None:
    status, answer = ask(either, documentId=unknown)
    assert (status, code(answer)) == (404, "UNKNOWN_DOCUMENT")


def test_a_request_has_a_text_or_an_id(either: Visitor) -> None:
    for request in ({}, {"query": TEXT, "documentId": WHICH.id}):
        status, answer = ask(either, **request)
        assert (status, code(answer)) == (400, "BAD_REQUEST")
    assert ask(either, documentId=1)[0] == 400


OTHERS = ["{ boroughs { totalCount } }", "{ __schema { types { name } } }", "{ __typename }", TEXT + " ", "{"]


@pytest.mark.parametrize("other", OTHERS)
def test_where_told_so_no_other_is_answered(strict: Visitor, other: str) -> None:
    status, answer = ask(strict, query=other, variables=HACKNEY)
    assert (status, code(answer)) == (403, "FORBIDDEN")
    assert "trusted documents only" in answer["errors"][0]["message"]
    assert strict.get("/graphql", params={"query": other}).status_code == 403


def test_the_query_page_says_so_and_offers_them(strict: Visitor) -> None:
    page = strict.get("/graphql", headers={"accept": "text/html"}).text
    assert "trusted documents only" in page
    assert "Which borough is it?" in page
    start = strict.get("/").text
    assert "trusted documents only" in start
    assert "schema.graphql" not in start
    schema = strict.get("/schema.graphql")
    assert (schema.status_code, "trusted documents only" in schema.text) == (403, True)


def test_who_may_not_ask_one_is_not_shown_it(example_url: str) -> None:
    document = trusted("# Who is Zebulon?\nquery Who { champions { nodes { name } } }", {"who": "champion:zebulon"})
    for role in (Role.PUBLIC, Role.STEWARD):
        documents, callers = Documents([WHICH, document], only=True), Callers(None, role)
        with visiting(create_app(open_store(example_url, CIVIC), callers=callers, documents=documents)) as visitor:
            page = visitor.get("/graphql", headers={"accept": "text/html"}).text
        assert ("Zebulon" in page, "Which borough is it?" in page) == (role is Role.STEWARD, True)


def test_which_may_be_asked_is_found_out_once(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = trusted("query Other { champions { nodes { name } } }", {})
    with visiting(
        create_app(open_store(example_url, CIVIC), documents=Documents([WHICH, other], only=True))
    ) as visitor:
        first = visitor.get("/graphql", headers={"accept": "text/html"}).text
        monkeypatch.delattr(API, "takes")
        assert visitor.get("/graphql", headers={"accept": "text/html"}).text == first
    assert "Which borough is it?" in first


def test_the_command_tells_what_is_wrong_with_a_folder(tmp_path: Path) -> None:
    (tmp_path / "bad-field.graphql").write_text("query BadField {\n  graph { versio }\n}")
    (tmp_path / "nameless.graphql").write_text("{ __typename }")
    (tmp_path / "good.graphql").write_text("query Good { champions { totalCount } }")
    run = CliRunner(env={"CIVIC_GRAPH_OPERATIONS": str(tmp_path)})
    listed = run.invoke(main, ["operations", "--json"])
    assert listed.exit_code == 1
    assert listed.stderr.splitlines()[0].startswith(
        f"error: {tmp_path / 'nameless.graphql'}: a trusted document has one"
    )
    assert f"error: {tmp_path / 'bad-field.graphql'}:2:11: Cannot query field 'versio'" in listed.stderr
    roles = {said["name"]: said["role"] for said in json.loads(listed.stdout).values()}
    assert "BadField" not in roles
    assert (roles["Good"], roles["NeedWithoutWork"]) == ("steward", "public")
    missing = CliRunner(env={"CIVIC_GRAPH_OPERATIONS": str(tmp_path / "none")}).invoke(main, ["operations"])
    assert (missing.exit_code, "none: there is no such folder" in missing.stderr) == (1, True)


def test_the_command_lists_them() -> None:
    listed = CliRunner().invoke(main, ["operations"])
    assert listed.exit_code == 0
    manifest = json.loads(CliRunner().invoke(main, ["operations", "--json"]).output)
    assert len(manifest) == len(known()) > 10
    for document in known():
        assert document.id in listed.output
        assert manifest[document.id]["document"] == document.text
        assert manifest[document.id]["variables"] == document.variables

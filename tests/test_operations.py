"""Operations that come with the package: each answers its question on either store, as the naive reference does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.model import Model, Table
from graph.roles import Role
from graph.statements import Load, Statement, Statements
from graph.store import Store
from graph.stores import open_store
from loaders.folder import EXAMPLE, read
from loaders.generate import generate
from schema import api as schema_api
from schema.trusted import Documents, Trusted
from server.apis import APIs
from server.app import application
from server.operations import known, warm
from server.settings import Settings
from tests.client import Client
from tests.reference import Reference
from tests.test_random_operations import comparable
from tests.visitor import visiting

OPERATIONS = {document.name: document for document in known()}
BROKEN = "# What is wrong with this?\nquery Broken {\n  partners { nodes { colour } }\n}\n"


class Both:
    """What several loads say, as one."""

    def __init__(self, *statements: Statements) -> None:
        self.statements = statements

    @property
    def loads(self) -> tuple[Load, ...]:
        return tuple(load for each in self.statements for load in each.loads)

    def of(self, table: Table) -> Iterator[Statement]:
        for each in self.statements:
            yield from each.of(table)


@pytest.fixture(scope="module")
def city(new_store: Callable[[Model], Store], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """Who asks a made-up city among the boroughs, and the reference for it."""
    folder = tmp_path_factory.mktemp("city")
    generate(folder, partners=150, seed=1)
    store = new_store(CIVIC)
    with ExitStack() as stack:
        said = []
        for source, origin in ((EXAMPLE, "example"), (folder, None)):
            checked = stack.enter_context(read(source, CIVIC, store, origin=origin))
            changes.load(store, checked.statements)
            said.append(checked.statements)
        yield Client(store), Reference(store, Both(*said))


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_answer_is_the_references_and_says_something(name: str, city: tuple[Client, Reference]) -> None:
    client, reference = city
    operation = OPERATIONS[name]
    found = client.data(operation.text, operation.example)
    expected = reference.answer(operation.text, operation.example)
    assert not expected.errors
    assert comparable(found) == comparable(expected.data)
    assert all(map(says, found.values())), found


def says(field: Any) -> bool:
    """Whether a root field has something in it."""
    return bool(field and any(field.get(name) for name in ("nodes", "groups", "rows", "name")))


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_which_question_it_answers(name: str) -> None:
    assert OPERATIONS[name].question.endswith(("?", ".")), "as a comment at its beginning"
    assert OPERATIONS[name].variables.keys() >= OPERATIONS[name].example.keys()


# At start


def test_known_operations_are_planned_before_anybody_asks(
    city: tuple[Client, Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    apis = APIs(city[0].store, Role.PUBLIC)
    asyncio.run(warm(apis, Role.PUBLIC, Documents(OPERATIONS.values())))
    monkeypatch.delattr(schema_api, "Planner")
    for name, role in (("NeedWithoutWork", Role.PUBLIC), ("ChampionsFor", Role.STEWARD)):
        api = asyncio.run(apis.of(role))
        assert asyncio.run(api.execute(OPERATIONS[name].text, OPERATIONS[name].example)).status == 200


def test_a_document_that_does_not_fit_is_logged_with_its_place(
    example_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.graphql").write_text(BROKEN)
    app = application(Settings(store=example_url, operations=str(tmp_path), tokens=str(tmp_path / "tokens")))
    logged = ""
    with visiting(app) as visitor:
        while "broken.graphql" not in logged:
            assert visitor.get("/readyz").status_code == 200
            logged += capsys.readouterr().err
    (line,) = [json.loads(line) for line in logged.splitlines() if "broken" in line]
    assert line["level"] == "warning"
    assert line["file"] == f"{tmp_path / 'broken.graphql'}:3:22"
    assert "colour" in line["reason"]


def test_a_document_that_cannot_be_tried_is_not_said_to_be_left_out(
    example_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "which.graphql").write_text("query Which($id: ID!) { borough(id: $id) { name } }")
    apis = APIs(open_store(example_url, CIVIC), Role.PUBLIC)
    which = [document for document in known(str(tmp_path)) if document.name == "Which"]
    asyncio.run(warm(apis, Role.PUBLIC, Documents(which)))
    logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in logged if line["level"] == "warning"] == ["operation not planned"]


WRONG = {
    "no GraphQL": ("who-knows.graphql", "query {", "Syntax Error"),
    "no name": ("nameless.graphql", "{ __typename }", "one operation, and that has a name"),
    "two operations": ("two.graphql", "query Two { __typename } query Three { __typename }", "one operation"),
    "another name": ("other.graphql", "query One { __typename }", "expected the file to be one.graphql"),
    "no text": ("bytes.graphql", b"\xff\xfe", "cannot be read"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_no_document_is_logged_and_left_out(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, content, reason = WRONG[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert len(known(str(tmp_path))) == len(OPERATIONS)
    line = json.loads(capsys.readouterr().err)
    assert line["file"].startswith(str(tmp_path / name))
    assert reason in line["reason"]


def test_an_example_that_is_no_json_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.graphql").write_text("query One { __typename }")
    (tmp_path / "one.json").write_text("[1]")
    known(str(tmp_path))
    assert "one.json is not a JSON object of variables" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(known(str(tmp_path / "none"))) == len(OPERATIONS)
    assert "there is no such folder" in capsys.readouterr().err


def test_a_folder_of_ones_own_stands_beside_the_packaged_ones(tmp_path: Path) -> None:
    (tmp_path / "one.graphql").write_text("# What is it?\nquery One($id: ID!) { node(id: $id) { __typename } }")
    (tmp_path / "one.json").write_text('{"id": "borough:E09000012"}')
    (found,) = [document for document in known(str(tmp_path)) if document.name == "One"]
    text = (tmp_path / "one.graphql").read_text()
    assert found == Trusted("One", text, {"id": "ID!"}, {"id": "borough:E09000012"}, str(tmp_path / "one.graphql"))
    assert found.question == "What is it?"


def test_closing_does_not_wait_for_the_planning(example_url: str, tmp_path: Path) -> None:
    app = application(Settings(store=example_url, tokens=str(tmp_path / "tokens")))
    with visiting(app):
        pass
    store = open_store(example_url, CIVIC)
    assert store.head().version
    store.close()

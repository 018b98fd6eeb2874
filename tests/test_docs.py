"""The documents say what is true: their generated parts are up to date, their links lead somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from graph.civic import CIVIC
from graph.roles import Role
from graph.stores import open_store
from schema.api import API
from schema.types import sdl
from tests.docs import DOCUMENTS, QUESTION, ROOT, written

LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
NAMES = [str(document.relative_to(ROOT)) for document in DOCUMENTS]


@pytest.fixture(scope="module")
def api(example_url: str) -> API:
    return API(open_store(example_url, CIVIC), Role.STEWARD)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_answers_and_generated_parts_are_up_to_date(document: Path, api: API) -> None:
    text = document.read_text()
    assert text == written(text, api), "make docs writes them"


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_every_query_has_its_answer_beside_it(document: Path) -> None:
    text = document.read_text()
    assert text.count("```graphql\n") == len(QUESTION.findall(text))


def test_queries_answer_but_for_the_one_that_shows_an_error() -> None:
    answers = [json.loads(m["answer"]) for document in DOCUMENTS for m in QUESTION.finditer(document.read_text())]
    failed = [answer["errors"] for answer in answers if "errors" in answer]
    assert len(answers) > 10
    assert [error["extensions"]["code"] for (error,) in failed] == ["PAGE_SIZE"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_to_files(document: Path) -> None:
    for target in LINK.findall(document.read_text()):
        assert (document.parent / target).exists(), target


def test_the_committed_schema_is_the_models() -> None:
    assert (ROOT / "schema" / "schema.graphql").read_text() == sdl(CIVIC), "make schema writes it"

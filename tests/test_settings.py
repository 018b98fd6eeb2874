"""Settings come from the environment, and a variable of ours that is none of them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.errors import BadInput
from server.settings import SETTINGS, Setting, Settings, from_environment

DOCS = Path(__file__).parents[1] / "docs"


def test_without_variables_there_are_the_defaults() -> None:
    assert from_environment({"PATH": "/bin"}) == Settings()
    assert {s.name: s.default for s in SETTINGS} == {
        "store": "sqlite:civic-graph.db",
        "host": "127.0.0.1",
        "port": 8000,
        "anonymous": "public",
        "tokens": "",
        "student_key": "",
        "operations": "",
        "trusted_only": False,
        "erased": "",
        "origins": (),
        "kept_answers": 64,
        "log_level": "info",
    }


@pytest.mark.parametrize(
    ("given", "file"),
    [
        ({}, "civic-graph.tokens"),
        ({"store": "sqlite:/srv/graph.db"}, "/srv/civic-graph.tokens"),
        ({"store": "bolt://localhost"}, "civic-graph.tokens"),
        ({"store": "sqlite:/srv/graph.db", "tokens": "t"}, "t"),
    ],
)
def test_tokens_are_beside_the_store_if_nothing_else_is_said(given: dict[str, str], file: str) -> None:
    assert Settings(**given).token_file == Path(file)  # type: ignore[arg-type]


def test_variables_are_read_by_their_type() -> None:
    given = {"CIVIC_GRAPH_STORE": "sqlite:/tmp/a.db", "CIVIC_GRAPH_PORT": "0", "CIVIC_GRAPH_LOG_LEVEL": "debug"}
    assert from_environment(given) == Settings(store="sqlite:/tmp/a.db", port=0, log_level="debug")


def test_an_empty_variable_says_nothing() -> None:
    assert from_environment({"CIVIC_GRAPH_PORT": ""}).port == 8000


@pytest.mark.parametrize("port", ["x", "-1", "65536", "80.5", "80 "])
def test_a_wrong_value_is_refused_with_what_is_expected(port: str) -> None:
    with pytest.raises(BadInput, match=f"CIVIC_GRAPH_PORT is '{port}'; expected a number from 0 to 65535"):
        from_environment({"CIVIC_GRAPH_PORT": port})


def test_a_misspelt_variable_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="CIVIC_GRAPH_PROT is none of the settings; did you mean CIVIC_GRAPH_PORT"):
        from_environment({"CIVIC_GRAPH_PROT": "80"})


def test_a_variable_like_no_setting_is_refused_with_all_of_them() -> None:
    with pytest.raises(BadInput, match="there are CIVIC_GRAPH_STORE, CIVIC_GRAPH_HOST"):
        from_environment({"CIVIC_GRAPH_XYZZY_PLUGH": "1"})


def test_variables_of_the_test_suite_are_left_alone() -> None:
    assert from_environment({"CIVIC_GRAPH_TEST_NEO4J": "bolt://localhost"}) == Settings()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_is_documented(setting: Setting) -> None:
    text = "\n".join(path.read_text("utf-8") for path in DOCS.glob("*.md"))
    assert f"`{setting.env}`" in text

"""Schemathesis, which reads the schema of a running server and asks whatever that lets be asked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from graph.civic import CIVIC
from graph.roles import Role, seen_by
from tests.served import PATIENCE
from tests.soak.besieged import besieged

EXAMPLES = 10 * int(os.environ.get("EXAMPLES_TIMES", "1"))  # of each field of Query
OWN = {"BAD_INPUT", "BAD_CURSOR", "PAGE_SIZE", "TOO_COSTLY", "TOO_DEEP", "TOO_LARGE", "VALIDATION_FAILED"}  # mistakes

UNHURRIED: dict[str, Any] = {
    "max_examples": EXAMPLES,
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
Callers = dict[Role, tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    """Where a running server is asked, and with which headers, in the name of whom."""
    with besieged(tmp_path_factory.mktemp("besieged")) as (server, (token,), _):
        name, _, secret = token.partition(": ")
        url = f"{server.url}/graphql"
        yield {Role.PUBLIC: (url, {}), Role.STEWARD: (url, {name: secret})}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.STEWARD])
def test_whatever_the_schema_lets_be_asked_is_answered(role: Role, callers: Callers) -> None:
    """By data, or by an error that tells callers what they did wrong."""
    url, headers = callers[role]
    loaded = schemathesis.graphql.from_url(url, headers=headers, timeout=PATIENCE)
    operations = {result.ok().label: result.ok() for result in loaded.get_all_operations()}
    assert {f"Query.{kind.plural}" for kind in seen_by(role, CIVIC).kinds} <= operations.keys()
    codes: set[str] = set()
    for operation in operations.values():

        @settings(**UNHURRIED)
        @given(case=operation.as_strategy())
        def test(case: schemathesis.Case) -> None:
            response = case.call(headers=headers, timeout=PATIENCE)
            case.validate_response(response, checks=[not_a_server_error])
            codes.update(told(response.json()))

        test()
    assert codes <= {"OK", *OWN}
    assert {"OK", "BAD_INPUT", "PAGE_SIZE"} <= codes  # it finds both


def told(answer: dict[str, Any]) -> set[str]:
    """What an answer tells: that all is well, or the codes of its errors. Raises KeyError where it is none."""
    if "errors" in answer:
        return {error["extensions"]["code"] for error in answer["errors"]}
    return {"OK"} if answer["data"] else {"nothing"}

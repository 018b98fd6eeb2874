"""A document is validated by the rules that have something to say of it, and those say all there is to say."""

from __future__ import annotations

import pytest
from graphql import DocumentNode, parse, validate

from graph.civic import CIVIC
from schema.expansion import nodes
from schema.rules import SPEAKING_OF, Rule, rules_for
from schema.types import executable
from tests.bombs import doubled
from tests.pairs import PAIRS

SCHEMA = executable(CIVIC)
AGAINST = {
    "KnownArgumentNamesRule": "{ partners(frist: 1) { totalCount } }",
    "UniqueArgumentNamesRule": "{ partners(first: 1, first: 2) { totalCount } }",
    "KnownDirectivesRule": "{ __typename @defer }",
    "UniqueDirectivesPerLocationRule": "{ __typename @skip(if: false) @skip(if: true) }",
    "NoUndefinedVariablesRule": "{ ...F } fragment F on Query { partners(first: $a) { totalCount } }",
    "NoUnusedVariablesRule": "query ($a: Int) { __typename }",
    "UniqueVariableNamesRule": "query ($a: Int, $a: Int) { partners(first: $a) { totalCount } }",
    "VariablesAreInputTypesRule": "query ($a: Partner) { partners(first: $a) { totalCount } }",
    "VariablesInAllowedPositionRule": "query ($a: String) { partners(first: $a) { totalCount } }",
}
OTHERS = [
    "{ __typename @skip }",
    "{ partner { id } }",
    "{ partner(id: 1.5) { id name { id } } } fragment F on Query { __typename }",
    "{ partners(where: {name: {eq: 1}, name: {eq: 2}}) { totalCount } partners { totalCount } }",
    'query ($a: Int = "x") { partners(first: $a) { totalCount } }',
    "query A { ...F } query A { ...G } fragment F on Borough { id } fragment F on Nothing { id }",
    "subscription { partners { totalCount } }",
    doubled(20),
    *(pair.parts["document"] for pair in PAIRS.values()),
]


def asked(document: DocumentNode) -> list[Rule]:
    return rules_for({type(node) for node in nodes(document)})


def told(document: DocumentNode, rules: list[Rule] | None) -> list[str]:
    return [str(error) for error in validate(SCHEMA, document, rules)]


def test_every_rule_that_may_be_left_out_is_tried() -> None:
    assert {rule.__name__ for rules in SPEAKING_OF.values() for rule in rules} == AGAINST.keys()


@pytest.mark.parametrize("name", AGAINST)
def test_a_rule_is_asked_where_it_has_something_to_say(name: str) -> None:
    document = parse(AGAINST[name])
    (rule,) = (rule for rule in asked(document) if rule.__name__ == name)
    assert told(document, [rule])


@pytest.mark.parametrize("text", [*AGAINST.values(), *OTHERS])
def test_nothing_is_left_unsaid(text: str) -> None:
    document = parse(text)
    assert told(document, asked(document)) == told(document, None)


def test_rules_without_anything_to_say_are_not_asked() -> None:
    assert not {rule.__name__ for rule in asked(parse("{ __typename }"))} & AGAINST.keys()

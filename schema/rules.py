"""The rules of validation that a document is to be asked about: those that have nothing to say of it take half of the
time nevertheless, as each is asked at every node, and some go through every fragment once more."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from graphql import (
    ArgumentNode,
    ASTValidationRule,
    DirectiveNode,
    KnownArgumentNamesRule,
    KnownDirectivesRule,
    Node,
    NoUndefinedVariablesRule,
    NoUnusedVariablesRule,
    UniqueArgumentNamesRule,
    UniqueDirectivesPerLocationRule,
    UniqueVariableNamesRule,
    VariableNode,
    VariablesAreInputTypesRule,
    VariablesInAllowedPositionRule,
    specified_rules,
)

Rule = type[ASTValidationRule]

# Rules that speak of nodes of one kind only, those that take most of the time
SPEAKING_OF: Mapping[type[Node], Collection[Rule]] = {
    ArgumentNode: {KnownArgumentNamesRule, UniqueArgumentNamesRule},
    DirectiveNode: {KnownDirectivesRule, UniqueDirectivesPerLocationRule},
    VariableNode: {
        NoUndefinedVariablesRule,
        NoUnusedVariablesRule,
        UniqueVariableNamesRule,
        VariablesAreInputTypesRule,
        VariablesInAllowedPositionRule,
    },
}


def rules_for(kinds: Collection[type[Node]]) -> list[Rule]:
    """The rules for a document with nodes of these kinds, in the order of graphql-core."""
    silent = {rule for kind, rules in SPEAKING_OF.items() if kind not in kinds for rule in rules}
    return [rule for rule in specified_rules if rule not in silent]

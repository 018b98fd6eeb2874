"""Documents become the plans that people would write."""

from __future__ import annotations

import pytest

from tests.pairs import PAIRS, plan_text


@pytest.mark.parametrize("name", PAIRS)
def test_the_plan_is_the_golden_one(name: str) -> None:
    pair = PAIRS[name]
    pair.check("plan", plan_text(pair.plan))


@pytest.mark.parametrize("name", PAIRS)
def test_plans_compare_and_hash(name: str) -> None:
    pair = PAIRS[name]
    again = type(pair)(pair.path)
    assert again.plan == pair.plan
    assert hash(again.plan) == hash(pair.plan)

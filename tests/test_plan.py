"""Documents become the plans that people would write."""

from __future__ import annotations

import json
from functools import partial

import pytest

from graph.plan import Piece
from graph.printed import plan_text
from tests.pairs import PAIRS

literal = partial(json.dumps, ensure_ascii=False)


@pytest.mark.parametrize("name", PAIRS)
def test_the_plan_is_the_golden_one(name: str) -> None:
    pair = PAIRS[name]
    pair.check("plan", plan_text(pair.plan, literal))


@pytest.mark.parametrize("name", PAIRS)
def test_plans_compare_and_hash(name: str) -> None:
    pair = PAIRS[name]
    again = type(pair)(pair.path)
    assert again.plan == pair.plan
    assert hash(again.plan) == hash(pair.plan)


def test_the_garbage_collector_looks_at_no_piece_of_a_plan() -> None:
    pieces = Piece.__subclasses__()
    assert len(pieces) > 40
    assert not any(piece.__struct_config__.gc for piece in pieces)

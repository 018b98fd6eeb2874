"""Sums come out exact and alike, in whatever order a store adds the parts."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import floor, inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import changes
from graph.civic import CIVIC
from graph.store import Store
from graph.sums import EXACT, average, total
from tests.client import Client
from tests.world import Said, World, node

AMOUNTS = st.decimals(-(10**6), 10**6, places=4).map(float)  # nine decimals of larger ones are not all as written


def parts(values: list[float]) -> tuple[int, float, float, float]:
    """What a store adds up."""
    rests = [floor((value - floor(value)) * 1e9 + 0.5) for value in values]
    wholes = [floor(value) for value in values]
    return len(values), float(sum(map(abs, wholes))), float(sum(wholes)), float(sum(rests))


def rounded(value: Decimal, scale: int) -> float:
    return float(value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


@given(st.lists(AMOUNTS, min_size=1, max_size=50), st.integers(0, 4))
def test_amounts_are_added_as_they_are_written(values: list[float], scale: int) -> None:
    written = sum(Decimal(repr(value)) for value in values)
    assert total(scale, *parts(values)) == rounded(Decimal(written), scale)
    assert average(0, *parts(values)) == pytest.approx(float(Fraction(written) / len(values)), abs=0.51)


@pytest.mark.parametrize(
    ("values", "scale", "sum_", "mean"),
    [
        ([0.1] * 10, 2, 1.0, 0.1),
        ([0.1, 0.2], 4, 0.3, 0.15),
        ([0.333333] * 3, 4, 1.0, 0.3333),
        ([0.005], 2, 0.01, 0.01),
        ([-0.005], 2, -0.01, -0.01),
        ([0.0, 0.25], 1, 0.3, 0.1),
        ([1e-300, -1e-300], 2, 0.0, 0.0),
        ([4.0, 5.0], 0, 9.0, 5.0),
        ([8e15, 1.0], 2, 8000000000000001.0, 4000000000000000.5),
    ],
)
def test_sums_are_rounded_half_away_from_zero(values: list[float], scale: int, sum_: float, mean: float) -> None:
    assert total(scale, *parts(values)) == sum_
    assert average(scale, *parts(values)) == mean


@pytest.mark.parametrize("size", [EXACT, inf, None])
def test_what_cannot_be_exact_is_not_known(size: float | None) -> None:
    assert total(2, 2, size, 0.0, 0.0) is None
    assert average(2, 2, size, 0.0, 0.0) is None


def test_nothing_is_not_zero() -> None:
    assert total(2, 0, 0.0, 0.0, 0.0) is None
    assert average(2, 0, 0.0, 0.0, 0.0) is None


def test_what_is_loaded_in_another_order_adds_up_alike(new_store: Any) -> None:
    amounts = [0.1, 0.2, 0.3, 1e15, -1e15, 0.05, 33.33, 1 / 3, 66.67]
    answers = []
    for order in (amounts, amounts[::-1]):
        store: Store = new_store(CIVIC)
        rows = {"Project": [node(f"project:{n}", "x", funding=amount) for n, amount in enumerate(order)]}
        changes.load(store, World((Said("source:a", rows),)))
        answers.append(
            Client(store).data("{ projects { groups(by: STATUS) { sum { funding } average { funding } } } }")
        )
    assert answers[0]["projects"]["groups"] == [{"sum": {"funding": 100.98}, "average": {"funding": 11.22}}]
    assert answers[0] == answers[1]

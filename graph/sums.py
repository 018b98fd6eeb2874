"""Sums of decimals that come out alike whatever their order, on every store and in Python.

A store splits each value into its whole part and the billionths of the rest, and adds up either: both are integers,
which floating point adds exactly below 2**53. What these sums come to is computed here, once for every store.
"""

from __future__ import annotations

UNITS = 10**9  # of the rest, in one
EXACT = 2.0**53  # below this every integer is a float


def total(scale: int, number: int, size: float | None, whole: float, rest: float) -> float | None:
    """The sum of `number` values rounded to `scale` decimals, half away from zero; None where there is no value, or
    where the whole parts, whatever their sign, come to a `size` that is too large to be exact."""
    return _rounded(scale, size, whole, rest, 1) if number else None


def average(scale: int, number: int, size: float | None, whole: float, rest: float) -> float | None:
    """The sum of `number` values divided by their number, rounded as a sum is."""
    return _rounded(scale, size, whole, rest, number) if number else None


def _rounded(scale: int, size: float | None, whole: float, rest: float, divisor: int) -> float | None:
    if size is None or size >= EXACT:
        return None
    power: int = 10**scale
    above, below = (int(whole) * UNITS + int(rest)) * power, UNITS * divisor
    nearest = (2 * abs(above) + below) // (2 * below)
    return (nearest if above > 0 else -nearest) / power

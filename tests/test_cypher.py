"""Plans become the Cypher that people would write."""

from __future__ import annotations

import pytest

from tests.pairs import PAIRS


@pytest.mark.parametrize("name", PAIRS)
def test_the_cypher_is_the_golden_one(name: str) -> None:
    pair = PAIRS[name]
    pair.check("cypher", pair.cypher)

"""What was made lately is kept, up to a number and a weight."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from graph.civic import CIVIC
from graph.roles import Role
from graph.stores import open_store
from schema import api
from schema.recent import Recent
from server.process import lasting
from tests.client import Client


def made(recent: Recent[str, list[str]], *texts: str) -> None:
    for text in texts:
        recent.made(text, lambda text=text: [text])  # type: ignore[misc]


def kept(recent: Recent[str, list[str]], names: str) -> str:
    return "".join(name for name in names if name in recent)


def test_the_last_ones_are_kept_by_number() -> None:
    recent = Recent[str, list[str]](3, 100, lambda text, _: len(text))
    made(recent, "a", "b", "c")
    recent.known("a")
    made(recent, "d")
    assert kept(recent, "abcd") == "acd"
    with pytest.raises(KeyError):
        recent.known("b")


def test_and_by_weight_which_is_told_from_how_they_were_when_made() -> None:
    recent = Recent[str, list[str]](100, 5, lambda _, value: len("".join(value)))
    made(recent, "aa", "bb")
    recent.known("aa").append("a" * 50)
    made(recent, "cc")
    assert (len(recent), recent.weight) == (2, 4)
    made(recent, "dddddd")  # more than may be kept at all
    assert (len(recent), recent.weight) == (0, 0)
    made(recent, "e")
    assert (len(recent), recent.weight) == (1, 1)


def test_what_an_api_keeps_has_a_limit(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("DOCUMENTS", 2_000), ("PLANS", 20_000), ("INTROSPECTIONS", 100_000)):
        monkeypatch.setattr(api, name, (1_000, most))
    client = Client(open_store(example_url, CIVIC), Role.PUBLIC)
    kept: list[tuple[Any, int]] = [
        (client.api._documents, 2_000),
        (client.api._plans, 20_000),
        (client.api._introspections, 100_000),
    ]
    for number in range(200):
        client.data(f"{{ boroughs(first: 1) {{ nodes {{ a{number}: name }} }} }}")
        client.data(f"{{ a{number}: __schema {{ types {{ name }} }} }}")
    for recent, most in kept:
        assert most / 2 < recent.weight <= most
        assert len(recent) < 100


def test_what_was_validated_is_not_left_for_later(example_url: str) -> None:
    client = Client(open_store(example_url, CIVIC))
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            client.data(f"{{ boroughs(first: 1) {{ nodes {{ a{number}: name }} }} }}")
        assert gc.collect() < 1_000
    finally:
        gc.enable()


def test_what_is_made_to_last_is_not_looked_at_for_garbage() -> None:
    before = gc.get_freeze_count()
    try:
        with lasting():
            assert not gc.isenabled()
            found: list[list[int]] = [[] for _ in range(1_000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(found)
    finally:
        gc.unfreeze()
    assert gc.get_freeze_count() == 0

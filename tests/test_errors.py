"""One tree of errors, drawn, and every foreign error translated at its door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from graph import errors
from graph.stores.sqlite_file import ours


def tree(of: type[errors.CivicGraphError]) -> Iterator[type[errors.CivicGraphError]]:
    for error in of.__subclasses__():
        yield error
        yield from tree(error)


ERRORS = list(tree(errors.CivicGraphError))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_each_error_is_drawn_and_says_what_it_is(error: type[errors.CivicGraphError]) -> None:
    assert errors.__doc__
    assert f"── {error.__name__} " in errors.__doc__
    assert error.__doc__
    assert 400 <= error.status < 600


def test_codes_are_told_apart() -> None:
    codes = [error.code for error in ERRORS if "code" in vars(error)]
    assert len(codes) == len(set(codes))


FOREIGN = [error for error in vars(apsw).values() if isinstance(error, type) and issubclass(error, apsw.Error)]


@pytest.mark.parametrize("error", FOREIGN, ids=lambda error: error.__name__)
def test_each_error_of_sqlite_becomes_one_of_ours(error: type[apsw.Error]) -> None:
    assert isinstance(ours(error("it said so"), Path("graph.db")), errors.StoreError)

"""One tree of errors, drawn, and every foreign error translated at its door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from neo4j import exceptions

from graph import errors
from graph.stores import bolt
from graph.stores.neo4j_access import Access
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


DRIVERS = [
    error
    for error in vars(exceptions).values()
    if isinstance(error, type) and issubclass(error, exceptions.DriverError | exceptions.Neo4jError)
]


@pytest.mark.parametrize("error", DRIVERS, ids=lambda error: error.__name__)
def test_no_error_of_neo4j_tells_callers_its_class_its_words_or_the_host(error: type[Exception]) -> None:
    told = bolt.ours(error("it said so"), Access("bolt://db.example:7687")).told
    assert not [word for word in (error.__name__, "it said so", "db.example") if word in told]

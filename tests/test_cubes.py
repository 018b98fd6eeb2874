"""Counts of students for everybody: what they are by, how they are rounded, and that nobody is told apart by them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph import changes, cubes
from graph.civic import CIVIC
from graph.cubes import Table, rounded, table
from graph.model import Cube, DataClass, End, Kind, Model, Relation, Type, public
from graph.roles import Role
from graph.stores.sqlite import SQLiteStore
from tests.client import Client
from tests.conftest import Stores
from tests.reference import Reference
from tests.traced import traced
from tests.world import Row, Said, World, link, node

COUNTS = """query ($cube: StudentCube!) {
    studentCounts(cube: $cube) { total rows { node { id ... on Entity { name } } value academicYear count percentage } }
}"""
TOTAL = "{ studentCounts(cube: STUDENTS_BY_MODULE) { total } }"
NAMES = [cube.name for cube in CIVIC.cubes]
BY_LEVEL, BY_MODULE = Cube("A", "Student", "level", "cohort"), Cube("B", "Student", "modules")


# The rules


@pytest.mark.parametrize(
    ("exact", "told"), [(0, 0), (2, 0), (3, 5), (7, 5), (8, 10), (12, 10), (13, 15), (22, 20), (23, 25), (1002, 1000)]
)
def test_numbers_are_told_to_the_nearest_five(exact: int, told: int) -> None:
    assert rounded(exact) == told


def test_of_fewer_than_22_and_a_half_only_the_total_is_told() -> None:
    assert table(BY_MODULE, {"total": [[22]], "cells": [["module:a", 22]]}, CIVIC) == Table(20, [])
    assert table(BY_MODULE, {"total": [[23]], "cells": [["module:a", 20], ["module:b", 2]]}, CIVIC) == Table(
        25, [["module:a", "module:a", None, 20, 80]]
    )


def test_a_slice_of_fewer_is_not_told_of_in_either_direction() -> None:
    cells = {("4", "2024/25"): 30, ("4", "2023/24"): 12, ("5", "2024/25"): 22, ("5", "2023/24"): 0}
    assert told_of(cells).rows == [[None, "4", "2024/25", 30, 60]]
    cells["5", "2023/24"] = 12
    assert [row[1:4] for row in told_of(cells).rows] == [
        ["4", "2024/25", 30],
        ["5", "2024/25", 20],
        ["4", "2023/24", 10],
        ["5", "2023/24", 10],
    ]


Cells = dict[tuple[Any, Any], int]


def told_of(cells: Cells) -> Table:
    return table(BY_LEVEL, exact_of(cells), CIVIC)


def exact_of(cells: Cells) -> dict[str, list[Any]]:
    by, year = Counter[Any](), Counter[Any]()
    for (value, when), number in cells.items():
        by[value] += number
        year[when] += number
    listed = [[*key, number] for key, number in cells.items() if number]
    return {"total": [[sum(cells.values())]], "cells": listed, "by": [*by.items()], "year": [*year.items()]}


def test_percentages_are_of_what_is_told() -> None:
    """Of 23, one is 4 percent, and would be told apart from none."""
    cells = {("4", "2024/25"): 22, ("5", "2024/25"): 1, ("4", "2023/24"): 9, ("5", "2023/24"): 22}
    assert [row[1:] for row in told_of(cells).rows if row[2] == "2024/25"] == [["4", "2024/25", 20, 80]]


NUMBERS = st.integers(0, 60)
TABLES = st.fixed_dictionaries({(v, y): NUMBERS for v in ("4", "5", None) for y in ("2023/24", "2024/25", None)})


@given(TABLES, st.randoms(use_true_random=False))
def test_nothing_depends_on_exact_numbers_but_by_rounding(cells: Cells, chance: random.Random) -> None:
    """All other numbers that round to the same give the same table: its order and what is not in it included."""
    exact = exact_of(cells)
    other = {name: [[*row[:-1], alike(row[-1], chance)] for row in rows] for name, rows in exact.items()}
    for rows in other.values():
        chance.shuffle(rows)
    assert table(BY_LEVEL, other, CIVIC) == table(BY_LEVEL, exact, CIVIC)


def alike(number: int, chance: random.Random) -> int:
    return chance.choice([n for n in range(max(0, number - 4), number + 5) if rounded(n) == rounded(number)])


def test_a_table_has_an_end_and_the_latest_years_are_before_it() -> None:
    cells = {(str(level), f"{year}/00"): 30 for level in range(40) for year in range(2000, 2020)}
    rows = told_of(cells).rows
    assert len(rows) == cubes.ROWS
    assert {row[2] for row in rows[:40]} == {"2019/00"}


# The attack that free filters would allow


def test_who_may_choose_who_is_counted_undoes_the_rounding() -> None:
    """With some whom one knows added to a group, its rounded number steps up; when, tells the exact one."""
    for secret in range(30):
        before = rounded(secret)
        needed = next(known for known in count() if rounded(secret + known) > before)
        assert before + 3 - needed == secret


def test_nobody_may_choose_who_is_counted(client: Client) -> None:
    schema = Client(client.store, Role.PUBLIC).api.schema
    assert set(schema.query_type.fields["studentCounts"].args) == {"cube"}
    for name in ("StudentCounts", "StudentCount"):
        assert not any(field.args for field in schema.type_map[name].fields.values())
    ids = ", ".join(f'"student:{number}"' for number in range(100))
    for role in (Role.PUBLIC, Role.ANALYST):
        asker = Client(client.store, role)
        for query in (
            f"{{ students(where: {{id: {{in: [{ids}]}}}}) {{ totalCount }} }}",
            f"{{ studentCounts(cube: STUDENTS_BY_MODULE, where: {{id: {{in: [{ids}]}}}}) {{ total }} }}",
            '{ studentCounts(cube: STUDENTS_BY_MODULE, asOf: "2024-01-01") { total } }',
            "{ modules(where: {students: {some: {}}}) { totalCount } }",
            "{ modules { groups(by: [STUDENTS]) { count } } }",
            "{ boroughs(orderBy: [{placements: ASC}]) { totalCount } }",
            "{ studentCounts(cube: STUDENTS_BY_MODULE) { rows { node { ... on Module { students { id } } } } } }",
        ):
            assert asker.code(query) == "VALIDATION_FAILED", query


# The attack that tables allow: what is told of rows, columns and cells bounds the others

Bounds = dict[Any, tuple[int, int]]


def city(seed: int, boroughs: int, years: int, number: int) -> Cells:
    """So many placements, unevenly spread over boroughs and years."""
    chance = random.Random(seed)
    places, times = [str(place) for place in range(boroughs)], [str(2010 + time) for time in range(years)]
    weights = [chance.expovariate(1) for _ in places]
    drawn = zip(chance.choices(places, weights, k=number), chance.choices(times, k=number), strict=True)
    return {(place, time): 0 for place in places for time in times} | Counter(drawn)


def around(number: int) -> tuple[int, int]:
    """What numbers there are that round to this."""
    return max(0, number - 2), number + 2


def bounded(cells: Cells, margin: Callable[[int], tuple[int, int]]) -> Bounds:
    """What can be known of each cell from the rows that are told, and from margins as they are told."""
    exact, shown = exact_of(cells), {(row[1], row[2]): row[3] for row in told_of(cells).rows}
    sizes = {axis: dict(exact[name]) for axis, name in enumerate(("by", "year"))}
    bounds = {
        cell: around(shown.get(cell, 0)) if min(sizes[0][cell[0]], sizes[1][cell[1]]) >= 23 else (0, 27)
        for cell in cells
    }
    before: Bounds = {}
    while bounds != before:
        before = dict(bounds)
        for axis, of_axis in sizes.items():
            for value, number in of_axis.items():
                narrow(bounds, [cell for cell in cells if cell[axis] == value], *margin(number))
    return bounds


def narrow(bounds: Bounds, line: list[Any], low: int, high: int) -> None:
    """What a line adds up to leaves so much for each of its cells."""
    for cell in line:
        least, most = bounds[cell]
        others = [bounds[other] for other in line if other != cell]
        least = max(least, low - sum(end for _, end in others))
        bounds[cell] = least, min(most, high - sum(start for start, _ in others))


def found_out(size: tuple[int, int, int], margin: Callable[[int], tuple[int, int]]) -> int:
    """How many cells of one or two people are known exactly, in some cities of a size."""
    found = 0
    for seed in range(30):
        cells = city(seed, *size)
        bounds = bounded(cells, margin)
        found += sum(0 < number < 3 and bounds[cell] == (number, number) for cell, number in cells.items())
    return found


@pytest.mark.parametrize("size", [(33, 8, 600), (3, 4, 150), (2, 2, 60)])
def test_no_cell_of_one_or_two_is_found_out_from_all_that_is_told(size: tuple[int, int, int]) -> None:
    assert found_out(size, lambda number: around(rounded(number))) == 0


def test_exact_margins_would_find_some_out() -> None:
    assert found_out((2, 2, 60), lambda number: (number, number)) > 0


# What is counted


DAYS = ("2023-07-31", "2023-08-01", "2024-02", "2024", None)
STEPS = {
    "modules": "Student_ENROLLED_IN_Module",
    "boroughs": "Placement_SERVES_Borough",
    "challenges": "Placement_ADDRESSES_Challenge",
}


def town(seed: int = 7) -> World:
    """Students and placements by chance, of some of which little is known."""
    chance = random.Random(seed)
    people = [drawn(chance, number) for number in range(160)]
    tables = {name: [row for tables in people for row in tables.get(name, ())] for name in DRAWN}
    nodes = {
        "Module": [node(f"module:{key}", f"Module {key}", code=key) for key in "abc"],
        "Borough": [node(f"borough:{key}", f"Borough {key}", gssCode=key) for key in "xy"],
        "Challenge": [node(f"challenge:{key}", f"Challenge {key}") for key in "01"],
    }
    return World((Said("source:town", {**nodes, **tables}),))


DRAWN = ("Student", "Placement", *STEPS.values())


def drawn(chance: random.Random, number: int) -> dict[str, list[Row]]:
    """A student and a placement, with what they lead to."""
    student, placement = f"student:made-up-{number}", f"placement:{number}"
    (level,), (day,) = chance.choices([4, 5, 6, None], [5, 5, 2, 1]), chance.choices(DAYS, [3, 3, 2, 1, 1])
    (cohort,) = chance.choices(["2022/23", "2023/24", "2024/25", None], [8, 8, 4, 1])
    modules = chance.sample("abc", chance.choice([0, 1, 1, 2]))
    boroughs = chance.sample(["x", "y", "gone"], chance.choice([0, 1, 2]))
    enrolled = [(key, when) for key in modules for when in chance.sample(["2023/24", "2024/25"], chance.choice([1, 2]))]
    return {
        "Student": [node(student, student, level=level, cohort=cohort)],
        "Placement": [node(placement, f"P{number}", startDate=day)],
        STEPS["modules"]: [link(student, f"module:{key}", academicYear=when) for key, when in enrolled],
        STEPS["boroughs"]: [link(placement, f"borough:{key}") for key in boroughs],
        STEPS["challenges"]: [link(placement, f"challenge:{number % 2}")],
    }


@pytest.fixture(scope="module")
def asker(new_store: Stores) -> Client:
    store = new_store(CIVIC)
    changes.load(store, town())
    return Client(store, Role.PUBLIC)


@pytest.mark.parametrize("cube", CIVIC.cubes, ids=lambda cube: cube.name)
def test_a_cube_tells_what_there_is(asker: Client, cube: Cube) -> None:
    found = asker.data(COUNTS, {"cube": cube.name})
    assert found == Reference(asker.store, town()).answer(COUNTS, {"cube": cube.name}).data
    assert found["studentCounts"]["rows"]


@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_told_the_same(asker: Client, name: str) -> None:
    answers = [Client(asker.store, role).data(COUNTS, {"cube": name}) for role in Role]
    assert all(answer == answers[0] for answer in answers)


def test_a_row_leads_to_its_node(asker: Client) -> None:
    rows = asker.data(COUNTS, {"cube": "PLACEMENTS_BY_BOROUGH"})["studentCounts"]["rows"]
    assert [row["node"] for row in rows] == [
        {"id": "borough:x", "name": "Borough x"},
        {"id": "borough:y", "name": "Borough y"},
        None,
    ]
    levels = asker.data(COUNTS, {"cube": "STUDENTS_BY_LEVEL_OF_STUDY"})["studentCounts"]["rows"]
    assert len(levels) > 1
    assert all(row["node"] is None for row in levels)


def test_several_cubes_are_told_at_once_beside_other_fields(asker: Client) -> None:
    query = """{
        a: studentCounts(cube: STUDENTS_BY_MODULE) { __typename total }
        b: studentCounts(cube: PLACEMENTS_BY_BOROUGH) { rows { __typename count } }
        modules { totalCount }
    }"""
    answer = asker.data(query)
    assert answer["a"] == {"__typename": "StudentCounts", "total": 160}
    assert {row["__typename"] for row in answer["b"]["rows"]} == {"StudentCount"}
    assert answer["modules"] == {"totalCount": 3}


# Versions


def more(number: int) -> World:
    """A town in which so many others came to a module."""
    students = [node(f"student:made-up-m{n}", f"student:made-up-m{n}", level=7) for n in range(number)]
    return World((*town().said, Said("source:more", {"Student": students})))


def test_what_is_told_is_of_the_version_that_is_asked(new_store: Stores) -> None:
    store = new_store(CIVIC)
    asker = Client(store, Role.PUBLIC)
    for number in (0, 10, 40):
        changes.load(store, more(number))
        assert asker.data(TOTAL) == {"studentCounts": {"total": 160 + number}}


def test_a_version_is_counted_once(tmp_path: Any) -> None:
    store = SQLiteStore(str(tmp_path / "graph.db"), CIVIC)
    changes.load(store, town())
    asker = Client(store, Role.PUBLIC)
    asker.data(TOTAL)
    with traced(store) as ran:
        asker.data(TOTAL)
    assert len(ran) == 1
    assert "Student" not in ran[0].replace("StudentCount", "").replace("studentCounts", "")
    changes.load(store, more(40))
    with traced(store) as ran:
        asker.data(TOTAL)
    assert any('"Student_ENROLLED_IN_Module"' in text for text in ran)
    with traced(store) as ran:
        asker.data(TOTAL)
    assert len(ran) == 1
    store.close()


# The model


def test_a_cube_is_by_what_everybody_may_see() -> None:
    student = Kind(
        "Student", "students", "A student.", (public("level", Type.INTEGER, "Level."),), data_class=DataClass.STUDENT
    )
    mentor = Kind("Mentor", "mentors", "A mentor.", data_class=DataClass.PERSONAL)
    mentored = Relation("MENTORED_BY", "Student", "Mentor", End("mentors"), End("students"), "Who helps.")
    assert Model((student, mentor), (mentored,), (Cube("BY_LEVEL", "Student", "level"),)).cubes
    with pytest.raises(ValueError, match="everybody sees what it counts by, so that mentors cannot be hidden"):
        Model((student, mentor), (mentored,), (Cube("BY_MENTOR", "Student", "mentors"),))
    with pytest.raises(ValueError, match="BY_AGE: age is neither a property nor a step of Student"):
        Model((student, mentor), (mentored,), (Cube("BY_AGE", "Student", "age"),))

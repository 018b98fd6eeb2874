"""The model as data: what it refuses, and what everything else reads from it."""

from __future__ import annotations

from typing import Any

import pytest

from graph.civic import CIVIC
from graph.model import DataClass, End, Kind, Model, Property, Relation, Type, kebab, public, snake
from graph.text import bare, fold

PLACE = Kind("Place", "places", "A place.", data_class=DataClass.PUBLIC)
ROLE = public("role", Type.TEXT, "A role.")


def near(**changed: Any) -> Relation:
    said = {"forward": End("near"), "backward": End("nearby"), **changed}
    return Relation("NEAR", "Place", changed.pop("target", "Place"), description="It is near.", **{**said, **changed})


@pytest.mark.parametrize(
    ("kinds", "relations", "says"),
    [
        ((PLACE, PLACE), (), "kind Place is declared twice"),
        (
            (PLACE, Kind("place", "sites", "A place.", data_class=DataClass.PUBLIC)),
            (),
            "kind Place is declared twice, or taken",
        ),
        ((Kind("Node", "nodes", "A node.", data_class=DataClass.PUBLIC),), (), "kind Node is declared twice, or taken"),
        ((PLACE,), (Relation("IN", "Place", "Town", End("town"), End("places"), "It is in."),), "Town is no kind"),
        ((PLACE,), (near(keys=("role",)),), "its key role is no property of it"),
        ((PLACE,), (near(forward=End("near", many=False), properties=(ROLE,), keys=("role",)),), "both ends lead to"),
        ((PLACE,), (near(properties=(ROLE, ROLE)),), "property of Place_NEAR_Place role is declared twice"),
        (
            (PLACE,),
            (near(properties=(public("From", Type.TEXT, "Taken."),)),),
            "property of Place_NEAR_Place from is declared twice, or taken",
        ),
        ((PLACE,), (near(forward=End("name")),), "field of Place name is declared twice"),
        ((PLACE,), (near(backward=End("near")),), "field of Place near is declared twice"),
    ],
)
def test_what_does_not_fit_together_is_refused(kinds: Any, relations: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Model(kinds, relations)


def test_a_symmetric_relation_is_one_step_and_others_within_a_kind_are_two() -> None:
    there = near(symmetric=True, backward=End("near"))
    assert [hop.field for hop in Model((PLACE,), (there,)).hops(PLACE)] == ["near"]
    assert [hop.field for hop in Model((PLACE,), (near(),)).hops(PLACE)] == ["near", "nearby"]


@pytest.mark.parametrize(
    ("sort", "said"), [(Property, ("note", Type.TEXT, "A note.")), (Kind, ("Place", "places", "A place."))]
)
def test_nothing_is_made_without_a_word_of_who_may_see_it(sort: Any, said: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match="data_class"):
        sort(*said)


def test_everything_of_the_civic_model_is_described() -> None:
    said = [*CIVIC.kinds, *CIVIC.relations, *(p for table in CIVIC.tables for p in table.columns)]
    assert all(item.description.endswith(".") for item in said)


def test_enums_have_values_and_nothing_else_does() -> None:
    properties = [p for table in CIVIC.tables for p in table.values]
    assert all(bool(p.values) is (p.type is Type.ENUM) for p in properties)
    assert all(value == snake(value) for p in properties for value in p.values)


def test_a_number_has_a_range() -> None:
    level, hours, most = (
        public("n", Type.INTEGER, "A number.", minimum=low, maximum=high)
        for low, high in ((3, 8), (0, None), (None, 5))
    )
    assert [p.range for p in (level, hours, most, ROLE)] == ["from 3 to 8", "of 0 or more", "up to 5", ""]
    assert [number for number in range(12) if level.admits(number)] == [3, 4, 5, 6, 7, 8]
    assert (hours.admits(0), hours.admits(-0.5), most.admits(5.5), most.admits(-9)) == (True, False, False, True)


def test_an_id_says_its_kind() -> None:
    borough = CIVIC.kind("Borough")
    assert borough.id_of("E09000012") == "borough:E09000012"
    assert CIVIC.kind_of("borough:E09000012") is borough
    assert CIVIC.kind_of("nothing") is None


@pytest.mark.parametrize("name", ["TAKES_PART_IN", "takesPartIn", "TakesPartIn"])
def test_names_in_other_cases(name: str) -> None:
    assert snake(name) == "takes_part_in"
    assert kebab(name) == "takes-part-in"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Café", "cafe"),
        ("Women’s", "women's"),
        ("O´Hara", "o'hara"),
        ("O`HARA", "o'hara"),
        ("Straße", "strasse"),
        ("", ""),
    ],
)
def test_folded_text_compares_as_people_do(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert bare(text) == folded.replace("'", "")

"""Types, inputs and enums declared to Strawberry by name, and the Date scalar."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Any

import strawberry
from graphql import GraphQLOneOfDirective
from strawberry.annotation import StrawberryAnnotation
from strawberry.schema_directive import Location, schema_directive
from strawberry.schema_directives import OneOf
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


@schema_directive(locations=[Location.INPUT_OBJECT], name="oneOf", description=GraphQLOneOfDirective.description)
class OneOfThese(OneOf):
    """@oneOf with its description, which Strawberry's own lacks."""


class DateText:
    """Stands for the Date scalar in annotations."""


def parse_date(value: Any) -> str:
    """A date as GraphQL takes it. Raises ValueError where it is none."""
    if not isinstance(value, str) or not DATE.fullmatch(value) or not _in_calendar(value):
        expected = "expected a date of the calendar, as in 2021, 2021-03 or 2021-03-04."
        given = f"{value[:40]!r}" if isinstance(value, str) else "what is no text"
        raise ValueError(f"Date cannot represent {given}; {expected}")
    return value


def _in_calendar(day: str) -> bool:
    try:
        date.fromisoformat(f"{day}-01-01"[:10])
    except ValueError:
        return False
    return True


DATE_SCALAR = ScalarDefinition(
    name="Date",
    description="A calendar date by ISO 8601, to the precision known: 2021, 2021-03 or 2021-03-04.",
    specified_by_url=None,
    serialize=str,
    parse_value=parse_date,
    parse_literal=None,
)


class AnyValue:
    """Stands for the Value scalar in annotations."""


VALUE_SCALAR = ScalarDefinition(
    name="Value",
    description="A value as its own field shows it: a text, a number, a boolean, or a list of texts.",
    specified_by_url=None,
    serialize=lambda value: value,
    parse_value=None,
    parse_literal=None,
)
SCALARS = {"ID": strawberry.ID, "Int": int, "str": str, "float": float, "bool": bool}
BUILTIN = {**SCALARS, "Date": DateText, "Value": AnyValue}
CUSTOM: dict[object, ScalarDefinition] = {DateText: DATE_SCALAR, AnyValue: VALUE_SCALAR}


LATER = StrawberryAnnotation(int)  # of what is annotated once every type is there


class Field(StrawberryField):
    """A field that is annotated later: what dataclasses say of it before would be resolved for nothing."""

    @property
    def type(self) -> Any:
        return int if self.type_annotation is LATER else self.resolve_type()

    @type.setter
    def type(self, _: Any) -> None:
        self.type_annotation = LATER


class Declaring:
    """Types by name. Annotations are text, resolved once every type is there."""

    def __init__(self) -> None:
        self.types: dict[str, Any] = dict(BUILTIN)
        self._known: dict[str, Any] = {}
        self._annotations: dict[str, StrawberryAnnotation] = {}
        self._late: list[tuple[StrawberryField | StrawberryArgument, str]] = []

    def _field(
        self, name: str, annotation: str, description: str, arguments: tuple[tuple[str, str, str], ...] = ()
    ) -> StrawberryField:
        field = Field(python_name=f"{name}_", graphql_name=name, description=description)
        field.init = field.repr = field.compare = False  # nothing is made of these classes: dataclasses write less code
        field.arguments = [StrawberryArgument(n, n, LATER, description=d) for n, _, d in arguments]
        self._late.append((field, annotation))
        self._late += [(made, a) for made, (_, a, _) in zip(field.arguments, arguments, strict=True)]
        return field

    def _resolve(self) -> None:
        for field, annotation in self._late:
            if annotation not in self._annotations:  # shared by fields, since Strawberry resolves each once
                self._annotations[annotation] = StrawberryAnnotation(self._resolved(annotation))
            field.type_annotation = self._annotations[annotation]

    def _resolved(self, annotation: str) -> Any:
        """The type that `Partner`, `list[Partner]` or `Partner | None` names."""
        if annotation not in self._known:
            inner = annotation.removesuffix(" | None")
            if inner != annotation:
                self._known[annotation] = self._resolved(inner) | None
            elif inner.startswith("list["):
                self._known[annotation] = list[self._resolved(inner[5:-1])]  # type: ignore[misc]
            else:
                self._known[annotation] = self.types[inner]
        return self._known[annotation]

    def _class(self, name: str, fields: list[StrawberryField], bases: tuple[type, ...] = ()) -> type:
        names = [field.python_name for field in fields]
        return type(
            name, bases, {"__annotations__": dict.fromkeys(names, int), **dict(zip(names, fields, strict=True))}
        )

    def _type(self, name: str, description: str, fields: list[StrawberryField], *interfaces: str) -> None:
        made = self._class(name, fields, tuple(self.types[interface] for interface in interfaces))
        self.types[name] = strawberry.type(made, name=name, description=description)

    def _interface(self, name: str, description: str, fields: list[StrawberryField], *interfaces: str) -> None:
        made = self._class(name, fields, tuple(self.types[interface] for interface in interfaces))
        self.types[name] = strawberry.interface(made, name=name, description=description)

    def _input(self, name: str, description: str, fields: list[StrawberryField], one_of: bool = False) -> None:
        for field in fields:
            field.default = field.default_value = strawberry.UNSET
        directives = (OneOfThese(),) if one_of else ()
        made = self._class(name, fields)
        self.types[name] = strawberry.input(made, name=name, description=description, directives=directives)

    def _enum(self, name: str, description: str, values: tuple[str, ...]) -> None:
        members: Any = StrEnum(name, {value: value for value in values})  # type: ignore[misc]
        self.types[name] = strawberry.enum(members, name=name, description=description)

"""The commands about one person: what is held about them, and their erasure."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from graph import changes
from graph.civic import CIVIC
from graph.errors import BadInput
from graph.model import DataClass, Table
from graph.statements import Claim, Key
from server.difference import is_said, keyed, text, titled
from server.options import example, json_option, setting
from server.settings import Settings
from server.stores import existing_graph

PERSONS = tuple(kind for kind in CIVIC.kinds if kind.data_class in (DataClass.PERSONAL, DataClass.STUDENT))

key_option = setting("student_key", metavar="FILE")  # to find a student by number


@click.group(epilog=example("civic-graph person show champion:ada-lovelace"))
def person() -> None:
    """Tell what is held about somebody, or erase it.

    For requests of the persons themselves: access to all that is held about them, and erasure of it.
    """


@person.command(epilog=example("civic-graph person show champion:ada-lovelace"))
@click.argument("person_id", metavar="ID")
@key_option
@json_option
@click.pass_obj
def show(settings: Settings, person_id: str, student_key: str | None, as_json: bool) -> None:
    """Print every statement about a person and about placements that are theirs alone, and which source makes it."""
    found = node(settings, person_id, student_key)
    with existing_graph(settings.store) as store:
        held = list(changes.about(store, found))
    for table, key, record in held:
        for claim in record:
            click.echo(msgspec.json.encode(as_object(table, key, claim)) if as_json else as_line(table, key, claim))
    if not held:
        click.echo(f"nothing is held about {found}", err=True)


@person.command(epilog=example("civic-graph person erase champion:ada-lovelace"))
@click.argument("person_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@key_option
@json_option
@click.pass_obj
def erase(settings: Settings, person_id: str, yes: bool, student_key: str | None, as_json: bool) -> None:
    """Erase a person from the graph, and keep loads from bringing them back.

    All that any source says of the person, of placements that are theirs alone, and of the relations of both is taken
    out, and the hashes of their ids are put on the list of who was erased. Free text that mentions somebody, tables,
    and copies of the graph are not searched.
    """
    from loaders.erased import Erased
    from loaders.report import counted
    from server.loading import lists_of_erased

    found = node(settings, person_id, student_key)
    if not yes:
        click.confirm(f"Erase {found} for good?", abort=True, err=True)
    with existing_graph(settings.store) as store:
        head, number = changes.erase(store, found, Erased(*lists_of_erased(settings)).add)
    content: dict[str, Any] = {"id": found, "erased": number, "version": head.version}
    said = f"{found}: {counted(number, 'record')} erased; the graph is at version {head.version}"
    click.echo(msgspec.json.encode(content) if as_json else said)


def node(settings: Settings, person_id: str, student_key: str | None) -> str:
    """The id that somebody has in the graph. Raises BadInput where it is none, or that of a kind that is not about
    persons, or a student's number and there is no key."""
    from loaders.report import Refused
    from loaders.resolve import KEY
    from server.loading import pseudonyms

    kind = CIVIC.kind_of(person_id)
    if kind is None or not KEY.fullmatch(person_id.partition(":")[2]):
        raise BadInput(f"{person_id!r} is no whole id; expected one such as champion:ada-lovelace")
    if kind not in PERSONS:
        expected = ", ".join(f"{person.prefix}:…" for person in PERSONS)
        raise BadInput(f"{person_id!r} is about a {kind.name.lower()}, not a person; expected {expected}")
    key = student_key or settings.student_key
    try:
        return pseudonyms(key).of(person_id) if kind.pseudonymous else person_id
    except Refused as refused:
        raise BadInput(f"{person_id}: {refused.message}; expected {refused.expected}") from refused


def as_object(table: Table, key: Key, claim: Claim) -> dict[str, Any]:
    keys = {prop.name: part for prop, part in zip(table.key, key, strict=True)}
    return {
        "table": table.table,
        **keys,
        "source": claim.source,
        "locator": claim.locator,
        "values": said(table, claim),
    }


def as_line(table: Table, key: Key, claim: Claim) -> str:
    values = ", ".join(f"{name} {text(value)}" for name, value in said(table, claim).items())
    where = f"{claim.source}, {claim.locator}" if claim.locator else claim.source
    return f"{titled(table)} {keyed(table, key)}: {values or 'nothing more'} ({where})"


def said(table: Table, claim: Claim) -> dict[str, Any]:
    """What a claim says, without what it says nothing of."""
    values = zip((prop.name for prop in table.values), claim.values, strict=True)
    return {name: value for name, value in values if is_said(value)}

"""The command that lists the trusted documents."""

from __future__ import annotations

import click
import msgspec

from server.console import print_table
from server.options import example, json_option
from server.settings import Settings


@click.command(epilog=example("civic-graph operations", "civic-graph operations --json > manifest.json"))
@json_option
@click.pass_obj
def operations(settings: Settings, as_json: bool) -> None:
    """List the trusted documents by name and id, and the role that sees least of those whose schema each fits.

    Ends with 1 where a file is no such document. With --json, the manifest for clients: what each answers, that role,
    its variables with an example, and its text, by id.
    """
    from graph.errors import RequestError
    from schema.errors import failure
    from server.operations import known, least_role, manifest, tell

    wrong: list[str] = []

    def complain(place: str, reason: str) -> None:
        wrong.append(f"error: {place}: {reason}")

    roles = []
    for document in known(settings.operations, complain):
        try:
            roles.append((document, least_role(document)))
        except RequestError as error:
            tell(document.origin, failure(error), complain)
    if as_json:
        click.echo(msgspec.json.encode(manifest(roles)))
    else:
        variables = [", ".join(f"${name}: {kind}" for name, kind in d.variables.items()) for d, _ in roles]
        rows = [(d.name, d.id, role, given) for (d, role), given in zip(roles, variables, strict=True)]
        print_table("", [("name", "id", "role", "variables"), *rows])
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        raise SystemExit(1)

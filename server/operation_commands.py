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
    """List the trusted documents by name and id.

    With --json, the manifest for clients: what each answers, its variables with an example, and its text, by id.
    """
    from server.operations import known, manifest

    documents = known(settings.operations)
    if as_json:
        click.echo(msgspec.json.encode(manifest(documents)))
        return
    rows = [(d.name, d.id, ", ".join(f"${name}: {kind}" for name, kind in d.variables.items())) for d in documents]
    print_table("", [("name", "id", "variables"), *rows])

"""The commands about API tokens."""

from __future__ import annotations

import click
import msgspec

from graph.roles import Role
from server import console
from server.options import example, json_option, plain
from server.settings import Settings
from server.tokens import Token, Tokens, lifetime

ROLES = [role for role in Role if role is not Role.PUBLIC]  # for which nobody needs a token
SHOWN = ("id", "name", "role", "created", "expires", "state")


@click.group(epilog=example("civic-graph token create --role analyst"))
def token() -> None:
    """Make, list and revoke API tokens.

    A caller sends its token as `Authorization: Bearer TOKEN` and sees what its role sees.
    """


@token.command(epilog=example("civic-graph token create --role analyst --expires 90d --name 'map of needs'"))
@click.option("--role", type=click.Choice(ROLES, case_sensitive=False), required=True, help="What its caller may see.")
@click.option("--expires", default="90d", show_default=True, metavar="DAYS", help="How long it is valid, 365d at most.")
@click.option("--name", default="", callback=plain, help="What or whom it is for.")
@json_option
@click.pass_obj
def create(settings: Settings, role: Role, expires: str, name: str, as_json: bool) -> None:
    """Make a token and print it, this once: only its hash is kept."""
    made, secret = Tokens(settings.token_file).create(role, lifetime(expires), name)
    if as_json:
        click.echo(msgspec.json.encode({**shown(made), "token": secret}))
        return
    click.echo(
        f"Token {made.id} in {settings.token_file}, {role} until {made.expires}. It is shown this once:", err=True
    )
    click.echo(secret)


@token.command("list", epilog=example("civic-graph token list"))
@json_option
@click.pass_obj
def listed(settings: Settings, as_json: bool) -> None:
    """List all tokens, also those that are not valid any more."""
    tokens = [shown(token) for token in Tokens(settings.token_file).listed()]
    if as_json:
        click.echo(msgspec.json.encode(tokens))
    elif tokens:
        console.print_table("Tokens", [SHOWN, *(tuple(token.values()) for token in tokens)])
    else:
        click.echo(f"There are no tokens in {settings.token_file}.")


@token.command(epilog=example("civic-graph token revoke 3f9a1c2b"))
@click.argument("token_id", metavar="ID")
@json_option
@click.pass_obj
def revoke(settings: Settings, token_id: str, as_json: bool) -> None:
    """Take a token back. Servers refuse it from their next request on."""
    found = Tokens(settings.token_file).revoke(token_id)
    click.echo(msgspec.json.encode(shown(found)) if as_json else f"Token {found.id} was {found.state}.")


def shown(token: Token) -> dict[str, str]:
    """What is shown of a token."""
    return {name: str(getattr(token, name)) for name in SHOWN}

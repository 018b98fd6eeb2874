"""The command line: one command for each thing that people do with a graph.

What takes long to import (schema, loaders, the server) is imported by the commands that need it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from graph.civic import CIVIC
from graph.errors import BadInput, CivicGraphError
from graph.model import Table
from graph.roles import Role, described, seen_by
from graph.store import Change, Store
from server import console
from server.dump_commands import backup, export, restore
from server.examples import FIRST
from server.logs import LEVELS
from server.operation_commands import operations
from server.options import example, json_option, overridden, plain, setting
from server.person_commands import person
from server.process import collect_rarely, lasting
from server.settings import Settings, from_environment
from server.stores import existing_graph, graph, scratch_graph
from server.token_commands import token

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from server.loading import Outcome
    from server.stats import Stats

WELCOME = """\
Civic Graph serves {store}. {state}

  {url}          start page
  {url}/graphql  queries in a browser

Try:
  curl {url}/graphql -H 'content-type: application/json' -d '{request}'

{served}
Ctrl+C stops it."""
VERIFIED = {None: "", True: ", as computed anew", False: ", NOT as computed anew: load the sources into a new store"}

dry_run_option = click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
role_option = click.option(
    "--role",
    type=click.Choice(Role, case_sensitive=False),
    default="steward",
    show_default=True,
    help="In whose name.",
)
folders_argument = click.argument("folders", nargs=-1, required=True, metavar="[example|FOLDER|FILE]...")


class Commands(click.Group):
    """Commands whose expected errors are one sentence and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CivicGraphError as error:
            raise click.ClickException(error.message) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            place = error.filename2 or error.filename or "the output"
            raise click.ClickException(f"{place}: {error.strerror or error}") from error


@click.group(cls=Commands, epilog=example("civic-graph load example && civic-graph serve"))
@setting("store", metavar="URL")
@click.version_option(package_name="civic-graph", message="%(version)s")
@click.pass_context
def main(context: click.Context, store: str | None) -> None:
    """A knowledge graph of a civic university's work with its city, served through GraphQL."""
    collect_rarely()
    context.obj = overridden(from_environment(os.environ), store=store)


# Sources


@main.command(epilog=example("civic-graph load example", "civic-graph load --dry-run tables/"))
@folders_argument
@dry_run_option
@setting("student_key", metavar="FILE")
@setting("erased", metavar="FILE")
@click.option("--name", callback=plain, help="Name of the folder as a source, where it has no sources.csv.")
@click.option("--moved", is_flag=True, help="Its sources were loaded from another place, and are the same.")
@json_option
@click.pass_obj
def load(
    settings: Settings,
    /,
    folders: Sequence[str],
    dry_run: bool,
    name: str | None,
    moved: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Load folders of tables, or dumps, into the graph.

    `example` is the data that comes with the package, a FILE is what `civic-graph export` wrote. What a source said
    before is replaced by what it says now. With --dry-run, each is compared with the graph as it is.
    """
    from server.loading import Loading, located, pseudonyms, who_was_erased

    if name and len(folders) > 1:
        raise click.UsageError("--name is the name of one folder")
    for folder in folders:
        located(folder)  # so that none is loaded where another is not there
    settings = overridden(settings, **options)
    on_changes = partial(print_changes, as_json) if dry_run else None
    key, erased = pseudonyms(settings.student_key), who_was_erased(settings)
    with scratch_graph(settings.store) if dry_run else graph(settings.store) as store:
        loading = Loading(store, name, moved, dry_run, on_changes, key, erased)
        for folder in folders:
            outcome = loading.load(folder)
            tell(outcome, as_json)
            if not outcome.ok:
                sys.exit(1)


@main.command(epilog=example("civic-graph check tables/"))
@folders_argument
@setting("student_key", metavar="FILE")
@json_option
@click.pass_obj
def check(settings: Settings, folders: Sequence[str], student_key: str | None, as_json: bool) -> None:
    """Read folders of tables, or dumps, and report what is wrong.

    Nothing is loaded. References are looked up in the graph as well, where there is one. Exits with 1 where there
    are errors.
    """
    from server.loading import checked, pseudonyms

    wrong = False
    with scratch_graph(settings.store) as store:
        for folder in folders:
            with checked(store, folder, pseudonyms(student_key or settings.student_key)) as found:
                wrong |= not found.report.ok
                lines = [to_json({"folder": folder, **found.report.as_json()})] if as_json else found.report.lines()
                click.echo("\n".join([f"{folder}:", *lines] if len(folders) > 1 and not as_json else lines))
    sys.exit(int(wrong))


@main.command(epilog=example("civic-graph withdraw --dry-run case-study"))
@click.argument("source")
@dry_run_option
@json_option
@click.pass_obj
def withdraw(settings: Settings, source: str, dry_run: bool, as_json: bool) -> None:
    """Take back all that a source said.

    SOURCE is the id of one; `civic-graph stats` lists them.
    """
    from server.loading import Loading

    with existing_graph(settings.store) as store:
        on_changes = partial(print_changes, as_json) if dry_run else None
        tell(Loading(store, dry_run=dry_run, on_changes=on_changes).withdraw(source), as_json)


def print_changes(as_json: bool, table: Table, batch: list[Change]) -> None:
    """Print each change on a line of its own."""
    from server import difference

    for change in batch:
        line = to_json(difference.as_json(table, change)) if as_json else difference.as_line(table, change)
        click.echo(line)


def tell(outcome: Outcome, as_json: bool) -> None:
    """Print what became of a load: the result, and what the report has to say of it on standard error."""
    report = outcome.report
    if report and (report.errors or report.warnings) and not as_json:
        click.echo("\n".join(report.lines()), err=True)
    click.echo(to_json(outcome.as_json()) if as_json else str(outcome), err=not (outcome.ok or as_json))


# The graph


@main.command(epilog=example("civic-graph stats --verify"))
@click.option("--verify", is_flag=True, help="Compute the content hash anew; exit with 1 where it differs.")
@json_option
@click.pass_obj
def stats(settings: Settings, verify: bool, as_json: bool) -> None:
    """Show the graph's version, counts and sources."""
    from server.stats import Stats

    with existing_graph(settings.store) as store:
        found = Stats.of(store, verify)
    if as_json:
        click.echo(to_json(found.as_json()))
    else:
        print_stats(found)
    sys.exit(int(found.verified is False))


def print_stats(found: Stats) -> None:
    click.echo(str(found))
    click.echo(f"Content hash {found.content_hash}{VERIFIED[found.verified]}")
    for title, rows in found.tables().items():
        console.print_table(title, rows)


@main.command(
    epilog=example(
        "civic-graph query '{ boroughs { totalCount } }'",
        'civic-graph query @question.graphql --variables \'{"id": "borough:E09000012"}\'',
    )
)
@click.argument("query")
@click.option("--variables", metavar="JSON|@FILE", help="Variables of the query.")
@click.option("--operation", metavar="NAME", help="Operation to run, where the query has several.")
@click.option("--compact", is_flag=True, help="Print the answer on one line.")
@role_option
@click.pass_obj
def query(
    settings: Settings, query: str, variables: str | None, operation: str | None, compact: bool, role: Role
) -> None:
    """Ask the graph and print the GraphQL answer.

    QUERY may be @FILE, or - for standard input. Exits with 1 where the answer has errors. Who can read the store sees
    all of it; with --role, what a caller in that role would see.
    """
    import asyncio

    from schema.api import API

    question, values = text_of(query), variables_of(variables)
    with existing_graph(settings.store) as store:
        body = asyncio.run(API(store, role).execute(question, values, operation)).body
    click.echo(body if compact else msgspec.json.format(body, indent=2))
    sys.exit(int("errors" in msgspec.json.decode(body)))


@main.command(epilog=example("civic-graph schema > schema.graphql", "civic-graph schema --role public"))
@role_option
def schema(role: Role) -> None:
    """Print the GraphQL schema, as a role sees it."""
    from schema.types import sdl

    click.echo(sdl(seen_by(role, CIVIC)), nl=False)


for command in (backup, export, operations, person, restore, token):
    main.add_command(command)


@main.command(epilog=example("civic-graph serve --port 8080"))
@setting("host")
@setting("port", type=click.IntRange(0, 65_535))
@setting("anonymous", type=click.Choice(Role, case_sensitive=False))
@setting("tokens", metavar="FILE")
@setting("operations", metavar="FOLDER")
@setting("trusted_only", is_flag=True, default=None)
@setting("origins", metavar="ORIGINS")
@setting("kept_answers", type=click.IntRange(0, 100_000))
@setting("log_level", type=click.Choice(list(LEVELS)))
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer.")
@click.pass_obj
def serve(settings: Settings, /, workers: int, **options: Any) -> None:
    """Serve the graph over HTTP.

    GraphQL is at /graphql, pages for people are at /. Callers without a token see what is public.
    """
    import multiprocessing

    from server.listener import address_of, listen, opened

    settings = overridden(settings, **options)
    listening = opened(settings.host, settings.port)
    address = address_of(listening)
    if not address.is_local:
        refuse_strangers(settings, address.url)
    if workers > 1:
        with graph(settings.store):
            pass  # is made, or brought up to date, before they all would
    first, leaving = multiprocessing.Lock(), multiprocessing.Event()
    welcomes = partial(welcome, settings, address.url, first)
    listen(listening, partial(application, settings, welcomes, leaving), workers, leaving)


def application(settings: Settings, started: Callable[[Store], None], leaving: Any) -> Starlette:
    """The application of one worker. It is not ready once it is `leaving`."""
    with lasting():  # what is imported lasts as well
        from server.app import application

        return application(settings, started, leaving.is_set)


def welcome(settings: Settings, url: str, first: Any, store: Store) -> None:
    """Say what is served, in the first worker that is ready."""
    from server.stats import Stats

    if first.acquire(block=False):
        state, request, served = str(Stats.of(store)), to_json(first_request(settings)), served_as(settings.anonymous)
        click.echo(WELCOME.format(store=settings.store, state=state, url=url, request=request, served=served))


def first_request(settings: Settings) -> dict[str, Any]:
    """A request to try: of the trusted documents, where these are answered only, one that everybody may ask."""
    from server.operations import known, least_role

    if not settings.trusted_only:
        return {"query": FIRST}
    asked = next(document for document in known() if least_role(document) is Role.PUBLIC)
    return {"documentId": asked.id, "variables": asked.example}


def served_as(role: Role) -> str:
    if role is Role.PUBLIC:
        return f"Callers without a token see {described(role)}; for more: civic-graph token create --role analyst"
    return f"Everybody who reaches this address is served as {role} and sees {described(role)}."


def refuse_strangers(settings: Settings, url: str) -> None:
    """Raises BadInput where everybody who reaches a machine would see more than is public."""
    if settings.anonymous is not Role.PUBLIC:
        raise BadInput(f"other machines reach {url}: callers without a token can only be public there")
    click.echo(f"Warning: other machines reach {url}, and tokens are sent as they are; put HTTPS before it", err=True)


# Tables


@main.command(epilog=example("civic-graph generate --partners 600 --seed 1 demo/"))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--partners", type=int, default=600, show_default=True, help="How many partners.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another city.")
@json_option
def generate(out: Path, partners: int, seed: int, as_json: bool) -> None:
    """Write the tables of a made-up city.

    OUT is a new or empty folder. Every record is marked as made up.
    """
    from loaders.generate import generate

    with console.progress("Writing") as shown:
        rows = generate(out, partners, seed, shown)
    total = f"{out}: {sum(rows.values()):,} rows in {len(rows)} tables; load them: civic-graph load example {out}"
    click.echo(to_json({"folder": str(out), "files": rows}) if as_json else total)


@main.command(
    epilog=example(
        "civic-graph template tables/",
        "civic-graph template tables/ partners projects",
        "civic-graph template --describe",
    )
)
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.argument("kinds", nargs=-1, type=click.Choice([kind.plural for kind in CIVIC.kinds]), metavar="[KIND]...")
@click.option("--describe", is_flag=True, help="Print the columns of every table instead.")
@json_option
def template(folder: Path | None, kinds: tuple[str, ...], describe: bool, as_json: bool) -> None:
    """Write empty tables to be filled in.

    They have all their columns, and go into the new or empty FOLDER. With kinds in the plural, as in `partners
    projects`, only their tables and those of the relations between them are written.
    """
    from loaders.folder import template
    from loaders.report import counted
    from server.columns import described

    if describe:
        columns = described(CIVIC)
        if as_json:
            click.echo("\n".join(map(to_json, columns)))
        else:
            console.print_table("", [list(columns[0]), *(list(column.values()) for column in columns)])
        return
    if folder is None:
        raise click.UsageError("Missing argument 'FOLDER', or --describe.")
    files = template(CIVIC, folder, kinds)
    click.echo(
        to_json({"folder": str(folder), "files": files}) if as_json else f"{folder}: {counted(len(files), 'table')}"
    )


# Arguments and results


def text_of(argument: str) -> str:
    """The text an argument gives: itself, `@FILE` or `-` for standard input.

    Raises BadInput where it cannot be read.
    """
    try:
        if argument == "-":
            return sys.stdin.read()
        text = Path(argument[1:]).read_text("utf-8") if argument.startswith("@") else argument
        text.encode()  # an argument may hold bytes that are no text
        return text
    except OSError as error:
        raise BadInput(f"{argument[1:]} cannot be read: {error.strerror}") from error
    except UnicodeError as error:
        raise BadInput(f"{argument.lstrip('@')!a} is not text in UTF-8") from error


def variables_of(argument: str | None) -> dict[str, Any] | None:
    """Variables given as a JSON object. Raises BadInput where they are none."""
    if argument is None:
        return None
    try:
        return msgspec.json.decode(text_of(argument), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"the variables are not a JSON object: {error}") from error


def to_json(content: Any) -> str:
    return msgspec.json.encode(content).decode()

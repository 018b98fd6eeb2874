"""The commands that carry a whole graph elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from graph.errors import BadInput
from graph.store import Store
from server.console import progress
from server.options import example, json_option, overridden, setting
from server.settings import Settings
from server.stores import existing_graph, graph

NOBODY_LEFT_OUT = (
    "There is no list of who was erased at {}, so nobody was left out. If somebody was erased since, restore into a "
    "new store with --erased."
)

force_option = click.option("--force", is_flag=True, help="Overwrite a file that is there.")


@click.command(epilog=example("civic-graph export graph.jsonl", "civic-graph export - | gzip > graph.jsonl.gz"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@force_option
@json_option
@click.pass_obj
def export(settings: Settings, file: Path, force: bool, as_json: bool) -> None:
    """Write the whole graph to a file, a record a line.

    FILE may be - for standard output. It holds all that was loaded, personal and student data included, and only you
    can read it. `civic-graph load FILE` takes it, into either sort of store.
    """
    from server.dumps import exported

    refuse_store(settings, file)
    with existing_graph(settings.store) as store:
        if str(file) == "-":
            stream(store)
            return
        with progress("Writing") as shown:
            dumped = exported(store, file, force, shown)
    tell(str(dumped), dumped.as_json(), as_json)


def refuse_store(settings: Settings, file: Path) -> None:
    """Raises BadInput where a file is the store itself."""
    store = Path(settings.store.removeprefix("sqlite:"))
    if store.exists() and file.exists() and file.samefile(store):
        raise BadInput(f"{file} is the store itself; expected another file")


def stream(store: Store) -> None:
    """Write a dump to standard output. One that is cut off lacks its last line."""
    from loaders.dump import write

    with store.snapshot() as snapshot, progress("Writing") as shown:
        write(snapshot, store.model, sys.stdout.buffer, shown)


@click.command(epilog=example("civic-graph backup graph-2026-03-01.backup"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@force_option
@json_option
@click.pass_obj
def backup(settings: Settings, file: Path, force: bool, as_json: bool) -> None:
    """Write a backup of the graph, while others use it.

    It is a copy of the embedded store, and of a Neo4j database what `civic-graph export` writes. Only you can read it.
    """
    from server.dumps import backed_up

    refuse_store(settings, file)
    with existing_graph(settings.store) as store, progress("Writing") as shown:
        done = backed_up(store, file, force, shown)
    tell(str(done), done.as_json(), as_json)


@click.command(epilog=example("civic-graph restore graph-2026-03-01.backup"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@setting("erased", metavar="FILE")
@json_option
@click.pass_obj
def restore(settings: Settings, file: Path, erased: str | None, as_json: bool) -> None:
    """Fill an empty graph from a backup.

    FILE is what `civic-graph backup` or `civic-graph export` wrote, of either sort of store. Who was erased since is
    left out, by the list of the graph that was backed up. The content hash is computed anew from what is there then.
    """
    from server.dumps import restored
    from server.loading import lists_of_erased, who_was_erased

    settings = overridden(settings, erased=erased)
    left_out = who_was_erased(settings)
    with graph(settings.store) as store, progress("Restoring") as shown:
        done = restored(store, file, shown, left_out)
    places = lists_of_erased(settings)
    if done.ok and not any(path.exists() for path in places):
        click.echo(NOBODY_LEFT_OUT.format(places[0]), err=True)
    if done.report and not as_json and not done.ok:
        click.echo("\n".join(done.report.lines()), err=True)
    tell(str(done), done.as_json(), as_json)
    sys.exit(int(not done.ok))


def tell(sentence: str, content: dict[str, Any], as_json: bool) -> None:
    click.echo(msgspec.json.encode(content) if as_json else sentence)

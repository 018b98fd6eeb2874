"""The generated parts of the documents. `make docs` writes them; a test sees that they are up to date."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from graph import changes, errors
from graph.civic import CIVIC
from graph.model import Cube, DataClass, Kind, Property, Relation, Table
from graph.roles import SEES, Role, least, seen_by
from graph.stores import open_store
from loaders.folder import EXAMPLE, read
from schema.api import API
from server.cli import main as cli
from server.settings import SETTINGS

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

QUESTION = re.compile(r"```graphql\n(?P<query>.*?)```\n\n```json\n(?P<answer>.*?)```", re.DOTALL)
PART = re.compile(r"<!-- generated: (?P<name>\w+) -->\n.*?<!-- end -->", re.DOTALL)


def written(text: str, api: API) -> str:
    """A document with its answers and generated parts as they should be."""
    text = QUESTION.sub(lambda m: f"```graphql\n{m['query']}```\n\n```json\n{answer(api, m['query'])}\n```", text)
    return PART.sub(lambda m: f"<!-- generated: {m['name']} -->\n{PARTS[m['name']]()}\n<!-- end -->", text)


def answer(api: API, query: str) -> str:
    body = json.loads(asyncio.run(api.execute(query)).body)
    return json.dumps(body, indent=2, ensure_ascii=False)


def example_api(folder: Path) -> API:
    """The API over the example graph, loaded into a folder."""
    store = open_store(f"sqlite:{folder / 'example.db'}", CIVIC)
    with read(EXAMPLE, CIVIC, store, origin="example") as checked:
        changes.load(store, checked.statements)
    return API(store, Role.STEWARD)


# Parts


def model_part() -> str:
    parts = [kind_part(kind) for kind in CIVIC.kinds]
    return "\n\n".join(["## Kinds", *parts, "## Relations", *map(relation_part, CIVIC.relations)])


def kind_part(kind: Kind) -> str:
    own = [p for p in kind.values if p.name not in ("name", "aliases")]
    steps = [f"`{hop.field}` → {hop.target}{' (many)' if hop.many else ''}" for hop in CIVIC.hops(kind)]
    head = f"### {kind.name}\n\n{kind.description}{seen_only_by(kind)}"
    return f"{head}\n\n{property_table(kind, own)}Leads to: {', '.join(steps) or 'nothing'}."


def relation_part(relation: Relation) -> str:
    fields = (f"`{relation.source}.{relation.forward.field}`", f"`{relation.target}.{relation.backward.field}`")
    ends = ", ".join(dict.fromkeys(fields))
    keys = f" One and the same by its ends and `{'`, `'.join(relation.keys)}`." if relation.keys else ""
    head = f"### {relation.source} {relation.name} {relation.target}\n\n{relation.description} Read as {ends}.{keys}"
    return f"{head}{seen_only_by(relation)}\n\n{property_table(relation, list(relation.values))}".rstrip()


def seen_only_by(table: Table) -> str:
    """Who sees a table's rows at all, where that is not everybody."""
    *first, last = [f"{role}s" for role in Role if SEES[role].issuperset(CIVIC.classes(table))]
    return "" if SEES[Role.PUBLIC].issuperset(CIVIC.classes(table)) else f" Seen by {', '.join(first)} and {last} only."


def property_table(of: Table, properties: list[Property]) -> str:
    if not properties:
        return ""
    roles = [least({*CIVIC.classes(of), p.data_class}) for p in properties]
    rows = [
        f"| `{p.name}` | {type_of(p)} | {role} | {described(p)} |" for p, role in zip(properties, roles, strict=True)
    ]
    return "\n".join(["| property | type | seen by | what it says |", "|---|---|---|---|", *rows]) + "\n\n"


def type_of(prop: Property) -> str:
    values = f": {', '.join(prop.values)}" if prop.values else ""
    marks = [name for name in ("required", "unique", "searchable") if getattr(prop, name)]
    return ", ".join([f"{prop.type}{values}", *filter(None, (prop.form, prop.range)), *marks])


def described(prop: Property) -> str:
    return f"{prop.description} In {prop.unit}." if prop.unit else prop.description


def roles_part() -> str:
    rows = (f"| {role} | {', '.join(c for c in DataClass if c in SEES[role])} | {hidden_from(role)} |" for role in Role)
    return "\n".join(["| role | sees data that are | does not see |", "|---|---|---|", *rows])


def hidden_from(role: Role) -> str:
    seen = seen_by(role, CIVIC)
    kinds = [kind.plural for kind in CIVIC.kinds if kind.name not in seen.by_name]
    properties = [
        f"`{table.table}.{prop.name}`"
        for table, left in (
            (table, left) for table in CIVIC.tables for left in seen.tables if left.table == table.table
        )
        for prop in table.values
        if prop not in left.values
    ]
    return ", ".join([*kinds, *properties]) or "nothing"


def cubes_part() -> str:
    rows = (f"| `{c.name}` | {CIVIC.kind(c.kind).plural} | {' and '.join(dimensions(c))} |" for c in CIVIC.cubes)
    return "\n".join(["| cube | counts | by |", "|---|---|---|", *rows])


def dimensions(cube: Cube) -> Iterator[str]:
    if cube.by:
        yield f"`{cube.by}`"
    if cube.year:
        yield f"academic year, of `{cube.year}`"


def errors_part() -> str:
    asked = error_classes(errors.RequestError)
    kept = [errors.Overloaded, errors.Timeout, errors.Unavailable, errors.Incompatible, errors.StoreError]
    return "\n".join(f"| `{e.code}` | {e.status} | {e.__doc__} |" for e in (*asked, *kept))


def error_classes(of: type[errors.RequestError]) -> Iterator[type[errors.RequestError]]:
    """The errors that have a code of their own, in the order of the tree."""
    for error in of.__subclasses__():
        if "code" in vars(error) and error.__doc__:
            yield error
        yield from error_classes(error)


def settings_part() -> str:
    rows = [f"| `{s.env}` | `{s.shown}` | {s.help} |" for s in SETTINGS]
    return "\n".join(["| variable | default | what it sets |", "|---|---|---|", *rows])


def commands_part() -> str:
    return "\n\n".join(help_of_all(cli, "civic-graph"))


def help_of_all(command: click.Command, name: str) -> Iterator[str]:
    """The help of a command and of those below it."""
    yield help_of(command, name)
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from help_of_all(command.commands[inner], f"{name} {inner}")


def help_of(command: click.Command, name: str) -> str:
    context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
    return f"### {name}\n\n```text\n{command.get_help(context)}\n```"


MISTAKEN = {
    "partners.csv": """\
id,name,type,status,borough,challenges,staff
harbour-trust,Harbour Trust,charty,active,Hackny,Environment;crime,12
,Nobody,,,London,,
""",
    "partner-takes-part-in-project.csv": """\
from,to,role,hours,since
harbour-trust,river-walk,lead,many,2024-02-30
""",
}


def report_part() -> str:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in MISTAKEN.items():
            (Path(folder) / name).write_text(text)
        api = example_api(Path(folder))
        with read(Path(folder), CIVIC, api.store, name="mistaken") as checked:
            lines = "\n".join(checked.report.lines())
        api.store.close()
    tables = [f"`{name}`:\n\n```text\n{text}```" for name, text in MISTAKEN.items()]
    return "\n\n".join([*tables, f"gives\n\n```text\n{lines}\n```"])


PARTS: dict[str, Callable[[], str]] = {
    "model": model_part,
    "roles": roles_part,
    "cubes": cubes_part,
    "errors": errors_part,
    "settings": settings_part,
    "commands": commands_part,
    "report": report_part,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        api = example_api(Path(folder))
        for document in DOCUMENTS:
            document.write_text(written(document.read_text(), api))
        api.store.close()


if __name__ == "__main__":
    main()

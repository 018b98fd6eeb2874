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
from graph.model import Kind, Property, Relation
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
    return API(store)


# Parts


def model_part() -> str:
    parts = [kind_part(kind) for kind in CIVIC.kinds]
    return "\n\n".join(["## Kinds", *parts, "## Relations", *map(relation_part, CIVIC.relations)])


def kind_part(kind: Kind) -> str:
    own = [p for p in kind.values if p.name not in ("name", "aliases")]
    steps = [f"`{hop.field}` → {hop.target}{' (many)' if hop.many else ''}" for hop in CIVIC.hops(kind)]
    return f"### {kind.name}\n\n{kind.description}\n\n{property_table(own)}Leads to: {', '.join(steps) or 'nothing'}."


def relation_part(relation: Relation) -> str:
    ends = f"`{relation.source}.{relation.forward.field}`, `{relation.target}.{relation.backward.field}`"
    keys = f" One and the same by its ends and `{'`, `'.join(relation.keys)}`." if relation.keys else ""
    head = f"### {relation.source} {relation.name} {relation.target}\n\n{relation.description} Read as {ends}.{keys}"
    return f"{head}\n\n{property_table(list(relation.values))}".rstrip()


def property_table(properties: list[Property]) -> str:
    if not properties:
        return ""
    rows = [f"| `{p.name}` | {type_of(p)} | {p.data_class} | {described(p)} |" for p in properties]
    return "\n".join(["| property | type | seen by | what it says |", "|---|---|---|---|", *rows]) + "\n\n"


def type_of(prop: Property) -> str:
    values = f": {', '.join(prop.values)}" if prop.values else ""
    return f"{prop.type}{values}{', required' if prop.required else ''}{', unique' if prop.unique else ''}"


def described(prop: Property) -> str:
    return f"{prop.description} In {prop.unit}." if prop.unit else prop.description


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
    rows = [f"| `{s.env}` | `{s.default}` | {s.help} |" for s in SETTINGS]
    return "\n".join(["| variable | default | what it sets |", "|---|---|---|", *rows])


def commands_part() -> str:
    with click.Context(cli, info_name="civic-graph") as context:
        names = cli.list_commands(context)
        return "\n\n".join(
            [help_of(cli, "civic-graph"), *(help_of(cli.commands[n], f"civic-graph {n}") for n in names)]
        )


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

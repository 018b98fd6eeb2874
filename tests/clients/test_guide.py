"""The clients that people use, on the committed schema and the running server, as docs/clients.md tells to."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients import packages
from tests.clients.guide import EXAMPLES, FENCE, SHARED, TEXT, Example
from tests.clients.packages import HERE

SCHEMA = HERE.parents[1] / "schema" / "schema.graphql"
WRITTEN = "http://127.0.0.1:8000"  # where the page says that the server is
TITLES = [example.title for example in EXAMPLES]


@dataclass(frozen=True)
class Project:
    """A folder of somebody who uses a client."""

    folder: Path
    programs: Path
    url: str

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text(text.replace(WRITTEN, self.url))

    def run(self, command: str) -> str:
        """What a command prints."""
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "npm_config_offline": "true"}
        done = subprocess.run(command.split(), cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def project(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Project:
    """A folder with the schema, what all examples share, and the files of the one asked for."""
    example: Example = request.param
    (tmp_path / "schema.graphql").symlink_to(SCHEMA)
    if example.tool == "npm":
        modules: Path = request.getfixturevalue("node_modules")
        (tmp_path / "node_modules").symlink_to(modules)
        made = Project(tmp_path, modules / ".bin", url)
    else:
        made = Project(tmp_path, packages.pip(example.packages[0].partition("[")[0]), url)
    made.write({**SHARED, **example.files})
    return made


def titled(title: str) -> Example:
    return next(example for example in EXAMPLES if example.title == title)


@pytest.mark.parametrize(("project", "example"), [(e, e) for e in EXAMPLES], ids=TITLES, indirect=["project"])
def test_an_example_prints_what_it_says(project: Project, example: Example) -> None:
    *before, last = example.commands
    for command in before:
        project.run(command)
    assert project.run(last) == example.output


def test_every_block_of_the_page_is_written_or_run() -> None:
    parts = [SHARED, *(example.files for example in EXAMPLES)]
    outputs = [example.output for example in EXAMPLES if example.output]
    answers = 1  # tests.test_docs compares it
    assert len(FENCE.findall(TEXT)) == sum(map(len, parts)) + len(EXAMPLES) + len(outputs) + answers


@pytest.mark.parametrize("example", EXAMPLES, ids=TITLES)
def test_what_the_page_has_installed_is_what_the_tests_use(example: Example) -> None:
    if example.tool == "npm":
        pinned = set(json.loads((HERE / "package.json").read_text())["devDependencies"])
        assert pinned >= set(example.packages)
        return
    name, *_ = (package.partition("[")[0] for package in example.packages)
    lines = (HERE / f"{name}.txt").read_text().splitlines()
    assert {line.partition("==")[0] for line in lines} >= {package.partition("[")[0] for package in example.packages}


@pytest.mark.parametrize("project", [titled("GraphQL Code Generator")], indirect=True)
def test_code_is_generated_from_the_running_server_too(project: Project) -> None:
    config = project.folder / "codegen.json"
    config.write_text(config.read_text().replace('"schema.graphql"', f'"{project.url}/graphql"'))
    project.run("npx graphql-codegen")
    assert (
        "nodes: Array<{ name: string, part: BoroughPart | null, population: number | null }>"
        in (project.folder / "generated.ts").read_text()
    )


@pytest.mark.parametrize("project", [titled("GraphQL ESLint")], indirect=True)
def test_the_rule_that_is_off_would_find_one_field(project: Project) -> None:
    config = project.folder / "eslint.config.mjs"
    config.write_text(config.read_text().replace('no-typename-prefix": "off"', 'no-typename-prefix": "warn"'))
    (linted,) = json.loads(project.run("npx eslint --format json schema.graphql"))
    found = [message["message"] for message in linted["messages"]]
    assert found == ['Field "sources" starts with the name of the parent type "Source"']

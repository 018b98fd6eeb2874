"""The examples of docs/clients.md, taken apart: files to write, commands to run, what the last of them prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "clients.md"
FILE = re.compile(r"`(?P<name>[\w./-]+)`:\n\n```\w+\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
RUN = re.compile(r"^```sh\n(?P<commands>.*?)^```\n(\n```text\n(?P<output>.*?)^```)?", re.DOTALL | re.MULTILINE)
INSTALL = re.compile(r"`(?P<tool>npm|pip) install (?P<packages>[^`]+)`")
FENCE = re.compile(r"^```\w", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """How one client is used: with which packages of `npm` or `pip`."""

    title: str
    tool: str
    packages: tuple[str, ...]
    files: dict[str, str]
    commands: tuple[str, ...]
    output: str


def example(section: str) -> Example:
    title, _, text = section.partition("\n")
    install, run = INSTALL.search(text), RUN.search(text)
    assert install and run, f"{title} says how to install it, and what to run"
    packages = tuple(install["packages"].split())
    commands = tuple(run["commands"].splitlines())
    return Example(title, install["tool"], packages, files(text), commands, run["output"] or "")


def files(text: str) -> dict[str, str]:
    return {found["name"]: found["text"] for found in FILE.finditer(text)}


TEXT = GUIDE.read_text()
HEAD, *_SECTIONS = TEXT.split("\n## ")
SHARED = files(HEAD)  # by all examples
EXAMPLES = [example(section) for section in _SECTIONS]

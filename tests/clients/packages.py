"""The packages that the clients come in, installed as pinned into scratch/clients when they are not there yet."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from fcntl import LOCK_EX, flock
from pathlib import Path

HERE = Path(__file__).parent
SCRATCH = HERE.parents[1] / "scratch" / "clients"
UV = str(Path(sys.executable).with_name("uv"))
PINNED = ("package.json", "package-lock.json", ".npmrc")


class Missing(Exception):
    """What has to be installed before the clients can be."""


def npm() -> Path:
    """The folder with the packages of package-lock.json."""
    if not shutil.which("npm"):
        raise Missing("Node.js is missing, which runs the clients: install Node.js 20 or newer with npm")
    folder = SCRATCH / "npm"

    def install() -> None:
        for name in PINNED:
            shutil.copy(HERE / name, folder)
        run("npm", "ci", "--prefer-offline", "--no-progress", folder=folder)

    once(folder, "".join((HERE / name).read_text() for name in PINNED), install)
    return folder / "node_modules"


def pip(name: str) -> Path:
    """The folder with the programs of an environment with a client of Python's and what it needs.

    Each has its own: they want different versions of graphql-core, and the product another.
    """
    folder, pinned = SCRATCH / name, HERE / f"{name}.txt"
    python = folder / "venv" / "bin" / "python"

    def install() -> None:
        run(UV, "venv", "--quiet", "--clear", "--python", sys.executable, "venv", folder=folder)
        run(UV, "pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(pinned), folder=folder)

    once(folder, pinned.read_text(), install)
    return python.parent


def once(folder: Path, pinned: str, install: Callable[[], None]) -> None:
    """Fill a folder with what is pinned, unless it holds just that. One process at a time does."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / ".installed"
    with (folder / ".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not stamp.exists() or stamp.read_text() != pinned:
            stamp.unlink(missing_ok=True)
            install()
            stamp.write_text(pinned)


def run(*command: str, folder: Path) -> None:
    """Run a command that installs; what it says is shown if it fails."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}")

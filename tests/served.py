"""`civic-graph serve` as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import httpx

SERVE = (sys.executable, "-m", "server", "--store")
PATIENCE = 30


def start(store: str, *options: str) -> subprocess.Popen[str]:
    command = [*SERVE, store, "serve", "--port", "0", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)


def welcome(process: subprocess.Popen[str]) -> str:
    """What it says once it serves."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl+C" in line:
            return said
    raise AssertionError(process.communicate())


def address(said: str) -> str:
    return next(line.split()[0] for line in said.splitlines() if line.startswith("  http"))


def stop(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and what was said on standard error."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, errors


def wait(url: str) -> httpx.Response:
    """The first answer: what is said just before the socket is open may come early."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return httpx.get(f"{url}/readyz", timeout=PATIENCE)
        except httpx.ConnectError:
            assert time.monotonic() < deadline

"""`civic-graph serve` as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import httpx

SERVE = (sys.executable, "-m", "server", "--store")
PATIENCE = 30


def start(
    store: str, *options: str, environment: Mapping[str, str] | None = None, errors: IO[str] | int = subprocess.PIPE
) -> subprocess.Popen[str]:
    command = [*SERVE, store, "serve", "--port", "0", *options]
    given = {**os.environ, **(environment or {})}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1, env=given)


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
    """The first answer, for which a worker has to be there."""
    return httpx.get(f"{url}/readyz", timeout=PATIENCE)


class Server:
    """A server under attack, which must stay alive and small."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        self.port = int(url.rpartition(":")[2])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def worker(self) -> int:
        """The id of the process that answers: the largest of those that it has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return max(map(int, children), key=kilobytes)

    def kilobytes(self) -> int:
        """The memory of the worker that answers."""
        return kilobytes(self.worker())

    def health(self) -> None:
        """See that it says that it is alive."""
        with self.connect() as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert connection.recv(1_000).startswith(b"HTTP/1.1 200")


def descriptors(process: int) -> int:
    """How many files and connections a process has open."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def kilobytes(process: int) -> int:
    """The memory of a process."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])

"""A watcher in a process of its own: how soon a server says that it lives, and how large it is."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from tests.served import kilobytes

ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
REST = 0.005  # seconds between two questions
STRANGER = 5  # every how many questions one is asked over a new connection
PATIENCE = 60


@dataclass
class Seen:
    """How long /healthz took over a kept and over new connections, in ms, and the most memory, in MB."""

    kept: list[float] = field(default_factory=list)
    new: list[float] = field(default_factory=list)
    megabytes: float = 0.0

    @property
    def slowest(self) -> float:
        return max(self.kept + self.new, default=0.0)

    @property
    def asked(self) -> int:
        return len(self.kept) + len(self.new)


class Watcher:
    """What is seen from the other process, look by look."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def seen(self) -> Seen:
        """What it saw since it was asked last."""
        self._pipe.send(True)
        seen: Seen = self._pipe.recv()
        return seen


@contextmanager
def watching(port: int, pid: int) -> Iterator[Watcher]:
    """A watcher of the server at a port, whose process has that id."""
    context = get_context("spawn")  # so that it has nothing of this process, which is busy
    ours, theirs = context.Pipe()
    process = context.Process(target=watch, args=(port, pid, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Watcher(ours)
    finally:
        ours.close()
        process.join()


def watch(port: int, pid: int, pipe: Any) -> None:
    """Look until nobody asks any more."""
    seen, line, asked = Seen(), _connect(port), 0
    while True:
        seen.kept.append(_milliseconds(line))
        asked += 1
        if asked % STRANGER == 0:
            began = time.perf_counter()
            with _connect(port) as stranger:
                _milliseconds(stranger)
            seen.new.append((time.perf_counter() - began) * 1_000)
            seen.megabytes = max(seen.megabytes, kilobytes(pid) / 1_024)
        try:
            if pipe.poll(REST):
                pipe.recv()
                pipe.send(seen)
                seen = Seen()
        except (EOFError, BrokenPipeError):
            return


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def _milliseconds(line: socket.socket) -> float:
    """How long it takes until the whole answer is there. Raises ConnectionError where it is not that it lives."""
    began = time.perf_counter()
    line.sendall(ASK)
    answer = b""
    while not answer.endswith(b'{"status":"alive"}'):
        got = line.recv(4_096)
        if not got:
            raise ConnectionError(f"the server closed with {answer!r}")
        answer += got
    if not answer.startswith(b"HTTP/1.1 200"):
        raise ConnectionError(f"the server answered {answer!r}")
    return (time.perf_counter() - began) * 1_000

"""Connections that ask a server as fast as it answers, and say what became of each request."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator

LINES = 8  # as many as a worker answers at a time
PATIENCE = 30.0  # seconds; who waits longer meets a server that hangs
CLOSED = "closed"  # in the place of a status, where a connection ends without an answer
HANGS = "hangs"
DATA, ERRORS = "200", "200 with errors"  # as application/json has it, where the form of a request was right


class Statuses(Counter[str]):
    """How often each status was answered, and how many ms the slowest answer took."""

    slowest = 0.0

    def note(self, status: str, began: float) -> None:
        """Count an answer to what was asked at a time."""
        self[status] += 1
        self.slowest = max(self.slowest, (time.perf_counter() - began) * 1_000)


def post(body: bytes, *headers: str) -> bytes:
    """A request by POST, in the form of the specification but for its body."""
    head = ["POST /graphql HTTP/1.1", "Host: localhost", "Content-Type: application/json", *headers]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "\r\n"]).encode() + body


def asking(query: str, *headers: str) -> bytes:
    return post(json.dumps({"query": query}).encode(), *headers)


async def send(port: int, requests: Iterable[bytes], lines: int = LINES) -> Statuses:
    """Send all of them over so many connections, which are opened again where they are closed."""
    waiting, found = iter(requests), Statuses()
    async with asyncio.TaskGroup() as group:
        for _ in range(lines):
            group.create_task(_work(port, waiting, found))
    return found


async def _work(port: int, waiting: Iterator[bytes], found: Statuses) -> None:
    line = Line(port)
    for request in waiting:
        began = time.perf_counter()
        found.note(await line.ask(request), began)
    line.close()


class Line:
    """One connection, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> str:
        """The status of the answer, and whether it is one of errors, or none of GraphQL at all."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._asked(request)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            return CLOSED
        except TimeoutError:
            self.close()
            return HANGS

    async def _asked(self, request: bytes) -> str:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        await self._writer.drain()
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return status(head.split()[1].decode(), body)

    def close(self) -> None:
        if self._writer:
            self._writer.close()
        self._writer = None


def status(code: str, body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return f"{code} without JSON"
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        return f"{code} without an answer"
    return ERRORS if code == "200" and "data" not in answer else code

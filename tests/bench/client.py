"""A small HTTP client that keeps connections busy and counts answers. It shares the machine with the server, so that
what it spends itself is to be little."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import uvloop

CONNECTIONS = 16  # at the same time
WARM = 8.0  # seconds after which caches are full

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """One request, asked again and again, of a server whose database is a `process` of its own, or none."""

    port: int
    path: str
    body: dict
    process: int | None = None

    def bytes(self) -> bytes:
        content = json.dumps(self.body).encode()
        head = f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode(errors="replace"))
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return await reader.readexactly(int(length.split(b":")[1]))


async def keep_asking(ask: Ask, until: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", ask.port, limit=2**20)
    request, answers = ask.bytes(), 0
    while time.perf_counter() < until:
        await exchange(reader, writer, request)
        answers += 1
    writer.close()
    return answers


async def rate(ask: Ask, connections: int, seconds: float) -> float:
    """Answers a second over some connections."""
    start = time.perf_counter()
    answers = await asyncio.gather(*(keep_asking(ask, start + seconds) for _ in range(connections)))
    return sum(answers) / (time.perf_counter() - start)


async def once(ask: Ask) -> dict:
    reader, writer = await asyncio.open_connection("127.0.0.1", ask.port, limit=2**20)
    body = await exchange(reader, writer, ask.bytes())
    writer.close()
    return json.loads(body)


def in_turns(
    asks: Sequence[Ask],
    measured: Callable[[Ask, int, float], Awaitable[T]],
    rounds: int,
    seconds: float,
    connections: int = CONNECTIONS,
) -> list[list[T]]:
    """What is measured of requests in each round, so that all meet the same machine, once all are warm."""

    async def measure() -> list[list[T]]:
        for ask in asks:
            await rate(ask, connections, WARM)
        return [[await measured(ask, connections, seconds) for ask in asks] for _ in range(rounds)]

    return uvloop.run(measure())


async def cost(ask: Ask, connections: int, seconds: float) -> float:
    """Seconds of processor time that the server and its database spend on an answer."""
    before = processor_time(ask)
    answers = await rate(ask, connections, seconds)
    return (processor_time(ask) - before) / (answers * seconds)


def processor_time(ask: Ask) -> float:
    """Seconds that a server, as its metrics tell, and its database have spent so far, in all threads."""
    text = httpx.get(f"http://127.0.0.1:{ask.port}/metrics").text
    ours = float(text.split("\nprocess_cpu_seconds_total ")[1].split()[0])
    return ours + (spent_by(ask.process) if ask.process else 0)


def spent_by(process: int) -> float:
    """Seconds that a process has spent so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ask_once(ask: Ask) -> dict:
    return asyncio.run(once(ask))

"""What callers do who mean harm, or know no better. Each gives the statuses of its answers."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import product
from socket import SO_RCVBUF, SOL_SOCKET

from graphql import get_introspection_query

from server.listener import READING
from tests.bombs import REPEATED, branched, circled, doubled, given, unknown
from tests.soak.line import CLOSED, DATA, ERRORS, HANGS, PATIENCE, Statuses, asking, post, send

UNREAD = READING / 1_000 + 2  # seconds
BUSY = "503"  # what a crowd is told that asks for more than there are turns


@dataclass(frozen=True)
class Target:
    """A server, and what a request in the name of each caller has in its head."""

    port: int
    callers: tuple[tuple[str, ...], ...]

    def each(self, queries: list[str]) -> Iterator[bytes]:
        """All queries in the name of each caller, none twice the same text."""
        for number, (query, headers) in enumerate(product(queries, self.callers)):
            yield asking(f"{query} # {number}", *headers)

    @asynccontextmanager
    async def connections(self, number: int) -> AsyncIterator[list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
        opened = [await asyncio.open_connection("127.0.0.1", self.port) for _ in range(number)]
        try:
            yield opened
        finally:
            for _, writer in opened:
                writer.close()


async def fragments(target: Target, times: int) -> Statuses:
    """Fragments that double, branch, and go in circles, one document after the other."""
    bombs = [doubled(depth).replace("{ __typename }", "{ a: __typename }") for depth in (5, 20, 50, 150)]
    bombs += [*map(doubled, (5, 50, 99, 150)), *map(given, (99, 150)), *map(unknown, (99, 150))]
    bombs += [*map(branched, (5, 10, 20, 50)), *map(circled, (1, 2, 150))]
    return await send(target.port, target.each([*bombs, *REPEATED.values()] * times), lines=1)


async def numbers(target: Target, times: int) -> Statuses:
    """Pages of as many rows as an Int has, numbers of 5,000 digits in the document, in variables and in their place."""
    digits = ["2147483647", "-1", "9" * 5_000, "-" + "9" * 5_000, "1" + "0" * 400, "1e5000"]
    documents = [f"{{ partners(first: {number}) {{ totalCount }} }}" for number in digits]
    documents += [f"{{ projects(where: {{funding: {{eq: {number}}}}}) {{ totalCount }} }}" for number in digits]
    query = "query ($v: Int) { partners(first: $v) { totalCount } }"
    bodies = [f'{{"query": "{query}", "variables": {{"v": {number}}}}}' for number in digits]
    bodies += [f'{{"query": {number}}}' for number in digits]
    given = [post(body.encode(), *headers) for body, headers in product(bodies, target.callers)]
    return await send(target.port, [*target.each(documents * times), *given * times])


async def bombs(target: Target, times: int) -> Statuses:
    """Bodies of 1 GB in 1 MB of gzip."""
    body = gzip.compress(b" " * 1_000_000_000, 1)[:990_000]
    return await send(target.port, (post(body, "Content-Encoding: gzip") for _ in range(times)))


SLOW = (
    b"POST /gra",
    b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n",
    post(b'{"query": "{ __typename }"}')[:-20],
)


async def slow(target: Target, number: int) -> Statuses:
    """Clients that begin a request and do not go on, all at the same time, until each is closed."""
    found, began = Statuses(), time.perf_counter()

    async def begin(place: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SLOW[place % len(SLOW)])
        found.note(await ending(reader), began)

    async with target.connections(number) as opened:
        await asyncio.gather(*(begin(place, *ends) for place, ends in enumerate(opened)))
    return found


async def ending(reader: asyncio.StreamReader) -> str:
    """The status that a connection ends with, if it has one."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
    except ConnectionError:
        return CLOSED
    except TimeoutError:
        return HANGS
    return answer.split()[1].decode() if answer else CLOSED


LARGE = (
    "{ boroughs(first: 33) { nodes { neighbours(first: 10) { nodes { neighbours(first: 10) { nodes { id } } } } } } }"
)


async def leaving(target: Target, number: int) -> Statuses:
    """Clients that ask for much and leave at once."""
    found = Statuses()
    for request in target.each([LARGE] * (number // len(target.callers))):
        async with target.connections(1) as [(_, writer)]:
            writer.write(request)
            with suppress(ConnectionError):
                await writer.drain()
        found["left"] += 1
    return found


async def unread(target: Target, number: int) -> Statuses:
    """Clients that ask for much and read nothing for as long as a server waits; then each finds that it is closed."""
    asked = b"".join([asking(LARGE, *target.callers[-1])] * 200)
    async with target.connections(number) as opened:
        for _, writer in opened:
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_RCVBUF, 4_096)
            writer.transport.pause_reading()
            writer.write(asked)
        await asyncio.sleep(UNREAD)
        for _, writer in opened:
            writer.transport.resume_reading()
        return Statuses(await asyncio.gather(*(ending(reader) for reader, _ in opened)))


async def crowd(target: Target, number: int) -> Statuses:
    """Ten times as many callers at the same time as a worker has turns for."""
    return await send(target.port, target.each([LARGE] * (number // len(target.callers))), lines=80)


async def documents(target: Target, number: int) -> Statuses:
    """Documents as large as is read, none twice."""
    fields = " ".join(f"b{field}: name" for field in range(14))
    fragment = "fragment F%d on Borough { id name __typename aliases }"
    many = " ".join(fragment % place for place in range(90))
    spread = " ".join(f"...F{place}" for place in range(90))
    queries = [f"{{ boroughs(first: {n % 33 + 1}) {{ nodes {{ {fields} {spread} }} }} }} {many}" for n in range(number)]
    return await send(target.port, target.each(queries))


async def variables(target: Target, number: int) -> Statuses:
    """As many variables as a body of 1 MB holds, and fewer."""
    query = "query ($v: [String!]) { partners(where: {name: {in: $v}}) { totalCount } }"
    sizes = [100, 1_000, 9_900, 50_000, 110_000]
    given = ([f"{size}{n:05}" for n in range(size)] for size in sizes * (number // len(sizes)))
    bodies = (json.dumps({"query": query, "variables": {"v": values}}).encode() for values in given)
    return await send(target.port, (post(body[:1_000_000], *target.callers[-1]) for body in bodies))


async def schema(target: Target, number: int) -> Statuses:
    """All of the schema, asked for in other words each time."""
    return await send(target.port, target.each([get_introspection_query()] * (number // len(target.callers))))


Abuse = Callable[[Target, int], Coroutine[None, None, Statuses]]


@dataclass(frozen=True)
class Sort:
    """One sort of abuse: what it is called, how often it is done, which answers it may get, and within how many ms, if
    there is a promise of that."""

    name: str
    run: Abuse
    times: int
    allowed: frozenset[str]
    within: float | None = None


def sort(name: str, run: Abuse, times: int, *allowed: str, within: float | None = None) -> Sort:
    return Sort(name, run, times, frozenset(allowed), within)


ABUSES = (
    sort("fragment bombs", fragments, 20, DATA, ERRORS, within=100),
    sort("numbers too large", numbers, 50, DATA, ERRORS, "400"),
    sort("gzip bombs", bombs, 200, "415", CLOSED),
    sort("slow clients", slow, 500, "400", "408", CLOSED, within=11_000),
    sort("clients that leave", leaving, 1_000, "left"),
    sort("clients that do not read", unread, 100, CLOSED),
    sort("a crowd", crowd, 2_000, DATA, BUSY),
    sort("large documents", documents, 2_000, DATA, ERRORS),
    sort("large variables", variables, 200, DATA, ERRORS, "400", "413"),
    sort("introspection", schema, 60, DATA),
)

"""What is asked: valid operations drawn from the schema, and bodies in which something is wrong. The same each time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from graph.civic import CIVIC
from graph.roles import Role, seen_by
from graph.stores import open_store
from loaders.folder import EXAMPLE, read
from tests.garbage import FLAT, NUMBERS, ODD, SENT, WORDS, written
from tests.operations import Drawing, Pools
from tests.reference import Reference
from tests.soak.line import post
from tests.world import Without

Headers = tuple[str, ...]


class Asked:
    """Requests about the example graph, in the name of callers who see what is public and of a steward."""

    def __init__(self, url: str, steward: Headers) -> None:
        self.steward = steward
        store = open_store(url, CIVIC)
        with read(EXAMPLE, CIVIC, store, origin="example") as checked:
            public = Without(checked.statements, CIVIC)
            self._references = {
                (): Reference(store, public, seen_by(Role.PUBLIC, CIVIC)),
                steward: Reference(store, checked.statements),
            }
        store.close()

    def operations(self, number: int, seed: int) -> Iterator[bytes]:
        """Requests of valid operations, one role after the other."""
        draw = {headers: (r, Pools(r.graph)) for headers, r in self._references.items()}
        for place in range(number):
            headers = (self.steward, ())[place % 2]
            drawn = Drawing(Random(f"{seed} {place}").randint, *draw[headers]).operation()
            asked = {"query": drawn.query, "variables": drawn.variables, "operationName": drawn.name}
            yield post(json.dumps(asked).encode(), *headers)

    def bodies(self, number: int, seed: int) -> Iterator[bytes]:
        """Requests of which each has something wrong: in its bytes, its form, its document or its variables."""
        random = Random(seed)
        whole = [request.partition(b"\r\n\r\n")[2] for request in self.operations(200, seed)]
        odd = variables(number // 10, seed)
        for place in range(number):
            body = WRONG[place % len(WRONG)](random, whole, odd)
            yield post(body, *(self.steward, ())[random.randrange(2)])


def variables(number: int, seed: int) -> list[Any]:
    """Values that no type has, drawn by Hypothesis."""
    found: list[Any] = [*FLAT]

    @settings(
        max_examples=max(1, number),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(ODD)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


# One wrong body each, of a generator, whole bodies and odd values


def cut(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    body = random.choice(whole)
    return body[: random.randrange(len(body))]


def damaged(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    body = bytearray(random.choice(whole))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(body))
        body[at : at + random.randrange(3)] = random.randbytes(random.randrange(4))
    return bytes(body)


def swapped(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    """A part of one in another."""
    one, other = random.choice(whole), random.choice(whole)
    start = random.randrange(len(other))
    at = random.randrange(len(one))
    return one[:at] + other[start : start + random.randrange(100)] + one[at:]


def misshapen(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    names = ["query", "variables", "operationName", "extensions", "documentId", "x"]
    body: Any = {name: random.choice([*odd, "{ __typename }"]) for name in random.sample(names, random.randint(0, 4))}
    return json.dumps(random.choice([body, body, body, [body], random.choice(odd)])).encode()


def miswritten(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    return json.dumps({"query": written(random.choice(SENT), random.choice(odd))}).encode()


def mistaken(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    return json.dumps({"query": random.choice(SENT), "variables": {"v": random.choice(odd)}}).encode()


def scrambled(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    words = [*WORDS, *NUMBERS, *FLAT[:3]]
    return json.dumps({"query": "".join(map(str, random.choices(words, k=random.randint(1, 40))))}).encode()


def nested(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    """Brackets in brackets, closed or not, in JSON or in the document."""
    depth = random.choice([10, 100, 1_000, 10_000])
    open_, close = random.choice([("[", "]"), ('{"a":', "}"), ("{a", "}"), ("(", ")")])
    text = open_ * depth + close * random.choice([0, depth, depth - 1])
    inner = random.choice(['{"query":%s}', '{"query":"{__typename}","variables":{"v":%s}}', "%s"])
    return (inner % text).encode() if random.random() < 0.7 else json.dumps({"query": text}).encode()


def junk(random: Random, whole: list[bytes], odd: list[Any]) -> bytes:
    return random.randbytes(random.randrange(200))


WRONG = (cut, damaged, damaged, swapped, misshapen, mistaken, mistaken, miswritten, scrambled, nested, junk)


def several(requests: Iterable[bytes], number: int) -> list[bytes]:
    return list(islice(requests, number))

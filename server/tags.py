"""Tags of answers, by which a caller asks whether what it has is still what it would get."""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version

from graph.roles import Role
from schema.answers import Answer, key_of
from server.apis import Question

RELEASE = version("civic-graph").encode()


def tag_of(role: Role, question: Question, answer: Answer, media: str) -> bytes | None:
    """The tag of an answer to a question; None where it depends on more than the state of the graph."""
    if answer.state is None:
        return None
    key = key_of(role, question.query, question.variables or {}, question.operation, question.tells_cost)
    return key and tag(key, str(answer.state).encode(), media.encode())


def tag(*parts: bytes) -> bytes:
    """The tag of what these parts determine, in this version of the product."""
    return b'"%s"' % blake2b(b" ".join((RELEASE, *parts)), digest_size=16).hexdigest().encode()


def is_known(tag: bytes, known: bytes) -> bool:
    """Whether a caller whose `If-None-Match` this is has what the tag is of."""
    return known.strip() == b"*" or tag in (one.strip().removeprefix(b"W/") for one in known.split(b","))

"""The log: one JSON line an event, on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF
from time import time
from traceback import format_exception
from typing import Any

import msgspec

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


_encode = msgspec.json.Encoder(enc_hook=repr).encode


def timestamp(seconds: float) -> str:
    """A time as in ISO 8601, in UTC, with milliseconds."""
    whole, part = divmod(int(seconds * 1_000), 1_000)
    return f"{second(whole)}.{part:03}+00:00"


@lru_cache(maxsize=2)
def second(number: int) -> str:
    """A second as in ISO 8601, in UTC, without the zone; most are asked for again."""
    return datetime.fromtimestamp(number, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@lru_cache
def name_of(level: int) -> str:
    return logging.getLevelName(level).lower()


class Event(msgspec.Struct, kw_only=True):
    """What happened; what more is known of it is in a class of its own. UNSET is not logged."""

    timestamp: str
    level: str
    event: str


def line_of(fields: Event | Mapping[str, Any]) -> bytes:
    try:
        return _encode(fields)
    except UnicodeEncodeError:  # half a character
        said = msgspec.to_builtins(fields, enc_hook=repr)
        return _encode({name: ascii(value) if isinstance(value, str) else value for name, value in said.items()})


def write(lines: Iterable[bytes]) -> None:
    """Write lines together, as far as the kernel keeps them together where processes write into one pipe."""
    piece = b""
    for line in lines:
        if piece and len(piece) + len(line) >= PIPE_BUF:
            _put(piece)
            piece = b""
        piece += line + b"\n"
    if piece:
        _put(piece)


def _put(piece: bytes) -> None:
    """Write a piece, or lose it: a full disk or a reader that has left is no reason to answer nobody."""
    with suppress(OSError, ValueError):
        sys.stderr.write(piece.decode(errors="replace"))


class Log:
    """Where events go."""

    level = logging.WARNING

    def event(self, level: int, event: str, fields: Mapping[str, Any]) -> None:
        if level >= self.level:
            write([line_of({"timestamp": timestamp(time()), "level": name_of(level), "event": event, **fields})])

    def info(self, event: str, **fields: Any) -> None:
        self.event(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self.event(logging.WARNING, event, fields)

    def error(self, event: str, exc_info: BaseException | None = None, **fields: Any) -> None:
        self.event(logging.ERROR, event, {**fields, **cause(exc_info)})


log = Log()


class Forward(logging.Handler):
    """Takes what libraries log with the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info and record.exc_info[1]
        log.event(record.levelno, record.getMessage(), {"logger": record.name, **cause(error)})


def cause(error: BaseException | None) -> dict[str, str]:
    """What is logged of an exception."""
    return {"exception": "".join(format_exception(error))} if error else {}

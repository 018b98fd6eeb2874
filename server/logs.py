"""The log: one JSON line an event, on standard error."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from traceback import format_exception
from typing import Any

import msgspec

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Log:
    """Where events go."""

    level = logging.WARNING

    def event(self, level: int, event: str, exc_info: BaseException | None = None, **fields: Any) -> None:
        if level >= self.level:
            if exc_info:
                fields["exception"] = "".join(format_exception(exc_info))
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"timestamp": time, "level": logging.getLevelName(level).lower(), "event": event, **fields}
            sys.stderr.write(msgspec.json.encode(line, enc_hook=repr).decode(errors="replace") + "\n")

    def debug(self, event: str, **fields: Any) -> None:
        self.event(logging.DEBUG, event, **fields)

    def info(self, event: str, **fields: Any) -> None:
        self.event(logging.INFO, event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        self.event(logging.WARNING, event, **fields)

    def error(self, event: str, **fields: Any) -> None:
        self.event(logging.ERROR, event, **fields)


log = Log()


class Forward(logging.Handler):
    """Takes what libraries log with the standard library's logging."""

    def emit(self, record: logging.LogRecord) -> None:
        log.event(record.levelno, record.getMessage(), logger=record.name)

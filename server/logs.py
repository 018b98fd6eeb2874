"""The log: one JSON line an event, on standard error."""

from __future__ import annotations

import logging
import sys
from functools import cache
from typing import Any

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Log:
    """Where events go. structlog is imported with the first one: it takes a tenth of the time to start."""

    level = logging.WARNING

    def event(self, level: int, event: str, **fields: Any) -> None:
        if level >= self.level:
            _logger().log(level, event, **fields)

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


class Lines:
    """Standard error, whatever that is at the moment."""

    def write(self, line: str) -> None:
        sys.stderr.write(line + "\n")

    debug = info = warning = error = critical = write


@cache
def _logger() -> Any:
    import structlog

    return structlog.wrap_logger(
        Lines(),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )

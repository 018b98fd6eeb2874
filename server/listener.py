"""Listening: an address that is free, and granian's workers serving the application there."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from multiprocessing import parent_process
from threading import Thread
from typing import Any, NamedTuple

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from graph.errors import Unavailable

FINISH = 9  # seconds that requests under way have when the process is told to end
HEADERS = 10_000  # milliseconds that a client may take for its headers


class Address(NamedTuple):
    """Where is listened at, in numbers."""

    host: str
    port: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return ip_address(self.host.partition("%")[0]).is_loopback


def free(host: str, port: int) -> Address:
    """The address of a name or number, with a free port in the place of 0.

    Raises Unavailable where it cannot be listened at. Granian shares its port with whoever asks for it like itself:
    a second server would take half of the requests of the first.
    """
    try:
        family, kind, _, _, (number, *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((number, port))
            return Address(str(number), tried.getsockname()[1])
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unavailable(f"port {port} of {host} cannot be listened at: {reason}; choose another") from error


def listen(address: Address, load: Callable[[], Any], workers: int) -> None:
    """Serve the application that `load` gives until the process is told to end.

    Raises SystemExit where a worker ends by itself.
    """
    Granian(
        "civic-graph",
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGI,
        workers=workers,
        workers_kill_timeout=FINISH,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig={
            "handlers": {"console": {"class": "server.logs.Forward"}},
            "loggers": {"_granian": {"handlers": ["console"], "propagate": False}},
        },
    ).serve(target_loader=partial(_loaded, load), wrap_loader=False)


def _loaded(load: Callable[[], Any]) -> Any:
    """The application, in a worker. Until it listens, a signal ends it at once: it would wait for nobody."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    Thread(target=_follow, name="follow", daemon=True).start()
    return load()


def _follow() -> None:
    """End with the process that started this one, also where that is killed: nobody else would know of the port."""
    if parent := parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

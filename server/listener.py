"""Listening: an address that is free, and granian's workers serving the application there."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import ip_address
from multiprocessing import Pipe, parent_process
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from tempfile import TemporaryDirectory
from threading import Thread, Timer
from typing import Any, NamedTuple

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from graph.errors import CivicGraphError, Unavailable

NOTICE = 2.0  # seconds between the word that the process is about to end and its end, for who asks if it is ready
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus-client looks, when a worker imports it
FINISH = 7  # seconds that requests under way have then
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


class Server(MPServer):
    """Granian's processes, with word that they are about to end. Who stops them by hand is not kept waiting."""

    leaving: Event
    refusal: CivicGraphError | None = None

    def heed(self, workers: Connection) -> None:
        """End where a worker says that there is nothing to serve."""
        with suppress(EOFError):
            self.refusal = workers.recv()
            self._interrupt()

    def signal_handler_interrupt(self, number: int, *more: Any) -> None:
        if number != signal.SIGTERM or self.leaving.is_set():
            self._interrupt()
        else:
            self.leaving.set()
            for worker in self.wrks:
                worker.interrupt_by_parent = True  # who tells all processes to end, as systemd does, tells them too
            Timer(NOTICE, self._interrupt).start()

    def _interrupt(self) -> None:
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian has no types there


def listen(address: Address, load: Callable[[], Any], workers: int, leaving: Event) -> None:
    """Serve the application that `load` gives in a worker, until the process is told to end; `leaving` is set shortly
    before.

    Raises SystemExit where a worker ends by itself, and what `load` raises of ours.
    """
    server = Server(
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
            "loggers": {name: {"handlers": ["console"], "propagate": False} for name in ("_granian", "asyncio")},
        },
    )
    server.leaving = leaving
    told, tell = Pipe(duplex=False)
    Thread(target=server.heed, args=(told,), name="heed", daemon=True).start()
    with sharing(workers):
        server.serve(target_loader=partial(_loaded, load, tell), wrap_loader=False)
    if server.refusal:
        raise server.refusal


@contextmanager
def sharing(workers: int) -> Iterator[None]:
    """A block in which the workers that are started share their numbers."""
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="civic-graph-metrics-") as folder:
        os.environ[SHARED] = folder
        try:
            yield
        finally:
            del os.environ[SHARED]


def _loaded(load: Callable[[], Any], tell: Connection) -> Any:
    """The application, in a worker. Until it listens, a signal ends it at once: it would wait for nobody."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    Thread(target=_follow, name="follow", daemon=True).start()
    try:
        return load()
    except CivicGraphError as error:
        tell.send(error)
        signal.pause()  # for the end, which comes from the process that was told
        raise


def _follow() -> None:
    """End with the process that started this one, also where that is killed: nobody else would know of the port."""
    if parent := parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

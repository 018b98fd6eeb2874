"""Listening: a socket at an address, and granian's workers serving the application there."""

from __future__ import annotations

import os
import signal
import socket
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from multiprocessing import Pipe, parent_process
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from tempfile import TemporaryDirectory
from threading import Thread, Timer
from typing import Any, NamedTuple

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # granian has few types there
from granian.server.mp import MPServer
from starlette.applications import Starlette

from graph.errors import CivicGraphError, Unavailable
from server.origins import is_loopback

NOTICE = 2.0  # seconds between the word that the process is about to end and its end, for who asks if it is ready
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus-client looks, when a worker imports it
MEMORY = "/dev/shm"  # files are mapped, and a process that writes where the disk is full would be killed
FINISH = 7  # seconds that requests under way have then
BACKLOG = 1_024  # connections that wait to be taken
HEADERS = 10_000  # milliseconds that a client may take for its headers
READING = 20_000  # milliseconds that a client may take until it reads on


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
        return is_loopback(self.host)


def opened(host: str, port: int) -> socket.socket:
    """A socket that listens at a name or number, at a free port in the place of 0. Callers wait there until workers
    answer.

    Raises Unavailable where it cannot be listened at.
    """
    try:
        family, _, _, _, (number, *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        both = family is socket.AF_INET6 and socket.has_dualstack_ipv6()  # as :: is for IPv4 too
        listening = socket.create_server((str(number), port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or str(error)
        reason = said.partition(" (while")[0].lower()  # attempting to bind, says Python too
        raise Unavailable(f"port {port} of {host} cannot be listened at: {reason}; choose another") from error
    listening.setblocking(False)
    # What is set here is so of each connection; Linux alone has a limit for who does not read
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READING)
    return listening


def address_of(listening: socket.socket) -> Address:
    host, port, *_ = listening.getsockname()
    return Address(host, port)


class Server(MPServer):
    """Granian's processes, with word that they are about to end. Who stops them by hand is not kept waiting."""

    listening: socket.socket
    leaving: Event
    is_told: bool = False
    refusal: CivicGraphError | None = None

    def heed(self, workers: Connection) -> None:
        """End where a worker says that there is nothing to serve."""
        with suppress(EOFError):
            self.refusal = workers.recv()
            self._interrupt()

    def signal_handler_interrupt(self, number: int, *more: Any) -> None:
        if number != signal.SIGTERM or self.is_told:  # the event cannot be asked while it is being set
            self._interrupt()
        else:
            self.is_told = True
            self.leaving.set()
            for worker in self.wrks:
                worker.interrupt_by_parent = True  # who tells all processes to end, as systemd does, tells them too
            Timer(NOTICE, self._interrupt).start()

    def _init_shared_socket(self) -> None:
        """Of the sockets that granian makes, one in each worker, nothing can be set; and whoever asks for a port like
        they do shares it."""
        held = SocketHolder(self.listening.fileno(), False, BACKLOG)  # type: ignore[call-arg]
        self._shd, self._sso = held, self.listening  # type: ignore[assignment]

    def _spawn_worker(self, *given: Any, **named: Any) -> Any:
        """A worker that is told to end by another signal than the one that may reach all processes."""
        worker = super()._spawn_worker(*given, **named)
        worker.terminate = partial(_tell_to_end, worker)  # type: ignore[method-assign]
        return worker

    def _interrupt(self) -> None:
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian has no types there


def _tell_to_end(worker: Any) -> None:
    worker.interrupt_by_parent = True
    with suppress(ProcessLookupError):
        os.kill(worker.inner.pid, signal.SIGINT)


def listen(listening: socket.socket, load: Callable[[], Starlette], workers: int, leaving: Event) -> None:
    """Serve the application that `load` gives in a worker, until the process is told to end; `leaving` is set shortly
    before.

    Raises SystemExit where a worker ends by itself, and what `load` raises of ours.
    """
    server = Server(
        "civic-graph",
        interface=Interfaces.ASGI,
        workers=workers,
        workers_kill_timeout=FINISH,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS),
        websockets=False,
        log_level=LogLevels.warning,
        log_dictconfig={
            "root": {"handlers": ["console"], "level": "WARNING"},  # of what a database's driver says
            "handlers": {"console": {"class": "server.logs.Forward"}},
            "loggers": {name: {"handlers": ["console"], "propagate": False} for name in ("_granian", "asyncio")},
        },
    )
    server.listening, server.leaving = listening, leaving
    told, tell = Pipe(duplex=False)
    Thread(target=server.heed, args=(told,), name="heed", daemon=True).start()
    with sharing(workers):
        server.serve(target_loader=partial(_loaded, load, tell), wrap_loader=False)
    if server.refusal:
        raise server.refusal


@contextmanager
def sharing(workers: int) -> Iterator[None]:
    """A block in which the workers that are started share their numbers."""
    os.environ.pop(SHARED, None)
    if workers == 1:
        yield
        return
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="civic-graph-metrics-", dir=memory) as folder:
        os.environ[SHARED] = folder
        try:
            yield
        finally:
            del os.environ[SHARED]


def _loaded(load: Callable[[], Starlette], tell: Connection) -> Starlette:
    """The application, in a worker. Until it listens, who started it ends it at once: it would wait for nobody."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Thread(target=_follow, name="follow", daemon=True).start()
    try:
        return _led(load())
    except CivicGraphError as error:
        tell.send(error)
        signal.pause()  # for the end, which comes from the process that was told
        raise


def _led(app: Starlette) -> Starlette:
    """The application, which goes on where SIGTERM is sent to all processes, as systemd does: the one that started this
    process gives notice, and tells it when to end."""
    lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def led(app: Starlette) -> AsyncIterator[Any]:
        get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)  # granian had set its own by now
        async with lifespan(app) as state:
            yield state

    app.router.lifespan_context = led
    return app


def _follow() -> None:
    """End with the process that started this one, also where that is killed: nobody else would know of the port."""
    if parent := parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGINT)

"""A proxy before a Bolt server that can cut the line where a transaction is committed."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

COMMIT = bytes.fromhex("0002b0120000")  # a chunk of two bytes, the message COMMIT, the end of the message


class Proxy:
    """Passes everything on, until it is told to `lose` a COMMIT or the reply to it; then it cuts that line, once."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname, parts.port)
        self._lose: str | None = None
        self.was_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"bolt://127.0.0.1:{self._listener.getsockname()[1]}"

    def lose(self, what: str) -> None:
        """Lose the next `commit`, or the `reply` to it."""
        self._lose = what

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                threading.Thread(target=self._up, args=(client, server), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                if self._lose and COMMIT in data:
                    what, self._lose, self.was_cut = self._lose, None, True
                    self._cut(client)
                    if what == "reply":
                        server.sendall(data)
                        self.cut.wait(1)
                    break
                server.sendall(data)
        self._cut(server)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        self._cut(target)

    @staticmethod
    def _cut(line: socket.socket) -> None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        line.close()

"""A real Neo4j server without Docker, for development and tests: `python -m tests.database.server start`.

Maven brings its artifacts (about 115 MB, once) into scratch/neo4j/lib; Java runs them on a free port of this
machine. Each server has a home of its own with its data, its log and a random password.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import randrange

ROOT = Path(__file__).parents[2]
POM = Path(__file__).with_name("pom.xml")
SCRATCH = ROOT / "scratch" / "neo4j"
JARS = SCRATCH / "lib"
HOME = SCRATCH / "server"
JAVA = 17
START, STOP = 90, 20  # seconds a server may take
BRIEF = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  # compile lightly: a third of the processor time
OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
CONFIG = """\
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=256m
db.tx_log.rotation.retention_policy=1 files
dbms.usage_report.enabled=false
dbms.security.auth_enabled=true
"""


class Missing(Exception):
    """What has to be installed before a server can be started."""


@dataclass(frozen=True)
class Server:
    """A server by its home folder. `heap` is its memory in MB; a `brief` one is quick to start, not to run."""

    home: Path = HOME
    heap: int = 1024
    brief: bool = False

    @property
    def url(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        return int((self.home / "port").read_text())

    @property
    def password_file(self) -> Path:
        return self.home / "password"

    @property
    def password(self) -> str:
        return self.password_file.read_text().strip()

    @property
    def log(self) -> Path:
        return self.home / "logs" / "neo4j.log"

    @property
    def pid(self) -> int | None:
        """The process of this server, None where it does not run."""
        file = self.home / "pid"
        if not file.exists():
            return None
        pid = file.read_text().strip()
        command = subprocess.run(
            ["ps", "-ww", "-p", pid, "-o", "stat=,command="], capture_output=True, text=True
        ).stdout
        return int(pid) if str(self.home) in command and not command.startswith("Z") else None

    def start(self) -> None:
        """Start the server where it does not run yet, and wait until it answers.

        Raises Missing where Java or Maven is not installed, RuntimeError where the server does not come up.
        """
        if self.pid and self.answers():
            return
        self.stop()
        fetch()
        if not self.password_file.exists():
            self._make()
        self._run()
        self._wait()

    def stop(self) -> None:
        """Stop the server, if it runs."""
        if pid := self.pid:
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGTERM)
            if not _until(lambda: not self.pid, STOP):
                self.kill()
        (self.home / "pid").unlink(missing_ok=True)

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if pid := self.pid:
            os.kill(pid, signal.SIGKILL)
            _until(lambda: not self.pid, STOP)

    def pause(self) -> None:
        """Let the server stand still, every thread of it: it keeps its connections and answers nothing."""
        os.kill(self.pid or 0, signal.SIGSTOP)
        while not self._stands_still():
            time.sleep(0.001)

    def _stands_still(self) -> bool:
        try:
            states = [
                stat.read_text().rpartition(")")[2].split()[0] for stat in Path(f"/proc/{self.pid}").glob("task/*/stat")
            ]
        except FileNotFoundError:  # of a thread that has ended meanwhile
            return False
        return all(state == "T" for state in states)

    def resume(self) -> None:
        os.kill(self.pid or 0, signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def answers(self) -> bool:
        """Whether it speaks Bolt: a handshake is answered by a version, of which the first two bytes are 0."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(bytes.fromhex("6060b017" + "00000005" + "00" * 12))
                return connection.recv(4).startswith(b"\0\0")
        except OSError:
            return False

    def _make(self) -> None:
        """A home with a random password; its port stays the same for as long as it lives."""
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "conf").mkdir(exist_ok=True)
        port = _free_port()
        (self.home / "port").write_text(str(port))
        (self.home / "conf" / "neo4j.conf").write_text(CONFIG.format(port=port))
        password = secrets.token_hex(24)
        set_password = ["dbms", "set-initial-password", password]
        made = subprocess.run(
            [*java(128, *BRIEF), "org.neo4j.cli.AdminTool", *set_password],
            env={**os.environ, "NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")},
            capture_output=True,
            text=True,
        )
        if made.returncode:
            raise RuntimeError(f"Neo4j took no initial password: {made.stdout}{made.stderr}")
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(password)

    def _run(self) -> None:
        self.log.parent.mkdir(exist_ok=True)
        folders = [f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}"]
        with (self.home / "logs" / "console.log").open("w") as console:
            process = subprocess.Popen(
                [*java(self.heap, *(BRIEF if self.brief else ())), "org.neo4j.server.CommunityEntryPoint", *folders],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.home / "pid").write_text(str(process.pid))
        _started.append(process)

    def _wait(self) -> None:
        if not _until(lambda: self.answers() or not self.pid, START) or not self.pid:
            said = (self.home / "logs" / "console.log").read_text()[-2_000:]
            self.stop()
            raise RuntimeError(f"Neo4j did not start; its log is {self.log}\n{said}")


_started: list[subprocess.Popen[bytes]] = []  # kept, so that ended ones are reaped


def fetch() -> None:
    """Bring the server's artifacts, once."""
    if not (JARS / ".complete").exists():
        need("mvn", "Maven is missing, which brings Neo4j: apt-get install maven")
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={JARS}"]
        subprocess.run(["mvn", "-q", "-B", "-f", str(POM), *goal], check=True, stdout=sys.stderr)
        (JARS / ".complete").touch()


def java(heap: int, *options: str) -> list[str]:
    """A Java with the server's classes and a heap of so many MB."""
    need("java", f"Java {JAVA} is missing, which runs Neo4j: apt-get install openjdk-{JAVA}-jre-headless")
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    return ["java", f"-Xms{min(heap, 512)}m", f"-Xmx{heap}m", *options, *opened, "-cp", f"{JARS}/*"]


def need(command: str, otherwise: str) -> None:
    if not shutil.which(command):
        raise Missing(otherwise)


def _free_port() -> int:
    """A port that nobody uses, below those that the kernel gives to clients: while a server is down one of them might
    get it, even whoever asks whether the server is there again, and talk to itself."""
    while True:
        port = randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _until(holds: object, seconds: float) -> bool:
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        for process in _started:
            process.poll()
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def main(arguments: list[str]) -> int:
    server = Server()
    try:
        match arguments:
            case ["start"]:
                server.start()
                tell(server)
            case ["stop"]:
                server.stop()
            case _:
                sys.stderr.write("usage: python -m tests.database.server start|stop\n")
                return 2
    except (Missing, RuntimeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def tell(server: Server) -> None:
    """How to use it, as lines for a shell."""
    sys.stdout.write(
        f"# Neo4j runs as process {server.pid}; its log is {server.log.relative_to(ROOT)}\n"
        f"export CIVIC_GRAPH_STORE={server.url}\n"
        f"export CIVIC_GRAPH_NEO4J_PASSWORD_FILE={server.password_file}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

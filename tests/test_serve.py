"""`civic-graph serve` as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.examples import FIRST

SERVE = (sys.executable, "-m", "server", "--store")
PATIENCE = 30


def start(store: str, *options: str) -> subprocess.Popen[str]:
    command = [*SERVE, store, "serve", "--port", "0", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)


def welcome(process: subprocess.Popen[str]) -> str:
    """What it says once it serves."""
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl+C" in line:
            return said
    raise AssertionError(process.communicate())


def address(said: str) -> str:
    return next(line.split()[0] for line in said.splitlines() if line.startswith("  http"))


def stop(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and what was said on standard error."""
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE)
    return process.returncode, errors


@pytest.fixture
def served(example_url: str) -> Iterator[subprocess.Popen[str]]:
    process = start(example_url)
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE)


def wait(url: str) -> httpx.Response:
    """The first answer: what is said just before the socket is open may come early."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return httpx.get(f"{url}/readyz", timeout=PATIENCE)
        except httpx.ConnectError:
            assert time.monotonic() < deadline


def test_it_says_where_it_is_answers_and_ends_cleanly(served: subprocess.Popen[str]) -> None:
    url = address(welcome(served))
    assert wait(url).json()["ready"] is True
    response = httpx.post(f"{url}/graphql", json={"query": FIRST})
    assert response.json()["data"]["boroughs"]["nodes"][0]["name"] == "Croydon"
    assert response.headers["server"] == ""
    assert stop(served) == (0, "")


def test_it_welcomes_with_a_query_to_try_and_says_who_sees_what(served: subprocess.Popen[str]) -> None:
    said = welcome(served)
    assert f"curl {address(said)}/graphql" in said
    assert json.dumps({"query": FIRST}, separators=(",", ":")) in said
    assert "Callers without a token see public data" in said


def test_who_lets_everybody_see_everything_is_told_so(example_url: str) -> None:
    process = start(example_url, "--anonymous", "steward")
    said = welcome(process)
    stop(process)
    assert "Everybody who reaches this address is served as steward and sees" in said
    assert "personal and student data" in said


def test_a_signal_while_it_starts_ends_it_too(served: subprocess.Popen[str]) -> None:
    time.sleep(0.7)
    began = time.monotonic()
    code, _ = stop(served)
    assert code in (0, -signal.SIGTERM)
    assert time.monotonic() - began < 5


def test_a_taken_port_is_refused_in_one_sentence(example_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run([*SERVE, example_url, "serve", "--port", port], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"Error: port {port} of 127.0.0.1 cannot be listened at: address already in use; choose another\n"
    )


def test_an_address_that_others_reach_is_warned_of_and_an_empty_graph_told(tmp_path: Path) -> None:
    process = start(f"sqlite:{tmp_path / 'new.db'}", "--host", "0.0.0.0")
    said = welcome(process)
    assert "The graph is empty: civic-graph load example" in said
    wait(address(said).replace("0.0.0.0", "127.0.0.1"))
    code, errors = stop(process)
    assert code == 0
    assert "Warning: other machines reach" in errors
    assert "put HTTPS before it" in errors


def test_its_workers_do_not_outlive_it(served: subprocess.Popen[str]) -> None:
    url = address(welcome(served))
    wait(url)
    served.kill()
    served.communicate(timeout=PATIENCE)  # the worker holds the other ends of these pipes
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")


def test_a_worker_that_dies_ends_it_with_an_error(served: subprocess.Popen[str]) -> None:
    wait(address(welcome(served)))
    children = Path(f"/proc/{served.pid}/task/{served.pid}/children")
    if not children.exists():
        pytest.skip("the children of a process are not known here")
    subprocess.run(["kill", "-9", *children.read_text().split()], check=True)
    _, errors = served.communicate(timeout=PATIENCE)
    assert served.returncode == 1
    assert json.loads(errors.splitlines()[0])["event"] == "Unexpected exit from worker-1"

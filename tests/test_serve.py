"""`civic-graph serve` as a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from server.examples import FIRST
from server.listener import SHARED, address_of, opened
from server.metrics import bury
from server.pages import STATIC
from tests.served import PATIENCE, SERVE, Server, address, start, stop, wait, welcome


@pytest.fixture
def served(example_url: str) -> Iterator[subprocess.Popen[str]]:
    process = start(example_url)
    yield process
    process.kill()
    process.communicate(timeout=PATIENCE)


def test_it_says_where_it_is_answers_and_ends_cleanly(served: subprocess.Popen[str]) -> None:
    url = address(welcome(served))
    assert wait(url).json()["ready"] is True
    response = httpx.post(f"{url}/graphql", json={"query": FIRST})
    assert response.json()["data"]["boroughs"]["nodes"][0]["name"] == "Croydon"
    assert response.headers["server"] == ""
    code, logged = stop(served)
    assert code == 0
    events = {json.loads(line)["event"] for line in logged.splitlines()}
    assert {"request"} <= events <= {"request", "graph verified", "operations planned"}


def test_files_are_coded_and_their_bytes_logged(served: subprocess.Popen[str]) -> None:
    url = address(welcome(served))
    with httpx.stream("GET", f"{url}/static/query.js", headers={"accept-encoding": "gzip"}) as response:
        sent = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == (STATIC / "query.js").read_bytes()
    lines = [json.loads(line) for line in stop(served)[1].splitlines()]
    assert [line["bytes"] for line in lines if line.get("path") == "/static/query.js"] == [len(sent)]


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


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_store_that_cannot_be_served_is_told_in_one_sentence(tmp_path: Path, workers: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no graph")
    command = [*SERVE, f"sqlite:{file}", "serve", "--port", "0", "--workers", workers]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {file}")
    assert done.stderr.count("\n") == 1
    assert file.read_text() == "no graph"


def test_an_address_that_others_reach_is_warned_of_and_an_empty_graph_told(tmp_path: Path) -> None:
    process = start(f"sqlite:{tmp_path / 'new.db'}", "--host", "0.0.0.0")
    said = welcome(process)
    assert "The graph is empty: civic-graph load example" in said
    wait(address(said).replace("0.0.0.0", "127.0.0.1"))
    code, errors = stop(process)
    assert code == 0
    assert "Warning: other machines reach" in errors
    assert "put HTTPS before it" in errors


def test_all_addresses_of_ipv6_are_those_of_ipv4_too() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("there is no IPv6 here")
    with opened("::", 0) as listening:
        socket.create_connection(("127.0.0.1", address_of(listening).port), timeout=PATIENCE).close()


def test_nobody_new_is_taken_while_it_finishes(served: subprocess.Popen[str]) -> None:
    url = address(welcome(served))
    wait(url)
    with Server(served, url).connect() as connection:
        connection.sendall(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Content-Length: 50\r\n\r\n{")  # and not the rest, for which it waits
        served.send_signal(signal.SIGTERM)
        with pytest.raises(httpx.ConnectError):
            while True:
                with suppress(httpx.ReadError, httpx.RemoteProtocolError):  # of who waited as the socket was closed
                    httpx.get(f"{url}/readyz", timeout=PATIENCE)
        assert served.poll() is None


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
    assert "Unexpected exit from worker-1" in [json.loads(line)["event"] for line in errors.splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_end_it_is_not_ready_finishes_and_ends(example_url: str, workers: int) -> None:
    process = start(example_url, "--workers", str(workers))
    url = address(welcome(process))
    wait(url)
    with httpx.Client() as client:
        process.send_signal(signal.SIGTERM)
        while (response := client.get(f"{url}/readyz")).status_code == 200:
            pass
        assert (response.status_code, response.json()["ready"]) == (503, False)
        assert client.post(f"{url}/graphql", json={"query": FIRST}).status_code == 200
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_all_of_its_processes_may_be_told_to_end_at_once(served: subprocess.Popen[str]) -> None:
    url = address(welcome(served))
    wait(url)
    children = Path(f"/proc/{served.pid}/task/{served.pid}/children")
    if not children.exists():
        pytest.skip("the children of a process are not known here")
    subprocess.run(["kill", "-TERM", str(served.pid), *children.read_text().split()], check=True)
    while httpx.get(f"{url}/readyz").status_code == 200:
        pass
    assert httpx.post(f"{url}/graphql", json={"query": FIRST}).status_code == 200
    _, errors = served.communicate(timeout=PATIENCE)
    assert served.returncode == 0
    assert "Unexpected" not in errors


@pytest.mark.parametrize("workers", [1, 2])
def test_it_answers_and_ends_where_its_log_cannot_be_written(example_url: str, workers: int) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no full disk here")
    with Path("/dev/full").open("w") as full:
        process = start(example_url, "--workers", str(workers), errors=full)
        url = address(welcome(process))
        for _ in range(20):
            assert httpx.get(f"{url}/healthz", timeout=PATIENCE).status_code == 200
            assert httpx.post(f"{url}/graphql", json={"query": FIRST}, timeout=PATIENCE).status_code == 200
        assert stop(process)[0] == 0


def test_what_a_worker_had_at_the_moment_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    for process in (ended.pid, os.getpid()):
        for name in ("gauge_livesum", "counter"):
            (tmp_path / f"{name}_{process}.db").touch()
    bury(tmp_path)
    left = {f"counter_{ended.pid}.db", f"counter_{os.getpid()}.db", f"gauge_livesum_{os.getpid()}.db"}
    assert {path.name for path in tmp_path.iterdir()} == left


def test_workers_share_their_numbers(example_url: str) -> None:
    process = start(example_url, "--workers", "2")
    url = address(welcome(process))
    wait(url)
    for _ in range(20):  # each over a connection of its own, that is of whichever worker takes it
        httpx.post(f"{url}/graphql", json={"query": "{ __typename }"})
    told = {httpx.get(f"{url}/metrics").text.split('civic_graph_operations_total{code="OK"} ')[1].split()[0]}
    stop(process)
    assert told == {"20.0"}


def test_workers_answer_alike_right_after_a_load_of_another_process(tmp_path: Path) -> None:
    store = f"sqlite:{tmp_path / 'graph.db'}"
    process = start(store, "--workers", "2")
    url = address(welcome(process))
    wait(url)
    query = {"query": "{ boroughs { totalCount } graph { version } }"}
    for version, total in ((0, 0), (1, 33)):
        if version:
            subprocess.run([*SERVE, store, "load", "example"], check=True, capture_output=True)
        answers = [httpx.post(f"{url}/graphql", json=query).json()["data"] for _ in range(20)]
        assert answers == [{"boroughs": {"totalCount": total}, "graph": {"version": version}}] * 20
    assert stop(process)[0] == 0

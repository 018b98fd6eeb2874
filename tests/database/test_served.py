"""`civic-graph serve` on Neo4j, as a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from graph import changes
from graph.civic import CIVIC
from graph.stores.neo4j import Neo4jStore
from tests.database.fixtures import Database
from tests.database.running import running, until
from tests.served import PATIENCE, SERVE, address, start, stop, wait, welcome
from tests.world import Said, World, link, node


@pytest.fixture
def store(neo4j: Database) -> Iterator[Neo4jStore]:
    store = neo4j.new_store(CIVIC)
    yield store
    store.close()


def test_a_client_who_leaves_stops_the_work(store: Neo4jStore, neo4j: Database) -> None:
    """Everyone takes part in everything, so that it takes hours to see that nobody is found."""
    number = range(30)
    projects = [(f"partner:{i}", f"project:{j}") for i in number for j in number]
    nodes = {
        "Partner": [node(f"partner:{i}", "A") for i in number],
        "Project": [node(f"project:{i}", "B") for i in number],
    }
    links = {"Partner_TAKES_PART_IN_Project": [link(*ends) for ends in projects]}
    changes.load(store, World((Said("source:office", {**nodes, **links}),)))
    nobody = '{name: {contains: "nobody"}}'
    for hop in ("partners", "projects") * 4:
        nobody = f"{{{hop}: {{some: {nobody}}}}}"
    body = json.dumps({"query": f"{{ partners(where: {nobody}) {{ totalCount }} }}"}).encode()
    process = start(neo4j.url, "--anonymous", "steward")
    try:
        url = urlsplit(address(welcome(process)))
        wait(url.geturl())
        head = f"POST /graphql HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        with socket.create_connection((url.hostname, url.port)) as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            until(lambda: searching(neo4j))
        until(lambda: not searching(neo4j))
    finally:
        process.kill()
        process.communicate()


def searching(neo4j: Database) -> bool:
    """Whether the database is at work on it; the server asks its known operations meanwhile."""
    return any(text.count("TAKES_PART_IN") >= 8 for text in running(neo4j))


def test_workers_answer_alike_right_after_a_load_of_another_process(store: Neo4jStore, neo4j: Database) -> None:
    process = start(neo4j.url, "--workers", "2")
    url = address(welcome(process))
    wait(url)
    query = {"query": "{ boroughs { totalCount } graph { version } }"}
    for version, total in ((0, 0), (1, 33)):
        if version:
            subprocess.run([*SERVE, neo4j.url, "load", "example"], check=True, capture_output=True)
        answers = [httpx.post(f"{url}/graphql", json=query).json()["data"] for _ in range(20)]
        assert answers == [{"boroughs": {"totalCount": total}, "graph": {"version": version}}] * 20
    assert stop(process)[0] == 0


def test_a_database_that_is_not_there_is_told_in_one_sentence(neo4j: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    command = [*SERVE, f"bolt://127.0.0.1:{port}", "serve", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: the database at bolt://127.0.0.1:{port} does not answer: Connection refused\n"

"""What the tests of the clients share: the server as a process of its own, and folders to use the clients in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import packages
from tests.test_serve import address, start, wait, welcome


@pytest.fixture(scope="session")
def url(example_url: str) -> Iterator[str]:
    """Where `civic-graph serve` serves the example graph, to whoever asks as steward."""
    process = start(example_url, "--anonymous", "steward")
    served = address(welcome(process))
    wait(served)
    yield served
    process.kill()
    process.communicate()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The clients that come from npm."""
    try:
        return packages.npm()
    except packages.Missing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))

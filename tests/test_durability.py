"""A load is there as a whole or not at all: killed, out of disk, twice, beside another."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from graph.civic import CIVIC
from graph.store import Head
from graph.stores import open_store
from loaders.generate import generate

CITY = 120  # partners
KILLS = range(1, 11)
DISKS = range(1, 9)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities") / "city"
    generate(folder, partners=CITY, seed=3)
    return folder


@pytest.fixture(scope="module")
def loaded(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Head:
    """What the graph is once the example and the city are loaded."""
    store = tmp_path_factory.mktemp("loaded") / "graph.db"
    assert civic(store, "load", "example", city).returncode == 0
    return head(store)


@pytest.fixture
def store(example_url: str, tmp_path: Path) -> Path:
    """A store with the example, its file copied."""
    place = tmp_path / "graph.db"
    shutil.copy(example_url.removeprefix("sqlite:"), place)
    return place


def command(store: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "server", "--store", f"sqlite:{store}", *map(str, arguments)]


def civic(store: Path, *arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(store, *arguments), capture_output=True, text=True, check=False, **options)


def head(store: Path) -> Head:
    """The state of a store that opens, and whose rows are what its hash says."""
    opened = open_store(f"sqlite:{store}", CIVIC)
    try:
        assert opened.verify()
        return opened.head()
    finally:
        opened.close()


def written(store: Path) -> int:
    """Bytes that a store and its log have."""
    sizes = 0
    for file in (store, store.with_name(f"{store.name}-wal")):
        with suppress(FileNotFoundError):
            sizes += file.stat().st_size
    return sizes


@pytest.mark.parametrize("tenth", KILLS)
def test_a_killed_load_has_not_happened_and_can_be_repeated(store: Path, city: Path, loaded: Head, tenth: int) -> None:
    before = head(store)
    target = written(store) + tenth * 150_000
    running = subprocess.Popen(command(store, "load", city), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while running.poll() is None and written(store) < target:
        os.sched_yield()
    running.send_signal(signal.SIGKILL)
    running.wait()
    after = head(store)
    assert after.content_hash in (before.content_hash, loaded.content_hash)
    assert civic(store, "load", city).returncode == 0
    assert head(store).content_hash == loaded.content_hash


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder to mount disks at, taken away afterwards."""
    place = tmp_path / "disk"
    place.mkdir()
    yield place
    subprocess.run(["umount", place], check=False, capture_output=True)


@pytest.mark.parametrize("eighth", DISKS)
def test_a_full_disk_is_said_and_the_graph_stays_as_it_was(
    store: Path, city: Path, small_disk: Path, eighth: int
) -> None:
    size = written(store) + eighth * 100_000
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", small_disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk to fill")
    crowded = small_disk / "graph.db"
    shutil.copy(store, crowded)
    before = head(crowded)
    refused = civic(crowded, "load", city)
    assert refused.returncode == 1
    assert "disk" in refused.stderr and "full" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert head(crowded) == before


def test_the_same_folder_again_changes_nothing(store: Path, city: Path) -> None:
    assert civic(store, "load", city).returncode == 0
    once = head(store)
    again = civic(store, "load", city)
    assert again.returncode == 0
    assert "already loaded" in again.stdout + again.stderr
    assert head(store) == once


def test_a_row_taken_out_is_gone_and_comes_back(store: Path, city: Path, tmp_path: Path) -> None:
    assert civic(store, "load", city).returncode == 0
    once = head(store)
    shorter = city / "modules.csv"
    lines = shorter.read_text().splitlines(keepends=True)
    try:
        shorter.write_text("".join(lines[:-1]))
        assert civic(store, "load", city).returncode == 0
        gone = lines[-1].split(",")[0]
        asked = civic(store, "query", f'{{ module(id: "module:{gone}") {{ name }} }}')
        assert json.loads(asked.stdout) == {"data": {"module": None}}
        assert head(store).version == once.version + 1
    finally:
        shorter.write_text("".join(lines))
    assert civic(store, "load", city).returncode == 0
    assert head(store).content_hash == once.content_hash


def test_two_loads_at_once_both_happen_one_after_the_other(store: Path, city: Path, loaded: Head) -> None:
    both = [subprocess.Popen(command(store, "load", city), stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [(running.communicate()[1], running.returncode) for running in both]
    assert [code for _, code in ended] == [0, 0], ended
    assert head(store).content_hash == loaded.content_hash


def test_who_waits_too_long_is_told_who_writes(store: Path, city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_store(f"sqlite:{store}", CIVIC)
    before = opened.head()
    with opened.write():
        refused = civic(store, "load", city)
        assert refused.returncode == 1
        assert f"process {os.getpid()}" in refused.stderr
        asked = civic(store, "query", "{ challenges { totalCount } }")
        assert json.loads(asked.stdout) == {"data": {"challenges": {"totalCount": 6}}}
    opened.close()
    assert head(store) == before

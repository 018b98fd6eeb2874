"""The packages have plain names: each must resolve inside the repository, wherever it is installed."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("name", ["graph", "schema", "loaders", "server"])
def test_packages_are_ours(name: str) -> None:
    assert Path(importlib.import_module(name).__file__ or "").parent == ROOT / name


def test_no_folder_of_the_tests_is_named_like_a_package() -> None:
    folders = {path.name for path in (ROOT / "tests").rglob("*") if path.is_dir()}
    assert not folders & {"graph", "schema", "loaders", "server"}


def test_the_locks_name_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
    for pinned in (ROOT / "tests" / "clients").glob("*.txt"):
        assert "://" not in pinned.read_text()
    assert '"resolved"' not in (ROOT / "tests" / "clients" / "package-lock.json").read_text()

"""GraphQL over HTTP by the letter: the audits of graphql-http against the running server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.clients.packages import HERE

AUDITS = 61


def test_every_audit_is_ok(url: str, node_modules: Path, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(node_modules)
    script = shutil.copy(HERE / "audit.mjs", tmp_path)
    done = subprocess.run(["node", script, f"{url}/graphql"], capture_output=True, text=True, check=True)
    outcomes = json.loads(done.stdout)
    assert [outcome for outcome in outcomes if outcome["status"] != "ok"] == []
    assert len(outcomes) == AUDITS

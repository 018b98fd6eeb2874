"""Golden pairs: documents, the plans they become, and the SQL and Cypher of those, each case a file of `tests/golden`.

`GOLDEN=write python -m pytest tests/test_plan.py tests/test_sql.py tests/test_cypher.py` writes them anew; look at the
difference then.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from graph.civic import CIVIC
from graph.plan import Plan
from graph.stores.cypher import compile_cypher
from graph.stores.sql import Facts, compile_sql
from schema import documents
from schema.planner import Planner
from schema.types import executable

FOLDER = Path(__file__).parent / "golden"
WRITING = os.environ.get("GOLDEN") == "write"
COUNTS = {"Partner": 60_000, "Partner_BASED_IN_Borough": 60_000, "Borough": 33, "Project": 30_000, "Champion": 2_000}
FACTS = Facts({**COUNTS, "Partner_TAKES_PART_IN_Project": 90_000, "Champion_CONTACT_FOR_Partner": 10})


@dataclass(frozen=True)
class Pair:
    path: Path

    @cached_property
    def parts(self) -> dict[str, str]:
        """The sections of the file by their heading: document, variables, plan, sql, cypher."""
        pieces = re.split(r"^# (\w+)\n", self.path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        return {name: text.strip() for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}

    @cached_property
    def plan(self) -> Plan:
        schema = executable(CIVIC)
        operation = documents.read(self.parts["document"], schema).operation(None)
        variables = documents.coerced(operation, schema, self.variables)
        return Planner(CIVIC, schema, operation, variables).plan()

    @property
    def variables(self) -> dict[str, Any]:
        return json.loads(self.parts.get("variables", "{}"))  # type: ignore[no-any-return]

    @property
    def sql(self) -> str:
        return compile_sql(self.plan, CIVIC.by_name, FACTS)

    @property
    def cypher(self) -> str:
        return compile_cypher(self.plan, CIVIC.by_name, FACTS).text

    def check(self, part: str, found: str) -> None:
        if WRITING:
            self._write({**Pair(self.path).parts, part: found})
        assert Pair(self.path).parts.get(part) == found

    def _write(self, parts: dict[str, str]) -> None:
        order = [name for name in ("document", "variables", "plan", "sql", "cypher") if name in parts]
        self.path.write_text("\n\n".join(f"# {name}\n{parts[name]}" for name in order) + "\n", encoding="utf-8")


PAIRS = {path.stem: Pair(path) for path in sorted(FOLDER.glob("*.txt"))}

__all__ = ["PAIRS", "Pair"]

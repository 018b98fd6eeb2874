"""The columns of every table, as rows to print."""

from __future__ import annotations

from typing import Any

from graph.model import Model
from loaders.files import file_of
from loaders.folder import columns_of


def described(model: Model) -> list[dict[str, Any]]:
    """One row a column: its file and name, what it takes, and what it means."""
    return [
        {
            "file": file_of(table),
            "column": column.name,
            "type": " | ".join(column.allowed) or str(column.type),
            "required": "yes" if column.required else "",
            "description": column.description,
        }
        for table in model.tables
        for column in columns_of(model, table)
    ]

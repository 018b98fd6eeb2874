"""The tables of the embedded store, as a model wants them."""

from __future__ import annotations

from graph.model import Hop, Kind, Property, Relation, Table, Type


def quoted(name: str) -> str:
    """A name that is safe in a statement; all of them come from the model."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def links(relation: Relation) -> str:
    """The table or view in which a relation reads from its `from` to its `to`."""
    return quoted(f"{relation.table}~both" if relation.symmetric else relation.table)


def ends(hop: Hop) -> tuple[str, str]:
    """The columns of a relation at the near and the far end of a step."""
    return ("from", "to") if hop.forward else ("to", "from")


def declarations(table: Table) -> list[str]:
    """The statements that make a table, its indexes and what reads it from both ends."""
    if isinstance(table, Kind):
        return [_table(table, table.table), *(_index(table, p.name) for p in table.values if _wanted(p))]
    made = [_table(table, table.table), _table(table, f"{table.table}~waiting")]
    made.append(f'CREATE INDEX {quoted(table.table + "~back")} ON {quoted(table.table)} ("to", "from")')
    return [*made, _both(table)] if table.symmetric else made


def _wanted(prop: Property) -> bool:
    return prop.name == "name" or prop.unique


def _index(table: Table, name: str) -> str:
    return f"CREATE INDEX {quoted(f'{table.table}~{name}')} ON {quoted(table.table)} ({quoted(name)})"


def _table(table: Table, name: str) -> str:
    columns = [f"{quoted(p.name)} TEXT NOT NULL" for p in table.key]
    columns += [f"{quoted(p.name)} {column_type(p)}" for p in table.values]
    columns += ["sources TEXT NOT NULL", "locators TEXT NOT NULL", "claims TEXT"]
    key = ", ".join(quoted(p.name) for p in table.key)
    return f"CREATE TABLE {quoted(name)} ({', '.join(columns)}, PRIMARY KEY ({key})) STRICT, WITHOUT ROWID"


def _both(relation: Relation) -> str:
    rest = "".join(f", {quoted(p.name)}" for p in (*relation.key[2:], *relation.columns))
    table = quoted(relation.table)
    return (
        f'CREATE VIEW {links(relation)} AS SELECT "from", "to"{rest} FROM {table} '
        f'UNION ALL SELECT "to" AS "from", "from" AS "to"{rest} FROM {table} WHERE "from" <> "to"'
    )


def column_type(prop: Property) -> str:
    match prop.type:
        case Type.INTEGER | Type.BOOLEAN:
            return "INTEGER"
        case Type.DECIMAL:
            return "REAL"
        case _:
            return "TEXT NOT NULL" if prop.required or prop.is_list else "TEXT"

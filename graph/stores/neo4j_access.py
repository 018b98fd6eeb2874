"""Where a Neo4j database is and who asks it, by a URL and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from graph.errors import LoadError

PASSWORD = "CIVIC_GRAPH_NEO4J_PASSWORD"
SECRET = f"{PASSWORD} or {PASSWORD}_FILE"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a database is, and who asks it."""

    url: str
    user: str = "neo4j"
    password: str = field(default="", repr=False)
    database: str | None = None

    @property
    def auth(self) -> tuple[str, str] | None:
        return (self.user, self.password) if self.password else None


def access(url: str, environment: Mapping[str, str]) -> Access:
    """The access that a URL and the environment give.

    Raises LoadError where the URL is none of a database, or the password file cannot be read.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.hostname and parts.port != 0 and not parts.path.strip("/") and not parts.query
    except ValueError:  # of the port, or of brackets
        is_address = False
    if not is_address:
        raise LoadError(f"the URL of a Neo4j store is {url.partition(':')[0]}://HOST:PORT")
    if parts.username or parts.password:
        raise LoadError(
            f"a user and password do not belong into the URL of a store: set CIVIC_GRAPH_NEO4J_USER, and {SECRET}"
        )
    password = environment.get(PASSWORD, "")
    if file := environment.get(f"{PASSWORD}_FILE"):
        if password:
            raise LoadError(f"{PASSWORD}_FILE and {PASSWORD} are both set; expected one of them")
        try:
            password = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(f"the file that {PASSWORD}_FILE names cannot be read: {file}") from error
        if not password:
            raise LoadError(f"the file that {PASSWORD}_FILE names is empty: {file}; expected the password in it")
    user = environment.get("CIVIC_GRAPH_NEO4J_USER") or "neo4j"
    return Access(url, user, password, environment.get("CIVIC_GRAPH_NEO4J_DATABASE") or None)

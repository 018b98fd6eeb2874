"""The Neo4j server, for every test of this folder."""

from tests.database.fixtures import neo4j, neo4j_url, worker

__all__ = ["neo4j", "neo4j_url", "worker"]

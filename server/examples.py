"""Example queries: the menu of the query page, and what the command line suggests to try."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """A query that every civic graph can answer, and its variables as JSON."""

    title: str
    query: str
    variables: str = ""


FIRST = "{ boroughs(first: 3, orderBy: [{population: DESC}]) { nodes { name population } } }"

EXAMPLES = (
    Example(
        "The most populous boroughs",
        """\
{
  boroughs(first: 5, orderBy: [{population: DESC}]) {
    totalCount
    nodes { name part population neighbours { totalCount } }
  }
}""",
    ),
    Example(
        "Projects: for which challenge, with whom, where",
        """\
{
  projects {
    nodes {
      name
      status
      challenges { nodes { name } }
      partners { nodes { name } }
      boroughs { nodes { name } }
    }
  }
}""",
    ),
    Example(
        "Partners based in a borough",
        """\
query Partners($borough: String!) {
  partners(where: {borough: {name: {eq: $borough}}}) {
    totalCount
    nodes { name type borough { name } projects { nodes { name } } }
  }
}""",
        '{"borough": "Hackney"}',
    ),
    Example(
        "How projects spread over the challenges",
        """\
{
  projects {
    totalCount
    groups(by: [CHALLENGES]) { count keys { node { name } } }
  }
}""",
    ),
    Example(
        "What is measured of a borough",
        """\
query Measured($id: ID!) {
  borough(id: $id) {
    name
    indicators(first: 20) { edges { value period node { name unit publisher } } }
  }
}""",
        '{"id": "borough:E09000012"}',
    ),
    Example(
        "The graph, and where it comes from",
        """\
{
  graph { version loadedAt counts { name count } }
  sources { nodes { name publisher date licence attribution } }
}""",
    ),
)

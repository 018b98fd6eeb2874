"""Small documents that open into large ones."""

from __future__ import annotations


def doubled(times: int) -> str:
    """A fragment that spreads the next twice, and so on, in the same object."""
    chain = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(times))
    return f"{{ ...F0 }} {chain} fragment F{times} on Query {{ __typename }}"


def given(times: int) -> str:
    """The same with a variable in the last fragment, for which all of them are gone through once more."""
    return f"query ($v: Int = 1) {doubled(times).replace('{ __typename }', '{ partners(first: $v) { totalCount } }')}"


def unknown(times: int) -> str:
    """The same with a field that there is not."""
    return doubled(times).replace("__typename", "nothing")


def branched(times: int) -> str:
    """A fragment that asks for the next in two ways, one relation further."""
    both = "nodes {{ ...F{0} }} edges {{ node {{ ...F{0} }} }}"
    chain = [f"fragment F{i} on Borough {{ neighbours(first: 1) {{ {both.format(i + 1)} }} }}" for i in range(times)]
    return f"{{ boroughs(first: 1) {{ nodes {{ ...F0 }} }} }} {' '.join(chain)} fragment F{times} on Borough {{ id }}"


def circled(length: int) -> str:
    """Fragments of which each spreads the next, and the last the first."""
    spread = " ".join(f"fragment F{i} on Query {{ ...F{(i + 1) % length} }}" for i in range(length))
    return f"{{ ...F0 }} {spread}"


REPEATED = {
    "fields": "{ partners { nodes { %s } } }" % ("name " * 300),
    "objects": "{ partners { nodes { %s } } }" % ("projects { nodes { name } } " * 200),
    "inline fragments": "{ partners { nodes { %s } } }" % ("... { name } " * 300),
    "fragments": f"{{ boroughs {{ nodes {{ {' '.join(f'...F{i}' for i in range(100))} }} }} }} "
    + " ".join(f"fragment F{i} on Borough {{ id }}" for i in range(100)),
    "where nobody looks": "{ __typename } fragment F on Query { %s }" % ("__typename " * 300),
}

"""Parameters: the values of one operation, told from what shapes its statement."""

from __future__ import annotations

from graph import plan as p
from graph.binding import converted
from graph.plan import Convert
from schema.arguments import Leaf


class Params:
    """Numbers the parameters of one plan."""

    def __init__(self) -> None:
        self.made: list[p.Param] = []

    def computed(self) -> p.Param:
        """A parameter whose value is computed before the statement runs."""
        return self.add(Leaf(None))

    def add(self, leaf: Leaf, convert: Convert = Convert.NONE, index: int = 0) -> p.Param:
        literal = None if leaf.path else tuple(leaf.value) if isinstance(leaf.value, list) else leaf.value
        param = p.Param(f"p{len(self.made)}", leaf.path, literal, convert, index)
        if literal is not None:
            converted(param, literal)  # so that what is wrong in a document is found where it stands
        self.made.append(param)
        return param

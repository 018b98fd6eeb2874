"""What only the whole load shows: what is said twice, leads nowhere, runs in circles or does not add up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import groupby

from graph.changes import chunks
from graph.model import Hop, Kind, Model, Property, Relation, Table
from graph.statements import Key, Values
from graph.store import Store
from loaders.columns import ORG_IDS
from loaders.report import Place, Report, quoted
from loaders.spool import Spool, places

ASKED = 5_000  # ids at a time
TOLERANCE = 0.02  # shares are rounded: six times 0.17 is 1.02

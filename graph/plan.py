"""Plans: what one GraphQL operation asks of a store, as frozen values that compare, hash and print.

A plan is closed: it holds all that shapes its statement, and no value that a user gave; those are its
parameters. Every store answers a plan alike, by these rules:

- A comparison with a missing value is false, also inside `Not`, which therefore is true. `Missing` asks for it.
- Text compares by code point, dates as ISO 8601 text (a year comes before its months), enums by stored name.
- Missing values sort last in either direction. Every order ends in the node's id (and, for a relation that can
  join two nodes more than once, in its key), in the direction of the last key named.
- A page has `limit` rows, at most `MAX_PAGE`, after `after` and before `before`; `reverse` takes them from the far end,
  and gives them in the order asked for all the same. Only its rows are asked for what is nested in them.
- A step to one node follows, of several relations, the one with the latest `since` (missing last), then the
  smallest id of the target. `Has` along such a step looks at that node only.
- `among` narrows the relations that a step follows before it chooses: to those that hold on a day. A relation holds
  from its `since` until its `until`, that day excluded; 2021 is 1 January 2021, 2021-03 is 1 March. Missing, it has
  held always, or still does. Where nothing is narrowed, a relation is followed whenever it holds.
- A relation is there only where both its ends are. A step to a node that is not there is null.
- `Total` counts what `where` lets through, whatever the page. hasNextPage and hasPreviousPage are exact:
  whether rows of the connection come after the page, and before it, whatever cut it off.
- `Groups` counts the rows of the whole connection by a value; a row with several targets counts in the group of
  each, once; a row with none in the group of the missing value. Most rows first, then by value, missing last. A date
  that is not known to the part grouped by (2021 has no month) is in the group of the missing value.
- A sum takes each value to nine decimals, adds them exactly, and rounds to the property's scale, half away from zero;
  an average divides that sum by the number of values before it rounds. Both are null where no row of the group has
  a value, and where the whole parts of the values, all taken as positive, come to 2**53 or more.
- A search finds the nodes of its kinds whose searchable text has every word asked for, the last as the beginning of a
  word. Words are those of `graph.text.words`, on either side; where none are asked for, nothing is found. First come
  nodes whose name has just these words, then those whose name begins with them, has them in it, and others; then by
  name and id.
- A path is a shortest one along the steps it may take, whichever way relations point. Of several it is the one whose
  nodes' ids come first, compared in turn from its start; between two nodes it takes the relation whose table comes
  first, then the one along it, then the smallest key. A neighbourhood has the nodes that few steps lead to, the nearest
  first, then by id, and all relations between those that it shows. With a day both take only what holds then.
- One operation sees one version of the graph.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from msgspec import Struct

from graph.errors import BadInput, PageSize
from graph.model import Cube, Hop, Kind, Property

MAX_PAGE = 100  # rows of a page, groups, or nodes by id
MAX_OFFSET = 100_000  # groups that are passed over
MAX_COMPUTED = 10_000  # rows
MAX_TEXT, MAX_WORDS = 200, 32  # characters and words that are searched for at most


def page_size(name: str, size: object, least: int = 0) -> int:
    """How many rows are asked for at once. Raises PageSize where these are too many, or no number."""
    if type(size) is not int or not least <= size <= MAX_PAGE:
        raise PageSize(f"{name} is {size}; expected {least} to {MAX_PAGE}")
    return size


def groups_before(offset: object) -> int:
    """How many groups are passed over. Raises BadInput where these are too many, or no number."""
    if type(offset) is not int or not 0 <= offset <= MAX_OFFSET:
        raise BadInput(f"offset is {offset}; expected 0 to {MAX_OFFSET}")
    return offset


class Piece(Struct, frozen=True, gc=False):
    """A piece of a plan. No piece holds itself, so that the garbage collector, which keeps a server from answering
    while it looks, has nothing to find among the thousands that are kept."""


class Convert(Enum):
    """What becomes of a user's value before a store sees it."""

    NONE = "none"
    ENUM = "enum"  # UPPER_SNAKE, as GraphQL shows it, to the stored lower_snake
    FOLD = "fold"  # without case and accents
    DAY = "day"  # a date known to the day
    COARSE = "coarse"  # a date to where only first days and months follow: 2026-08 for 2026-08-01
    FINE = "fine"  # a date to the day, to the first where it is not known: 2026-08-01 for 2026-08
    WORDS = "words"  # as search compares text
    CURSOR = "cursor"  # the key at `index` of a cursor


class Param(Piece, frozen=True):
    """A value given from outside: at `path` in the variables, or the `literal` of the document."""

    name: str
    path: tuple[str | int, ...] = ()
    literal: Any = None
    convert: Convert = Convert.NONE
    index: int = 0


class Op(Enum):
    """How a property is compared with a parameter."""

    EQ = "eq"
    NE = "ne"
    IN = "in"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    CONTAINS = "contains"
    CONTAINS_IGNORE_CASE = "containsIgnoreCase"
    STARTS_WITH = "startsWith"
    HAS = "has"  # a text list has the value


# Predicates of a row: a node, and on a connection the relation that led to it.


class Cmp(Piece, frozen=True):
    op: Op
    property: Property
    param: Param
    on_edge: bool = False


class Missing(Piece, frozen=True):
    """The value is not known; of a text list, it is empty."""

    property: Property
    on_edge: bool = False


class AllOf(Piece, frozen=True):
    """True where every part is; without parts, true."""

    parts: tuple[Predicate, ...] = ()


class AnyOf(Piece, frozen=True):
    """True where some part is; without parts, false."""

    parts: tuple[Predicate, ...] = ()


class Not(Piece, frozen=True):
    part: Predicate


class Has(Piece, frozen=True):
    """A step leads to a row for which the predicate is true; a step to many has in it what it is narrowed to."""

    hop: Hop
    where: Predicate
    among: Predicate = AllOf()


Predicate = Cmp | Missing | AllOf | AnyOf | Not | Has


# Values of a row.


class Const(Piece, frozen=True):
    value: str | None


class Get(Piece, frozen=True):
    property: Property
    on_edge: bool = False


class Cursor(Piece, frozen=True):
    """The row's place in the order of its page."""


class Obj(Piece, frozen=True):
    """A JSON object; of a row, of a page, of a group or of the graph, by where it stands."""

    fields: tuple[tuple[str, Value], ...]


class ByKind(Piece, frozen=True):
    """What a row that has only an id shows of its node, by its kind; null where it is of none of these."""

    cases: tuple[tuple[Kind, Value], ...]


class One(Piece, frozen=True):
    """What a step to one node leads to, or null."""

    hop: Hop
    value: Value
    among: Predicate = AllOf()


class Provenance(Piece, frozen=True):
    """The sources that speak of a row, the one that counts most first. Inside it an `Entry` is the `sourceId`, the
    `locator` or `loadedAt`, and `ByKind` the node of the source."""

    value: Value


class Said(Piece, frozen=True):
    """What a source says of these properties of a row, in this order, those left out that it does not speak of. Inside
    it an `Entry` is the `property`, the `value` as the row shows its own, or whether that is `shown`."""

    properties: tuple[Property, ...]
    value: Value


# Values of a page.


class Rows(Piece, frozen=True):
    value: Value


class HasNext(Piece, frozen=True):
    pass


class HasPrevious(Piece, frozen=True):
    pass


class StartCursor(Piece, frozen=True):
    pass


class EndCursor(Piece, frozen=True):
    pass


class Total(Piece, frozen=True):
    pass


class Part(Enum):
    """A part of a date."""

    YEAR = "year"  # 2021
    MONTH = "month"  # 2021-03
    ACADEMIC_YEAR = "academicYear"  # from 1 August to 31 July, as in 2020/21


class By(Piece, frozen=True):
    """A property that rows are grouped by, or a part of a date."""

    property: Property
    on_edge: bool = False
    part: Part | None = None


class Groups(Piece, frozen=True):
    by: By | Hop
    limit: int
    value: Value
    among: Predicate = AllOf()
    offset: int = 0

    def __post_init__(self) -> None:
        page_size("limit", self.limit)
        groups_before(self.offset)


# Values of a group.


class GroupKeys(Piece, frozen=True):
    """The keys of the group, a list as long as what it is grouped by: one object."""

    value: Value


class GroupValue(Piece, frozen=True):
    """The value grouped by, as text; of a relation, the id of the node it leads to."""


class GroupNode(Piece, frozen=True):
    """The node that a relation grouped by leads to, null where grouped by a property."""

    value: Value


class GroupCount(Piece, frozen=True):
    pass


class GroupSum(Piece, frozen=True):
    property: Property
    on_edge: bool = False


class GroupAverage(Piece, frozen=True):
    property: Property
    on_edge: bool = False


# Values of the graph as a whole.


class Info(Piece, frozen=True):
    """A fact about the graph: version, contentHash, loadedAt."""

    name: str


class Entries(Piece, frozen=True):
    """A list of facts about the graph, `counts` or `sources`; inside it an `Entry` is one of their fields. Of counts,
    those of these `tables`, or of all."""

    name: str
    value: Value
    tables: tuple[str, ...] | None = None


class Entry(Piece, frozen=True):
    name: str


# Roots.


class Key(Piece, frozen=True):
    """One key of an order."""

    property: Property
    descending: bool = False
    on_edge: bool = False


class Seek(Piece, frozen=True):
    """A place in an order: a parameter for each key, None where the row there misses the value."""

    keys: tuple[Param | None, ...]


class Search(Piece, frozen=True):
    """Words looked for in the text of some kinds."""

    words: Param
    kinds: tuple[Kind, ...]


class Page(Piece, frozen=True):
    """Rows of a kind, of what a step leads to, or of a search, in an order that ends in the id."""

    kind: Kind
    hop: Hop | None
    where: Predicate
    order: tuple[Key, ...]
    limit: int
    reverse: bool
    after: Seek | None
    before: Seek | None
    value: Value
    search: Search | None = None

    def __post_init__(self) -> None:
        page_size("limit", self.limit)


class Lookup(Piece, frozen=True):
    """Nodes by id: a list as long as `ids` where `many`, of the first `MAX_PAGE` of them, else one; null where there is
    none of these kinds."""

    ids: Param
    many: bool
    cases: tuple[tuple[Kind, Value], ...]


# Walks: what is computed before a statement runs, from the same state of the graph.


class ShortestPath(Piece, frozen=True):
    """The shortest path from a node to another of at most so many steps. `rows` becomes its nodes, each with what led
    there, as rows of `STEP`; null where there is none."""

    start: Param
    end: Param
    hops: int
    kinds: tuple[Kind, ...]
    steps: tuple[Hop, ...]
    day: Param | None
    rows: Param


class Around(Piece, frozen=True):
    """At most `limit` nodes that at most `hops` steps lead to. `nodes` become their ids, each in a row, null where the
    node they are around is not there; `links` the relations between them as rows of `LINK`; `more` whether there are
    other nodes as near as these or nearer than they may be."""

    centre: Param
    hops: int
    kinds: tuple[Kind, ...]
    steps: tuple[Hop, ...]
    day: Param | None
    limit: int
    nodes: Param
    links: Param
    more: Param

    def __post_init__(self) -> None:
        page_size("limit", self.limit, least=1)


class Counted(Piece, frozen=True):
    """A cube of a model. `total` becomes how many there are, `rows` becomes rows of `graph.cubes.COLUMNS`; both are fit
    for everybody to read."""

    cube: Cube
    total: Param
    rows: Param


Walk = ShortestPath | Around | Counted


class Links(Piece, frozen=True):
    """The relations that steps find from nodes, given by id and kind, to any node or to those of `far`; at most `limit`
    of them, in any order. Each is a list: the step's place, its near and far end, its key, since and until."""

    near: tuple[tuple[str, Param], ...]
    far: Param | None
    steps: tuple[Hop, ...]
    limit: int


class Counts(Piece, frozen=True):
    """How many nodes of a kind there are by what they share; at most `limit` lists of the values as text and the
    number, the largest first. A node is counted as in `Groups`."""

    kind: Kind
    by: tuple[By | Hop, ...]
    limit: int


class Computed(Piece, frozen=True):
    """Rows that were computed, the first `MAX_COMPUTED` of them, each a list of these properties, of which the first is
    an id, or null."""

    rows: Param
    columns: tuple[Property, ...]
    value: Value


class IfThere(Piece, frozen=True):
    """The value, or null where what was computed is null."""

    computed: Param
    value: Value


class Flag(Piece, frozen=True):
    """A boolean that was computed."""

    computed: Param


class Number(Piece, frozen=True):
    """A number that was computed."""

    computed: Param


Value = (
    Const
    | Get
    | Cursor
    | Obj
    | ByKind
    | One
    | Provenance
    | Said
    | Rows
    | HasNext
    | HasPrevious
    | StartCursor
    | EndCursor
    | Total
    | Groups
    | GroupKeys
    | GroupValue
    | GroupNode
    | GroupCount
    | GroupSum
    | GroupAverage
    | Info
    | Entries
    | Entry
    | Page
    | Lookup
    | Links
    | Counts
    | Computed
    | IfThere
    | Flag
    | Number
)


class Plan(Piece, frozen=True):
    value: Obj
    params: tuple[Param, ...]
    walks: tuple[Walk, ...] = ()

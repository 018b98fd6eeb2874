"""Questions over HTTP: ours beside a hand-written statement, or beside the same on another page or graph."""

from collections.abc import Iterator
from statistics import median

from tests.bench import statements as s
from tests.bench.client import Ask, ask_once, cost, in_turns, rate
from tests.bench.processes import Graph, await_verified, bare, on_core, served, stripped

FEW = 600
STARTS = 5  # of servers; as long as it lives, one is some percent faster or slower than its like

Pair = tuple[float, float]
Row = tuple[str, str, str, str, str]  # what, measured, against, ratio, budget


def asked(large: Graph, small: Graph, language: str) -> Iterator[Row]:
    """What is measured of two graphs in the same sort of store: a large one, and one of `FEW` partners."""
    with served(large) as port, bare(large) as hand, served(small) as few:
        await_verified(port, few)
        yield from beside_hand(port, hand, f"hand-written {language}")
        first = Ask(port, "/graphql", {"query": s.DEEP, "variables": {"after": None}})
        later = Ask(port, "/graphql", {"query": s.DEEP, "variables": {"after": cursor_of_page(first, 1_000)}})
        yield compared("page 1,000", "page 1", "≥ 0.67", rates(later, first))
        page, fewer = (Ask(at, "/graphql", {"query": s.PAGE}) for at in (port, few))
        yield compared("nested page of the large graph", f"of {FEW} partners", "≥ 0.77", rates(page, fewer))


def beside_ourselves(graph: Graph) -> Iterator[Row]:
    """What keeping answers saves, and what limits, roles and logging cost."""
    costs, answers = [], []
    for _ in range(STARTS):
        costs += kept_and_made(graph)
        answers += with_and_without(graph)
    yield cheaper("nested page that is kept", "made", "≥ 5", [(kept, made) for kept, made, _ in costs])
    yield cheaper(
        "the same less the exchange over HTTP",
        "made",
        "",
        [(kept - sent, made - sent) for kept, made, sent in costs],
    )
    yield compared("small query", "without limits, roles and logging", "≥ 0.9", [(a, b) for a, b, _ in answers])
    yield compared("small query", "without anything around the answer", "", [(a, b) for a, _, b in answers])


def kept_and_made(graph: Graph) -> list[list[float]]:
    """Seconds of processor time that the server and its database spend on the nested page in each round: kept, made,
    and where the same bytes are sent to everybody. Whoever asks shares the machine with them."""
    with on_core(0), served(graph, kept=64) as keeping, served(graph) as making, stripped(graph, "parrot") as parrot:
        await_verified(keeping, making, parrot)
        asks = [Ask(port, "/graphql", {"query": s.PAGE}, graph.process) for port in (keeping, making, parrot)]
        with on_core(1):
            return in_turns(asks, cost, rounds=5, seconds=1.0)  # it is told in hundredths of a second


def with_and_without(graph: Graph) -> list[list[float]]:
    """Answers a second to the small query in each round: as it is, and with something left out."""
    small = {"query": s.SMALL, "variables": s.SMALL_VARIABLES}
    with on_core(0), served(graph) as port, stripped(graph, "plain") as plain, stripped(graph, "bare") as bare:
        await_verified(port, plain, bare)
        asks = [Ask(at, "/graphql", small) for at in (port, plain, bare)]
        with on_core(1):
            return in_turns(asks, rate, rounds=12, seconds=0.25)


def beside_hand(port: int, hand: int, against: str) -> Iterator[Row]:
    for what, query, path, budget in (
        ("nested page", s.PAGE, "/page", "≥ 0.85"),
        ("relation filter with totalCount", s.FILTER, "/filter", "≥ 0.67"),
    ):
        ours, theirs = Ask(port, "/graphql", {"query": query}), Ask(hand, path, {"query": query})
        same(ours, theirs)
        yield compared(what, against, budget, rates(ours, theirs))


def rates(one: Ask, other: Ask) -> list[Pair]:
    """Answers a second to both, in each round."""
    return [(a, b) for a, b in in_turns([one, other], rate, rounds=60, seconds=0.25)]


def compared(what: str, against: str, budget: str, rounds: list[Pair]) -> Row:
    ours, theirs = (f"{median(rates):,.0f}/s" for rates in zip(*rounds, strict=True))
    return what, ours, f"{against}: {theirs}", f"{median(a / b for a, b in rounds):.2f}", budget


def cheaper(what: str, against: str, budget: str, rounds: list[Pair]) -> Row:
    ours, theirs = (f"{median(spent) * 1e6:,.0f} µs" for spent in zip(*rounds, strict=True))
    return what, ours, f"{against}: {theirs}", f"{median(b / a for a, b in rounds):.2f}", budget


def same(ours: Ask, theirs: Ask) -> None:
    if ask_once(ours)["data"] != ask_once(theirs):
        raise RuntimeError(f"{ours.path} and {theirs.path} answer differently")


def cursor_of_page(first: Ask, number: int) -> str:
    """The cursor that page `number` starts after, found by walking there."""
    cursor = None
    for _ in range(number - 1):
        page = ask_once(Ask(first.port, first.path, {"query": s.DEEP, "variables": {"after": cursor}}))
        cursor = page["data"]["partners"]["pageInfo"]["endCursor"]
        if cursor is None:
            raise RuntimeError(f"there is no page {number:,}")
    return cursor

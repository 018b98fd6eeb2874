"""One small known world, and the means to make others: what sources say, as plain dicts.

    kensington     islington ────land──── hackney ────river──── newham ────river──── atlantis
        ▲           ▲   ▲  └───────────────land─────────────────┘                   (said, but
        │           │   │                                                         never described)
     percent ───────┘   │     percent, zebra ───2025, 2020──────────────────────────────▲
              2018-2019 │
                        ├── trees    2020 in islington, from 2020-05 in hackney
                        └── café     in islington and in hackney, nobody knows since when
                            acorn    2019-2021 in hackney, from 2021 in newham: it moved
                            acorn-2 (another Acorn), café-nfd, private, Zebra, nobody: in no borough

    acorn ══lead, funder and no role══▶ garden ◀══host══ café        trees ══delivery══▶ garden
    café, acorn-2 ══host══▶ talk ◀══lead══ ghost (not there)         study, clinic, walk, untitled: nobody
    acorn ──part of──▶ trees ──part of──▶ itself                     café ──succeeds──▶ zebra ──succeeds──▶ café

    garden ──▶ environment 0.1, health 1/3, poverty 0       talk ──▶ health       study ──▶ poverty       crime: none
    ada ──leads──▶ garden ◀──supports── ben ──supports──▶ talk       ada, ben ──contact for──▶ acorn
    ada ──champions──▶ environment, 2023/24 and 2024/25              ada ──member of──▶ lab since 2020, before: school
    s1 ──undertook──▶ one ──hosted by──▶ trees or acorn              s2 ──undertook──▶ two (no host)       three: nobody
    asylum ──measured──▶ hackney 2023: 0.1, 2024: -2.5; newham 2024: 0

The sheet says nearly all of it (rank 1); the old sheet (rank 1, but older) and the register (rank 50) say some of it
otherwise: names, aliases, a boundary, until when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.model import Model, Relation, Table
from graph.statements import DEFAULT_RANK, Claim, Load, Statement, Statements, key_text

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """What one source says: rows by table, a node's with its `id`, a relation's with `from` and `to`."""

    source: str
    rows: Mapping[str, Sequence[Row]]
    rank: int = DEFAULT_RANK
    date: str = ""

    @property
    def load(self) -> Load:
        number = sum(map(len, self.rows.values()))
        return Load(self.source, "bytes", "/tests", number, "tests", "", self.rank, self.date)

    def of(self, table: Table) -> Iterator[Statement]:
        for place, row in enumerate(self.rows.get(table.table, ()), start=1):
            yield statement(table, row, self.source, f"row {place}")


@dataclass(frozen=True)
class World:
    """All that some sources say, as `graph.changes.load` takes it."""

    said: tuple[Said, ...]

    @property
    def loads(self) -> tuple[Load, ...]:
        return tuple(said.load for said in self.said)

    def of(self, table: Table) -> Iterator[Statement]:
        for said in self.said:
            yield from said.of(table)


@dataclass(frozen=True)
class Without:
    """What some statements, made for the `whole` model, say of a smaller one, as if nobody had said the rest."""

    statements: Statements
    whole: Model

    @property
    def loads(self) -> tuple[Load, ...]:
        return self.statements.loads

    def of(self, table: Table) -> Iterator[Statement]:
        full = next(t for t in self.whole.tables if t.table == table.table)
        places = [[p.name for p in full.values].index(prop.name) for prop in table.values]
        for key, claim in self.statements.of(full):
            yield Statement(key, claim._replace(values=tuple(claim.values[place] for place in places)))


def statement(table: Table, row: Row, source: str, locator: str) -> Statement:
    ends = ("from", "to") if isinstance(table, Relation) else ("id",)
    if unknown := row.keys() - {*ends, *(p.name for p in table.values)}:
        raise ValueError(f"{table.table} has no {unknown}")
    values = tuple(row.get(p.name, () if p.is_list else None) for p in table.values)
    key = tuple(row[end] for end in ends)
    if isinstance(table, Relation) and table.keys:
        key = (*key, key_text(table, values))
    return Statement(key, Claim(source, locator, values))


def node(node_id: str, name: str, **values: Any) -> Row:
    return {"id": node_id, "name": name, **values}


def link(start: str, end: str, **values: Any) -> Row:
    return {"from": start, "to": end, **values}


THIRD = 1 / 3

SHEET = Said(
    "source:sheet",
    {
        "Source": [node("source:sheet", "The sheet", rank=1, date="2024-05-01", url="https://example.org/a?b=c&d")],
        "Borough": [
            node("borough:hackney", "Hackney", gssCode="E1", part="inner", area=1904.902, population=259146),
            node("borough:islington", "Islington", gssCode="E2", part="inner", area=THIRD, population=0),
            node("borough:newham", "Newham", gssCode="E3", part="outer", area=0.1, aliases=("East Ham", "West Ham")),
            node("borough:kensington", "Kensington & Chelsea", gssCode="E4", aliases=("RBKC",), orgIds=("A", "B")),
        ],
        "Borough_ADJACENT_TO_Borough": [
            link("borough:islington", "borough:hackney", boundary="land", boundaryLength=THIRD),
            link("borough:hackney", "borough:newham", boundary="river", boundaryLength=0.0),
            link("borough:newham", "borough:islington", boundary="land"),
            link("borough:newham", "borough:atlantis", boundary="river"),
        ],
        "Challenge": [
            node("challenge:environment", "Environment", position=1, aliases=("Nature", "The “green” one")),
            node("challenge:poverty", "Poverty", position=2, description=""),
            node("challenge:health", "Santé & bien-être", position=-3),
            node("challenge:crime", "Crime"),
        ],
        "Partner": [
            node(
                "partner:acorn",
                "Acorn",
                aliases=("Oak", "Eiche"),
                type="charity",
                status="active",
                sizeBand="small",
                orgIds=("GB-CHC-1", "GB-COH-2"),
                website="https://acorn.example/",
                description="Plants 100% of its _acorns_",
                postcode="E8 1AA",
            ),
            node("partner:acorn-2", "Acorn"),
            node("partner:cafe", "Café Olé’s", type="small_business", status="active", aliases=("cafe",)),
            node("partner:cafe-nfd", "Cafe\u0301 Ole\u0301's", type="small_business", status="dormant"),
            node("partner:trees", "🌳 Trees for Cities", type="charity", sizeBand="micro", description="🌳🌲"),
            node("partner:private", "\ue000 Private Use", type="nhs_trust", status="ended"),
            node("partner:zebra", "zebra", status="prospect", description="It's a\ttab and a\nline"),
            node("partner:Zebra", "Zebra", status="active", sizeBand="large"),
            node("partner:percent", "100% _wild_ \"quoted\" 'O''Hara'; -- \\", website="http://100.example/%25"),
        ],
        "Partner_BASED_IN_Borough": [
            link("partner:acorn", "borough:hackney", since="2019", until="2021"),
            link("partner:acorn", "borough:newham", since="2021"),
            link("partner:cafe", "borough:islington"),
            link("partner:cafe", "borough:hackney"),
            link("partner:trees", "borough:islington", since="2020"),
            link("partner:trees", "borough:hackney", since="2020-05"),
            link("partner:percent", "borough:kensington"),
            link("partner:percent", "borough:islington", since="2018", until="2019"),
            link("partner:percent", "borough:atlantis", since="2025"),
            link("partner:zebra", "borough:atlantis", since="2020-02-29"),
        ],
        "Partner_SERVES_Borough": [
            link("partner:acorn", "borough:hackney", share=0.1, confidence=1.0),
            link("partner:acorn", "borough:newham", share=0.9),
            link("partner:trees", "borough:hackney", share=THIRD, confidence=0.5, since="2020-01-01"),
        ],
        "Partner_WORKS_ON_Challenge": [
            link("partner:acorn", "challenge:environment", strength=1.0),
            link("partner:trees", "challenge:environment", strength=0.1 + 0.2),
            link("partner:cafe", "challenge:health"),
        ],
        "Partner_PART_OF_Partner": [
            link("partner:acorn", "partner:trees"),
            link("partner:trees", "partner:trees", since="2020"),
        ],
        "Partner_SUCCEEDS_Partner": [
            link("partner:cafe", "partner:zebra"),
            link("partner:zebra", "partner:cafe"),
        ],
        "Project": [
            node("project:garden", "Garden", type="practical", status="active", startDate="2023", funding=1000.5),
            node("project:talk", "Café talk", type="event", status="completed", startDate="2023-04", endDate="2023-05"),
            node("project:study", "Study", type="research", startDate="2023-04-01", funding=-0.1, summary="Why?"),
            node("project:clinic", "Clinic", status="idea", funding=0.0, areaStated="north of the river"),
            node("project:walk", "walk", status="active", startDate="2022-12-31", endDate="2023"),
            node("project:untitled", ""),
        ],
        "Project_ADDRESSES_Challenge": [
            link("project:garden", "challenge:environment", share=0.1, confidence=0.25, since="2023"),
            link("project:garden", "challenge:health", share=THIRD),
            link("project:garden", "challenge:poverty", share=0.0),
            link("project:talk", "challenge:health", share=1.0, since="2023-04", until="2023-05"),
            link("project:study", "challenge:poverty"),
        ],
        "Project_SERVES_Borough": [
            link("project:garden", "borough:hackney", share=0.5),
            link("project:garden", "borough:newham", share=0.5, confidence=0.0),
            link("project:walk", "borough:atlantis", share=1.0),
        ],
        "Partner_TAKES_PART_IN_Project": [
            link("partner:acorn", "project:garden", role="lead", hours=2.5, since="2023"),
            link("partner:acorn", "project:garden", role="funder", inKind=1000.0, until="2024"),
            link("partner:acorn", "project:garden"),
            link("partner:cafe", "project:garden", role="host", hours=0.0),
            link("partner:trees", "project:garden", role="delivery", hours=0.1),
            link("partner:cafe", "project:talk", role="host", hours=-1.0),
            link("partner:acorn-2", "project:talk", role="host", hours=-1.0),
            link("partner:ghost", "project:talk", role="lead"),
        ],
        "Champion": [
            node("champion:ada", "Ada", role="Lecturer", email="ada@example.org", expertise=("soil", "water")),
            node("champion:ben", "Ben"),
        ],
        "Champion_LEADS_Project": [link("champion:ada", "project:garden", hours=10.0, hoursPlanned=20.0)],
        "Champion_SUPPORTS_Project": [
            link("champion:ben", "project:garden"),
            link("champion:ben", "project:talk", hours=THIRD, since="2023-04-01"),
        ],
        "Champion_CHAMPIONS_Challenge": [
            link("champion:ada", "challenge:environment", academicYear="2023/24", hours=40.0),
            link("champion:ada", "challenge:environment", academicYear="2024/25"),
            link("champion:ben", "challenge:health", academicYear="2024/25", hours=7.25),
        ],
        "Champion_CONTACT_FOR_Partner": [
            link("champion:ada", "partner:acorn", since="2020"),
            link("champion:ben", "partner:acorn", since="2020"),
        ],
        "Unit": [node("unit:school", "School", type="school"), node("unit:lab", "Lab", type="centre")],
        "Unit_PART_OF_Unit": [link("unit:lab", "unit:school")],
        "Champion_MEMBER_OF_Unit": [
            link("champion:ada", "unit:lab", since="2020"),
            link("champion:ada", "unit:school", until="2020"),
        ],
        "Student": [
            node("student:s1", "student:s1", level=5, cohort="2023/24", status="enrolled"),
            node("student:s2", "student:s2", level=10),
        ],
        "Module": [
            node("module:m", "Empowering London", code="WL5W50", level=5, credits=30, placementHours=70.0),
        ],
        "Student_ENROLLED_IN_Module": [
            link("student:s1", "module:m", academicYear="2023/24"),
            link("student:s1", "module:m"),
            link("student:s2", "module:m", academicYear="2023/24"),
        ],
        "Placement": [
            node("placement:p1", "One", status="completed", hoursDone=70.0, portfolioSubmitted=True),
            node("placement:p2", "Two", status="planned", hoursPlanned=THIRD, portfolioSubmitted=False),
            node("placement:p3", "Three", agreedOn="2024-02-29"),
        ],
        "Student_UNDERTOOK_Placement": [
            link("student:s1", "placement:p1"),
            link("student:s2", "placement:p2"),
        ],
        "Placement_HOSTED_BY_Partner": [
            link("placement:p1", "partner:trees"),
            link("placement:p1", "partner:acorn"),
        ],
        "Placement_PART_OF_Module": [
            link("placement:p1", "module:m"),
            link("placement:p2", "module:m"),
        ],
        "Indicator": [
            node("indicator:asylum", "Asylum seekers", unit="per 1,000", polarity="high_is_worse"),
        ],
        "Indicator_MEASURED_Borough": [
            link("indicator:asylum", "borough:hackney", value=0.1, period="2023"),
            link("indicator:asylum", "borough:hackney", value=-2.5, period="2024"),
            link("indicator:asylum", "borough:newham", value=0.0, period="2024"),
            link("indicator:asylum", "borough:atlantis", value=1e-300, period="2024"),
        ],
        "Indicator_EVIDENCES_Challenge": [
            link("indicator:asylum", "challenge:poverty", weight=0.0, rationale="It is one sign."),
        ],
    },
    rank=1,
    date="2024-05-01",
)

OLD_SHEET = Said(
    "source:old-sheet",
    {
        "Partner": [
            node("partner:acorn", "Acorn Trust", aliases=("Oak", "Acorn Trust"), status="prospect"),
            node("partner:acorn-2", "Acorn the Second", type="school"),
        ],
        "Partner_TAKES_PART_IN_Project": [
            link("partner:acorn", "project:garden", role="lead", hours=99.0, inKind=5.0),
        ],
        "Borough_ADJACENT_TO_Borough": [
            link("borough:islington", "borough:hackney", boundary="river", boundaryLength=12.0),
        ],
    },
    rank=1,
    date="2020",
)

REGISTER = Said(
    "source:register",
    {
        "Source": [node("source:register", "The register", licence="OGL")],
        "Partner": [
            node("partner:acorn", "ACORN", aliases=("Acorn Ltd",), postcode="E8 2BB", orgIds=("GB-CHC-9",)),
            node("partner:acorn-2", "ACORN 2", sizeBand="medium"),
            node("partner:nobody", "nobody", status="ended", orgIds=("GB-CHC-2",)),
        ],
        "Placement": [node("placement:p3", "THREE", hoursDone=12.5)],
        "Partner_BASED_IN_Borough": [link("partner:acorn", "borough:newham", until="2030")],
    },
)

WORLD = World((SHEET, OLD_SHEET, REGISTER))

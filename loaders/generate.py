"""A made-up city: tables as large and as uneven as a real one's, in which nobody and nothing is real."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from graph.civic import CIVIC
from graph.errors import LoadError
from graph.model import kebab, snake

T = TypeVar("T")

MOST = 150_000  # a table may have a million rows, and there are nearly six enrolments to a partner
STEP = 5_000
FIRST, TODAY = date(2020, 1, 1).toordinal(), date(2026, 11, 1).toordinal()

# What is made up, and which of its relations are columns; the others have files of their own.
COLUMNS: dict[str, tuple[str, ...]] = {
    "Source": (),
    "Unit": ("parent",),
    "Module": ("challenges", "unit"),
    "Agreement": (),
    "Champion": ("unit",),
    "Partner": ("borough", "parent", "predecessors"),
    "Project": ("outcomes", "agreement"),
    "Outcome": (),
    "Student": ("placements",),
    "Placement": ("host", "module"),
    "Enquiry": ("partner", "challenges", "projects", "placements"),
}
MOVES = "partner-based-in-borough"  # of partners whose office moved; `borough` says it of the others

UNITS = (  # name, type, place of the parent in this list
    ("School of Applied Kindness", "school", None),
    ("School of Made Things", "school", None),
    ("School of Numbers & Nature", "school", None),
    ("School of Law, Letters and Care", "school", None),
    ("Community Partnerships Office", "professional_service", None),
    ("Volunteering Desk", "professional_service", 4),
    ("Placements Desk", "professional_service", 4),
    ("Centre for Neighbourly Research", "centre", 0),
    ("Centre for Urban Soil", "centre", 2),
    ("Debt Advice Clinic", "clinic", 3),
    ("Nutrition Clinic", "clinic", 2),
    ("L'Atelier Design Clinic", "clinic", 1),
)
MODULES = (  # name, level, commonest first
    ("Working in the Made-up City 1", 5),
    ("Working in the Made-up City 2", 6),
    ("Listening to Neighbourhoods", 4),
    ("Citizens & Numbers", 5),
    ("Design for a Street", 6),
    ("Leading Change Together", 7),
)
MEASURES = (  # what is counted, its unit
    ("people reached", "people"),
    ("workshops held", "workshops"),
    ("hours of advice given", "hours"),
    ("meals served", "meals"),
    ("trees planted", "trees"),
    ("tonnes of CO₂ avoided", "tonnes"),
)
FORMS = {  # how organisations are called, by type, commonest first
    "charity": ("Trust", "Foundation", "Fund", "Association"),
    "grassroots": ("Circle", "Neighbours", "Collective", "Action"),
    "small_business": ("Ltd", "& Daughters", "Studio", "Co-operative"),
    "school": ("Primary School", "School", "Académie"),
    "sports_club": ("Club", "Harriers", "Rovers"),
    "local_authority": ("Council", "Service"),
    "other": ("Forum", "Network", "Café"),
    "nhs_trust": ("Health Trust", "Clinic"),
    "funder": ("Endowment", "Fund"),
    "further_education": ("College", "Sixth Form"),
    "higher_education": ("University", "Institute"),
}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


STARTS = _words(
    "Amber Brindle Cinder Dapple Élan Fern Gossamer Hazel Indigo Juniper Kestrel Lark Marl Nørre Ochre Pebble "
    "Quince Russet Silver Tansy Umber Velvet Willow Xylo Yarrow Žabi Thistle Señor O'Finch D'Arbre Mallow Łąka"
)
ENDS = _words(
    "quill mere wick combe holt thwaite fennel lantern brook moss whistle garth dove nettle spire acre ember "
    "shaw heron lock plume ridge tarn vale weir yard bram cress drift eaves gale hythe"
)
WORKS = _words(
    "Youth Garden Food Housing Arts Elders’ Family Women's Street Repair Music Advice Language Cycling River "
    "Kitchen Library Mentoring Refugee Football Allotment Energy Carers’ Skills Dance Welcome Boxing Film"
)
GIVEN = _words(
    "Zoë Amara Bjørn Chidi Dilnoza Éloïse Farid Grażyna Hana Ifeoma José Keir Leïla Mai Ngozi Órla"
)
FIELDS = _words("housing nutrition policing youth-work ecology migration statistics design law sport ageing")
POSTS = ("Senior Lecturer", "Lecturer", "Professor", "Technician", "Clinic Manager")
PLANS = ("Mapping", "Growing", "Opening", "Sharing", "Rethinking", "Listening for", "Counting", "Mending")
GROUPS = ("young people", "carers", "families", "older residents", "new arrivals", "tenants")
AREAS = ("north London communities", "along the old canal", "the estates by the river", "across London")

# The most heavily served first: Westminster, Camden, Islington, Hackney, Tower Hamlets …
HEAVIEST = (
    "33 07 19 12 30 28 22 25 14 23 01 31 05 13 20 11 32 08 09 03 10 18 24 26 02 15 06 17 16 21 27 29 04"
)
BOROUGHS = tuple(f"E090000{number}" for number in _words(HEAVIEST))
CHALLENGES = ("health", "social-wealth", "poverty", "environment", "discrimination", "crime")
WEIGHTS = (32, 26, 21, 14, 5, 2)


def generate(
    folder: Path, partners: int = 600, seed: int = 1, progress: Callable[[str, int], None] | None = None
) -> dict[str, int]:
    """Write the tables of a made-up city into a new or empty folder; returns the rows of each file.

    The same number and seed give the same bytes. Of all that is made up, one byte a partner stays in memory.
    Raises LoadError where the folder is not empty or cannot be written, or the number is not 1 to 150,000.
    """
    _check(folder, partners)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with Tables(folder, progress) as tables:
            City(tables, partners, seed).write()
    except OSError as error:
        raise LoadError(f"{folder} cannot be written: {error.strerror}") from error
    return {f"{name}.csv": rows for name, rows in tables.rows.items()}


def _check(folder: Path, partners: int) -> None:
    if not 1 <= partners <= MOST:
        raise LoadError(f"{partners} partners cannot be made up: give a number from 1 to {MOST:,}")
    if folder.exists() and not folder.is_dir():
        raise LoadError(f"{folder} is a file: give a new or an empty folder")
    if folder.exists() and any(folder.iterdir()):
        raise LoadError(f"{folder} is not empty: give a new or an empty folder, nothing is overwritten")


def headers() -> dict[str, list[str]]:
    """The columns of every file, named without its .csv."""
    files = {}
    for kind in map(CIVIC.kind, COLUMNS):
        said = kind.properties if kind.pseudonymous else kind.values
        files[kebab(kind.plural)] = ["id", *(snake(p.name) for p in said), *COLUMNS[kind.name]]
    for relation in CIVIC.relations:
        file = "-".join(map(kebab, (relation.source, relation.name, relation.target)))
        columns = COLUMNS.get(relation.source)
        if columns is not None and (file == MOVES or snake(relation.forward.field) not in columns):
            files[file] = ["from", "to", *(snake(p.name) for p in relation.values)]
    return files


class Tables:
    """The files being written. They are taken away again where something goes wrong on the way."""

    def __init__(self, folder: Path, progress: Callable[[str, int], None] | None) -> None:
        self.folder, self.progress = folder, progress
        self.headers = headers()
        self.rows = dict.fromkeys(self.headers, 0)
        self.files = ExitStack()

    def __enter__(self) -> Tables:
        self.writers = {name: self._open(name) for name in self.headers}
        return self

    def _open(self, name: str) -> Any:
        file = (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
        writer = csv.writer(self.files.enter_context(file), lineterminator="\n")
        writer.writerow(self.headers[name])
        return writer

    def __exit__(self, failure: object, *rest: object) -> None:
        self.files.close()
        if failure:
            for name in self.headers:
                (self.folder / f"{name}.csv").unlink(missing_ok=True)
            with suppress(OSError):
                self.folder.rmdir()

    def node(self, kind: str, key: str, **cells: object) -> None:
        self._write(kind, {"id": key, **cells})

    def tie(self, relation: str, start: str, end: str, **cells: object) -> None:
        self._write(relation, {"from": start, "to": end, **cells})

    def _write(self, name: str, cells: dict[str, object]) -> None:
        self.writers[name].writerow([cells.pop(column, "") for column in self.headers[name]])
        assert not cells, f"{name} has no column {', '.join(cells)}"
        self.rows[name] += 1
        if self.progress and self.rows[name] % STEP == 0:
            self.progress(f"{name}.csv", self.rows[name])


class City:
    """Makes up one kind after the other. Each kind grows over the years: later ones have later dates."""

    def __init__(self, tables: Tables, partners: int, seed: int) -> None:
        self.rng, self.seed = random.Random(seed), seed
        self.node, self.tie = tables.node, tables.tie
        self.partners, self.champions = partners, max(12, partners // 20)
        self.projects, self.agreements = max(1, partners // 2), max(1, partners // 10)
        self.enquiries, self.outcomes = max(1, partners // 3), 0
        self.homes = bytearray(partners)
        self.name = self.ended = ""
        self.bare = {(b, c) for c in CHALLENGES[-2:] for b in self.rng.sample(BOROUGHS[10:], 8)}

    def write(self) -> None:
        self._source()
        self._units()
        self._modules()
        for number, write in (
            (self.champions, self._champion),
            (self.agreements, self._agreement),
            (self.partners, self._partner),
            (self.projects, self._project),
            (5 * self.partners, self._student),
            (self.enquiries, self._enquiry),
        ):
            for i in range(number):
                write(i, i / number)

    def _source(self) -> None:
        self.node(
            "sources",
            "made-up",
            name=f"Made-up city, seed {self.seed}",
            aliases="Demonstration city",
            rank=50,
            date=date.fromordinal(TODAY),
            publisher="Civic Graph",
            licence="CC0-1.0",
            url="https://made-up.example.org",
            attribution="Made up by Civic Graph: no organisation or person in it is real",
        )

    def _units(self) -> None:
        for i, (name, kind, parent) in enumerate(UNITS):
            self.node(
                "units",
                _key("u", i),
                name=name,
                aliases="" if i % 3 else _initials(name),
                type=kind,
                website="" if kind == "clinic" else f"https://u{i}.example.org",
                parent="" if parent is None else _key("u", parent),
            )

    def _modules(self) -> None:
        for i, (name, level) in enumerate(MODULES):
            self.node(
                "modules",
                _key("m", i),
                name=name,
                aliases="" if i % 3 else _initials(name),
                code=f"ZZ{level}W{i:02}",
                level=level,
                credits=15 if level < 7 else 30,
                placement_hours=45 if i < 4 else "",
                url=f"https://m{i}.example.org/catalogue" if i else "",
                challenges=";".join(_challenges(self.rng)),
                unit=_key("u", i % 4),
            )

    def _champion(self, i: int, done: float) -> None:
        rng, key = self.rng, _key("c", i)
        given, family = rng.choice(GIVEN), _place(rng)
        self.node(
            "champions",
            key,
            name=f"{given} {family}",
            aliases=_maybe(rng, 0.1, f"{given[0]}. {family}"),
            role=_maybe(rng, 0.8, _skewed(rng, POSTS)),
            email=_maybe(rng, 0.9, f"c{i:06}@example.org"),
            expertise=_maybe(rng, 0.7, ";".join(rng.sample(FIELDS, rng.randint(1, 3)))),
            unit=_maybe(rng, 0.9, _key("u", _zipf(rng, len(UNITS)))),
        )
        for challenge in _challenges(rng):
            self._allocate(key, challenge)

    def _allocate(self, champion: str, challenge: str) -> None:
        first = self.rng.randint(2020, 2026)
        for year in range(first, min(first + self.rng.randint(1, 4), 2027)):
            self.tie(
                "champion-champions-challenge",
                champion,
                challenge,
                academic_year=_year(year),
                hours=_maybe(self.rng, 0.9, 10 * self.rng.randint(2, 20)),
                since=_maybe(self.rng, 0.3, f"{year}-08"),
                until=_maybe(self.rng, 0.3, f"{year + 1}-08"),
            )

    def _agreement(self, i: int, done: float) -> None:
        rng, key, signed = self.rng, _key("a", i), _day(done)
        since, until = _span(rng, signed, 3 * 365)
        self.node(
            "agreements",
            key,
            name=f"{_place(rng)} {rng.choice(WORKS)} agreement",
            aliases=_maybe(rng, 0.05, f"Agreement {i}"),
            type=_skewed(rng, ("partnership", "memorandum", "placement", "civic_university_agreement")),
            signed_on=_maybe(rng, 0.95, since),
            review_on=_maybe(rng, 0.6, _vague(rng, signed + 365)),
            ends_on=_maybe(rng, 0.7, until),
        )
        for partner in _several(rng, self.partners, _count(rng, 1, 4)):
            self.tie(
                "partner-party-to-agreement",
                _key("p", partner),
                key,
                since=since,
                until=_maybe(rng, 0.5, until),
            )

    def _partner(self, i: int, done: float) -> None:
        rng, key, home = self.rng, _key("p", i), _zipf(self.rng, len(BOROUGHS))
        self.homes[i] = home
        kind = _skewed(rng, tuple(FORMS))
        status = rng.choices(("active", "prospect", "dormant", "ended"), (62, 18, 14, 6))[0]
        work = rng.choice(WORKS)
        if rng.random() > 0.01 or not self.name:  # else it happens to have the name of the one before
            self.name = f"{_place(rng)} {work} {rng.choice(FORMS[kind])}"
        self.node(
            "partners",
            key,
            name=self.name,
            aliases=_maybe(rng, 0.12, f"{_initials(self.name)};The {self.name}"),
            type=_maybe(rng, 0.95, kind),
            status=_maybe(rng, 0.97, status),
            size_band=_maybe(rng, 0.7, _skewed(rng, ("micro", "small", "medium", "large"))),
            org_ids=_maybe(rng, 0.8, f"XM-MADEUP-{i:06}" + _maybe(rng, 0.05, f";XM-MADEUP-B{i:06}")),
            website=_maybe(rng, 0.6, f"https://p{i:06}.example.org"),
            description=_maybe(rng, 0.75, f"{work} for {rng.choice(GROUPS)}, and for {rng.choice(GROUPS)}."),
            postcode=_maybe(rng, 0.65, f"ZZ{rng.randint(1, 9)} {rng.randint(1, 9)}AA"),
            borough="" if self._moved(key, home) else _maybe(rng, 0.95, BOROUGHS[home]),
            parent=_maybe(rng, 0.08, _key("p", _zipf(rng, i))) if i else "",
            predecessors=self._predecessor(key, status),
        )
        self._partnership(i, _day(done), status == "ended")

    def _moved(self, key: str, home: int) -> bool:
        old = _zipf(self.rng, len(BOROUGHS))
        if old == home or self.rng.random() > 0.04:
            return False
        since, until = _span(self.rng, _day(self.rng.random() / 2), self.rng.randint(200, 1100))
        self.tie(MOVES, key, BOROUGHS[old], since=_maybe(self.rng, 0.6, since), until=until)
        self.tie(MOVES, key, BOROUGHS[home], since=until)
        return True

    def _predecessor(self, key: str, status: str) -> str:
        """The partner that ended last, if an active one takes over from it."""
        if status == "ended":
            self.ended = key
        elif status == "active" and self.rng.random() < 0.5:
            before, self.ended = self.ended, ""
            return before
        return ""

    def _partnership(self, i: int, day: int, ended: bool) -> None:
        rng, key, topics = self.rng, _key("p", i), _challenges(self.rng)
        since, until = _span(rng, day, min(rng.randint(400, 1200), TODAY - day))
        said = {"since": _maybe(rng, 0.4, since), "until": until if ended else ""}
        for topic in topics:
            strength = _maybe(rng, 0.5, rng.randint(1, 10) / 10)
            self.tie("partner-works-on-challenge", key, topic, strength=strength, **said)
        self._spread("partner-serves-borough", key, self._places(i, topics), confidence=_trust(rng), **said)
        for champion in _several(rng, self.champions, _count(rng, 0, 2)):
            self.tie("champion-contact-for-partner", _key("c", champion), key, **said)

    def _places(self, partner: int, topics: Sequence[str]) -> list[str]:
        """Boroughs near a partner; none where nobody wrote them down, never one that a topic leaves bare."""
        rng = self.rng
        if rng.random() < 0.08:
            return []
        home = self.homes[partner] if rng.random() < 0.6 else _zipf(rng, len(BOROUGHS))
        near = dict.fromkeys((home, *(_zipf(rng, len(BOROUGHS)) for _ in range(_count(rng, 0, 4)))))
        codes = (BOROUGHS[b] for b in near)
        return [b for b in codes if self.bare.isdisjoint((b, t) for t in topics)] or [BOROUGHS[0]]

    def _spread(self, relation: str, item: str, ends: Sequence[str], **said: object) -> None:
        for end, share in zip(ends, _shares(self.rng, len(ends)), strict=True):
            self.tie(relation, item, end, share=share, **said)

    def _project(self, i: int, done: float) -> None:
        rng, key, topics = self.rng, _key("j", i), _challenges(self.rng)
        start, days = _day(done) + rng.randint(30, 240), int(60 + 1000 * rng.random() ** 2)
        since, until = _span(rng, start, days)
        partners = _several(rng, self.partners, _count(rng, 1, 8))
        places = self._places(partners[0], topics)
        what = f"{rng.choice(PLANS)} {rng.choice(WORKS)} with {rng.choice(GROUPS)}"
        self.node(
            "projects",
            key,
            name=f"{what} in {_place(rng)}",
            aliases=_maybe(rng, 0.03, f"Project {i}"),
            type=_skewed(rng, ("practical", "research", "event", "curriculum", "clinic", "agreement")),
            status=_stage(
                rng, start, days, ("starting", "idea"), ("active", "paused"), ("completed", "abandoned")
            ),
            summary=_maybe(rng, 0.8, f"{what}, because “nobody had asked”."),
            start_date=_maybe(rng, 0.9, since),
            end_date=_maybe(rng, 0.7, until),
            area_stated="" if places else _maybe(rng, 0.7, rng.choice(AREAS)),
            funding=_maybe(rng, 0.45, 100 * int(10 ** rng.uniform(0.7, 3.7))),
            outcomes=";".join(self._outcome(start, days) for _ in range(int(4 * rng.random() ** 3))),
            agreement=_maybe(rng, 0.2, _key("a", _recent(rng, self.agreements, done))),
        )
        said = {"since": since, "until": until} if rng.random() < 0.2 else {}
        self._spread("project-serves-borough", key, places, confidence=_trust(rng), **said)
        self._spread("project-addresses-challenge", key, topics, confidence=_trust(rng), **said)
        self._team(key, partners, **said)

    def _team(self, project: str, partners: Sequence[int], **said: object) -> None:
        rng = self.rng
        for place, partner in enumerate(partners):
            roles = ["lead" if place == 0 else _skewed(rng, ("delivery", "beneficiary", "host", "funder"))]
            if rng.random() < 0.03:
                roles.append("funder" if roles[0] == "lead" else "lead")
            for role in roles:
                gift, hours = _maybe(rng, 0.2, 50 * rng.randint(1, 80)), _maybe(rng, 0.4, rng.randint(1, 200))
                self.tie(
                    "partner-takes-part-in-project",
                    _key("p", partner),
                    project,
                    role=role,
                    in_kind=gift,
                    hours=hours,
                    **said,
                )
        for place, champion in enumerate(_several(rng, self.champions, _count(rng, 1, 4))):
            hours = rng.randint(2, 60)
            self.tie(
                "champion-supports-project" if place else "champion-leads-project",
                _key("c", champion),
                project,
                hours=_maybe(rng, 0.6, hours),
                hours_planned=_maybe(rng, 0.7, hours + rng.randint(-1, 9)),
                **said,
            )

    def _outcome(self, start: int, days: int) -> str:
        rng, key = self.rng, _key("o", self.outcomes)
        measure, unit = _skewed(rng, MEASURES)
        quantity = int(10 ** rng.uniform(0.5, 3.5))
        self.outcomes += 1
        self.node(
            "outcomes",
            key,
            name=f"{quantity} {measure}",
            aliases=_maybe(rng, 0.03, f"{measure} ({quantity})"),
            type=_skewed(rng, ("output", "outcome", "impact")),
            measure=_maybe(rng, 0.95, measure),
            quantity=_maybe(rng, 0.9, quantity),
            comparator=_maybe(rng, 0.6, _skewed(rng, ("exactly", "about", "at_least", "at_most"))),
            unit=_maybe(rng, 0.9, unit),
            verification=_maybe(rng, 0.8, _skewed(rng, ("claimed", "corroborated", "audited"))),
            achieved_on=_maybe(rng, 0.75, _vague(rng, start + rng.randint(1, days))),
        )
        return key

    def _student(self, i: int, done: float) -> None:
        rng, key, year, module = self.rng, _key("s", i), _cohort(done), _zipf(self.rng, len(MODULES))
        if placed := i % 5 == 0:
            self._placement(i // 5, year, module, key)
        stages = ("enrolled", "withdrawn") if year == 2026 else ("graduated", "completed", "withdrawn")
        self.node(
            "students",
            key,
            level=_maybe(rng, 0.97, MODULES[module][1]),
            cohort=_maybe(rng, 0.98, _year(year)),
            status=_maybe(rng, 0.95, _skewed(rng, stages)),
            placements=_key("l", i // 5) if placed else "",
        )
        self.tie("student-enrolled-in-module", key, _key("m", module), academic_year=_year(year))
        if year < 2026 and rng.random() < 0.12:
            again = _key("m", (module + 1) % len(MODULES))
            self.tie("student-enrolled-in-module", key, again, academic_year=_year(year + 1))
        if rng.random() < 0.08:
            self._join(key, done, year)

    def _join(self, student: str, done: float, year: int) -> None:
        rng, project = self.rng, _recent(self.rng, self.projects, done)
        self.tie(
            "student-takes-part-in-project",
            student,
            _key("j", project - project % 8 if rng.random() < 0.5 else project),  # every eighth draws many
            hours=_maybe(rng, 0.8, rng.randint(2, 60)),
            since=_maybe(rng, 0.3, f"{year}-10"),
            until=_maybe(rng, 0.3, f"{year + 1}-06"),
        )

    def _placement(self, i: int, year: int, module: int, student: str) -> None:
        rng, key, topics, host = self.rng, _key("l", i), _challenges(self.rng), _hub(self.rng, self.partners)
        start, days = date(year, 10, 1).toordinal() + rng.randint(0, 120), rng.randint(40, 160)
        since, until = _span(rng, start, days)
        status = _stage(rng, start, days, ("planned",), ("active", "withdrawn"), ("completed", "withdrawn"))
        self.node(
            "placements",
            key,
            name=f"{rng.choice(WORKS)} placement, {_year(year)}",
            aliases=_maybe(rng, 0.03, f"Placement {i}"),
            status=_maybe(rng, 0.97, status),
            start_date=_maybe(rng, 0.9, since),
            end_date=_maybe(rng, 0.8, until),
            agreed_on=_maybe(rng, 0.7, _vague(rng, start - rng.randint(1, 60))),
            hours_planned=_maybe(rng, 0.9, 45),
            hours_done=_maybe(rng, 0.85, rng.randint(20, 50)) if status == "completed" else "",
            portfolio_submitted=_maybe(rng, 0.9, rng.choice(("true", "true", "false"))),
            host=_key("p", host),
            module=_maybe(rng, 0.97, _key("m", module)),
        )
        said = {"since": since, "until": until} if rng.random() < 0.2 else {}
        self._spread("placement-serves-borough", key, self._places(host, topics), **said)
        self._spread("placement-addresses-challenge", key, topics, **said)
        if status == "completed" and rng.random() < 0.3:
            self._remain(student, _key("p", host), year + 1)

    def _remain(self, student: str, partner: str, year: int) -> None:
        since, until = _maybe(self.rng, 0.7, f"{year}-07"), _maybe(self.rng, 0.2, f"{year + 1}-07")
        role = _skewed(self.rng, ("volunteer", "employee", "mentor"))
        self.tie("student-remains-connected-partner", student, partner, role=role, since=since, until=until)

    def _enquiry(self, i: int, done: float) -> None:
        rng, key, day, work = self.rng, _key("e", i), _day(done), self.rng.choice(WORKS)
        stages = (
            ("converted", "closed", "declined", "matched", "assigned") if done < 0.95 else ("new", "assigned")
        )
        status, topics = _skewed(rng, stages), _challenges(rng)
        decided = status in ("converted", "closed", "declined")
        converted = rng.choice(("project", "project", "placement")) if status == "converted" else ""
        self.node(
            "enquiries",
            key,
            name=f"{work} for {rng.choice(GROUPS)} in {_place(rng)}",
            aliases=_maybe(rng, 0.03, f"Enquiry {i}"),
            status=status,
            received_on=_maybe(rng, 0.95, _iso(day)),
            decided_on=_maybe(rng, 0.9, _iso(day + rng.randint(3, 60))) if decided else "",
            channel=_maybe(
                rng, 0.9, _skewed(rng, ("email", "web_form", "event", "referral", "phone", "other"))
            ),
            challenges_text=_maybe(
                rng, 0.8, f"We see too little {work.lower()}, and too much {topics[0]} trouble."
            ),
            ideas_text=_maybe(rng, 0.5, f"Students could help {rng.choice(GROUPS)}; we'd share our hall."),
            partner=_maybe(rng, 0.85, _key("p", _hub(rng, self.partners))),
            challenges=_maybe(rng, 0.9, ";".join(topics)),
            projects=_next("j", self.projects, done) if converted == "project" else "",
            placements=_next("l", self.partners, done) if converted == "placement" else "",
        )
        if status != "new":
            self._match(key, status)

    def _match(self, enquiry: str, status: str) -> None:
        for place, champion in enumerate(_several(self.rng, self.champions, _count(self.rng, 1, 4))):
            taken = place == 0 and status in ("matched", "converted")
            self.tie(
                "enquiry-matched-to-champion",
                enquiry,
                _key("c", champion),
                score=round(0.95 - 0.15 * place - 0.15 * self.rng.random(), 4),
                decision="accepted" if taken else "proposed" if status == "assigned" else "declined",
            )


def _key(letter: str, number: int) -> str:
    return f"made-up-{letter}{number:06}"


def _next(letter: str, number: int, done: float) -> str:
    """The key of the one that came just after."""
    return _key(letter, min(int(done * number) + 1, number - 1))


def _recent(rng: random.Random, number: int, done: float) -> int:
    """One of those there are by then, mostly a late one."""
    last = int(done * number)
    return last - _zipf(rng, last + 1)


def _maybe(rng: random.Random, chance: float, value: T) -> T | str:
    """The value, or an empty cell."""
    return value if rng.random() < chance else ""


def _skewed(rng: random.Random, values: Sequence[T]) -> T:
    """One of the values, the first ones by far the most often."""
    return values[int(len(values) * rng.random() ** 3)]


def _zipf(rng: random.Random, number: int) -> int:
    """One of the first numbers; twice as large is half as frequent."""
    return int((number + 1) ** rng.random()) - 1


def _hub(rng: random.Random, number: int) -> int:
    """One of so many: often one of a few hubs, which lie scattered, else any."""
    return (_zipf(rng, number) + 1) * 1_000_003 % number if rng.random() < 0.4 else rng.randrange(number)


def _several(rng: random.Random, number: int, count: int) -> list[int]:
    return list(dict.fromkeys(_hub(rng, number) for _ in range(count)))


def _count(rng: random.Random, least: int, most: int) -> int:
    return least + _zipf(rng, most - least + 1)


def _challenges(rng: random.Random) -> list[str]:
    return list(dict.fromkeys(rng.choices(CHALLENGES, WEIGHTS, k=_count(rng, 1, 3))))


def _shares(rng: random.Random, number: int) -> list[str]:
    """Parts of one with four decimals, or none stated at all."""
    if rng.random() < 0.2:
        return [""] * number
    weights = [rng.randint(1, 9) for _ in range(number)]
    parts = [10_000 * weight // sum(weights) for weight in weights]
    return [f"{part / 10_000:g}" for part in (*parts[:-1], 10_000 - sum(parts[:-1]))][:number]


def _trust(rng: random.Random) -> float | str:
    return _maybe(rng, 0.3, _skewed(rng, (0.9, 0.8, 0.6, 0.5)))


def _place(rng: random.Random) -> str:
    return rng.choice(STARTS) + rng.choice(ENDS)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isalpha()).upper()


def _stage(rng: random.Random, start: int, days: int, *stages: Sequence[str]) -> str:
    """A status out of those before, during and after the time."""
    before, during, after = stages
    return _skewed(rng, before if start > TODAY else during if start + days > TODAY else after)


def _day(done: float) -> int:
    """The day on which so much of the whole was there: slowly at first, then faster."""
    return FIRST + int((TODAY - FIRST) * done**0.7)


def _cohort(done: float) -> int:
    """The academic year that begins next, by its first year."""
    day = date.fromordinal(_day(done))
    return min(day.year + (day.month >= 10), 2026)


def _year(first: int) -> str:
    return f"{first}/{(first + 1) % 100:02}"


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _vague(rng: random.Random, day: int) -> str:
    return _iso(day)[: rng.choices((10, 7, 4), (80, 14, 6))[0]]


def _span(rng: random.Random, start: int, days: int) -> tuple[str, str]:
    """First day and day after the last, of one precision in which they differ."""
    length = 10 if days < 366 else rng.choices((10, 7, 4), (80, 14, 6))[0]
    return _iso(start)[:length], _iso(start + days)[:length]

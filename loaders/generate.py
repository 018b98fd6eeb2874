"""A made-up city: tables as large and as uneven as a real one's, in which nobody and nothing is real."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from graph.civic import CIVIC
from graph.errors import LoadError
from graph.model import FROM, ID, TO, Property, Type, kebab, public, snake
from loaders.words import (
    AREAS,
    ENDS,
    FIELDS,
    FORMS,
    GIVEN,
    GROUPS,
    MEASURES,
    MODULES,
    PLANS,
    POSTS,
    SCHOOLS,
    STARTS,
    UNITS,
    WORKS,
)

T = TypeVar("T")
Progress = Callable[[str, int], None]

MOST = 150_000  # a table may have a million rows, and there are nearly six enrolments to a partner
STEP = 5_000
FIRST, TODAY = date(2020, 1, 1).toordinal(), date(2026, 11, 1).toordinal()

# What is made up, and which of its relations are columns; the others have files of their own.
KINDS: dict[str, tuple[str, ...]] = {
    "sources": (),
    "units": ("parent",),
    "modules": ("challenges", "unit"),
    "agreements": (),
    "champions": ("unit",),
    "partners": ("borough", "parent", "predecessors"),
    "projects": ("outcomes", "agreement"),
    "outcomes": (),
    "students": ("placements",),
    "placements": ("host", "module"),
    "enquiries": ("partner", "challenges", "projects", "placements"),
}
MOVES = "partner-based-in-borough"  # of partners whose office moved; the column says it of the others
WHOLE = ("sources", "units", "modules")  # in all other tables cells are left empty, this often:
GAPS = {
    column: chance
    for chance, columns in (
        (0.05, "type status borough level cohort module received_on signed_on measure quantity"),
        (0.15, "email unit start_date decided_on channel hours_done portfolio_submitted partner host summary"),
        (0.3, "hours hours_planned size_band org_ids description postcode end_date agreed_on challenges_text"),
        (0.45, "website expertise strength funding comparator verification achieved_on ideas_text review_on ends_on"),
        (0.8, "agreement in_kind confidence"),
        (0.9, "aliases parent"),
    )
    for column in columns.split()
}

# The boroughs most worked in first: Westminster, Camden, Islington, Hackney, Tower Hamlets …
HEAVIEST = "33 07 19 12 30 28 22 25 14 23 01 31 05 13 20 11 32 08 09 03 10 18 24 26 02 15 06 17 16 21 27 29 04"
BOROUGHS = tuple(f"E090000{number}" for number in HEAVIEST.split(" "))
CHALLENGES = ("health", "social-wealth", "poverty", "environment", "discrimination", "crime")
WEIGHTS = (32, 26, 21, 14, 5, 2)


def generate(folder: Path, partners: int = 600, seed: int = 1, progress: Progress | None = None) -> dict[str, int]:
    """Write the tables of a made-up city into a new or empty folder; returns the rows of each file.

    Until all are written they are beside it, in a folder `.partial`. The same number and seed give the same bytes.
    Of all that is made up, one byte a partner stays in memory.

    Raises LoadError where the folder is not empty or cannot be written, or the number is not 1 to 150,000.
    """
    try:
        _check(folder, partners)
        with _finished(folder) as partial, Tables(partial, progress) as tables:
            City(tables, partners, seed).write()
    except OSError as error:
        raise LoadError(f"{folder} cannot be written: {error.strerror or error}") from error
    return {f"{name}.csv": rows for name, rows in tables.rows.items()}


def _check(folder: Path, partners: int) -> None:
    if not 1 <= partners <= MOST:
        raise LoadError(f"{partners} partners cannot be made up: give a number from 1 to {MOST:,}")
    if folder.exists() and not folder.is_dir():
        raise LoadError(f"{folder} is a file: give a new or an empty folder")
    if folder.exists() and any(folder.iterdir()):
        raise LoadError(f"{folder} is not empty: give a new or an empty folder, nothing is overwritten")


@contextmanager
def _finished(folder: Path) -> Iterator[Path]:
    """A folder to write into, whose files come to their place once all are written, and are gone where that fails."""
    place = folder.resolve()
    partial = place.with_name(f"{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what is left of a process that was killed
    partial.mkdir(parents=True)
    try:
        yield partial
        _move(partial, place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _move(partial: Path, place: Path) -> None:
    """Move a folder; where there is an empty one already, as a shell or a container may be in it, what it holds."""
    if not place.exists():
        partial.rename(place)
        return
    for path in sorted(partial.iterdir()):
        shutil.move(path, place / path.name)


def _columns() -> dict[str, dict[str, Property]]:
    """The columns of every file, named without its .csv. A link is a column without values of its own."""
    files = {}
    for kind in (kind for kind in CIVIC.kinds if kind.plural in KINDS):
        links = (public(link, Type.TEXTS, "Keys of nodes.") for link in KINDS[kind.plural])
        said = kind.properties if kind.pseudonymous else kind.values
        files[kind.plural] = {snake(p.name): p for p in (ID, *said, *links)}
    for relation in CIVIC.relations:
        links_of = KINDS.get(CIVIC.kind(relation.source).plural)
        file = "-".join(map(kebab, (relation.source, relation.name, relation.target)))
        if links_of is not None and (file == MOVES or snake(relation.forward.field) not in links_of):
            files[file] = {snake(p.name): p for p in (FROM, TO, *relation.values)}
    return files


class Tables:
    """The files being written."""

    def __init__(self, folder: Path, progress: Progress | None) -> None:
        self.folder, self.progress = folder, progress
        self.columns = _columns()
        self.rows = dict.fromkeys(self.columns, 0)
        self.files = ExitStack()

    def __enter__(self) -> Tables:
        self.writers = {name: self._open(name) for name in self.columns}
        return self

    def _open(self, name: str) -> Any:
        file = (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
        writer = csv.writer(self.files.enter_context(file), lineterminator="\n")
        writer.writerow(self.columns[name])
        return writer

    def __exit__(self, *failure: object) -> None:
        self.files.close()

    def write(self, name: str, row: Sequence[object]) -> None:
        self.writers[name].writerow(row)
        self.rows[name] += 1
        if self.progress and self.rows[name] % STEP == 0:
            self.progress(f"{name}.csv", self.rows[name])


class Dice(random.Random):
    """Uneven chance."""

    def skewed(self, values: Sequence[T]) -> T:
        """One of the values, the first ones by far the most often."""
        return values[int(len(values) * self.random() ** 3)]

    def zipf(self, number: int) -> int:
        """One of the first numbers: twice as far is half as frequent."""
        return int((number + 1) ** self.random()) - 1

    def count(self, least: int, most: int) -> int:
        return least + self.zipf(most - least + 1)

    def hub(self, number: int) -> int:
        """Any of so many, but often one of a few hubs, which lie scattered."""
        often = self.random() < 0.4
        return (self.zipf(number) + 1) * 1_000_003 % number if often else self.randrange(number)

    def hubs(self, number: int, least: int, most: int) -> list[int]:
        return list(dict.fromkeys(self.hub(number) for _ in range(self.count(least, most))))

    def recent(self, number: int, done: float) -> int:
        """One of those there are by then, mostly a late one."""
        last = int(done * number)
        return last - self.zipf(last + 1)

    def challenges(self) -> list[str]:
        return list(dict.fromkeys(self.choices(CHALLENGES, WEIGHTS, k=self.count(1, 3))))

    def shares(self, number: int) -> list[str]:
        """Parts of one with four decimals, or none stated."""
        if number == 0 or self.random() < 0.2:
            return [""] * number
        weights = [self.randint(1, 9) for _ in range(number)]
        parts = [10_000 * weight // sum(weights) for weight in weights]
        parts[0] += 10_000 - sum(parts)
        return [f"{part / 10_000:g}" for part in parts]

    def place(self) -> str:
        return self.choice(STARTS) + self.choice(ENDS)

    def dates(self, *days: int) -> list[str]:
        """The days, all of one precision; a coarse one only where they lie more than a year apart."""
        near = any(after - before < 366 for before, after in pairwise(days))
        length = 10 if near else self.choices((10, 7, 4), (80, 14, 6))[0]
        return [_iso(day)[:length] for day in days]

    def value(self, column: Property, key: str) -> object:
        """Something that fits the column, where nothing more fitting is known."""
        match column.type:
            case Type.ENUM:
                return self.skewed(column.values)
            case Type.BOOLEAN:
                return self.skewed(("true", "false"))
            case Type.URL:
                return f"https://{key}.example.org"
            case Type.DECIMAL:
                return self._amount(column.unit)
        return ""

    def _amount(self, unit: str | None) -> float:
        if unit == "hours":
            return self.randint(2, 60)
        return 50 * int(10 ** self.uniform(0, 3)) if unit == "GBP" else round(1 - 0.6 * self.random() ** 2, 1)


class City:
    """Makes up one kind after the other. Each kind grows over the years: later nodes have later dates."""

    def __init__(self, tables: Tables, partners: int, seed: int) -> None:
        self.tables, self.dice, self.seed = tables, Dice(seed), seed
        self.partners, self.champions = partners, max(12, partners // 20)
        self.projects, self.agreements = max(1, partners // 2), max(1, partners // 10)
        self.enquiries, self.outcomes = max(1, partners // 3), 0
        self.homes = bytearray(partners)  # where in BOROUGHS each is based
        self.name = self.ended = ""
        self.bare = {(b, c) for c in CHALLENGES[-2:] for b in self.dice.sample(BOROUGHS[10:], 8)}

    def write(self) -> None:
        self._university()
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

    def _node(self, table: str, key: str, **said: object) -> None:
        if "name" in said:
            said["aliases"] = _initials(str(said["name"]))
        self._row(table, key, {"id": key, **said})

    def _tie(self, table: str, start: str, end: str, **said: object) -> None:
        self._row(table, start, {"from": start, "to": end, **said})

    def _row(self, table: str, key: str, said: dict[str, object]) -> None:
        row: list[object] = []
        for name, column in self.tables.columns[table].items():
            value = said.pop(name) if name in said else self.dice.value(column, key)
            gap = name in GAPS and table not in WHOLE and self.dice.random() < GAPS[name]
            row.append("" if gap else value)
        assert not said, f"{table} has no column {', '.join(said)}"
        self.tables.write(table, row)

    def _spread(self, relation: str, item: str, ends: Sequence[str], **said: object) -> None:
        for end, share in zip(ends, self.dice.shares(len(ends)), strict=True):
            self._tie(relation, item, end, share=share, **said)

    def _university(self) -> None:
        what = {"rank": 50, "date": _iso(TODAY), "publisher": "Civic Graph", "licence": "CC0-1.0"}
        honest = "Made up by Civic Graph: no organisation or person in it is real"
        self._node("sources", "made-up", name=f"Made-up city, seed {self.seed}", attribution=honest, **what)
        for i, (kind, name) in enumerate(UNITS):
            parent = _key("u", i % len(SCHOOLS)) if kind in ("centre", "clinic") else ""
            self._node("units", _key("u", i), name=name, type=kind, parent=parent)
        for i, name in enumerate(MODULES):
            level, topics = _level(i), ";".join(self.dice.challenges())
            about = {"code": f"ZZ{level}W{i:02}", "level": level, "credits": 15, "placement_hours": 45}
            self._node("modules", _key("m", i), name=name, challenges=topics, unit=_key("u", i % len(SCHOOLS)), **about)

    def _champion(self, i: int, done: float) -> None:
        dice, key = self.dice, _key("c", i)
        self._node(
            "champions",
            key,
            name=f"{dice.choice(GIVEN)} {dice.place()}",
            role=dice.skewed(POSTS),
            email=f"{key}@example.org",
            expertise=";".join(dice.sample(FIELDS, dice.randint(1, 3))),
            unit=_key("u", dice.zipf(len(UNITS))),
        )
        for challenge in dice.challenges():
            first, hours = dice.randint(2020, 2026), 10 * dice.randint(2, 20)
            for year in range(first, min(first + dice.randint(1, 4), 2027)):
                said = {"academic_year": _year(year), "since": f"{year}-08", "until": f"{year + 1}-08"}
                self._tie("champion-champions-challenge", key, challenge, hours=hours, **said)

    def _agreement(self, i: int, done: float) -> None:
        dice, key, day = self.dice, _key("a", i), _day(done)
        signed, review, ends = dice.dates(day, day + 400, day + 1100)
        name = f"{dice.place()} {dice.choice(WORKS)} agreement"
        self._node("agreements", key, name=name, signed_on=signed, review_on=review, ends_on=ends)
        for partner in dice.hubs(self.partners, 1, 4):
            until = ends if dice.random() < 0.5 else ""
            self._tie("partner-party-to-agreement", _key("p", partner), key, since=signed, until=until)

    def _partner(self, i: int, done: float) -> None:
        dice, key, kind, work = self.dice, _key("p", i), self.dice.skewed(tuple(FORMS)), self.dice.choice(WORKS)
        status = dice.choices(("active", "prospect", "dormant", "ended"), (62, 18, 14, 6))[0]
        home = self.homes[i] = dice.zipf(len(BOROUGHS))
        if i == 0 or dice.random() > 0.01:  # else it happens to have the name of the one before
            self.name = f"{dice.place()} {work} {dice.choice(FORMS[kind])}"
        self._node(
            "partners",
            key,
            name=self.name,
            type=kind,
            status=status,
            org_ids=f"XM-MADEUP-{i:06}" + (f";XM-MADEUP-B{i:06}" if dice.random() < 0.05 else ""),
            description=f"{work} for {dice.choice(GROUPS)}, and for {dice.choice(GROUPS)}.",
            postcode=f"ZZ{dice.randint(1, 9)} {dice.randint(1, 9)}AA",
            borough="" if self._moved(key, home) else BOROUGHS[home],
            parent=_key("p", dice.zipf(i)) if i else "",
            predecessors=self._predecessor(key, status),
        )
        self._partnership(i, _day(done), status == "ended")

    def _moved(self, key: str, home: int) -> bool:
        dice, old = self.dice, self.dice.zipf(len(BOROUGHS))
        if old == home or dice.random() > 0.04:
            return False
        day = _day(dice.random() / 2)
        since, until = dice.dates(day, day + dice.randint(200, 1100))
        self._tie(MOVES, key, BOROUGHS[old], since=since, until=until)
        self._tie(MOVES, key, BOROUGHS[home], since=until)
        return True

    def _predecessor(self, key: str, status: str) -> str:
        """The partner that ended last, if an active one takes over from it."""
        before = self.ended if status == "active" else ""
        self.ended = key if status == "ended" else "" if before else self.ended
        return before

    def _partnership(self, i: int, day: int, ended: bool) -> None:
        dice, key, topics = self.dice, _key("p", i), self.dice.challenges()
        since, until = dice.dates(day, day + min(dice.randint(400, 1200), TODAY - day))
        said = {"since": since if dice.random() < 0.4 else "", "until": until if ended else ""}
        for topic in topics:
            self._tie("partner-works-on-challenge", key, topic, **said)
        self._spread("partner-serves-borough", key, self._places(i, topics), **said)
        for champion in dice.hubs(self.champions, 0, 2):
            self._tie("champion-contact-for-partner", _key("c", champion), key, **said)

    def _places(self, partner: int, topics: Sequence[str], others: int = 4) -> list[str]:
        """Boroughs near a partner; none where nobody wrote them down, never one that a topic leaves bare."""
        dice = self.dice
        if dice.random() < 0.08:
            return []
        home = self.homes[partner] if dice.random() < 0.6 else dice.zipf(len(BOROUGHS))
        near = dict.fromkeys((home, *(dice.zipf(len(BOROUGHS)) for _ in range(dice.count(0, others)))))
        codes = (BOROUGHS[b] for b in near)
        return [b for b in codes if self.bare.isdisjoint((b, t) for t in topics)] or [BOROUGHS[0]]

    def _project(self, i: int, done: float) -> None:
        dice, key, topics = self.dice, _key("j", i), self.dice.challenges()
        start, days = _day(done) + dice.randint(30, 240), int(60 + 1000 * dice.random() ** 2)
        since, until = dice.dates(start, start + days)
        partners = dice.hubs(self.partners, 1, 8)
        places = self._places(partners[0], topics)
        what = f"{dice.choice(PLANS)} {dice.choice(WORKS)} with {dice.choice(GROUPS)}"
        self._node(
            "projects",
            key,
            name=f"{what} in {dice.place()}",
            status=dice.skewed(_stage(start, days, "starting idea", "active paused", "completed abandoned")),
            summary=f"{what}, because “nobody had asked”.",
            start_date=since,
            end_date=until,
            area_stated="" if places else dice.choice(AREAS),
            outcomes=";".join(self._outcomes(start, min(days, TODAY - start))),
            agreement=_key("a", dice.recent(self.agreements, done)),
        )
        said = {"since": since, "until": until} if dice.random() < 0.2 else {}
        self._spread("project-serves-borough", key, places, **said)
        self._spread("project-addresses-challenge", key, topics, **said)
        self._team(key, partners, **said)

    def _team(self, project: str, partners: Sequence[int], **said: object) -> None:
        dice = self.dice
        for place, partner in enumerate(partners):
            role = dice.skewed(("delivery", "beneficiary", "host", "funder")) if place else "lead"
            roles = {role: None, "funder": None} if dice.random() < 0.03 else {role: None}
            for role in roles:
                self._tie("partner-takes-part-in-project", _key("p", partner), project, role=role, **said)
        for place, champion in enumerate(dice.hubs(self.champions, 1, 4)):
            relation = "champion-supports-project" if place else "champion-leads-project"
            self._tie(relation, _key("c", champion), project, **said)

    def _outcomes(self, start: int, days: int) -> list[str]:
        return [self._outcome(start, days) for _ in range(int(4 * self.dice.random() ** 3)) if days > 0]

    def _outcome(self, start: int, days: int) -> str:
        dice, key, self.outcomes = self.dice, _key("o", self.outcomes), self.outcomes + 1
        measure, quantity = dice.skewed(MEASURES), int(10 ** dice.uniform(0.5, 3.5))
        (day,) = dice.dates(start + dice.randint(1, days))
        said = {"measure": measure, "quantity": quantity, "unit": measure.split()[0], "achieved_on": day}
        self._node("outcomes", key, name=f"{quantity} {measure}", **said)
        return key

    def _student(self, i: int, done: float) -> None:
        dice, key, year, module = self.dice, _key("s", i), _cohort(done), self.dice.zipf(len(MODULES))
        now = ("enrolled", "withdrawn") if year == 2026 else ("graduated", "completed", "withdrawn")
        placement = self._placement(i // 5, year, module, key) if i % 5 == 0 else ""
        said = {"level": _level(module), "cohort": _year(year), "status": dice.skewed(now)}
        self._node("students", key, placements=placement, **said)
        self._tie("student-enrolled-in-module", key, _key("m", module), academic_year=_year(year))
        if year < 2026 and dice.random() < 0.12:
            again = _key("m", (module + 1) % len(MODULES))
            self._tie("student-enrolled-in-module", key, again, academic_year=_year(year + 1))
        if dice.random() < 0.08:
            self._join(key, dice.recent(self.projects, done), year)

    def _join(self, student: str, project: int, year: int) -> None:
        if self.dice.random() < 0.5:
            project -= project % 8  # every eighth project draws many
        said = {"since": f"{year}-10", "until": f"{year + 1}-06"} if self.dice.random() < 0.3 else {}
        self._tie("student-takes-part-in-project", student, _key("j", project), **said)

    def _placement(self, i: int, year: int, module: int, student: str) -> str:
        dice, key, topics, host = self.dice, _key("l", i), self.dice.challenges(), self.dice.hub(self.partners)
        start, days = date(year, 10, 1).toordinal() + dice.randint(0, 120), dice.randint(40, 160)
        since, until = dice.dates(start, start + days)
        status = dice.skewed(_stage(start, days, "planned", "active withdrawn", "completed withdrawn"))
        self._node(
            "placements",
            key,
            name=f"{dice.choice(WORKS)} placement, {_year(year)}",
            status=status,
            start_date=since,
            end_date=until,
            agreed_on=_iso(start - dice.randint(1, 60)),
            hours_planned=45,
            hours_done=dice.randint(20, 50) if status == "completed" else "",
            host=_key("p", host),
            module=_key("m", module),
        )
        said = {"since": since, "until": until} if dice.random() < 0.2 else {}
        self._spread("placement-serves-borough", key, self._places(host, topics, others=1), **said)
        self._spread("placement-addresses-challenge", key, topics, **said)
        if status == "completed" and dice.random() < 0.3:
            stays = {"since": f"{year + 1}-07", "until": "" if dice.random() < 0.8 else f"{year + 2}-07"}
            self._tie("student-remains-connected-partner", student, _key("p", host), **stays)
        return key

    def _enquiry(self, i: int, done: float) -> None:
        dice, key, day, topics = self.dice, _key("e", i), _day(done), self.dice.challenges()
        fresh, settled = ("new", "assigned"), ("converted", "closed", "declined", "matched", "assigned")
        status = dice.skewed(fresh if done > 0.95 else settled)
        decided = _iso(day + dice.randint(3, 60)) if status in settled[:3] else ""
        placed = dice.random() < 0.3
        work, group = dice.choice(WORKS), dice.choice(GROUPS)
        self._node(
            "enquiries",
            key,
            name=f"{work} for {group} in {dice.place()}",
            status=status,
            received_on=_iso(day),
            decided_on=decided,
            challenges_text=f"We see too little {work.lower()}, and {topics[0]} is what it comes down to.",
            ideas_text=f"Students could help {group}; we'd share our hall.",
            partner=_key("p", dice.hub(self.partners)),
            challenges=";".join(topics),
            projects=_next("j", self.projects, done) if status == "converted" and not placed else "",
            placements=_next("l", self.partners, done) if status == "converted" and placed else "",
        )
        if status != "new":
            self._match(key, status)

    def _match(self, enquiry: str, status: str) -> None:
        answer = "proposed" if status == "assigned" else "declined"
        for place, champion in enumerate(self.dice.hubs(self.champions, 1, 4)):
            taken = place == 0 and status in ("matched", "converted")
            score, decision = 0.95 - 0.15 * (place + self.dice.random()), "accepted" if taken else answer
            said = {"score": round(score, 4), "decision": decision}
            self._tie("enquiry-matched-to-champion", enquiry, _key("c", champion), **said)


def _key(letter: str, number: int) -> str:
    return f"made-up-{letter}{number:06}"


def _next(letter: str, number: int, done: float) -> str:
    """The key of the one that came just after."""
    return _key(letter, min(int(done * number) + 1, number - 1))


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isalpha()).upper()


def _level(module: int) -> int:
    return 4 + (module + 1) % 3


def _stage(start: int, days: int, before: str, during: str, after: str) -> list[str]:
    """The statuses that fit the dates, commonest first."""
    return (before if start > TODAY else during if start + days > TODAY else after).split()


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

"""The made-up city: complete by the model, consistent, uneven, the same for the same seed, and nowhere real."""

import csv
import hashlib
import os
import re
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from graph.civic import CIVIC
from graph.errors import LoadError
from graph.model import Kind, Property, Relation, Type, kebab, snake
from loaders.generate import generate

REAL = {
    "Borough": {f"E090000{n:02}" for n in range(1, 34)},
    "Challenge": {"crime", "poverty", "environment", "social-wealth", "discrimination", "health"},
}
MADE_UP = [kind for kind in CIVIC.kinds if kind.name not in ("Borough", "Challenge", "Indicator")]
RELATIONS = [r for r in CIVIC.relations if {r.source, r.target} & {kind.name for kind in MADE_UP}]
FORMATS = {
    Type.BOOLEAN: r"true|false",
    Type.DATE: r"\d{4}(-\d\d(-\d\d)?)?",
    Type.DECIMAL: r"\d+(\.\d+)?",
    Type.INTEGER: r"\d+",
    Type.URL: r"https://[a-z0-9.-]*example\.org",
}

Rows = list[dict[str, str]]
City = dict[str, Rows]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    generate(folder, partners=3000)
    return folder


@pytest.fixture(scope="module")
def city(folder: Path) -> City:
    return {path.stem: read(path) for path in sorted(folder.iterdir())}


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def table(relation: Relation) -> str:
    return "-".join(map(kebab, (relation.source, relation.name, relation.target)))


def links(city: City, relation: Relation) -> Iterator[tuple[str, str, dict[str, str]]]:
    """From, to and properties of a relation, whether it is given in a file of its own or as a column."""
    for row in city.get(table(relation), ()):
        yield row["from"], row["to"], row
    for row in city[kebab(CIVIC.kind(relation.source).plural)]:
        for key in filter(None, row.get(snake(relation.forward.field), "").split(";")):
            yield row["id"], key, {}


def digest(folder: Path) -> str:
    files = sorted(folder.iterdir())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def by_name(table: Kind | Relation) -> str:
    return table.table


# Complete


@pytest.mark.parametrize("kind", MADE_UP, ids=by_name)
def test_every_property_of_a_kind_is_said_somewhere(city: City, kind: Kind) -> None:
    said = kind.properties if kind.pseudonymous else kind.values
    rows = city[kebab(kind.plural)]
    assert [p.name for p in said if not any(row[snake(p.name)] for row in rows)] == []


def test_a_student_has_no_name(city: City) -> None:
    assert {"name", "aliases"}.isdisjoint(city["students"][0])


@pytest.mark.parametrize("relation", RELATIONS, ids=by_name)
def test_every_relation_is_there_with_its_properties(city: City, relation: Relation) -> None:
    assert any(links(city, relation))
    if rows := city.get(table(relation)):
        assert [p.name for p in relation.values if not any(row[snake(p.name)] for row in rows)] == []


def test_nothing_else_is_written(city: City) -> None:
    assert set(city) <= {kebab(kind.plural) for kind in MADE_UP} | {table(relation) for relation in RELATIONS}


def test_some_of_everything_is_left_unsaid(city: City) -> None:
    for name in ("partners", "projects", "students", "placements", "outcomes", "enquiries", "agreements"):
        assert any(not value for row in city[name] for value in row.values())


# Consistent


def columns(city: City) -> Iterator[tuple[str, Property, Rows]]:
    parts: list[Kind | Relation] = [*MADE_UP, *RELATIONS]
    for part in parts:
        name = kebab(part.plural) if isinstance(part, Kind) else table(part)
        yield from ((name, p, city[name]) for p in part.values if name in city and snake(p.name) in city[name][0])


def test_values_fit_their_types(city: City) -> None:
    for name, column, rows in columns(city):
        pattern = "|".join(column.values) or FORMATS.get(column.type, ".*")
        wrong = [value for row in rows if (value := row[snake(column.name)]) and not re.fullmatch(pattern, value)]
        assert wrong == [], (name, column.name)


def test_every_value_of_an_enum_occurs(city: City) -> None:
    for name, column, rows in columns(city):
        assert set(column.values) <= {row[snake(column.name)] for row in rows}, (name, column.name)


def test_required_cells_and_keys_are_filled(city: City) -> None:
    for name, column, rows in columns(city):
        assert not column.required or all(row[snake(column.name)] for row in rows), (name, column.name)
    for relation in RELATIONS:
        for _, _, said in links(city, relation):
            assert all(said[snake(key)] for key in relation.keys)


def test_ids_are_unique_and_marked(city: City) -> None:
    for kind in MADE_UP:
        ids = [row["id"] for row in city[kebab(kind.plural)]]
        assert len(ids) == len(set(ids))
        assert all(key.startswith("made-up") for key in ids)


def test_links_lead_somewhere(city: City) -> None:
    keys = REAL | {kind.name: {row["id"] for row in city[kebab(kind.plural)]} for kind in MADE_UP}
    for relation in RELATIONS:
        for start, end, _ in links(city, relation):
            assert start in keys[relation.source] and end in keys[relation.target], relation.table


def test_no_relation_is_said_twice(city: City) -> None:
    for relation in RELATIONS:
        said = Counter((a, b, *(row[snake(key)] for key in relation.keys)) for a, b, row in links(city, relation))
        assert said.most_common(1)[0][1] == 1, relation.table


def test_shares_of_an_item_sum_to_one(city: City) -> None:
    for relation in (r for r in RELATIONS if "share" in {p.name for p in r.properties}):
        shares = defaultdict(list)
        for row in city[table(relation)]:
            shares[row["from"]].append(row["share"])
        stated = [item for item in shares.values() if any(item)]
        assert 0 < len(stated) < len(shares)
        assert all(sum(map(float, item)) == pytest.approx(1) for item in stated)


def test_what_ends_began_before(city: City) -> None:
    spans = [(row.get("since"), row.get("until")) for rows in city.values() for row in rows]
    spans += [(row["start_date"], row["end_date"]) for name in ("projects", "placements") for row in city[name]]
    told = [(since, until) for since, until in spans if since and until]
    assert {len(since) for since, _ in told} == {4, 7, 10}
    assert all(since < until for since, until in told)


def test_partners_are_no_part_of_themselves(city: City) -> None:
    for field in ("parent", "predecessors"):
        above = {row["id"]: row[field] for row in city["partners"]}
        assert all(key > before for key, before in above.items() if before)  # a smaller key each time: no cycle


def test_an_office_that_moved_is_in_the_later_place_only_since_then(city: City) -> None:
    moves = defaultdict(list)
    for row in city["partner-based-in-borough"]:
        moves[row["from"]].append(row)
    assert 0 < len(moves) < len(city["partners"]) / 10
    assert all(old["until"] == new["since"] and not new["until"] for old, new in moves.values())
    assert not any(row["borough"] for row in city["partners"] if row["id"] in moves)


# Uneven


def test_a_few_partners_are_in_very_many_projects(city: City) -> None:
    count = Counter(row["from"] for row in city["partner-takes-part-in-project"])
    counts = sorted((count[row["id"]] for row in city["partners"]), reverse=True)
    top = counts[: len(counts) // 100]
    assert median(counts) <= 2
    assert sum(top) / len(top) >= 15 * max(1, median(counts))


def test_a_few_champions_lead_very_many_projects(city: City) -> None:
    count = Counter(row["from"] for row in city["champion-leads-project"])
    assert max(count.values()) >= 8 * median(count.values())


def test_boroughs_have_a_long_tail(city: City) -> None:
    count = Counter(row["borough"] for row in city["partners"] if row["borough"])
    assert {key for key, _ in count.most_common(3)} == {"E09000033", "E09000007", "E09000019"}
    assert set(count) == REAL["Borough"]


def test_crime_is_thin_and_some_cells_are_empty(city: City) -> None:
    topics = Counter(row["to"] for row in city["project-addresses-challenge"])
    assert topics["health"] > 5 * topics["crime"] > 0
    for item in ("project", "placement"):
        challenges = defaultdict(set)
        for row in city[f"{item}-addresses-challenge"]:
            challenges[row["from"]].add(row["to"])
        served = {(row["to"], topic) for row in city[f"{item}-serves-borough"] for topic in challenges[row["from"]]}
        assert 33 * 4 < len(served) < 33 * 6


def test_students_are_uneven_over_modules_and_years(city: City) -> None:
    for column in ("to", "academic_year"):
        count = Counter(row[column] for row in city["student-enrolled-in-module"])
        assert max(count.values()) > 3 * min(count.values())
    assert min(count) == "2020/21" and max(count) == "2026/27" and len(count) == 7


def test_some_names_are_alike_and_not_all_are_ascii(city: City) -> None:
    names = Counter(row["name"] for row in city["partners"])
    assert 0 < sum(times > 1 for times in names.values()) < len(names) / 20
    assert any(not name.isascii() for name in names) and any("'" in name for name in names)


# Nowhere real


def test_nothing_points_at_anyone_real(city: City) -> None:
    for row in city["partners"]:
        assert all(key.startswith("XM-MADEUP-") for key in filter(None, row["org_ids"].split(";")))
        assert row["postcode"].startswith("ZZ") or not row["postcode"]
    assert all(row["email"].endswith("@example.org") or not row["email"] for row in city["champions"])


def test_organisation_ids_are_unique(city: City) -> None:
    ids = [key for row in city["partners"] for key in filter(None, row["org_ids"].split(";"))]
    assert len(ids) == len(set(ids))


def test_one_source_says_that_it_is_made_up(city: City) -> None:
    (source,) = city["sources"]
    assert source["id"] == "made-up"
    assert (source["name"], source["rank"], source["licence"]) == ("Made-up city, seed 1", "50", "CC0-1.0")
    assert not any("source" in rows[0] for rows in city.values())


# The same for the same seed


def test_same_size_and_seed_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        generate(tmp_path / name, partners=100, seed=seed)
    assert digest(tmp_path / "first") == digest(tmp_path / "again") != digest(tmp_path / "other")


def test_bytes_do_not_depend_on_the_hashes_of_a_process(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        program = f"from pathlib import Path; from loaders.generate import generate; generate(Path({seed!r}), 100)"
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True)
    assert digest(tmp_path / "1") == digest(tmp_path / "2")


def test_files_are_utf_8_with_plain_line_ends(folder: Path) -> None:
    for path in folder.iterdir():
        data = path.read_bytes()
        assert b"\r" not in data and not data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\n")


# Calling it


def test_returns_the_rows_of_each_file(tmp_path: Path) -> None:
    rows = generate(tmp_path, partners=240)
    assert rows == {path.name: len(read(path)) for path in tmp_path.iterdir()}
    assert [rows[f"{name}.csv"] for name in ("partners", "projects", "students")] == [240, 120, 1200]
    assert [rows[f"{name}.csv"] for name in ("champions", "enquiries", "agreements", "units")] == [12, 80, 24, 12]


@pytest.mark.parametrize("partners", [1, 2, 3, 13])
def test_a_hamlet_will_do(tmp_path: Path, partners: int) -> None:
    assert generate(tmp_path, partners)["partners.csv"] == partners


def test_memory_stays_flat(tmp_path: Path) -> None:
    tracemalloc.start()
    generate(tmp_path, partners=3000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6_000_000  # 28 open files take 4 MB; the 80,000 rows would take far more


def test_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    generate(tmp_path, partners=2000, progress=lambda name, rows: told.append((name, rows)))
    assert ("students.csv", 5000) in told and ("students.csv", 10_000) in told


def test_takes_its_files_away_when_interrupted(tmp_path: Path) -> None:
    def interrupt(name: str, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "city", partners=2000, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_there_once_all_is_written(tmp_path: Path) -> None:
    (tmp_path / "city.partial").mkdir()
    (tmp_path / "city.partial" / "left.csv").write_text("by a process that was killed")

    def look(name: str, rows: int) -> None:
        assert not (tmp_path / "city").exists() and (tmp_path / "city.partial" / name).exists()

    rows = generate(tmp_path / "city", partners=2000, progress=look)
    assert [path.name for path in tmp_path.iterdir()] == ["city"]
    assert {path.name for path in (tmp_path / "city").iterdir()} == set(rows)


def test_a_folder_that_is_empty_stays_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    before = (tmp_path / "city").stat().st_ino
    generate(tmp_path / "city", partners=1)
    assert (tmp_path / "city").stat().st_ino == before
    assert [path.name for path in tmp_path.iterdir()] == ["city"]


def test_refuses_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(LoadError, match="is not empty: give a new or an empty folder"):
        generate(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_refuses_a_file_and_a_folder_within_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LoadError, match="is a file"):
        generate(tmp_path / "file")
    with pytest.raises(LoadError, match="cannot be written: Not a directory"):
        generate(tmp_path / "file" / "city")


@pytest.mark.parametrize("partners", [0, -5, 10_000_000])
def test_refuses_a_number_that_is_not_sensible(tmp_path: Path, partners: int) -> None:
    with pytest.raises(LoadError, match="give a number from 1 to 150,000"):
        generate(tmp_path / "city", partners)
    assert not (tmp_path / "city").exists()

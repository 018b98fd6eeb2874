"""The example data says what is publicly known of the London Met Lab, and nothing else."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "loaders" / "example"
SHARED = ROOT.parent / "shared"

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


TABLES = {path.stem: rows(path) for path in sorted(EXAMPLE.glob("*.csv"))}
BOROUGHS = {row["id"] for row in TABLES["boroughs"]}
SOURCES = {row["id"] for row in TABLES["sources"]}
CHALLENGES = ["crime", "poverty", "environment", "social-wealth", "discrimination", "health"]


def row(table: str, key: str) -> Row:
    return next(row for row in TABLES[table] if row["id"] == key)


def served(project: str) -> set[str]:
    return {row["to"] for row in TABLES["project-serves-borough"] if row["from"] == project}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the reference files beside the repository are absent")
    return SHARED


@pytest.fixture
def sections(shared: Path) -> dict[str, str]:
    """The case study's text by heading."""
    text = (shared / "case-study.txt").read_text(encoding="utf-8")
    parts = re.split(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {heading.strip(" *"): body for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


# Form


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_unique_and_whole(name: str) -> None:
    key = ("id",) if "id" in TABLES[name][0] else ("from", "to", "period")
    counts = Counter(tuple(row.get(column) for column in key) for row in TABLES[name])
    assert max(counts.values()) == 1
    assert all(None not in row and None not in row.values() for row in TABLES[name])


@pytest.mark.parametrize("name", [name for name in TABLES if name != "sources"])
def test_every_row_names_a_known_source(name: str) -> None:
    assert {row["source"] for row in TABLES[name]} <= SOURCES


def test_every_source_is_used() -> None:
    assert {row["source"] for name, table in TABLES.items() if name != "sources" for row in table} == SOURCES


@pytest.mark.parametrize("name", TABLES)
def test_files_are_plain(name: str) -> None:
    content = (EXAMPLE / f"{name}.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in content
    assert content.endswith(b"\n")


# Boroughs


def test_boroughs_are_the_33_of_london() -> None:
    assert sorted(BOROUGHS) == [f"E090000{number:02}" for number in range(1, 34)]
    assert all(row["gss_code"] == row["id"] for row in TABLES["boroughs"])


def test_neighbours_stand_once_and_only_land_has_a_length() -> None:
    for pair in TABLES["borough-adjacent-to-borough"]:
        assert pair["from"] < pair["to"]
        assert {pair["from"], pair["to"]} <= BOROUGHS
        assert (pair["boundary"] == "land") == bool(pair["boundary_length"])


def test_a_spelling_means_one_borough() -> None:
    spellings = Counter(
        spelling.casefold() for row in TABLES["boroughs"] for spelling in [row["name"], *row["aliases"].split(";")]
    )
    assert max(spellings.values()) == 1


def test_boroughs_equal_the_reference(shared: Path) -> None:
    expected = [
        (r["gss_code"], r["name"], r["inner_outer"].lower(), r["hectares"], r["population_2021"], r["org_id"])
        for r in rows(shared / "data" / "boroughs.csv")
    ]
    columns = ("id", "name", "part", "area", "population", "org_ids")
    assert [tuple(row[column] for column in columns) for row in TABLES["boroughs"]] == expected


def test_every_spelling_seen_finds_its_borough(shared: Path) -> None:
    known = {
        (row["id"], spelling.casefold())
        for row in TABLES["boroughs"]
        for spelling in [row["name"], *row["aliases"].split(";")]
    }
    seen = rows(shared / "data" / "borough_name_variants.csv")
    assert {(row["gss_code"], row["variant"].casefold()) for row in seen} <= known


def test_neighbours_equal_the_reference(shared: Path) -> None:
    expected = {
        (r["gss_a"], r["gss_b"], r["type"], r["shared_boundary_m"] if r["type"] == "land" else "")
        for r in rows(shared / "data" / "adjacency.csv")
    }
    columns = ("from", "to", "boundary", "boundary_length")
    assert {tuple(row[c] for c in columns) for row in TABLES["borough-adjacent-to-borough"]} == expected


# The case study


def test_challenges_are_the_six_in_order() -> None:
    ordered = sorted(TABLES["challenges"], key=lambda row: int(row["position"]))
    assert [row["id"] for row in ordered] == CHALLENGES


def test_crime_and_poverty_have_no_project() -> None:
    addressed = {key for row in TABLES["projects"] for key in row["challenges"].split(";")}
    assert set(CHALLENGES) - addressed == {"crime", "poverty"}


def test_mudchute_farm_is_inferred_to_lie_in_tower_hamlets() -> None:
    assert row("partners", "mudchute-farm")["borough"] == "E09000030"
    (serves,) = [row for row in TABLES["project-serves-borough"] if row["from"] == "mudchute-trees"]
    assert serves["to"] == "E09000030"
    assert float(serves["confidence"]) < 1


def test_at_least_400_trees_are_claimed() -> None:
    (outcome,) = TABLES["outcomes"]
    columns = ("quantity", "comparator", "unit", "verification", "projects")
    assert [outcome[c] for c in columns] == ["400", "at_least", "trees", "claimed", "mudchute-trees"]


def test_north_london_is_no_borough() -> None:
    assert row("projects", "lockdown-compliance")["area_stated"] == "North London communities"
    assert served("lockdown-compliance") == set()


def test_the_council_is_party_to_the_agreement_in_hackney() -> None:
    (agreement,) = TABLES["agreements"]
    council = row("partners", agreement["partners"])
    assert (council["name"], council["type"]) == ("Hackney Council", "local_authority")
    assert council["org_ids"] == row("boroughs", "E09000012")["org_ids"]
    assert served(agreement["projects"]) == {"E09000012"}


def test_research_in_lambeth_is_starting() -> None:
    assert row("projects", "lambeth-lgbtqi-covid")["status"] == "starting"
    assert served("lambeth-lgbtqi-covid") == {"E09000022"}


def test_what_the_case_study_says_is_located_in_it(sections: dict[str, str]) -> None:
    said = [row for table in TABLES.values() for row in table if row.get("source") == "case-study"]
    assert {row["locator"] for row in said} <= sections.keys()


@pytest.mark.parametrize(
    ("project", "said"),
    [
        ("mudchute-trees", "over 400 trees"),
        ("lockdown-compliance", "North London communities"),
        ("hackney-inclusive-economy", "partnership agreement with Hackney council"),
        ("lambeth-lgbtqi-covid", "communities in Lambeth"),
    ],
)
def test_a_locator_leads_to_what_is_said(project: str, said: str, sections: dict[str, str]) -> None:
    assert said in sections[row("projects", project)["locator"]]


def test_no_text_of_the_case_study_is_copied(sections: dict[str, str]) -> None:
    """Its headings may be named, its sentences may not be repeated."""

    def runs(text: str) -> set[tuple[str, ...]]:
        found = words(text)
        return {tuple(found[start : start + 8]) for start in range(len(found) - 7)}

    original = set().union(*map(runs, sections.values()))
    copied = {path.name: runs(path.read_text(encoding="utf-8")) & original for path in EXAMPLE.iterdir()}
    assert not any(copied.values()), copied


# Indicators


def test_weights_of_a_challenge_sum_to_one_where_anything_counts() -> None:
    weights = defaultdict(list)
    for evidence in TABLES["indicator-evidences-challenge"]:
        weights[evidence["to"]].append(float(evidence["weight"]))
    assert set(weights) == set(CHALLENGES)
    assert set(weights.pop("discrimination")) == {0}
    assert [sum(values) for values in weights.values()] == pytest.approx([1] * 5)


def test_every_indicator_counts_for_a_challenge_and_says_its_limit() -> None:
    evidence = TABLES["indicator-evidences-challenge"]
    assert {row["from"] for row in evidence} == {row["id"] for row in TABLES["indicators"]}
    assert all(row["rationale"] for row in evidence)


def test_values_equal_the_reference(shared: Path) -> None:
    indicators = {row["id"] for row in TABLES["indicators"]}
    expected = {
        (r["indicator"].replace("_", "-"), r["gss_code"], r["year"], float(r["value"]))
        for r in rows(shared / "data" / "indicators.csv")
    }
    loaded = {
        (row["from"], row["to"], row["period"], float(row["value"])) for row in TABLES["indicator-measured-borough"]
    }
    assert loaded == {value for value in expected if value[0] in indicators}

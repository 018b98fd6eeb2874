"""References of tables: which node a cell means, and relations as columns and as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph.civic import CIVIC
from loaders import resolve
from loaders.folder import EXAMPLE, read
from loaders.report import Severity
from loaders.resolve import spelling
from tests.office import Check, keys, only, said, values

VARIANTS = Path(__file__).parents[2] / "shared" / "data" / "borough_name_variants.csv"


# References


@pytest.mark.parametrize(
    "written",
    [
        "borough:E09000012",
        "E09000012",
        "e09000012",
        "Hackney",
        "HACKNEY",
        " hackney ",
        "London Borough of Hackney",
        "Hackney Council",
        "hackney london boro",
    ],
)
def test_boroughs_are_found_by_any_spelling(check: Check, written: str) -> None:
    checked = check({"partners": f"id,name,borough\na,Ann,{written}\n"})
    assert keys(checked, "Partner_BASED_IN_Borough") == [("partner:a", "borough:E09000012")]


NOWHERE = ["Unknown", "Heathrow", "London", "Inner London", "North London", "Throughout London", "Council"]


@pytest.mark.parametrize("written", [*NOWHERE, "borough:E09000099"])
def test_what_is_no_borough_is_not_guessed(check: Check, written: str) -> None:
    issue = only(check({"partners": f"id,name,borough\na,Ann,{written}\n"}).report)
    assert (issue.row, issue.column, issue.nearest) == (2, "borough", "")
    assert issue.message == f'"{written}" is not a borough'


def test_near_spellings_are_suggested_only(check: Check) -> None:
    issue = only(check({"partners": "id,name,borough\na,Ann,Hackny\n"}).report)
    assert (issue.severity, issue.nearest) == (Severity.ERROR, "Hackney")


def test_every_bad_value_of_a_cell_is_reported(check: Check) -> None:
    report = check({"partners": "id,name,served_boroughs\na,Ann,Hackny; London;Hackney;Cty of London\n"}).report
    assert [(i.message, i.nearest) for i in report.issues] == [
        ('"Hackny" is not a borough', "Hackney"),
        ('"London" is not a borough', ""),
        ('"Cty of London" is not a borough', "City of London"),
    ]


@pytest.mark.parametrize(
    ("column", "cell", "expected", "nearest"),
    [
        ("served_boroughs", "City of London, Hackney", "a ; between values", "City of London;Hackney"),
        ("served_boroughs", "Hackney,", "a ; between values", "Hackney"),
        ("served_boroughs", "Lambeth, Hackney", "the key or a name of a borough", ""),
        ("projects", "one, two", "a ; between values", "one;two"),
        ("borough", "Hackney, City of London", "the key or a name of a borough", ""),
    ],
)
def test_values_are_separated_by_semicolons(check: Check, column: str, cell: str, expected: str, nearest: str) -> None:
    issue = only(check({"partners": f'id,name,{column}\na,Ann,"{cell}"\n'}).report)
    assert (issue.expected, issue.nearest) == (expected, nearest)


def test_of_an_unknown_kind_nothing_is_said_twice(tmp_path: Path) -> None:
    rows = "a,Ann,Hackney,Hackney;Camden\nb,Bob,Camden,\n"
    (tmp_path / "partners.csv").write_text(f"id,name,borough,served_boroughs\n{rows}")
    with read(tmp_path, CIVIC, None) as checked:
        found = [(i.row, i.column, i.message, i.expected) for i in checked.report.issues]
    said = ("no borough is known yet", "the example to be loaded first, or a file boroughs.csv")
    assert found == [(2, "borough", *said), (2, "served_boroughs", *said)]


@pytest.mark.parametrize(
    ("written", "severity", "nearest"),
    [
        ("Bow Food & Co", Severity.ERROR, "bow-food"),
        ("bow food & CO", Severity.ERROR, "bow-food"),
        ("Acorn", Severity.WARNING, "acorn-trust"),
        ("hackney youth", Severity.ERROR, "hackney-youth"),
        ("partner:Hackney Youth", Severity.ERROR, "hackney-youth"),
        ("GB-CHC 12", Severity.ERROR, "GB-CHC-12"),
        ("Twin", Severity.WARNING, ""),
        ("Twin Trust", Severity.ERROR, "twin-trust"),
        ("project:x", Severity.ERROR, ""),
    ],
)
def test_names_where_an_id_belongs(check: Check, written: str, severity: Severity, nearest: str) -> None:
    partners = "id,name,aliases\nbow-food,Bow Food & Co,\nacorn-trust,The Acorn Trust,Acorn\nt1,Twin,\nt2,Twin,\n"
    issue = only(check({"partners": partners, "projects": f"id,name,partners\nj,Job,{written}\n"}).report)
    assert (issue.column, issue.severity, issue.nearest) == ("partners", severity, nearest)


def test_an_id_with_spaces(check: Check) -> None:
    assert only(check({"partners": "id,name\nHackney Youth,H\n"}).report).nearest == "hackney-youth"


def test_tables_of_the_load_spell_too(check: Check) -> None:
    boroughs = "id,name,aliases,gss_code,neighbours\nE09000022,Lambeth,Brixton & Stockwell,E09000022,Hackney\n"
    checked = check({"boroughs": boroughs, "partners": "id,name,borough\na,Ann,Brixton-and  STOCKWELL\n"})
    assert keys(checked, "Partner_BASED_IN_Borough") == [("partner:a", "borough:E09000022")]
    assert keys(checked, "Borough_ADJACENT_TO_Borough") == [("borough:E09000012", "borough:E09000022")]


def test_spellings_of_two_are_refused(check: Check) -> None:
    boroughs = "id,name,gss_code\nX1,Newtown,X1\nX2,Newtown Council,X2\n"
    issue = only(check({"boroughs": boroughs, "partners": "id,name,borough\na,Ann,newtown\n"}).report)
    assert (issue.file, issue.message) == ("partners.csv", '"newtown" can be borough:X1 or borough:X2')


def test_the_load_goes_before_the_graph(check: Check) -> None:
    boroughs = "id,name,aliases,gss_code\nX1,Newtown,Hackney,X1\n"
    checked = check({"boroughs": boroughs, "partners": "id,name,borough\na,Ann,hackney\n"})
    assert keys(checked, "Partner_BASED_IN_Borough") == [("partner:a", "borough:X1")]


def test_too_many_spellings_are_refused(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "MAX_SPELLINGS", 3)
    issue = only(check({"challenges": "id,name,aliases\na,A,B;C;D\n"}).report)
    assert (issue.file, issue.message) == ("challenges.csv", "there are more than 3 names and aliases")


@pytest.mark.skipif(not VARIANTS.is_file(), reason="needs ../shared/data/borough_name_variants.csv")
def test_all_known_spellings_of_boroughs_are_found(tmp_path: Path) -> None:
    rows = [line.split(",")[:2] for line in VARIANTS.read_text(encoding="utf-8").splitlines()[1:]]
    partners = "\n".join(f"p{n},P,{name}" for n, (_, name) in enumerate(rows))
    (tmp_path / "partners.csv").write_text(f"id,name,borough\n{partners}\n")
    (tmp_path / "boroughs.csv").write_bytes((EXAMPLE / "boroughs.csv").read_bytes())
    (tmp_path / "sources.csv").write_bytes((EXAMPLE / "sources.csv").read_bytes())
    with read(tmp_path, CIVIC, None) as checked:
        found = [key[1] for key in keys(checked, "Partner_BASED_IN_Borough")]
    assert found == [f"borough:{code}" for code, _ in rows]


def test_city_of_london_is_protected() -> None:
    assert spelling("Borough", "City of London Corporation") == spelling("Borough", "city  of-london")
    assert spelling("Borough", "City of Westminster") == "westminster"
    assert spelling("Borough", "City of London, Hackney") == "london, hackney"
    assert spelling("Challenge", "City of Westminster") == "city of westminster"


def test_columns_read_relations_from_either_end(check: Check) -> None:
    tables = {
        "projects": "id,name,partners,challenges\nj,Job,a;partner:known,Health improvement\n",
        "partners": "id,name,agreements\na,Ann,\n",
        "agreements": "id,name,partners\nd,Deal,a\n",
    }
    checked = check(tables)
    assert keys(checked, "Partner_TAKES_PART_IN_Project") == [
        ("partner:a", "project:j", "[null]"),
        ("partner:known", "project:j", "[null]"),
    ]
    assert keys(checked, "Project_ADDRESSES_Challenge") == [("project:j", "challenge:health")]
    assert keys(checked, "Partner_PARTY_TO_Agreement") == [("partner:a", "agreement:d")]


def test_an_end_to_one_takes_one(check: Check) -> None:
    issue = only(check({"partners": "id,name,borough\na,Ann,Hackney;City of London\n"}).report)
    assert (issue.column, issue.message) == ("borough", '"Hackney;City of London" names 2')


def test_files_read_relations_with_their_values(check: Check) -> None:
    rows = "from,to,role,in_kind,since,until\nknown,j,Lead,50,2021,2022-03\nknown,j,host,,,\n"
    checked = check({"projects": "id,name\nj,Job\n", "partner-takes-part-in-project": rows})
    assert values(checked, "Partner_TAKES_PART_IN_Project") == {
        'partner:known project:j ["lead"]': {"role": "lead", "inKind": 50.0, "since": "2021", "until": "2022-03"},
        'partner:known project:j ["host"]': {"role": "host"},
    }


def test_files_and_columns_say_the_same(check: Check) -> None:
    by_column = check({"partners": "id,name,borough\na,Ann,Hackney\n"})
    column = said(by_column, "Partner_BASED_IN_Borough")
    files = {"partners": "id,name\na,Ann\n", "partner-based-in-borough": "from,to\na,hackney\n"}
    assert said(check(files), "Partner_BASED_IN_Borough") == column


def test_dangling_relations_are_kept_with_a_warning(check: Check) -> None:
    tables = {
        "projects": "id,name,partners\nj,Job,known;gone\n",
        "champion-leads-project": "from,to\nlost,j\n",
    }
    checked = check(tables)
    assert checked.report.ok and checked.report.warnings == 2
    assert [(i.file, i.row, i.column, i.value) for i in checked.report.issues] == [
        ("projects.csv", 2, "partners", "partner:gone"),
        ("champion-leads-project.csv", 2, "from", "champion:lost"),
    ]
    assert len(keys(checked, "Partner_TAKES_PART_IN_Project")) == 2


@pytest.mark.parametrize("cell", ["TBC", "none", "n/a", "N/A", "-", "unknown", "Unknown"])
def test_placeholders_are_told_from_ids(check: Check, cell: str) -> None:
    issue = only(check({"projects": f"id,name,partners\nj,Job,{cell}\n"}).report)
    assert (issue.severity, issue.message) == (Severity.WARNING, f'"{cell}" looks like a placeholder')
    assert issue.expected == "an empty cell where nothing is known"


def test_a_question_mark_is_a_placeholder_too(check: Check) -> None:
    issue = only(check({"projects": "id,name,partners\nj,Job,?\n"}).report)
    assert (issue.severity, issue.message) == (Severity.ERROR, '"?" looks like a placeholder')
    tables = {"projects": "id,name\nj,Job\n", "champion-leads-project": "from,to\nTBC,j\n"}
    assert only(check(tables).report).expected == "an id"


@pytest.mark.parametrize("end", ["from", "to"])
def test_relations_need_both_ends(check: Check, end: str) -> None:
    row = {"from": ",Hackney", "to": "known,"}[end]
    issue = only(check({"partner-based-in-borough": f"from,to\n{row}\n"}).report)
    assert (issue.column, issue.message) == (end, "the id is missing")


def test_required_values_of_relations(check: Check) -> None:
    report = check({"indicator-measured-borough": "from,to,value,period\ni,Hackney,,2025\n"}).report
    assert [(i.column, i.message) for i in report.issues if i.severity is Severity.ERROR] == [
        ("value", "the value is missing")
    ]

"""Folders of tables: what their rows say, what they refer to, and what is refused with its place.

The store that the folders are read against knows two boroughs, one challenge and a partner:

    Hackney E09000012 (London Borough of Hackney)   City of London E09000001
    Health (Health improvement)                     partner:known (GB-CHC-9)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import LoadError
from graph.model import End, Kind, Model, Property, Relation, Type
from graph.statements import Load, Statement
from graph.store import Store
from graph.stores import open_store
from loaders import resolve
from loaders.consistency import circles
from loaders.folder import EXAMPLE, Checked, columns_of, is_loaded, load_id, read, template
from loaders.report import Issue, Report, Severity
from loaders.resolve import spelling

VARIANTS = Path(__file__).parents[2] / "shared" / "data" / "borough_name_variants.csv"
KNOWN = {
    "Borough": {
        "borough:E09000012": ["Hackney", "London Borough of Hackney"],
        "borough:E09000001": ["City of London"],
    },
    "Challenge": {"challenge:health": ["Health", "Health improvement"]},
}


class Known:
    """A store that knows what is drawn above."""

    def spellings(self, kind: str) -> dict[str, list[str]]:
        return KNOWN[kind]

    def loads(self) -> dict[str, Load]:
        return {}

    def missing(self, ids: Sequence[str], without: Sequence[str] = ()) -> set[str]:
        return {node_id for node_id in ids if node_id not in {"partner:known", *KNOWN["Borough"], *KNOWN["Challenge"]}}

    def holders(self, kind: Kind, prop: Property, values: Sequence[str]) -> dict[str, set[str]]:
        return {"GB-CHC-9": {"partner:known"}} if "GB-CHC-9" in values else {}


Tables = dict[str, str]


Office = Callable[..., list[str]]


class Check(Protocol):
    def __call__(self, tables: Tables, *, name: str | None = None, origin: str | None = None) -> Checked: ...


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Check]:
    """Reads tables given as text by the name of their file, in a folder called `office`."""
    folder = tmp_path / "office"
    folder.mkdir()

    def checked(tables: Tables, **options: Any) -> Checked:
        for path in folder.iterdir():
            path.unlink()
        for name, text in tables.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        opened.append(read(folder, CIVIC, cast(Store, Known()), **options))
        return opened[-1]

    opened: list[Checked] = []
    yield checked
    for each in opened:
        each.close()


def table(name: str) -> Kind | Relation:
    return next(t for t in CIVIC.tables if t.table == name)


def said(checked: Checked, name: str) -> list[Statement]:
    assert checked.report.ok, checked.report.lines()
    return list(checked.statements.of(table(name)))


def values(checked: Checked, name: str) -> dict[str, dict[str, Any]]:
    """What is said of each node or relation, properties with nothing said left out."""
    names = [p.name for p in table(name).values]
    return {
        " ".join(key): {n: v for n, v in zip(names, claim.values, strict=True) if v not in (None, ())}
        for key, claim in said(checked, name)
    }


def keys(checked: Checked, name: str) -> list[tuple[str, ...]]:
    return [key for key, _ in said(checked, name)]


def only(report: Report) -> Issue:
    assert len(report.issues) == 1, report.lines()
    return report.issues[0]


# Rows


def test_rows_become_statements_of_the_folder(check: Check) -> None:
    checked = check({"partners": "id,name,Org IDs,size-band\nann,Ann,GB-CHC-1; GB-COH-2;GB-CHC-1,Small\n"})
    ((key, claim),) = said(checked, "Partner")
    assert (key, claim.source, claim.locator) == (("partner:ann",), "source:office", "")
    assert values(checked, "Partner")["partner:ann"] == {
        "name": "Ann",
        "orgIds": ("GB-CHC-1", "GB-COH-2"),
        "sizeBand": "small",
    }
    assert values(checked, "Source") == {"source:office": {"name": "office"}}


@pytest.mark.parametrize("header", ["sizeBand", "size_band", "Size band", "SIZE-BAND", " size band "])
def test_headers_are_matched_by_their_letters(check: Check, header: str) -> None:
    checked = check({"partners": f"id,name,{header}\na,Ann,small\n"})
    assert values(checked, "Partner")["partner:a"]["sizeBand"] == "small"


@pytest.mark.parametrize(
    ("kind", "column", "cell", "value"),
    [
        ("partners", "status", "Active", "active"),
        ("partners", "type", "Local authority", "local_authority"),
        ("partners", "type", "local-AUTHORITY", "local_authority"),
        ("partners", "website", "https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("partners", "description", "  two\r\nlines\t ", "two\nlines"),
        ("partners", "description", "=cmd()", "=cmd()"),
        ("partners", "description", "@a", "@a"),
        ("partners", "description", "+1", "+1"),
        ("partners", "description", "-1", "-1"),
        ("partners", "description", "", None),
        ("partners", "description", "   ", None),
        ("partners", "aliases", "A; B ;;A", ("A", "B")),
        ("projects", "start_date", "2021", "2021"),
        ("projects", "start_date", "2021-03", "2021-03"),
        ("projects", "start_date", "2024-02-29", "2024-02-29"),
        ("projects", "funding", "7538.5", 7538.5),
        ("projects", "funding", "1e3", 1000.0),
        ("projects", "funding", "-0.5", -0.5),
        ("placements", "portfolio_submitted", "Yes", True),
        ("placements", "portfolio_submitted", "0", False),
        ("placements", "portfolio_submitted", "FALSE", False),
    ],
)
def test_cells_are_read_by_type(check: Check, kind: str, column: str, cell: str, value: object) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    checked = check({kind: f"id,name,{column}\na,Ann,{quoted}\n"})
    (claims,) = values(checked, kind[:-1].capitalize()).values()
    got = {name.lower(): v for name, v in claims.items()}.get(column.replace("_", ""))
    assert got == value and type(got) is type(value)


@pytest.mark.parametrize(
    ("kind", "column", "cell", "message", "nearest"),
    [
        ("partners", "status", "activ", '"activ" is not a status', "active"),
        ("partners", "size_band", "huge", '"huge" is not a size band', ""),
        ("partners", "website", "example.org", '"example.org" is not an address', "https://example.org"),
        ("partners", "website", "javascript:alert(1)", '"javascript:alert(1)" is not an address', ""),
        ("partners", "website", "www.x.org/a", '"www.x.org/a" is not an address', "https://www.x.org/a"),
        ("partners", "website", "https://", '"https://" is not an address', ""),
        ("partners", "name", " ", "the name is missing", ""),
        ("projects", "start_date", "86400", '"86400" is not a date', ""),
        ("projects", "start_date", "2021-02-30", '"2021-02-30" is not a date', ""),
        ("projects", "start_date", "2021-13", '"2021-13" is not a date', ""),
        ("projects", "start_date", "0000", '"0000" is not a date', ""),
        ("projects", "start_date", "04/03/2021", '"04/03/2021" is not a date', "2021-03-04"),
        ("projects", "start_date", "10/25/2021", '"10/25/2021" is not a date', ""),
        ("projects", "start_date", "1 Oct 2025", '"1 Oct 2025" is not a date', "2025-10-01"),
        ("projects", "start_date", "1st September 2025", '"1st September 2025" is not a date', "2025-09-01"),
        ("projects", "start_date", "01-Oct-25", '"01-Oct-25" is not a date', "2025-10-01"),
        ("projects", "start_date", "Oct 2025", '"Oct 2025" is not a date', "2025-10"),
        ("projects", "start_date", "2025-10-01 00:00:00", '"2025-10-01 00:00:00" is not a date', "2025-10-01"),
        ("projects", "start_date", "2021-3-4", '"2021-3-4" is not a date', "2021-03-04"),
        ("projects", "start_date", "٢٠٢١", '"٢٠٢١" is not a date', ""),
        ("projects", "funding", "7,538", '"7,538" is not a number', "7538"),
        ("projects", "funding", "£12,500", '"£12,500" is not a number', "12500"),
        ("projects", "funding", "£ 7 538.50", '"£ 7 538.50" is not a number', "7538.50"),
        ("projects", "funding", "75,38", '"75,38" is not a number', ""),
        ("modules", "level", "1,200.0", '"1,200.0" is not a whole number of 32 bits', "1200"),
        ("modules", "level", "2147483648", '"2147483648" is not a whole number of 32 bits', ""),
        ("projects", "funding", "nan", '"nan" is not a number', ""),
        ("projects", "funding", "1e999", '"1e999" is not a number', ""),
        ("projects", "funding", "1_000", '"1_000" is not a number', ""),
        ("placements", "portfolio_submitted", "maybe", '"maybe" is neither true nor false', ""),
    ],
)
def test_cells_of_a_wrong_type_are_refused(
    check: Check, kind: str, column: str, cell: str, message: str, nearest: str
) -> None:
    header, row = ("id,name", "a,") if column == "name" else (f"id,name,{column}", "a,Ann,")
    header, row = (f"code,{header}", f"C,{row}") if kind == "modules" else (header, row)
    issue = only(check({kind: f'{header}\n{row}"{cell}"\n'}).report)
    place = (f"{kind}.csv", 2, column, cell)
    assert (issue.file, issue.row, issue.column, issue.value) == place
    assert (issue.message, issue.nearest) == (message, nearest)


@pytest.mark.parametrize("cell", ["2147483648", "-2147483649", "1.0", "one", "1 000", "99999999999999999999"])
def test_integers_have_32_bits(check: Check, cell: str) -> None:
    assert only(check({"modules": f"id,name,code,level\nm,M,M,{cell}\n"}).report).column == "level"
    assert check({"modules": "id,name,code,level\nm,M,M,-2147483648\n"}).report.ok


@pytest.mark.parametrize("cell", ["-0.1", "1.01", "2"])
@pytest.mark.parametrize("column", ["share", "confidence"])
def test_parts_lie_between_0_and_1(check: Check, column: str, cell: str) -> None:
    issue = only(check({"partner-serves-borough": f"from,to,{column}\nknown,Hackney,{cell}\n"}).report)
    assert (issue.column, issue.expected) == (column, "a number from 0 to 1")


def test_every_error_of_a_row_is_reported(check: Check) -> None:
    report = check({"partners": "id,name,status,website,borough\n!,,odd,odd,odd\n"}).report
    assert [i.column for i in report.issues] == ["id", "name", "status", "website", "borough"]


def test_pseudonymous_kinds_have_no_names(check: Check) -> None:
    checked = check({"students": "id,level\nmade-up-1,5\n"})
    assert values(checked, "Student") == {"student:made-up-1": {"name": "made-up-1", "level": 5}}
    issue = only(check({"students": "id,name\nmade-up-1,Ann\n"}).report)
    assert (issue.row, issue.column, issue.message) == (1, "name", '"name" is not a column of this table')


# Headers


@pytest.mark.parametrize(
    ("header", "column", "message", "nearest"),
    [
        ("id,name,stauts", "stauts", '"stauts" is not a column of this table', "status"),
        ("id,name,Name", "Name", '"Name" stands twice in the header', ""),
        ("id,name,size_band,Size Band", "Size Band", '"Size Band" stands twice in the header', ""),
        ("name", None, "there is no column id", ""),
        ("id", None, "there is no column name", ""),
    ],
)
def test_headers_that_do_not_fit(check: Check, header: str, column: str | None, message: str, nearest: str) -> None:
    issue = only(check({"partners": f"{header}\na,b,,\n"}).report)
    assert (issue.row, issue.column, issue.message, issue.nearest) == (1, column, message, nearest)


def test_relations_that_need_values_are_no_columns(check: Check) -> None:
    issue = only(check({"indicators": "id,name,boroughs\ni,I,Hackney\n"}).report)
    assert issue.message == '"boroughs" is not a column of this table'


# Ids


@pytest.mark.parametrize("written", ["ann", "partner:ann", " ann "])
def test_ids_are_keys_or_whole(check: Check, written: str) -> None:
    assert keys(check({"partners": f"id,name\n{written},Ann\n"}), "Partner") == [("partner:ann",)]


def test_keys_hold_letters_digits_and_a_few_signs(check: Check) -> None:
    key = "aZ9-._~/"
    assert keys(check({"partners": f"id,name\n{key},Ann\n"}), "Partner") == [(f"partner:{key}",)]
    assert check({"partners": f"id,name\n{'x' * 200},Ann\n"}).report.ok


@pytest.mark.parametrize("written", ["a b", "é", "a:b", "partner:", "a;b", "x" * 201, "a\u200bb"])
def test_other_keys_are_refused(check: Check, written: str) -> None:
    issue = only(check({"partners": f"id,name\n{written},Ann\n"}).report)
    assert issue.column == "id" and "is no id" in issue.message


def test_ids_of_another_kind_are_refused(check: Check) -> None:
    issue = only(check({"partners": "id,name\nproject:a,Ann\n"}).report)
    assert issue.message == '"project:a" is of kind Project'


def test_org_ids_stand_in_for_an_id(check: Check) -> None:
    assert keys(check({"partners": "name,org_ids\nAnn,GB-CHC-1;GB-COH-2\n"}), "Partner") == [("partner:GB-CHC-1",)]
    mixed = check({"partners": "id,name,org_ids\n,Ann,GB-CHC-1\nb,Bob,GB-CHC-2\n , Cat,GB-CHC-3\n"})
    assert keys(mixed, "Partner") == [("partner:GB-CHC-1",), ("partner:b",), ("partner:GB-CHC-3",)]


@pytest.mark.parametrize("text", ["id,name\n,Ann\n", "id,name,org_ids\n,Ann,\n", "name,org_ids\nAnn, \n"])
def test_rows_without_any_id_are_refused(check: Check, text: str) -> None:
    issue = only(check({"partners": text}).report)
    assert (issue.row, issue.column, issue.message) == (2, "id", "the id is missing")


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


# The whole load


def test_ids_given_twice(check: Check) -> None:
    issue = only(check({"partners": "id,name\na,Ann\nb,Bob\npartner:a,Ann\n"}).report)
    assert (issue.row, issue.message) == (4, "partner:a is given already in partners.csv row 2")


def test_relations_given_twice(check: Check) -> None:
    tables = {"partners": "id,name,borough\na,Ann,Hackney\n", "partner-based-in-borough": "from,to\na,E09000012\n"}
    checked = check(tables)
    issue = only(checked.report)
    assert (issue.severity, issue.file, issue.row) == (Severity.WARNING, "partner-based-in-borough.csv", 2)
    there = "partners.csv row 2, column borough"
    assert issue.message == f"partner:a based in borough:E09000012 is said already in {there}; it counts once"
    assert keys(checked, "Partner_BASED_IN_Borough") == [("partner:a", "borough:E09000012")]
    assert [load.rows for load in checked.statements.loads] == [3]


def test_relations_given_twice_from_both_ends(check: Check) -> None:
    checked = check({"partners": "id,name,parent,members\na,Ann,b,\nb,Bob,,a\n"})
    assert "partner:a part of partner:b is said already in partners.csv row 2" in only(checked.report).message
    assert keys(checked, "Partner_PART_OF_Partner") == [("partner:a", "partner:b")]
    pair = "from,to\nHackney,City of London\nE09000001,E09000012\n"
    assert only(check({"borough-adjacent-to-borough": pair}).report).row == 3
    both = {"partners": "id,name,projects\na,Ann,j\n", "projects": "id,name,partners\nj,Job,a\n"}
    checked = check(both)
    assert only(checked.report).message == (
        "partner:a takes part in project:j is said already in partners.csv row 2, column projects; it counts once"
    )
    assert len(keys(checked, "Partner_TAKES_PART_IN_Project")) == 1


def test_relations_given_twice_in_one_cell(check: Check) -> None:
    checked = check({"partners": "id,name,served_boroughs\na,Ann,Hackney;hackney;City of London;E09000012\n"})
    assert (checked.report.errors, checked.report.warnings) == (0, 2)
    ends = [key[1] for key in keys(checked, "Partner_SERVES_Borough")]
    assert ends == ["borough:E09000012", "borough:E09000001"]


def test_relations_given_twice_and_differently(check: Check) -> None:
    rows = "from,to,role,hours\nknown,j,lead,5\nknown,j,lead,6\n"
    issue = only(check({"projects": "id,name\nj,Job\n", "partner-takes-part-in-project": rows}).report)
    assert (issue.severity, issue.row) == (Severity.ERROR, 3)
    there = "partner-takes-part-in-project.csv row 2"
    assert issue.message == (
        f"partner:known takes part in project:j, role lead is said already, and differently, in {there}"
    )


def test_two_sources_may_say_the_same(check: Check) -> None:
    tables = {
        "sources": "id,name,rank,date\nx,X,10,2021\ny,Y,,\n",
        "partners": "id,name,source,locator\na,Ann,x,p. 1\na,Anne,source:y,\n",
    }
    checked = check(tables)
    claims = [(c.source, c.locator) for _, c in said(checked, "Partner")]
    assert claims == [("source:x", "p. 1"), ("source:y", "")]


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        ("a,A,b\nb,B,a\n", "partner:a → partner:b → partner:a"),
        ("d,D,a\na,A,b\nb,B,c\nc,C,a\n", "partner:a → partner:b → partner:c → partner:a"),
    ],
)
def test_circles_are_refused(check: Check, rows: str, path: str) -> None:
    issue = only(check({"partners": f"id,name,parent\n{rows}"}).report)
    assert issue.message == f"PART_OF runs in a circle: {path}" and issue.column == "parent"


def test_a_chain_turned_round_is_no_circle(check: Check) -> None:
    chain = "from,to,since,until\na,b,2010,2015\nb,a,2015,\n"
    assert check({"partners": "id,name\na,A\nb,B\n", "partner-part-of-partner": chain}).report.ok


def test_circles_of_a_graph() -> None:
    assert list(circles({1: (2,), 2: (3,), 3: ()})) == []
    assert list(circles({1: (2, 3), 2: (4,), 3: (4,), 4: ()})) == []
    assert list(circles({1: (2,), 2: (3, 1), 3: (2,)})) == [[2, 3], [1, 2]]
    long = 100_000
    assert [len(c) for c in circles({n: ((n + 1) % long,) for n in range(long)})] == [long]


@pytest.mark.parametrize(
    ("name", "text", "column"),
    [
        ("partners", "id,name,parent\na,Ann,a\n", "parent"),
        ("partner-succeeds-partner", "from,to\nknown,known\n", "to"),
        ("boroughs", "id,name,gss_code,neighbours\nE09000012,Hackney,E09000012,hackney\n", "neighbours"),
    ],
)
def test_nothing_leads_to_itself(check: Check, name: str, text: str, column: str) -> None:
    issue = only(check({name: text}).report)
    assert (issue.row, issue.column, issue.message) == (2, column, "it leads to itself")


@pytest.mark.parametrize(
    ("since", "until", "ok"),
    [
        ("2021", "2022", True),
        ("2021-01-01", "2021-01-02", True),
        ("2021", "2021-06", True),
        ("2021-06", "2021", True),
        ("2021-06", "2021-06", False),
        ("2021-06-02", "2021-06-01", False),
        ("2022", "2021-06", False),
    ],
)
def test_since_lies_before_until(check: Check, since: str, until: str, ok: bool) -> None:
    report = check({"partner-based-in-borough": f"from,to,since,until\nknown,Hackney,{since},{until}\n"}).report
    assert report.ok is ok
    if not ok:
        assert only(report).message == f"{until} is not after {since}"


def test_start_does_not_lie_after_end(check: Check) -> None:
    assert check({"projects": "id,name,start_date,end_date\nj,Job,2021-06,2021-06\n"}).report.ok
    issue = only(check({"projects": "id,name,start_date,end_date\nj,Job,2021-07,2021-06\n"}).report)
    assert (issue.row, issue.column, issue.expected) == (2, "end_date", "a date after that of start_date")


@pytest.mark.parametrize(("shares", "total"), [((0.5, 0.4), "0.9"), ((1, 0.5), "1.5"), ((0.5, ""), "0.5")])
def test_shares_sum_to_1(check: Check, shares: tuple[object, object], total: str) -> None:
    rows = f"from,to,share\nknown,Hackney,{shares[0]}\nknown,City of London,{shares[1]}\n"
    report = check({"partner-serves-borough": rows}).report
    issue = only(report)
    assert report.ok and (issue.severity, issue.column) == (Severity.WARNING, "share")
    assert issue.message == f"the shares of partner:known sum to {total}"


@pytest.mark.parametrize("shares", [(0.33, 0.67), ("", ""), (0.33, 0.66), (1, "")])
def test_shares_may_be_rounded_or_left_out(check: Check, shares: tuple[object, object]) -> None:
    rows = f"from,to,share\nknown,Hackney,{shares[0]}\nknown,City of London,{shares[1]}\n"
    assert check({"partner-serves-borough": rows}).report.issues == []


def test_one_org_id_of_two_partners(check: Check) -> None:
    report = check({"partners": "id,name,org_ids\na,Ann,GB-CHC-1\nb,Ann,GB-COH-2;GB-CHC-1\n"}).report
    issue = only(report)
    assert report.ok and (issue.row, issue.column, issue.value) == (3, "org_ids", "GB-CHC-1")
    assert issue.expected == "if they are one, in aliases.csv the line partner:b,partner:a"


def test_an_org_id_that_a_node_of_the_graph_has(check: Check) -> None:
    report = check({"partners": "id,name,org_ids\na,Ann,GB-CHC-1;GB-CHC-9\nknown,Known,\n"}).report
    issue = only(report)
    assert report.ok and (issue.row, issue.column, issue.value) == (2, "org_ids", "GB-CHC-9")
    assert issue.message == '"GB-CHC-9" belongs to partner:known too, in the graph'
    assert issue.expected == "if they are one, in aliases.csv the line partner:a,partner:known"
    assert check({"partners": "id,name,org_ids\nknown,Known,GB-CHC-9\n"}).report.lines()[0].startswith("0 errors, 0")
    in_both = "id,name,org_ids\na,Ann,GB-CHC-9\nknown,Known,GB-CHC-9\n"
    assert "in partners.csv row 2" in only(check({"partners": in_both}).report).message


def test_unique_values_given_twice(check: Check) -> None:
    issue = only(check({"modules": "id,name,code\na,A,WL5\nb,B,WL5\n"}).report)
    assert (issue.severity, issue.row, issue.column) == (Severity.ERROR, 3, "code")
    assert issue.message == '"WL5" belongs to module:a too, in modules.csv row 2'


# Aliases


def test_aliases_mean_another_id(check: Check) -> None:
    tables = {
        "aliases": "alias,id\npartner:old,partner:new\nborough:H,borough:E09000012\n",
        "partners": "id,name,borough\nold,Ann,H\n",
        "champions": "id,name,contact_partners\nc,Cat,old\n",
    }
    checked = check(tables)
    assert keys(checked, "Partner_BASED_IN_Borough") == [("partner:new", "borough:E09000012")]
    assert keys(checked, "Champion_CONTACT_FOR_Partner") == [("champion:c", "partner:new")]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("partner:a,partner:b\npartner:b,partner:c\n", "is an alias itself in row 3"),
        ("partner:a,partner:b\npartner:b,partner:a\n", "is an alias itself in row 3"),
        ("partner:a,partner:a\n", "partner:a means itself"),
        ("partner:a,project:b\n", "are of two kinds"),
        ("partner:a,partner:b\npartner:a,partner:c\n", "partner:a stands in row 2 already"),
        ("a,partner:b\n", '"a" is no whole id'),
        ("partner:a,\n", "is no whole id"),
        ("person:a,partner:b\n", '"person:a" is no whole id'),
    ],
)
def test_aliases_are_plain(check: Check, rows: str, message: str) -> None:
    report = check({"aliases": f"alias,id\n{rows}"}).report
    assert not report.ok and message in report.issues[0].message


# Sources


SOURCES = "id,name,rank,date\nregister,Register,60,2021-05\nsheet,Sheet,,\n"


def test_sources_speak_for_themselves(check: Check) -> None:
    checked = check({"sources": SOURCES, "partners": "id,name,source\na,Ann,register\nb,Bob,\n"})
    loads = {load.source: load for load in checked.statements.loads}
    assert {s: (load.rank, load.date, load.rows) for s, load in loads.items()} == {
        "source:register": (60, "2021-05", 2),
        "source:sheet": (50, "", 1),
        "source:office": (50, "", 2),
    }
    assert [(key, c.source) for key, c in said(checked, "Source")] == [
        (("source:register",), "source:register"),
        (("source:sheet",), "source:sheet"),
        (("source:office",), "source:office"),
    ]


def test_one_source_speaks_for_the_folder(check: Check) -> None:
    checked = check({"sources": "id,name,rank\nregister,Register,60\n", "partners": "id,name\na,Ann\n"})
    assert [(load.source, load.rows) for load in checked.statements.loads] == [("source:register", 2)]


def test_unknown_sources_are_refused(check: Check) -> None:
    issue = only(check({"sources": SOURCES, "partners": "id,name,source\na,Ann,regster\n"}).report)
    assert (issue.message, issue.nearest) == ('"regster" is not a source', "register")


def test_a_folder_that_says_nothing_is_a_source_still(check: Check) -> None:
    assert [load.source for load in check({"partners": "id,name\n"}).statements.loads] == ["source:office"]


def test_a_folder_can_be_named(check: Check) -> None:
    checked = check({"partners": "id,name\na,Ann\n"}, name="The Office's Sheet", origin="here")
    (load,) = checked.statements.loads
    assert (load.source, load.origin) == ("source:the-offices-sheet", "here")
    with pytest.raises(LoadError, match="makes no id"):
        check({"partners": "id,name\na,Ann\n"}, name="——")


# Loading


def test_statements_are_only_for_tables_without_errors(check: Check) -> None:
    with pytest.raises(LoadError, match="1 error"):
        _ = check({"partners": "id,name\n!,Ann\n"}).statements


def test_load_ids_name_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "partners.csv"
    path.write_text("id,name\na,Ann\n")
    first = load_id(tmp_path, CIVIC)
    assert load_id(tmp_path, CIVIC) == first
    assert load_id(tmp_path, CIVIC, "other") != first
    assert load_id(tmp_path, Model(CIVIC.kinds, CIVIC.relations[1:])) != first
    path.write_text("id,name\na,Anne\n")
    assert load_id(tmp_path, CIVIC) != first
    path.write_text("id,name\na,Ann\n")
    (tmp_path / "notes.txt").write_text("not read")
    assert load_id(tmp_path, CIVIC) == first
    path.rename(tmp_path / "units.csv")
    assert load_id(tmp_path, CIVIC) != first


def test_a_folder_that_changes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "partners.csv"
    path.write_text("id,name\na,Ann\n")

    def change(*_: object) -> None:
        path.write_text("id,name\na,Anne\n")

    with read(tmp_path, CIVIC, None, progress=change) as checked:
        assert only(checked.report).message == "the files changed while they were read"


def test_progress_tells_file_and_rows(tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text("id\n" + "".join(f"made-up-{n}\n" for n in range(4_500)))
    seen: list[tuple[str, int]] = []
    with read(tmp_path, CIVIC, None, progress=lambda file, rows: seen.append((file, rows))):
        assert seen == [("students.csv", 2_000), ("students.csv", 4_000), ("students.csv", 4_500)]


def test_the_example_is_loaded_once(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path / 'graph.db'}", CIVIC)
    assert not is_loaded(store, EXAMPLE, CIVIC, origin="example")
    with read(EXAMPLE, CIVIC, store, origin="example") as checked:
        assert checked.report.lines()[-1].startswith("0 errors, 0 warnings")
        assert changes.load(store, checked.statements).head.version == 1
    assert is_loaded(store, EXAMPLE, CIVIC, origin="example")
    assert not is_loaded(store, EXAMPLE, CIVIC)
    with read(EXAMPLE, CIVIC, store, origin="example") as checked:
        assert changes.load(store, checked.statements).total == 0
    store.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Loads tables given as text by the name of their file, of the same folder each time, into one graph."""
    store = open_store(f"sqlite:{tmp_path / 'graph.db'}", CIVIC)

    def load(tables: Tables, name: str = "office") -> list[str]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            path.unlink()
        for file, text in tables.items():
            (folder / f"{file}.csv").write_text(text, encoding="utf-8")
        with read(folder, CIVIC, store) as checked:
            changes.load(store, checked.statements)
            return [str(issue) for issue in checked.report.issues]

    yield load
    store.close()


def test_a_reload_that_drops_a_node_warns_of_what_leads_to_it(office: Office) -> None:
    boroughs, projects = "id,name,gss_code\nX1,Newtown,X1\n", "id,name,partners,boroughs\nj,Job,a,X1\n"
    whole = {"boroughs": boroughs, "partners": "id,name\na,Ann\n", "projects": projects}
    assert office(whole) == []
    dropped = office({"partners": "id,name\nb,Bob\n", "projects": projects})
    assert [line.partition(" is ")[0] for line in dropped] == [
        "projects.csv row 2, column boroughs: borough:X1",
        "projects.csv row 2, column partners: partner:a",
    ]
    assert office(whole) == []
    assert office({"partners": "id,name\na,Anne\n"}, "other") == []
    assert len(office({"boroughs": boroughs, "projects": projects})) == 0  # another source speaks of the partner


def test_an_org_id_of_a_node_that_the_load_replaces(office: Office) -> None:
    assert office({"partners": "id,name,org_ids\na,Ann,GB-CHC-1\n"}) == []
    assert office({"partners": "id,name,org_ids\nb,Ann,GB-CHC-1\n"}) == []
    (line,) = office({"partners": "id,name,org_ids\nc,Ann,GB-CHC-1\n"}, "other")
    assert line.endswith("in the graph; expected if they are one, in aliases.csv the line partner:c,partner:b")


# Templates and documentation


def test_templates_can_be_read(tmp_path: Path) -> None:
    names = template(CIVIC, tmp_path / "new")
    assert sorted(names) == sorted(path.name for path in (tmp_path / "new").iterdir())
    assert {"partners.csv", "sources.csv", "aliases.csv", "champion-leads-project.csv"} <= set(names)
    header = (tmp_path / "new" / "partners.csv").read_text()
    assert header.startswith("id,name,aliases,type,status,size_band,org_ids,") and header.endswith("source,locator\n")
    with read(tmp_path / "new", CIVIC, None) as checked:
        assert checked.report.ok
    with pytest.raises(LoadError, match="nothing is overwritten"):
        template(CIVIC, tmp_path / "new")


def test_templates_of_some_kinds(tmp_path: Path) -> None:
    assert template(CIVIC, tmp_path, ["projects", "partners"]) == [
        *("partners.csv", "projects.csv", "partner-part-of-partner.csv", "partner-takes-part-in-project.csv"),
    ]


def test_columns_are_documented() -> None:
    columns = {column.name: column for column in columns_of(CIVIC, CIVIC.kind("Partner"))}
    assert columns["status"].allowed == ("prospect", "active", "dormant", "ended")
    assert (columns["borough"].type, columns["name"].required) == ("id of Borough", True)
    assert columns["served_boroughs"].type == "ids of Borough"
    assert all(c.description and c.type for t in CIVIC.tables for c in columns_of(CIVIC, t))


def test_another_model_has_other_tables(tmp_path: Path) -> None:
    size = Property("size", Type.INTEGER, "How large.", required=True)
    tree = Kind("Tree", "trees", "A tree.", (size,))
    near = Relation("NEAR", "Tree", "Tree", End("near"), End("near"), "Close by.", symmetric=True, keys=("since",))
    model = Model((tree, CIVIC.kind("Source")), (near,))
    (tmp_path / "trees.csv").write_text("id,name,size,near\nb,B,1,a\na,A,2,\n")
    with read(tmp_path, model, None) as checked:
        assert [key for key, _ in checked.statements.of(near)] == [("tree:a", "tree:b", "[null]")]

"""Rows of tables: what their cells, headers and ids say, and what is refused with its place."""

from __future__ import annotations

import pytest

from tests.office import Check, keys, only, said, values

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
    assert only(check({"modules": f"id,name,code,credits\nm,M,M,{cell}\n"}).report).column == "credits"
    assert check({"modules": "id,name,code,credits\nm,M,M,-2147483648\n"}).report.ok


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


# What a value may be


@pytest.mark.parametrize("cell", ["-0", "-0.0", "-0e5", "-1e-999"])
def test_nothing_is_less_than_nothing(check: Check, cell: str) -> None:
    checked = check({"outcomes": f"id,name,quantity\na,Ann,{cell}\n"})
    assert repr(values(checked, "Outcome")["outcome:a"]["quantity"]) == "0.0"


@pytest.mark.parametrize(
    ("cell", "likely"),
    [("2025-26", "2025/26"), ("2025/2026", "2025/26"), ("2025/27", ""), ("2025", ""), ("25/26", ""), ("2099/01", "")],
)
def test_academic_years_are_a_year_and_the_next(check: Check, cell: str, likely: str) -> None:
    for table, row in (("students", f"id,cohort\nmade-up-1,{cell}\n"), ("champion-champions-challenge", HOURS % cell)):
        issues = check({table: row}).report.issues
        found = [issue for issue in issues if "is not an academic year" in issue.message]
        assert [(issue.value, issue.nearest) for issue in found] == [(cell, likely)]
        assert "such as 2026/27" in str(found[0])


HOURS = "from,to,academic_year,hours\nann,health,%s,5\n"


def test_an_academic_year_may_end_a_century(check: Check) -> None:
    assert check({"students": "id,cohort\nmade-up-1,2099/00\n"}).report.ok


@pytest.mark.parametrize(
    ("table", "row"), [("students", "id,level\nmade-up-1,%s\n"), ("modules", "id,name,code,level\nm,M,M,%s\n")]
)
def test_levels_of_study_are_those_of_the_fheq(check: Check, table: str, row: str) -> None:
    assert check({table: row % 3}).report.ok
    assert check({table: row % 8}).report.ok
    for wrong in (2, 9):
        issue = only(check({table: row % wrong}).report)
        assert (issue.message, issue.expected) == (f"{wrong} is out of range", "a number from 3 to 8")


def test_hours_are_not_less_than_none(check: Check) -> None:
    rows = "id,name,hours_planned,hours_done\np,P,%s,0.5\n"
    assert check({"placements": rows % 0}).report.ok
    issue = only(check({"placements": rows % -1}).report)
    assert (issue.message, issue.expected) == ("-1 is out of range", "a number of 0 or more")


@pytest.mark.parametrize(
    ("cell", "what", "likely"),
    [
        ("GB-CHC-1, GB-COH-2", "commas", "GB-CHC-1; GB-COH-2"),
        ("GB-CHC-1,GB-COH-2", "commas", "GB-CHC-1; GB-COH-2"),
        ("GB CHC 1", "space", ""),
    ],
)
def test_org_ids_have_semicolons_between_them(check: Check, cell: str, what: str, likely: str) -> None:
    issue = only(check({"partners": f'id,name,org_ids\na,Ann,"{cell}"\n'}).report)
    assert (issue.message, issue.nearest) == (f'"{cell}" has {what} in it', likely)


def test_names_are_short_enough_to_be_kept_in_an_index(check: Check) -> None:
    assert check({"partners": f"id,name,description\na,{'é' * 1_000},{'x' * 5_000}\n"}).report.ok
    assert only(check({"partners": f"id,name\na,{'é' * 1_001}\n"}).report).message == "the text has 1,001 characters"

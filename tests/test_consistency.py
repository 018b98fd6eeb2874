"""The rules that a whole load holds to."""

from __future__ import annotations

import pytest

from loaders.consistency import circles
from loaders.report import Severity
from tests.office import Check, Office, keys, only, said


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


def test_a_unique_value_that_a_node_of_the_graph_has(office: Office) -> None:
    assert office({"modules": "id,name,code\na,A,WL1\n"}) == []
    assert office({"modules": "id,name,code\nb,B,WL1\n"}) == []  # which replaces the other
    (line,) = office({"modules": "id,name,code\nc,C,WL1\n"}, "other")
    assert line.startswith('modules.csv row 2, column code: "WL1" belongs to module:b too, in the graph')
    assert line.endswith("expected a value of its own; if they are one, in aliases.csv the line module:c,module:b")
    assert office({"modules": "id,name,code\nb,C,WL1\n"}, "other") == []  # which speaks of the same


def test_a_relation_said_in_a_column_and_with_a_key_in_its_file(check: Check) -> None:
    tables = {
        "projects": "id,name,partners\nx,X,known\ny,Y,known\n",
        "partner-takes-part-in-project": "from,to,role\nknown,x,lead\nknown,z,lead\n",
    }
    found = [issue for issue in check(tables).report.issues if "count as two" in issue.message]
    (issue,) = found
    assert (issue.severity, issue.file, issue.row, issue.column) == (Severity.WARNING, "projects.csv", 2, "partners")
    there = "partner-takes-part-in-project.csv row 2"
    assert issue.message.startswith(f"partner:known takes part in project:x, role lead is given in {there}, and here")


def test_a_unique_value_may_pass_from_one_node_to_another(office: Office) -> None:
    assert office({"modules": "id,name,code\na,A,WL1\n"}, "first") == []
    assert office({"modules": "id,name,code\na,A,WL2\n"}, "second") == []
    (line,) = office({"modules": "id,name,code\na,A,WL3\nb,B,WL1\n"}, "second")
    assert line.startswith('modules.csv row 3, column code: "WL1" belongs to module:a too, in the graph')

"""Reports: every issue a sentence one can read aloud and a row of data, all counted, the first thousand kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from graph.civic import CIVIC
from loaders.folder import read
from loaders.nearest import nearest
from loaders.report import KEPT, Place, Refused, Report, Severity, shown


def test_issues_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "partners.csv").write_text("id,name,status\na,Ann,activ\n")
    (tmp_path / "project.csv").write_text("")
    (tmp_path / "champion-leads-project.csv").write_text("from,to\nann,j\n")
    with read(tmp_path, CIVIC, None) as checked:
        *sentences, summary = checked.report.lines()
    hidden = "is neither in these tables nor in the graph; the relation is kept, and hidden until it is"
    assert sentences == [
        "project.csv: is no table of the model; expected a file for each kind, such as partners.csv, or relation, "
        "such as partner-serves-borough.csv; did you mean projects.csv?",
        'partners.csv row 2, column status: "activ" is not a status; '
        "expected one of prospect, active, dormant, ended; did you mean active?",
        f"warning: champion-leads-project.csv row 2, column from: champion:ann {hidden}",
        f"warning: champion-leads-project.csv row 2, column to: project:j {hidden}",
    ]
    assert summary == "2 errors, 2 warnings in 2 rows of 2 files"


def test_tables_that_are_not_read_are_named(tmp_path: Path) -> None:
    saved = "expected its tables saved as CSV UTF-8, each a file of its own in one folder"
    (tmp_path / "projects.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / "~$projects.xlsx").write_bytes(b"")
    with read(tmp_path, CIVIC, None) as checked:
        *sentences, _ = checked.report.lines()
    assert [line.partition("; expected")[0] for line in sentences] == [
        f"{tmp_path.name}: holds no tables",
        "warning: projects.xlsx: is not read",
    ]
    assert sentences[1].endswith(saved)
    (tmp_path / "partners.csv").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with read(tmp_path, CIVIC, None) as checked:
        first, *_ = checked.report.lines()
    assert first == f"partners.csv: is a workbook, whatever its name; {saved}"


def test_issues_are_data(tmp_path: Path) -> None:
    (tmp_path / "partners.csv").write_text("id,name,status\na,Ann,activ\n")
    with read(tmp_path, CIVIC, None) as checked:
        found = json.loads(json.dumps(checked.report.as_json()))
    assert found == {
        "ok": False,
        "errors": 1,
        "warnings": 0,
        "files": {"partners.csv": 1},
        "issues": [
            {
                "severity": "error",
                "file": "partners.csv",
                "row": 2,
                "column": "status",
                "value": "activ",
                "message": '"activ" is not a status',
                "expected": "one of prospect, active, dormant, ended",
                "nearest": "active",
            }
        ],
        "issuesLeftOut": 0,
    }


def test_all_are_counted_and_a_thousand_kept(tmp_path: Path) -> None:
    rows = "".join(f"p{n},,activ\n" for n in range(1_500))
    (tmp_path / "partners.csv").write_text(f"id,name,status\n{rows}")
    with read(tmp_path, CIVIC, None) as checked:
        report = checked.report
    assert (report.errors, len(report.issues), report.as_json()["issuesLeftOut"]) == (3_000, KEPT, 2_000)
    assert report.lines()[-2:] == ["2,000 more are not shown", "3,000 errors, 0 warnings in 1,500 rows of 1 file"]


def test_errors_come_before_warnings() -> None:
    report = Report()
    for number in range(KEPT):
        report.warn(Place("a.csv", number), "odd")
    assert report.ok
    report.error(Place("a.csv"), "wrong")
    assert not report.ok and len(report.issues) == KEPT
    assert report.issues[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("short", "short"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
        ("x" * 1_000_000, "x" * 59 + "…"),
        ("a\nb\x1b[31m", r"a\nb\x1b[31m"),
        ("a\udc80\u202e", r"a\udc80\u202e"),
        ("\0" * 60, (r"\x00" * 60)[:59] + "…"),
        ("Café", "Café"),
    ],
)
def test_values_are_short_and_printable(value: str, printed: str) -> None:
    assert shown(value) == printed


def test_names_of_files_and_columns_are_printable() -> None:
    report = Report()
    report.refuse(Place("a\nb.csv", 1, "c\x1b"), "v\0", Refused("wrong"))
    assert str(report.issues[0]) == r"a\nb.csv row 1, column c\x1b: wrong"


@pytest.mark.parametrize(
    ("given", "found"),
    [("activ", "active"), ("ACTIVE", "active"), ("dorment", "dormant"), ("gone", ""), ("", "")],
)
def test_only_what_is_near_is_suggested(given: str, found: str) -> None:
    assert nearest(given, ("prospect", "active", "dormant")) == found

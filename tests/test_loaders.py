"""Folders of tables: aliases, sources, loading, and templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph import changes
from graph.civic import CIVIC
from graph.errors import LoadError
from graph.model import DataClass, End, Kind, Model, Relation, Type, public
from graph.stores import open_store
from loaders.folder import EXAMPLE, columns_of, is_loaded, load_id, read, template
from tests.office import Check, Office, keys, only, said

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
    size = public("size", Type.INTEGER, "How large.", required=True)
    tree = Kind("Tree", "trees", "A tree.", (size,), data_class=DataClass.PUBLIC)
    near = Relation("NEAR", "Tree", "Tree", End("near"), End("near"), "Close by.", symmetric=True, keys=("since",))
    model = Model((tree, CIVIC.kind("Source")), (near,))
    (tmp_path / "trees.csv").write_text("id,name,size,near\nb,B,1,a\na,A,2,\n")
    with read(tmp_path, model, None) as checked:
        assert [key for key, _ in checked.statements.of(near)] == [("tree:a", "tree:b", "[null]")]

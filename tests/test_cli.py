"""The command line: results on standard output, one sentence for each expected error, and exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from graph.civic import CIVIC
from graph.stores.sqlite import SQLiteStore
from schema.types import sdl
from server.cli import main
from server.settings import SETTINGS

Run = Callable[..., Result]

COMMANDS = [
    *("backup", "check", "export", "generate", "load", "operations", "person", "query", "restore"),
    *("schema", "serve", "stats", "template", "token", "withdraw"),
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `civic-graph` in a folder of its own, with a store of its own."""
    monkeypatch.chdir(tmp_path)
    for setting in SETTINGS:
        monkeypatch.delenv(setting.env, raising=False)
    return lambda *arguments, **more: CliRunner().invoke(main, list(arguments), **more)


@pytest.fixture
def loaded(run: Run, tmp_path: Path, example_url: str) -> Run:
    """The same, with the example in the store."""
    shutil.copy(example_url.removeprefix("sqlite:"), tmp_path / "civic-graph.db")
    return run


def table(folder: str, name: str, *lines: str) -> None:
    Path(folder).mkdir(exist_ok=True)
    (Path(folder) / name).write_text("\n".join(lines) + "\n", "utf-8")


def refused(result: Result) -> str:
    """What an expected error says: one sentence on standard error, and nothing else."""
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def json_lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


# Help


def test_these_are_the_commands() -> None:
    assert sorted(main.commands) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example:\n    civic-graph {command}" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_is_for(command: str) -> None:
    options = [option for option in main.commands[command].params if isinstance(option, click.Option)]
    assert all(option.help for option in options)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_has_an_option_that_names_its_variable(setting: Any) -> None:
    commands = (main, *main.commands.values())
    options: dict[str, Any] = {
        name: option for command in commands for option in command.params for name in option.opts
    }
    assert setting.env in options[setting.option].help
    assert setting.shown in options[setting.option].help


def test_version_and_usage(run: Run) -> None:
    assert run("--version").stdout == "0.1.0\n"
    assert run("nonsense").exit_code == 2
    assert run("load").exit_code == 2
    assert run("load", "--name", "x", "a", "b").exit_code == 2


# Loading


def test_the_example_is_loaded_once(run: Run) -> None:
    first, second = run("load", "example"), run("load", "example")
    assert first.stdout.startswith("example: 681 added, 0 altered, 0 withdrawn; ")
    assert " rows read; the graph is at version 1" in first.stdout
    assert second.stdout == "example: already loaded, nothing to do\n"
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_a_folder_called_example_is_not_the_example(run: Run) -> None:
    table("example", "partners.csv", "id,name", "acorn,Acorn")
    assert run("load", "./example").stdout.startswith("./example: 2 added")


def test_a_dry_run_prints_the_exact_difference_and_changes_nothing(run: Run) -> None:
    table("tables", "partners.csv", "id,name,status,aliases", "acorn,Acorn,active,", "birch,Birch,active,")
    run("load", "--name", "sheet", "tables")
    table("tables", "partners.csv", "id,name,status,aliases", "acorn,Acorn,dormant,Oak", "cedar,Cedar,,")
    before = run("stats", "--json").stdout
    lines = run("load", "--dry-run", "--name", "sheet", "tables").stdout.splitlines()
    assert '~ Partner partner:acorn: aliases nothing → ["Oak"], status "active" → "dormant"' in lines[0]
    assert lines[1].startswith('+ Partner partner:cedar: name "Cedar", sources ["source:sheet"]')
    assert lines[2].startswith('- Partner partner:birch: name "Birch", status "active"')
    changed = "1 added, 1 altered, 1 withdrawn; 2 rows read"
    assert lines[3] == f"tables: {changed}; the graph would be at version 2; nothing was changed"
    assert run("stats", "--json").stdout == before


def test_a_dry_run_prints_the_difference_as_json_lines(run: Run) -> None:
    table("tables", "partners.csv", "id,name,status", "acorn,Acorn,active")
    run("load", "--name", "sheet", "tables")
    table("tables", "partners.csv", "id,name,status", "acorn,Acorn,dormant")
    change, outcome = json_lines(run("load", "--dry-run", "--json", "--name", "sheet", "tables"))
    assert change["properties"]["status"] == {"old": "active", "new": "dormant"}
    assert (change["change"], change["table"], change["id"]) == ("altered", "Partner", "partner:acorn")
    assert (outcome["altered"], outcome["version"], outcome["dryRun"]) == (1, 2, True)


def test_a_dry_run_makes_no_store(run: Run, tmp_path: Path) -> None:
    assert run("load", "--dry-run", "example").exit_code == 0
    assert run("check", "example").exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_errors_in_tables_are_reported_and_change_nothing(run: Run) -> None:
    table("tables", "partners.csv", "id,name,status", "acorn,Acorn,actve", "birch,,active")
    result = run("load", "tables")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "partners.csv row 2, column status" in result.stderr
    assert "did you mean active?" in result.stderr
    assert result.stderr.endswith("tables: nothing was changed\n")
    assert json.loads(run("stats", "--json").stdout)["version"] == 0


def test_a_table_that_went_missing_is_told_of(run: Run) -> None:
    table("office", "partners.csv", "id,name", "a,Ann", "b,Bo")
    table("office", "projects.csv", "id,name", "p,Play")
    run("load", "office")
    Path("office/projects.csv").rename("office/projects.xlsx")
    for arguments in (("load", "--dry-run", "office"), ("load", "office")):
        result = run(*arguments)
        assert result.exit_code == 0
        assert (
            "warning: projects.csv: there are no rows: what was said of 1 record is taken back; "
            "expected the table, if they are to stay" in result.stderr
        )
        assert "warning: projects.xlsx: is not read" in result.stderr
    assert "partners.csv" not in result.stderr


def test_a_workbook_beside_its_table_is_told_of(run: Run) -> None:
    table("office", "projects.csv", "id,name", "p,Play")
    run("load", "office")
    Path("office/projects.xlsx").write_bytes(b"PK\x03\x04")
    assert "warning: projects.xlsx: is not read" in run("load", "office").stderr


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("partners.csv", b"id,name\na,Ann\n", "office/partners.csv is one table; expected the folder that it is in"),
        ("graph.jsonl.gz", b"\x1f\x8b\x08", "office/graph.jsonl.gz is compressed; unpack it first: gunzip"),
        ("partners.xlsx", b"PK\x03\x04", "office/partners.xlsx is a workbook; expected its tables saved as CSV"),
    ],
)
def test_a_single_table_is_no_dump(run: Run, name: str, content: bytes, said: str) -> None:
    Path("office").mkdir()
    Path("office", name).write_bytes(content)
    for command in ("load", "check"):
        assert said in refused(run(command, f"office/{name}"))


def test_none_is_loaded_where_another_is_not_there(run: Run) -> None:
    table("office", "partners.csv", "id,name", "a,Ann")
    assert "there is no nowhere; expected a folder of tables" in refused(run("load", "office", "nowhere"))
    assert not Path("civic-graph.db").exists()


def test_a_check_of_several_says_whose_issues_these_are(run: Run) -> None:
    for folder in ("north", "south"):
        table(folder, "partners.csv", "id,name,status", "a,Ann,activ")
    lines = run("check", "north", "south").stdout.splitlines()
    assert [line for line in lines if line.endswith(":")] == ["north:", "south:"]
    assert len(lines) == 6


def test_errors_in_tables_are_reported_as_json(run: Run) -> None:
    table("tables", "partners.csv", "id,name,status", "acorn,Acorn,actve")
    result = run("load", "--json", "tables")
    report = json.loads(result.stdout)["report"]
    assert (result.exit_code, report["errors"], report["issues"][0]["nearest"]) == (1, 1, "active")


def test_a_source_from_another_place_must_be_said_to_have_moved(run: Run) -> None:
    for folder, name in (("old", "Acorn"), ("new", "Acorn Trust")):
        table(folder, "partners.csv", "id,name", f"acorn,{name}")
    run("load", "--name", "sheet", "old")
    sentence = refused(run("load", "--name", "sheet", "new"))
    assert "source:sheet was loaded from" in sentence
    assert "say --moved" in sentence and "another name with --name" in sentence
    assert "1 altered" in run("load", "--moved", "--name", "sheet", "new").stdout


def test_a_graph_is_exported_and_loaded(loaded: Run, tmp_path: Path) -> None:
    content = json_lines(loaded("export", "--json", "graph.jsonl"))[0]
    assert (content["file"], content["records"], content["version"]) == ("graph.jsonl", 681, 1)
    assert "is there already" in refused(loaded("export", "graph.jsonl"))
    assert loaded("export", "--force", "graph.jsonl").stdout.startswith("graph.jsonl: 681 records of version 1, ")
    assert loaded("export", "-").stdout == Path("graph.jsonl").read_text()
    assert loaded("check", "graph.jsonl").stdout == "0 errors, 0 warnings in 681 rows of 1 file\n"
    assert "681 added" in loaded("--store", "sqlite:other.db", "load", "graph.jsonl").stdout
    assert (
        json.loads(loaded("--store", "sqlite:other.db", "stats", "--json").stdout)["contentHash"]
        == (content["contentHash"])
    )
    assert "--name is for a folder" in refused(loaded("load", "--name", "x", "graph.jsonl"))


def test_a_graph_is_backed_up_and_restored(loaded: Run, tmp_path: Path) -> None:
    content = json_lines(loaded("backup", "--json", "graph.backup"))[0]
    assert "is there already" in refused(loaded("backup", "graph.backup"))
    loaded("export", "graph.jsonl")
    for file in ("graph.backup", "graph.jsonl"):
        said = loaded("--store", f"sqlite:{file}.db", "restore", file).stdout
        assert said.startswith(f"{file}: 681 records restored; version 1, content hash {content['contentHash']}, as ")
    assert "the graph has 12 sources already; expected an empty one" in refused(loaded("restore", "graph.backup"))
    Path("cut.jsonl").write_bytes(Path("graph.jsonl").read_bytes()[:-9])
    cut = loaded("--store", "sqlite:cut.db", "restore", "cut.jsonl")
    assert (cut.exit_code, cut.stdout) == (1, "cut.jsonl: nothing was changed\n")
    assert "the line is no record" in cut.stderr


def test_hidden_relations_are_counted(run: Run) -> None:
    table("theirs", "projects.csv", "id,name", "garden,Garden")
    table("ours", "partners.csv", "id,name,projects", "acorn,Acorn,garden")
    run("load", "theirs", "ours")
    assert json_lines(run("withdraw", "--json", "theirs"))[0]["hidden"] == 1
    assert "Hidden until both ends are there" in run("stats").stdout


def test_check_reports_and_loads_nothing(loaded: Run) -> None:
    table("good", "partners.csv", "id,name,borough", "acorn,Acorn,Hackney")
    table("bad", "partners.csv", "id,name,borough", "acorn,Acorn,Hackny")
    before = loaded("stats", "--json").stdout
    assert loaded("check", "good").exit_code == 0
    result = loaded("check", "--json", "good", "bad")
    good, bad = map(json.loads, result.stdout.splitlines())
    assert (result.exit_code, good["ok"], bad["ok"], bad["issues"][0]["nearest"]) == (1, True, False, "Hackney")
    assert loaded("stats", "--json").stdout == before


def test_a_source_is_withdrawn_by_either_name(loaded: Run) -> None:
    dry = loaded("withdraw", "--dry-run", "source:case-study").stdout.splitlines()
    assert dry[-1].endswith("the graph would be at version 2; nothing was changed")
    assert all(line.startswith("- ") for line in dry[:-1])
    assert (
        f"0 added, 0 altered, {len(dry) - 1} withdrawn; the graph is at version 2"
        in loaded("withdraw", "case-study").stdout
    )
    assert "source:case-study" not in loaded("stats").stdout


def test_a_folder_is_withdrawn_as_the_shell_completes_it(run: Run) -> None:
    table("good", "partners.csv", "id,name", "acorn,Acorn")
    run("load", "good/")
    assert run("withdraw", "good/").stdout.startswith("source:good: 0 added, 0 altered, 2 withdrawn; the graph is")


def test_a_folder_whose_sources_have_names_of_their_own_is_refused_with_them(run: Run) -> None:
    table("good", "partners.csv", "id,name", "acorn,Acorn")
    table("good", "sources.csv", "id,name", "office,The office")
    run("load", "good")
    assert "good is a folder; what was loaded from it is source:office" in refused(run("withdraw", "good"))


def test_an_unknown_source_is_refused_with_the_known_ones(loaded: Run) -> None:
    assert "source:case-study" in refused(loaded("withdraw", "case-studies"))


# The graph


def test_stats_show_counts_and_sources(loaded: Run) -> None:
    text = loaded("stats").stdout
    assert "Version 1" in text
    assert "Borough ADJACENT_TO Borough" in text
    assert "source:case-study" in text and "statements" in text
    content = json.loads(loaded("stats", "--json").stdout)
    assert (content["kinds"]["Borough"], content["verified"]) == (33, None)
    assert content["contentHash"] in text
    assert {"source", "loadId", "loadedAt", "rank"} < content["sources"][0].keys()


def test_stats_verify_the_content(loaded: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert json_lines(loaded("stats", "--verify", "--json"))[0]["verified"] is True
    monkeypatch.setattr(SQLiteStore, "verify", lambda self: False)
    result = loaded("stats", "--verify")
    assert result.exit_code == 1
    assert "NOT as computed anew" in result.stdout


QUERY = "query Q($id: ID!) { borough(id: $id) { name } } query R { __typename }"
HACKNEY = '{"id": "borough:E09000012"}'


def test_a_query_prints_its_answer(loaded: Run) -> None:
    result = loaded("query", QUERY, "--variables", HACKNEY, "--operation", "Q")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"data": {"borough": {"name": "Hackney"}}})
    assert result.stdout.count("\n") > 1
    assert loaded("query", "--compact", "{ __typename }").stdout == '{"data":{"__typename":"Query"}}\n'


def test_a_query_comes_from_a_file_or_standard_input(loaded: Run) -> None:
    Path("q.graphql").write_text("{ __typename }", "utf-8")
    Path("v.json").write_text("{}", "utf-8")
    answers = [
        loaded("query", "@q.graphql", "--variables", "@v.json"),
        loaded("query", "-", input="{ __typename }"),
    ]
    assert [json.loads(answer.stdout)["data"] for answer in answers] == [{"__typename": "Query"}] * 2


def test_a_query_that_is_no_text_is_refused(loaded: Run) -> None:
    Path("q.graphql").write_bytes(b"{ __typename \xff }")
    for query in ("@q.graphql", "{ \udcff }"):
        assert "is not text in UTF-8" in refused(loaded("query", query))


def test_a_query_with_errors_exits_with_1(loaded: Run) -> None:
    result = loaded("query", "{ unknown }")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["errors"][0]["extensions"]["code"] == "VALIDATION_FAILED"


@pytest.mark.parametrize("variables", ["{", "[]", "1", "[" * 100_000, "@nowhere.json"])
def test_variables_that_are_none_are_refused(loaded: Run, variables: str) -> None:
    refused(loaded("query", "{ __typename }", "--variables", variables))


def test_the_schema_is_printed_as_it_is(run: Run) -> None:
    assert run("schema").stdout == sdl(CIVIC)


# Tables


def test_a_made_up_city_can_be_loaded(loaded: Run) -> None:
    files = json_lines(loaded("generate", "--partners", "20", "--seed", "3", "--json", "city"))[0]["files"]
    assert files["partners.csv"] == 20
    assert loaded("load", "city").exit_code == 0


def test_templates_are_empty_tables_that_pass_the_check(loaded: Run) -> None:
    assert loaded("template", "tables").exit_code == 0
    assert Path("tables/partners.csv").read_text("utf-8").startswith("id,name,")
    assert loaded("check", "tables").exit_code == 0


def test_a_template_of_some_kinds(run: Run) -> None:
    assert run("template", "mine", "partners", "projects").stdout == "mine: 4 tables\n"
    assert "partner-takes-part-in-project.csv" in {path.name for path in Path("mine").iterdir()}
    assert run("template", "mine", "partner").exit_code == 2


def test_the_columns_are_described(run: Run) -> None:
    columns = json_lines(run("template", "--describe", "--json"))
    assert {"file": "boroughs.csv", "column": "gss_code"}.items() <= columns[
        [c["column"] for c in columns].index("gss_code")
    ].items()
    assert "gss_code" in run("template", "--describe").stdout


# Expected errors


@pytest.mark.parametrize(
    "arguments",
    [
        ("load", "nowhere"),
        ("check", "nowhere"),
        ("stats",),
        ("query", "{ __typename }"),
        ("withdraw", "sheet"),
        ("query", "@nowhere.graphql"),
        ("generate", "--partners", "0", "out"),
        ("--store", "nonsense:x", "load", "example"),
        ("--store", "sqlite:no/such/folder/x.db", "load", "example"),
        ("serve", "--host", "nowhere.invalid"),
    ],
    ids=" ".join,
)
def test_an_expected_error_is_one_sentence(run: Run, arguments: tuple[str, ...]) -> None:
    refused(run(*arguments))


def test_a_file_that_is_no_store_is_refused(run: Run) -> None:
    Path("civic-graph.db").write_bytes(b"something else altogether" * 100)
    assert "no SQLite file" in refused(run("stats"))


def test_a_misspelt_variable_is_refused(run: Run) -> None:
    assert "CIVIC_GRAPH_STORE" in refused(run("stats", env={"CIVIC_GRAPH_STOER": "x"}))


def test_the_store_comes_from_the_environment(run: Run, example_url: str) -> None:
    assert run("stats", env={"CIVIC_GRAPH_STORE": example_url}).exit_code == 0


def test_a_withdrawn_source_comes_back_with_the_next_load(loaded: Run) -> None:
    version = "{ graph { contentHash } }"
    before = loaded("query", version).stdout
    assert loaded("withdraw", "case-study").exit_code == 0
    assert loaded("query", version).stdout != before
    assert "already loaded" not in loaded("load", "example").stdout
    assert loaded("query", version).stdout == before


def test_it_is_said_when_another_source_counts_more(loaded: Run) -> None:
    table("office", "partners.csv", "id,name", "GB-LAE-HCK,The council")
    assert "; of 1 record another source's word is shown; 1 row read; " in loaded("load", "office").stdout


@pytest.mark.parametrize("command", ["export", "backup"])
def test_the_store_is_not_written_over_itself(loaded: Run, command: str) -> None:
    before = Path("civic-graph.db").read_bytes()
    for file in ("civic-graph.db", "./civic-graph.db"):
        assert "is the store itself; expected another file" in refused(loaded(command, file, "--force"))
    assert Path("civic-graph.db").read_bytes() == before


def test_a_full_disk_is_said(loaded: Run) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "server", "export", "-"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "Error: the output: No space left on device\n")


@pytest.mark.parametrize("command", [("load", "x"), ("token", "create", "--role", "analyst")])
def test_a_name_that_is_no_text_is_refused(run: Run, command: tuple[str, ...]) -> None:
    table("x", "partners.csv", "id,name", "acorn,Acorn")
    assert "--name is '\\udcff'; expected text in UTF-8" in refused(run(*command, "--name", "\udcff"))


@pytest.mark.parametrize(
    "url", ["bolt://localhost:notaport", "bolt://[::1", "bolt://localhost:70000", "bolt://", "bolt://h:1/x"]
)
def test_an_address_that_is_none_is_refused(run: Run, url: str) -> None:
    assert "the URL of a Neo4j store is bolt://HOST:PORT" in refused(run("--store", url, "stats"))


def test_the_difference_of_a_folder_with_another_name_is_told_once(run: Run) -> None:
    table("x", "partners.csv", "id,name", "acorn,Acorn")
    run("load", "x", "--name", "one")
    tried = run("load", "x", "--name", "two", "--dry-run").stdout
    assert tried.count("Partner partner:acorn") == 1
    assert "1 added, 1 altered, 1 withdrawn" in tried
    assert "1 added, 1 altered, 1 withdrawn" in run("load", "x", "--name", "two").stdout
    assert run("stats", "--verify").exit_code == 0

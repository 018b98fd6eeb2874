"""API tokens: what they are made of, who is let in with them, and that they end."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from click.testing import CliRunner, Result

from graph.civic import CIVIC
from graph.errors import BadInput, Conflict, Unauthenticated, Unavailable
from graph.roles import Role, seen_by
from graph.stores import open_store
from schema.api import API
from schema.types import sdl
from server import tokens
from server.apis import APIs
from server.app import application, create_app
from server.callers import Callers
from server.cli import main
from server.settings import Settings
from server.tokens import FORM, LONGEST, Tokens, lifetime, with_checksum
from tests.visitor import Visitor, visiting

DAY = timedelta(days=1)
PATIENCE = 30
CHAMPIONS = "{ champions { totalCount } }"
ENQUIRIES = "{ enquiries { totalCount } }"


@pytest.fixture
def kept(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "tokens")


# Tokens


def test_a_token_is_a_prefix_256_random_bits_and_a_checksum(kept: Tokens) -> None:
    secrets = [kept.create(Role.ANALYST, DAY, "")[1] for _ in range(20)]
    assert len(set(secrets)) == 20
    assert all(re.fullmatch("cg_[0-9a-f]{72}", secret) for secret in secrets)
    random = [secret.removeprefix("cg_")[:-8] for secret in secrets]
    assert list(map(with_checksum, random)) == secrets
    for place, digit in enumerate(random[0]):
        other = random[0][:place] + ("0" if digit != "0" else "1") + random[0][place + 1 :]
        assert with_checksum(other)[-8:] != secrets[0][-8:]


def test_the_file_has_its_hash_alone_and_belongs_to_its_owner(kept: Tokens) -> None:
    _, secret = kept.create(Role.STEWARD, DAY, "the map")
    text = kept.path.read_text()
    assert sha256(secret.encode()).hexdigest() in text
    assert secret[3:20] not in text
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert list(kept.path.parent.iterdir()) == [kept.path]


def test_a_token_gives_its_role_until_it_expires(kept: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    _, secret = kept.create(Role.ANALYST, DAY, "")
    assert kept.role_of(secret) is Role.ANALYST
    later = tokens.now(DAY)
    monkeypatch.setattr(tokens, "now", lambda: later)
    with pytest.raises(Unauthenticated):
        kept.role_of(secret)


def test_a_revoked_token_is_refused_at_once_also_by_who_has_read_the_file(kept: Tokens) -> None:
    token, secret = kept.create(Role.ANALYST, DAY, "")
    _, other = kept.create(Role.STEWARD, DAY, "")
    server = Tokens(kept.path)
    assert server.role_of(secret) is Role.ANALYST
    first = kept.revoke(token.id)
    with pytest.raises(Unauthenticated):
        server.role_of(secret)
    assert server.role_of(other) is Role.STEWARD
    assert kept.revoke(token.id) == first


def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(kept: Tokens) -> None:
    token, secret = kept.create(Role.ANALYST, DAY, "")
    kept.revoke(token.id)
    _, expired = kept.create(Role.ANALYST, -DAY, "")
    unknown = Tokens(kept.path.with_name("others")).create(Role.ADMIN, DAY, "")[1]
    answers = set()
    for given in ("", "cg_", secret, expired, unknown, secret[:-1], secret.upper(), "é" * 75, "\udcff", secret + "0"):
        with pytest.raises(Unauthenticated) as caught:
            kept.role_of(given)
        answers.add(caught.value.message)
    assert len(answers) == 1


def test_there_may_be_no_file_and_it_may_go(kept: Tokens) -> None:
    with pytest.raises(Unauthenticated):
        kept.role_of("cg_")
    _, secret = kept.create(Role.ANALYST, DAY, "")
    assert kept.role_of(secret) is Role.ANALYST
    kept.path.unlink()
    with pytest.raises(Unauthenticated):
        kept.role_of(secret)


def test_a_file_that_cannot_be_read_lets_nobody_in(kept: Tokens, capsys: pytest.CaptureFixture[str]) -> None:
    _, secret = kept.create(Role.ANALYST, DAY, "")
    assert kept.role_of(secret) is Role.ANALYST
    kept.path.write_text("[{}]")
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"^tokens cannot be checked now$"):
            kept.role_of(secret)
    assert "is not a file of tokens" in json.loads(capsys.readouterr().err.splitlines()[0])["error"]
    with pytest.raises(BadInput, match="is not a file of tokens"):
        kept.create(Role.ANALYST, DAY, "")
    assert kept.path.read_text() == "[{}]"
    assert list(kept.path.parent.iterdir()) == [kept.path]


@pytest.mark.parametrize("expires", ["soon", "2099-11-29T23:00:00+12:00"])
def test_a_file_with_other_times_lets_nobody_in(kept: Tokens, expires: str) -> None:
    token, secret = kept.create(Role.ANALYST, DAY, "")
    kept.path.write_text(kept.path.read_text().replace(token.expires, expires))
    with pytest.raises(Unavailable):
        Tokens(kept.path).role_of(secret)


def test_a_file_with_bytes_of_no_text_lets_nobody_in(kept: Tokens) -> None:
    _, secret = kept.create(Role.ANALYST, DAY, "the map")
    kept.path.write_bytes(kept.path.read_bytes().replace(b"the map", b"the \xff"))
    with pytest.raises(Unavailable):
        Tokens(kept.path).role_of(secret)


def test_a_link_to_itself_is_said(kept: Tokens) -> None:
    kept.path.symlink_to(kept.path.name)
    with pytest.raises(BadInput, match="cannot be read"):
        kept.create(Role.ANALYST, DAY, "")


def test_tokens_behind_a_link_are_changed_there_for_who_may_read_them(kept: Tokens) -> None:
    token, secret = kept.create(Role.ANALYST, DAY, "")
    kept.path.chmod(0o640)
    link = kept.path.with_name("link")
    link.symlink_to(kept.path.name)
    Tokens(link).revoke(token.id)
    assert link.is_symlink()
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o640
    with pytest.raises(Unauthenticated):
        kept.role_of(secret)


def test_two_cannot_change_tokens_at_a_time(kept: Tokens) -> None:
    kept.path.with_name("tokens.new").touch()
    with pytest.raises(Conflict, match="another process writes tokens"):
        kept.create(Role.ANALYST, DAY, "")


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("365d", 365), ("12h", 0.5), ("8760h", 365)])
def test_lifetimes_are_in_days_or_hours(text: str, days: float) -> None:
    assert lifetime(text) == timedelta(days=days) <= LONGEST


@pytest.mark.parametrize("text", ["", "0d", "366d", "8761h", "90", "d", "-1d", "1.5d", "1y", "99999999d", "٣d"])
def test_other_lifetimes_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        lifetime(text)


# The command line


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run(*arguments: str) -> Result:
        variables = {"CIVIC_GRAPH_TOKENS": str(tmp_path / "tokens")}
        return CliRunner(env=variables).invoke(main, ["token", *arguments])

    return run


def test_create_list_revoke(run: Any, kept: Tokens) -> None:
    assert "There are no tokens" in run("list").stdout
    made = run("create", "--role", "analyst", "--expires", "2d", "--name", "the map")
    secret = made.stdout.strip()
    assert FORM.fullmatch(secret)
    assert "analyst until" in made.stderr
    assert "shown this once" in made.stderr
    (token,) = kept.listed()
    assert "the map" in run("list").stdout
    assert "valid" in run("list").stdout
    assert secret not in run("list").stdout
    assert run("revoke", token.id).stdout.startswith(f"Token {token.id} was revoked ")
    assert "revoked" in run("list").stdout


def test_programs_get_json(run: Any, kept: Tokens) -> None:
    made = json.loads(run("create", "--role", "steward", "--json").stdout)
    assert kept.role_of(made["token"]) is Role.STEWARD
    (shown,) = json.loads(run("list", "--json").stdout)
    assert shown == {name: value for name, value in made.items() if name != "token"}
    assert json.loads(run("revoke", made["id"], "--json").stdout)["state"].startswith("revoked")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["create", "--role", "public"], 2, "'public' is not one of"),
        (["create"], 2, "Missing option '--role'"),
        (["create", "--role", "analyst", "--expires", "400d"], 1, "at most 365d"),
        (["revoke", "none"], 1, "there is no token 'none'"),
    ],
)
def test_mistakes_are_told_in_one_sentence(run: Any, arguments: list[str], code: int, says: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, says in result.stderr) == (code, True)


# Over HTTP


@pytest.fixture
def visitor(example_url: str, kept: Tokens) -> Iterator[Visitor]:
    with visiting(create_app(open_store(example_url, CIVIC), callers=Callers(kept))) as visitor:
        yield visitor


def bearing(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def code(visitor: Visitor, query: str, headers: dict[str, str] | None = None) -> str:
    body = visitor.post("/graphql", json={"query": query}, headers=headers or {}).json()
    return str(body["errors"][0]["extensions"]["code"]) if "errors" in body else "answered"


def test_each_caller_sees_what_its_role_sees(visitor: Visitor, kept: Tokens) -> None:
    analyst, steward = (bearing(kept.create(role, DAY, "")[1]) for role in (Role.ANALYST, Role.STEWARD))
    assert [code(visitor, ENQUIRIES, h) for h in ({}, analyst, steward)] == ["VALIDATION_FAILED", *["answered"] * 2]
    assert [code(visitor, CHAMPIONS, h) for h in ({}, analyst, steward)] == [*["VALIDATION_FAILED"] * 2, "answered"]
    for role, headers in ((Role.PUBLIC, {}), (Role.ANALYST, analyst), (Role.STEWARD, steward)):
        assert visitor.get("/schema.graphql", headers=headers).text == sdl(seen_by(role, CIVIC))
        assert f"You are served as {role}" in visitor.get("/", headers=headers).text
    assert visitor.get("/graphql", params={"query": CHAMPIONS}, headers=steward).json()["data"]


@pytest.mark.parametrize("address", ["/graphql", "/", "/schema.graphql"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_sends_no_valid_token_is_told_so_and_nothing_else(
    visitor: Visitor, kept: Tokens, address: str, method: str
) -> None:
    token, revoked = kept.create(Role.ADMIN, DAY, "")
    kept.revoke(token.id)
    unknown = f"Bearer cg_{'0' * 72}"
    given = [f"Bearer {revoked}", unknown, "Bearer", "Bearer x y", "Basic eDp5", revoked, "", "Bearer \xff"]
    headers = [{"authorization": value.encode("latin-1"), "x-request-id": b"mine"} for value in given]
    answers = [visitor.request(method, address, headers=sent) for sent in headers]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="civic-graph"'}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "requestId": "mine"}


def test_two_tokens_at_once_are_none(visitor: Visitor, kept: Tokens) -> None:
    secret = kept.create(Role.ANALYST, DAY, "")[1]
    both = [("authorization", f"Bearer {secret}"), ("authorization", f"Bearer {secret}")]
    assert visitor.get("/graphql", headers=both).status_code == 401


def test_a_token_in_the_address_is_refused(visitor: Visitor, kept: Tokens) -> None:
    secret = kept.create(Role.ANALYST, DAY, "")[1]
    for address in (
        f"/graphql?access_token={secret}",
        f"/?x=%63g_{secret[3:]}",
        "/schema.graphql?access_token=x",
        f"/healthz/{secret}",
        f"/%63g_{secret[3:]}",
    ):
        response = visitor.get(address)
        assert (response.status_code, "never in an address" in response.text) == (401, True)
        assert secret not in response.text
    assert visitor.get("/graphql", params={"query": '{ partner(id: "cg_1") { name } }'}).status_code == 200


def test_the_api_of_a_role_is_made_once_however_many_ask_for_it_first(example_url: str) -> None:
    with closing(open_store(example_url, CIVIC)) as store:
        apis = APIs(store, Role.PUBLIC)

        async def ask() -> list[API]:
            return await asyncio.gather(*(apis.of(role) for role in [Role.ANALYST] * 5 + [Role.PUBLIC]))

        analysts = asyncio.run(ask())
        assert [api.role for api in analysts] == [Role.ANALYST] * 5 + [Role.PUBLIC]
        assert len({id(api) for api in analysts}) == 2


def test_it_is_made_once_also_where_who_asked_first_leaves(example_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_end, made = Event(), Event(), []

    def slow(self: APIs, role: Role) -> API:
        begun.set()
        assert may_end.wait(PATIENCE)
        made.append(role)
        return make(self, role)

    async def test(apis: APIs) -> API:
        first = asyncio.create_task(apis.of(Role.ANALYST))
        await asyncio.to_thread(begun.wait, PATIENCE)
        first.cancel()
        await asyncio.wait([first])
        second = asyncio.create_task(apis.of(Role.ANALYST))
        await asyncio.sleep(0)
        may_end.set()
        return await second

    make = APIs._make
    with closing(open_store(example_url, CIVIC)) as store:
        apis = APIs(store, Role.PUBLIC)
        monkeypatch.setattr(APIs, "_make", slow)
        assert asyncio.run(test(apis)).role is Role.ANALYST
    assert made == [Role.ANALYST]


def test_health_is_told_without_a_token(visitor: Visitor) -> None:
    assert visitor.get("/healthz").status_code == 200
    assert visitor.get("/readyz").json()["ready"] is True


def test_answers_of_different_callers_are_told_apart_by_caches(visitor: Visitor) -> None:
    for address in ("/graphql?query={__typename}", "/", "/schema.graphql"):
        assert "authorization" in visitor.get(address).headers["vary"]


def test_whoever_reaches_this_machine_may_be_served_as_steward_and_nobody_else(example_url: str) -> None:
    local = Settings(store=example_url, anonymous=Role.STEWARD, host="0.0.0.0")
    with visiting(application(local)) as visitor:
        assert code(visitor, CHAMPIONS) == "answered"
        assert "served as steward" in visitor.get("/").text
        assert visitor.get("/graphql", headers={"host": "civic.example"}).status_code == 400
    command = [sys.executable, "-m", "server", "--store", example_url, "serve", "--port", "0", "--host", "0.0.0.0"]
    done = subprocess.run([*command, "--anonymous", "steward"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "callers without a token can only be public there" in done.stderr

"""Settings: one list that the command line, the documentation and the tests read, given by the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from graph.errors import BadInput
from graph.roles import Role
from graph.stores import VARIABLES

PREFIX = "CIVIC_GRAPH_"
TESTS = f"{PREFIX}TEST_"  # variables of the test suite, none of ours

# As browsers send it: in lower case, no slash at its end, the usual port left out
Origin = Annotated[str, Meta(pattern=r"^https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$")]


class Settings(msgspec.Struct, frozen=True):
    """What can be set. A `title` says what is expected, a `description` what it is for."""

    store: Annotated[str, Meta(title="a URL", description="Where the graph is kept.")] = "sqlite:civic-graph.db"
    host: Annotated[str, Meta(title="an address", description="Address to listen at.")] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(title="a number from 0 to 65535", description="Port to listen at; 0 takes a free one.", ge=0, le=65535),
    ] = 8000
    anonymous: Annotated[
        Role,
        Meta(
            title="public, analyst, steward or admin",
            description="Role of callers without a token; one that sees more than public only on a loopback address.",
        ),
    ] = Role.PUBLIC
    tokens: Annotated[
        str,
        Meta(
            title="a file",
            description="Where API tokens are kept; by default civic-graph.tokens beside an SQLite store, or here.",
        ),
    ] = ""
    student_key: Annotated[
        str,
        Meta(title="a file", description="File of the key by which students' numbers become pseudonyms."),
    ] = ""
    erased: Annotated[
        str,
        Meta(
            title="a file",
            description="Hashes of who was erased; by default STORE.erased by an SQLite store, or civic-graph.erased.",
        ),
    ] = ""
    operations: Annotated[
        str,
        Meta(title="a folder", description="Folder of trusted documents, beside those that come with the package."),
    ] = ""
    trusted_only: Annotated[
        bool,
        Meta(title="true or false", description="Whether trusted documents are answered only."),
    ] = False
    origins: Annotated[
        tuple[Origin, ...],
        Meta(
            title="origins as in https://example.org, separated by commas",
            description="Other sites whose pages may ask, as in https://example.org,http://localhost:3000.",
        ),
    ] = ()
    kept_answers: Annotated[
        int,
        Meta(
            title="megabytes, from 0 to 100000",
            description="Megabytes of answers that each worker keeps, to give them again; 0 keeps none.",
            ge=0,
            le=100_000,
        ),
    ] = 64
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(title="debug, info, warning or error", description="Least severe events that are logged."),
    ] = "info"

    @property
    def token_file(self) -> Path:
        """Where API tokens are kept: all stores of a folder have them in common."""
        if self.tokens:
            return Path(self.tokens)
        scheme, _, place = self.store.partition(":")
        return (Path(place).parent if scheme == "sqlite" else Path()) / "civic-graph.tokens"


@dataclass(frozen=True, slots=True)
class Setting:
    """One of the settings, as it is documented and read."""

    name: str
    type: Any
    expected: str
    default: str | int | tuple[str, ...]
    help: str

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return PREFIX + self.name.upper()

    @property
    def shown(self) -> str:
        """Its default as people read it."""
        match self.default:
            case bool():
                return str(self.default).lower()
            case tuple():
                return ",".join(self.default) or "none"
            case _:
                return str(self.default) or "none"

    @property
    def option(self) -> str:
        """The option of the command line that stands over it."""
        return "--" + self.name.replace("_", "-")

    def read(self, text: str, place: str) -> Any:
        """The value that a text gives. Raises BadInput, which names the place where it stands, if it does not fit."""
        given = [item.strip() for item in text.split(",")] if isinstance(self.default, tuple) else text
        try:
            return msgspec.convert(given, self.type, strict=False)
        except msgspec.ValidationError as error:
            raise BadInput(f"{place} is {text!r}; expected {self.expected}") from error


def _declared() -> Iterator[Setting]:
    types = get_type_hints(Settings, include_extras=True)
    for field in msgspec.structs.fields(Settings):
        meta = types[field.name].__metadata__[0]
        yield Setting(field.name, types[field.name], meta.title, field.default, meta.description)


SETTINGS = tuple(_declared())


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that an environment gives; an empty variable gives none.

    Raises BadInput where a value does not fit, or a variable of ours is none of the settings.
    """
    _refuse_unknown(environment)
    given = {s.name: s.read(environment[s.env], s.env) for s in SETTINGS if environment.get(s.env)}
    return Settings(**given)


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = [*(setting.env for setting in SETTINGS), *VARIABLES]
    for name in environment:
        if name.startswith(PREFIX) and not name.startswith(TESTS) and name not in known:
            raise BadInput(f"the environment variable {name} is none of the settings; {_hint(name, known)}")


def _hint(name: str, known: list[str]) -> str:
    from loaders.nearest import nearest  # imported where it is needed: every start would pay for it

    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}"

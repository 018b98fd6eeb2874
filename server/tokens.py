"""API tokens: who may call in which role until when, in a file of their own beside the graph.

A token is `cg_`, 256 random bits and a checksum, in hexadecimal: by that form, whoever looks through files and mails
for secrets knows one that was left there. The file has its SHA-256, which is of no use for a call. It is read
again as soon as it is another one, so that every process on the machine knows of a revoked token by its next request.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from stat import S_IMODE
from time import time
from typing import Annotated
from zlib import crc32

import msgspec

from graph.errors import BadInput, CivicGraphError, Conflict, Unauthenticated, Unavailable
from graph.roles import Role
from server.logs import log, second

PREFIX = "cg_"
FORM = re.compile(rf"{PREFIX}[0-9a-f]{{72}}")
LONGEST = timedelta(days=365)
DURATION = re.compile(r"(?P<number>[1-9][0-9]{0,4})(?P<unit>[dh])")
REFUSED = "the token is not valid; send a current one as Authorization: Bearer TOKEN"

BUCKET = 16  # digits of a hash by which a token is found; that it is the one is compared in constant time
State = tuple[int, int, int] | None
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$"  # as `now` writes it, so that two compare as text
Time = Annotated[str, msgspec.Meta(pattern=TIME)]


class Token(msgspec.Struct, frozen=True):
    """What is known of a token. Times are ISO 8601, UTC."""

    id: str
    name: str
    role: Role
    sha256: str
    created: Time
    expires: Time
    revoked: Time | None = None

    @property
    def is_valid(self) -> bool:
        return self.revoked is None and now() < self.expires

    @property
    def state(self) -> str:
        if self.revoked:
            return f"revoked {self.revoked}"
        return "valid" if self.is_valid else "expired"


NOBODY = Token("", "", Role.PUBLIC, "0" * 64, "", "")  # whose token is none


class Tokens:
    """The tokens in a file; where there is none, there are no tokens. It is looked at once in each `moment`, as long as
    those are equal: by default, each time."""

    def __init__(self, path: Path, moment: Callable[[], object] = object) -> None:
        self.path = path
        self._moment, self._seen = moment, object()
        self._state: State = None
        self._known: dict[str, Token] = {}

    def role_of(self, secret: str) -> Role:
        """The role that a token gives.

        Raises Unauthenticated where it is not valid, whatever the reason, Unavailable where that cannot be told.
        """
        digest = sha256(secret.encode(errors="replace")).hexdigest()
        token = self.current().get(digest[:BUCKET], NOBODY)
        if not (compare_digest(token.sha256, digest) and token.is_valid):
            raise Unauthenticated(REFUSED)
        return token.role

    def current(self) -> dict[str, Token]:
        """The tokens as the file has them now, by the beginning of their hash."""
        if (now := self._moment()) == self._seen:
            return self._known
        try:
            state = self._look()
            if state != self._state:
                self._known = {token.sha256[:BUCKET]: token for token in self.listed()}
                self._state = state
        except (OSError, CivicGraphError) as error:
            log.error("tokens cannot be read", error=str(error))
            raise Unavailable("tokens cannot be checked now") from error
        self._seen = now
        return self._known

    def listed(self) -> list[Token]:
        """All tokens. Raises BadInput where the file has something else in it."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=list[Token])
        except FileNotFoundError:
            return []
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{self.path} is not a file of tokens: {error}; restore it, or take it away") from error

    def create(self, role: Role, lifetime: timedelta, name: str) -> tuple[Token, str]:
        """A new token and its secret, which is kept nowhere."""
        secret = with_checksum(secrets.token_hex(32))
        digest = sha256(secret.encode()).hexdigest()
        token = Token(secrets.token_hex(4), name, role, digest, now(), now(lifetime))
        self._change(lambda tokens: [*tokens, token])
        return token, secret

    def revoke(self, token_id: str) -> Token:
        """The token, which is not valid any more. Raises BadInput where there is none of this id."""
        at = now()

        def without(tokens: list[Token]) -> list[Token]:
            if token_id not in {token.id for token in tokens}:
                raise BadInput(f"there is no token {token_id!r} in {self.path}; civic-graph token list shows them")
            return [revoked(token, at) if token.id == token_id else token for token in tokens]

        return next(token for token in self._change(without) if token.id == token_id)

    def _change(self, change: Callable[[list[Token]], list[Token]]) -> list[Token]:
        """Write what becomes of the tokens into a new file, whose existence keeps others from writing one too. It takes
        the place of the file that a link leads to, for those who could read that."""
        path = Path(os.path.realpath(self.path))
        new = path.with_name(f"{path.name}.new")
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise Conflict(f"{new} is there: another process writes tokens, or was cut off doing so") from error
        except OSError as error:
            raise BadInput(f"{new} cannot be written: {error.strerror}") from error
        try:
            with os.fdopen(handle, "wb") as file:
                tokens = change(Tokens(path).listed())
                _share(file.fileno(), path)
                file.write(msgspec.json.format(msgspec.json.encode(tokens), indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException as error:
            with suppress(OSError):
                new.unlink()
            if isinstance(error, OSError):
                raise BadInput(f"{path} cannot be written: {error.strerror}; nothing was changed") from error
            raise
        return tokens

    def _look(self) -> State:
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _share(new: int, path: Path) -> None:
    """Let those read a new file who could read the one whose place it takes, as far as that can be given them."""
    with suppress(FileNotFoundError, PermissionError):
        old = path.stat()
        os.fchown(new, -1, old.st_gid)
        os.fchmod(new, S_IMODE(old.st_mode))
        os.fchown(new, old.st_uid, -1)


def has_token(text: str) -> bool:
    """Whether there is what looks like a token in a text."""
    return PREFIX in text and FORM.search(text) is not None


def without_tokens(text: str) -> str:
    """A text as it may be kept."""
    return FORM.sub(f"{PREFIX}…", text) if PREFIX in text else text


def revoked(token: Token, at: str) -> Token:
    return token if token.revoked else msgspec.structs.replace(token, revoked=at)


def with_checksum(random: str) -> str:
    return f"{PREFIX}{random}{crc32(random.encode()):08x}"


def lifetime(text: str) -> timedelta:
    """How long `90d` or `12h` is. Raises BadInput where it is neither, or longer than a token may live."""
    stated = DURATION.fullmatch(text)
    if not stated:
        raise BadInput(f"{text!r} is no lifetime; expected days or hours, as in 90d or 12h")
    number = int(stated["number"])
    found = timedelta(days=number) if stated["unit"] == "d" else timedelta(hours=number)
    if found > LONGEST:
        raise BadInput(f"{text} is longer than a token may be valid; expected at most {LONGEST.days}d")
    return found


def now(later: timedelta = timedelta()) -> str:
    return f"{second(int(time() + later.total_seconds()))}+00:00"

"""Callers: in which role a request asks, by its token or without one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.types import Scope

from graph.errors import Unauthenticated
from graph.roles import Role
from server.tokens import FORM, REFUSED, Tokens, has_token

IN_ADDRESS = re.compile(rf"(^|&)access_token=|{FORM.pattern}".encode())
MISPLACED = "a token belongs in the header Authorization, never in an address: addresses are logged; revoke this one"


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may call: the holders of tokens, and everybody else in the `anonymous` role."""

    tokens: Tokens | None = None
    anonymous: Role = Role.PUBLIC

    def admit(self, scope: Scope) -> None:
        """Give a request the `role` that it is answered in. Raises as `role_of`."""
        scope["role"] = self.role_of(scope)

    def role_of(self, scope: Scope) -> Role:
        """The role of who sent a request. Raises Unauthenticated where it has a token that is not valid."""
        address = scope["query_string"]
        if (address and IN_ADDRESS.search(unquote_to_bytes(address))) or has_token(scope["path"]):
            raise Unauthenticated(MISPLACED)
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        if not given:
            return self.anonymous
        scheme, _, secret = given[0].partition(" ")
        if len(given) > 1 or scheme.lower() != "bearer" or not self.tokens:
            raise Unauthenticated(REFUSED)
        return self.tokens.role_of(secret.strip())


PUBLIC = Callers()

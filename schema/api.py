"""The GraphQL API over a store: documents and plans are kept, so that a known operation goes straight to the store."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from graphql import DocumentNode, execute_sync

from graph.errors import BadRequest, CivicGraphError
from graph.plan import Plan, bind, read_cursor
from graph.roles import Role, seen_by
from graph.store import Compiled, Found, Store
from graph.walks import Walks
from schema import documents
from schema.arguments import frozen, shape
from schema.documents import Document, Operation
from schema.errors import Answer, failure
from schema.limits import ALLOWANCES
from schema.planner import Planner
from schema.types import executable

DOCUMENTS = 1_000
PLANS = 2_000
INTROSPECTIONS = 20  # their answers are large

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values made last, by key, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K, make: Callable[[], V]) -> V:
        if key in self._values:
            self._values.move_to_end(key)
            return self._values[key]
        value = self._values[key] = make()
        if len(self._values) > self.size:
            self._values.popitem(last=False)
        return value


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation ready to run: its plan, the statement of it, and what of the answer is known already."""

    plan: Plan
    compiled: Compiled | None
    schema_data: dict[str, msgspec.Raw] | None = None
    keys: tuple[str, ...] = ()


class API:
    """Answers GraphQL requests of callers of one role from a store, each operation by one statement."""

    def __init__(self, store: Store, role: Role) -> None:
        self.store = store
        self.role = role
        self.allowance = ALLOWANCES[role]
        self.model = seen_by(role, store.model)
        self.schema = executable(self.model)
        self._walks = Walks(store)
        self._documents: Recent[str, Document] = Recent(DOCUMENTS)
        self._plans: Recent[Hashable, Prepared] = Recent(PLANS)
        self._introspections: Recent[Hashable, Prepared] = Recent(INTROSPECTIONS)

    async def execute(
        self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None
    ) -> Answer:
        """The answer to one request; whatever is wrong with it is in the answer."""
        try:
            return Answer(await self._answer(query, dict(variables or {}), operation or None))
        except CivicGraphError as error:
            return failure(error)

    async def _answer(self, query: str, given: dict[str, Any], name: str | None) -> bytes:
        document = self._documents.get(query, lambda: documents.read(query, self.schema, self.allowance.suggests))
        operation = document.operation(name)
        variables = documents.coerced(operation, self.schema, given, self.allowance.suggests)
        key = (query, name, _key(operation, variables))
        kept = self._introspections if operation.introspects else self._plans
        prepared = kept.get(key, lambda: self._prepare(operation, variables, given))
        found = Found(b"{}", 0)
        if prepared.compiled:
            found = await self._walks.run(prepared.compiled, bind(prepared.plan, variables), self.role)
        data = found.data
        if prepared.schema_data is not None:
            data = _merged(prepared.schema_data, prepared.keys, data)
        return b'{"data":' + data + _extensions(found.loading) + b"}"

    def _prepare(self, operation: Operation, variables: dict[str, Any], given: dict[str, Any]) -> Prepared:
        planner = Planner(self.model, self.schema, operation, variables, self.allowance.cost)
        plan = planner.plan()
        compiled = self.store.compile(plan) if plan.value.fields else None
        if not operation.introspects:
            return Prepared(plan, compiled)
        document = operation.alone(planner.introspected())
        return Prepared(plan, compiled, self._introspect(document, given), tuple(planner.roots()))

    def _introspect(self, document: DocumentNode, given: dict[str, Any]) -> dict[str, msgspec.Raw]:
        """What graphql-core says of the schema."""
        result = execute_sync(self.schema, document, variable_values=given)
        if result.errors:
            raise documents.located(BadRequest, result.errors)
        return {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in (result.data or {}).items()}


def _extensions(loading: tuple[str, ...]) -> bytes:
    """What is said beside the data: that sources are being loaded, so that it may show some of them in part."""
    return b',"extensions":' + msgspec.json.encode({"loading": {"sources": loading}}) if loading else b""


def _merged(schema_data: dict[str, msgspec.Raw], keys: tuple[str, ...], data: bytes) -> bytes:
    """The answers about the schema and from the store as one object, in the order of the request."""
    values = {**msgspec.json.decode(data, type=dict[str, msgspec.Raw]), **schema_data}
    return msgspec.json.encode({key: values[key] for key in keys})


def _key(operation: Operation, variables: Mapping[str, Any]) -> Hashable:
    """What of the variables shapes the statement."""
    return tuple((name, _shape(operation, name, value)) for name, value in variables.items())


def _shape(operation: Operation, name: str, value: Any) -> Hashable:
    if name in operation.cursors and value is not None:
        signature, *places = read_cursor(value)
        return (signature, *(place is None for place in places))
    if name in operation.structural or operation.introspects:
        return frozen(value)  # type: ignore[no-any-return]
    if name in operation.counted:
        return len(value)
    return shape(value)  # type: ignore[no-any-return]

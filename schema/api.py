"""The GraphQL API over a store: documents and plans are kept, so that a known operation goes straight to the store, and
answers, so that one goes no further than to what state the graph is in."""

from __future__ import annotations

import gc
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from time import perf_counter
from typing import Any

import msgspec
from graphql import DocumentNode, GraphQLError, execute_sync

from graph.binding import bind
from graph.cursors import read_cursor
from graph.errors import BadCursor, BadInput, CivicGraphError, Forbidden, RequestError
from graph.plan import Plan
from graph.roles import Role, seen_by
from graph.store import Compiled, Found, Store
from graph.walks import Walks
from schema import documents, limits
from schema.answers import Answer, Answers, key_of
from schema.arguments import frozen, shape
from schema.documents import Document, Operation, Text
from schema.errors import failure
from schema.explanations import Explanation
from schema.introspection import Introspection
from schema.limits import ALLOWANCES
from schema.planner import Planner
from schema.recent import Recent
from schema.types import executable

# What is kept, by number and by characters: of documents' texts, of statements and of answers about the schema.
# The more objects are kept, the longer are the pauses in which the garbage collector looks at those it has in sight.
DOCUMENTS = (1_000, 100_000)
PLANS = (1_000, 400_000)
INTROSPECTIONS = (20, 4_000_000)
SWEEPS = 30  # of young objects, until old ones are looked at too
FEW = 500  # values of variables that are read beside other requests

Turns = AbstractAsyncContextManager[None]  # a block that few enter at the same time
Look = Callable[..., Any]  # how a value is found: Recent.known or Recent.made


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """An operation ready to run: its plan, the statement of it and how many seconds that was compiled, and what of the
    answer is known already."""

    name: str | None
    cost: int
    plan: Plan
    compiled: Compiled | None
    seconds: float = 0.0
    schema_data: dict[str, msgspec.Raw] | None = None
    keys: tuple[str, ...] = ()


# Where what is new is validated and planned: one thread for all roles, as a sweep makes old what is under way elsewhere
PLANNER = ThreadPoolExecutor(1, thread_name_prefix="planner")

Ready = tuple[Prepared, dict[str, Any]]  # and the values of its variables


class API:
    """Answers GraphQL requests of callers of one role from a store, each operation by one statement.

    What is not kept is made in one of the `turns`. What is new takes milliseconds to validate and plan, or more where
    somebody means it to; so that is done in a thread, one request after the other, while known operations are answered.
    """

    def __init__(
        self,
        store: Store,
        role: Role,
        answers: Answers | None = None,
        turns: Turns | None = None,
        state: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self.store = store
        self.role = role
        self.answers = answers or Answers()
        self.turns = turns or nullcontext()
        self.state = state or store.state
        self.allowance = ALLOWANCES[role]
        self.model = seen_by(role, store.model)
        self.schema = executable(self.model)
        self._walks = Walks(store)
        self._documents: Recent[str, Document] = Recent(*DOCUMENTS, lambda text, _: len(text))
        self._plans: Recent[Hashable, Prepared] = Recent(*PLANS, _length)
        self._introspections: Recent[Hashable, Prepared] = Recent(*INTROSPECTIONS, _length)

    async def execute(
        self, query: str, variables: Mapping[str, Any] | None = None, operation: str | None = None
    ) -> Answer:
        """The answer to one request; whatever is wrong with it is in the answer."""
        try:
            return await self.answer(query, variables, operation)
        except CivicGraphError as error:
            return failure(error)

    async def answer(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        operation: str | None = None,
        tells_cost: bool = False,
        explains: bool = False,
    ) -> Answer:
        """The data that a request asks for, and in `extensions`, if that is asked for too, what it cost and how it came
        about.

        Raises CivicGraphError where something is wrong with the request.
        """
        asked = query, dict(variables or {}), operation
        if explains:
            async with self.turns:
                return await self._explained(*asked, tells_cost)
        key = key_of(self.role, *asked, tells_cost) if self.answers.size else None
        if key and (kept := self.answers.known(key, await self.state())):
            return kept
        async with self.turns:
            answer = await self._run(*asked, tells_cost)
        if key:
            self.answers.keep(key, answer)
        return answer

    async def takes(self, query: str) -> bool:
        """Whether a document is valid for callers of this role."""
        try:
            await get_running_loop().run_in_executor(
                PLANNER, self._documents.made, query, lambda: self._read(Text(query))
            )
        except RequestError:
            return False
        return True

    async def _run(self, query: str, given: dict[str, Any], operation: str | None, tells_cost: bool) -> Answer:
        prepared, values = await self._ready(query, given, operation)
        found = Found(b"{}", 0)
        if prepared.compiled:
            found = await self._walks.run(prepared.compiled, bind(prepared.plan, values), self.role)
        lasts = prepared.compiled is not None and not found.loading
        body = _body(prepared, found, {"cost": prepared.cost} if tells_cost else {})
        return Answer(body, 200, prepared.name, prepared.cost, state=found.state if lasts else None)

    async def _explained(self, query: str, given: dict[str, Any], operation: str | None, tells_cost: bool) -> Answer:
        """The same answer with its explanation, which is another each time.

        Raises Forbidden where the role is not for it.
        """
        if not self.allowance.explains:
            raise Forbidden(f"{self.role} may not have answers explained; expected the token of a steward or admin")
        explanation = Explanation(self.store, self._walks, self.role)
        prepared, values = await get_running_loop().run_in_executor(
            PLANNER, self._plan, explanation.look, query, given, operation
        )
        found = Found(b"{}", 0)
        if prepared.compiled:
            found = await Walks(explanation).run(prepared.compiled, bind(prepared.plan, values), self.role)
        said = {"cost": prepared.cost} if tells_cost else {}
        told = await explanation.told(prepared.plan, prepared.cost, prepared.seconds, found)
        return Answer(_body(prepared, found, {**said, "explain": told}), 200, prepared.name, prepared.cost)

    async def _ready(self, query: str, given: dict[str, Any], name: str | None) -> Ready:
        """The operation and the values of its variables, at once where it is known."""
        with suppress(KeyError):
            if limits.number_of(given, FEW) <= FEW:
                return self._find(Recent.known, query, given, name)
        return await get_running_loop().run_in_executor(PLANNER, self._plan, Recent.made, query, given, name)

    def _plan(self, look: Look, query: str, given: dict[str, Any], name: str | None) -> Ready:
        """The same in the planner's thread, where it may take long."""
        try:
            return self._find(look, query, given, name)
        finally:
            _sweep()

    def _find(self, look: Look, query: str, given: dict[str, Any], name: str | None) -> Ready:
        """The same by a `look` at what is kept. Raises KeyError where that makes nothing and there is nothing."""
        text = Text(query)
        document = look(self._documents, query, lambda: self._read(text))
        operation = document.operation(name)
        values = documents.coerced(operation, self.schema, given, self.allowance.suggests)
        key = (query, name, _key(operation, values))
        kept = self._introspections if operation.introspects else self._plans
        return look(kept, key, lambda: self._prepare(text, name, values, given)), values

    def _read(self, text: Text) -> Document:
        return documents.validated(text, self.schema, self.allowance.suggests).head

    def _prepare(self, text: Text, name: str | None, variables: dict[str, Any], given: dict[str, Any]) -> Prepared:
        operation = text.document.operation(name)
        planner = Planner(self.model, self.schema, operation, variables, self.allowance.cost)
        try:
            plan = planner.plan()
            if operation.introspects:
                limits.about_schema(Introspection(planner).fields(planner.roots().values()))
        except RequestError as error:
            raise text.located(type(error), [GraphQLError(error.message, planner.reading)]) from error
        began = perf_counter()
        compiled = self.store.compile(plan) if plan.value.fields else None
        seconds = perf_counter() - began
        if not operation.introspects:
            return Prepared(operation.name, planner.cost, plan, compiled, seconds)
        about = self._introspect(text, operation.alone(planner.introspected()), given)
        return Prepared(operation.name, planner.cost, plan, compiled, seconds, about, tuple(planner.roots()))

    def _introspect(self, text: Text, document: DocumentNode, given: dict[str, Any]) -> dict[str, msgspec.Raw]:
        """What graphql-core says of the schema."""
        result = execute_sync(self.schema, document, variable_values=given)
        if result.errors:
            raise text.located(BadInput, result.errors)
        return {key: msgspec.Raw(msgspec.json.encode(value)) for key, value in (result.data or {}).items()}


def _sweep() -> None:
    """Collect what validating a document leaves behind: thousands of objects that hold one another. To find them young
    takes a moment; once old they are looked for among all there are, and nobody is answered meanwhile."""
    gc.collect(1 if gc.get_count()[2] < SWEEPS else 2)


def _body(prepared: Prepared, found: Found, said: dict[str, Any]) -> bytes:
    """An answer, what is `said` beside its data, and that sources are being loaded, so that it may show some of them
    in part."""
    data = found.data
    if prepared.schema_data is not None:
        data = _merged(prepared.schema_data, prepared.keys, data)
    if found.loading:
        said = {"loading": {"sources": found.loading}, **said}
    extensions = b',"extensions":' + msgspec.json.encode(said) if said else b""
    return b'{"data":' + data + extensions + b"}"


def _merged(schema_data: dict[str, msgspec.Raw], keys: tuple[str, ...], data: bytes) -> bytes:
    """The answers about the schema and from the store as one object, in the order of the request."""
    values = {**msgspec.json.decode(data, type=dict[str, msgspec.Raw]), **schema_data}
    return msgspec.json.encode({key: values[key] for key in keys})


def _length(_: Hashable, prepared: Prepared) -> int:
    """How long what is kept of an operation is: its statement, and what is known of its answer."""
    about = sum(map(len, map(bytes, (prepared.schema_data or {}).values())))
    return about + (len(prepared.compiled.text) if prepared.compiled else 0)


def _key(operation: Operation, variables: Mapping[str, Any]) -> Hashable:
    """What of the variables shapes the statement."""
    return tuple((name, _shape(operation, name, value)) for name, value in variables.items())


def _shape(operation: Operation, name: str, value: Any) -> Hashable:
    """The same of one variable. What stands there by its name in another operation of the document may be anything."""
    if name in operation.structural or operation.introspects:
        return frozen(value)  # type: ignore[no-any-return]
    if name in operation.cursors and isinstance(value, str):
        with suppress(BadCursor):  # which planning says, where it is one
            made_for, *places = read_cursor(value)
            return (made_for, *(place is None for place in places))
    if name in operation.counted and isinstance(value, list):
        return (len(value), shape(value))
    return shape(value)  # type: ignore[no-any-return]

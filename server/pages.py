"""The pages for people: the start page with its attributions, the query page, and the schema as text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import msgspec
from anyio import Lock
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from graph.errors import Forbidden
from graph.model import Kind
from graph.roles import Role, described
from schema.trusted import ONLY, Documents, Trusted
from schema.types import sdl
from server.apis import APIs, Question
from server.examples import EXAMPLES, FIRST, Example
from server.patience import Watch
from server.tags import is_known, tag

HERE = Path(__file__).parent
STATIC = HERE / "static"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"content-security-policy": CSP, "vary": "accept, accept-encoding, authorization"}

ABOUT = """
query Start($after: String) {
  graph { version loadedAt counts { name count } }
  sources(first: 100, after: $after, orderBy: [{name: ASC}]) {
    nodes { name publisher date licence attribution url }
    pageInfo { hasNextPage endCursor }
  }
}
"""


CHOOSE = "<p>This server answers trusted documents only. Choose one below; its variables are yours to change.</p>"
TRUSTED_ONLY = """\
<p>This server answers trusted documents only; the <a href="graphql">query page</a> has those that you may ask.</p>"""
SCHEMA = '<li><a href="schema.graphql">Schema</a>: everything that can be asked</li>'
TRY = """\
<pre tabindex="0"><code>{query}</code></pre>
<p><a href="graphql?query={link}">Try it</a> on the query page, or send it by <code>POST</code> to <code>/graphql</code>
as <code>{{"query": "…"}}</code>.</p>"""


class Files(StaticFiles):
    """Files that come as bodies, to be counted and coded, where granian would be told their paths."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__({**scope, "extensions": {}}, receive, send)


class Pages:
    """The pages over one graph, as each caller may see it."""

    def __init__(self, apis: APIs, watch: Watch, documents: Documents) -> None:
        self.apis, self.watch, self.documents = apis, watch, documents
        self._making = Lock()
        self._trusted: dict[Role, Sequence[Example]] = {}

    async def start(self, request: Request) -> Response:
        """What this is, what is in it and whose words it must carry."""
        api = await self.apis.of(request.scope["role"])
        graph, sources = await self._about(request)
        counts = {row["name"]: row["count"] for row in graph["counts"]}
        kinds = [kind for kind in api.model.kinds if counts[kind.table]]
        return page(
            "start.html",
            version=escape(state_of(graph)),
            seen=f"You are served as {api.role} and see {described(api.role)}.",
            counts="\n".join(f"<li>{count_of(kind, counts[kind.table])}</li>" for kind in kinds),
            sources="\n".join(f"<li>{source_of(source)}</li>" for source in sources),
            schema="" if self.documents.only else SCHEMA,
            example=TRUSTED_ONLY if self.documents.only else TRY.format(query=escape(FIRST), link=quote(FIRST)),
        )

    async def query(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page of queries: with examples, or with the trusted documents that the caller may ask where these are
        answered only."""
        examples: Sequence[Example] = EXAMPLES
        note = ""
        if self.documents.only:
            examples, note = await self._taken(scope["role"]), CHOOSE
        await page("query.html", note=note, examples="\n".join(map(option, examples)))(scope, receive, send)

    async def _taken(self, role: Role) -> Sequence[Example]:
        """The trusted documents that a role may ask. To find out takes the planner a while, and is done once."""
        if role not in self._trusted:
            api = await self.apis.of(role)
            self._trusted[role] = [shown(one) for one in self.documents.known if await api.takes(one.text)]
        return self._trusted[role]

    async def schema(self, request: Request) -> Response:
        """The caller's schema in the schema definition language, made when it is first asked for.

        Raises Forbidden where trusted documents are answered only, as questions about the schema are refused.
        """
        if self.documents.only:
            raise Forbidden(f"{ONLY}; civic-graph schema prints the schema where it runs")
        api = await self.apis.of(request.scope["role"])
        async with self._making:
            text = await run_sync(sdl, api.model)
        etag = tag(text.encode())
        headers = {"vary": "accept-encoding, authorization", "etag": etag.decode()}
        if is_known(etag, request.headers.get("if-none-match", "").encode()):
            return Response(status_code=304, headers=headers)
        return PlainTextResponse(text, headers=headers)

    async def _about(self, request: Request) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The graph and all its sources."""
        sources: list[dict[str, Any]] = []
        after = None
        with self.watch.over(request.receive) as patience:
            patience.is_read()
            while True:
                answer = await self.apis.answer(request.scope["role"], Question(ABOUT, {"after": after}))
                data = msgspec.json.decode(answer.body)["data"]
                sources += data["sources"]["nodes"]
                after = data["sources"]["pageInfo"]["endCursor"]
                if not data["sources"]["pageInfo"]["hasNextPage"]:
                    return data["graph"], sources


def shown(document: Trusted) -> Example:
    return Example(document.question or document.name, document.text, msgspec.json.encode(document.example).decode())


def page(name: str, **values: str) -> Response:
    """A page from its template; what fills it is HTML already."""
    template = Template((HERE / "templates" / name).read_text("utf-8"))
    return HTMLResponse(template.substitute(values), headers=HEADERS)


def state_of(graph: dict[str, Any]) -> str:
    if not graph["version"]:
        return "It is empty: load tables with civic-graph load example."
    return f"Version {graph['version']}, changed last at {graph['loadedAt']}."


def count_of(kind: Kind, count: int) -> str:
    return escape(f"{count:,} {kind.name.lower() if count == 1 else kind.plural}")


def source_of(source: dict[str, Any]) -> str:
    """A source with its attribution, which is printed in the words that its licence asks for."""
    facts = [source[name] for name in ("publisher", "date", "licence") if source[name]]
    name = escape(source["name"])
    if (source["url"] or "").startswith(("https://", "http://")):
        name = f'<a href="{escape(source["url"])}">{name}</a>'
    said = f"{name} <span>{escape(', '.join(facts))}</span>" if facts else name
    return f"{said}<br>{escape(source['attribution'])}" if source["attribution"] else said


def option(example: Example) -> str:
    query, variables = escape(example.query), escape(example.variables)
    return f'<option data-query="{query}" data-variables="{variables}">{escape(example.title)}</option>'

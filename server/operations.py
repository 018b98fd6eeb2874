"""Operations that are known when the server starts: files of trusted documents, read and tried in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from graph.civic import CIVIC
from graph.errors import BadRequest, CivicGraphError, RequestError
from graph.model import kebab
from graph.roles import Role, seen_by
from schema import documents
from schema.answers import Answer
from schema.errors import failure
from schema.trusted import Documents, Trusted, trusted
from schema.types import executable
from server.apis import APIs
from server.logs import log

HERE = Path(__file__).parent
PACKAGED = (HERE / "known", HERE.parent / "docs" / "operations")  # as installed, as checked out

Complain = Callable[[str, str], None]  # takes a place, of a file and in it, and what is wrong there


def left_out(place: str, reason: str) -> None:
    log.warning("operation left out", file=place, reason=reason)


def not_tried(place: str, reason: str) -> None:
    log.warning("operation not planned", file=place, reason=reason)


def known(folder: str = "", complain: Complain = left_out) -> list[Trusted]:
    """The trusted documents that come with the package, and those of a folder of one's own.

    What is wrong with a file is told to `complain`, and the file left out.
    """
    folders = [*[path for path in PACKAGED if path.is_dir()][:1], *([Path(folder)] if folder else [])]
    return [document for path in folders for document in _read(path, complain)]


def _read(folder: Path, complain: Complain) -> Iterator[Trusted]:
    if not folder.is_dir():
        complain(str(folder), "there is no such folder")
    for path in sorted(folder.glob("*.graphql")):
        try:
            yield _document(path)
        except CivicGraphError as error:
            tell(str(path), failure(error), complain)


def least_role(document: Trusted) -> Role:
    """Who sees least of those whose schema it fits. Raises RequestError where it fits none."""
    for role in Role:
        try:
            documents.read(document.text, executable(seen_by(role, CIVIC)))
        except RequestError as error:
            wrong = error
        else:
            return role
    raise wrong


def _document(path: Path) -> Trusted:
    """The document of a file. Raises BadRequest where it cannot be read, or has another name than its operation."""
    example = path.with_suffix(".json")
    try:
        text = path.read_text("utf-8")
        variables = msgspec.json.decode(example.read_bytes(), type=dict[str, Any]) if example.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"it cannot be read: {error}") from error
    except msgspec.DecodeError as error:
        raise BadRequest(f"{example.name} is not a JSON object of variables: {error}") from error
    document = trusted(text, variables, str(path))
    if path.stem != kebab(document.name):
        raise BadRequest(f"its operation is {document.name}; expected the file to be {kebab(document.name)}.graphql")
    return document


def manifest(roles: Iterable[tuple[Trusted, Role]]) -> dict[str, Any]:
    """What clients need to know of trusted documents, by id; `roles` as `least_role` has them."""
    return {
        document.id: {
            "name": document.name,
            "question": document.question,
            "role": role,
            "variables": document.variables,
            "example": document.example,
            "document": document.text,
        }
        for document, role in roles
    }


async def warm(apis: APIs, role: Role, served: Documents) -> None:
    """Ask every known document once, in a role or else as steward, so that who asks it next waits for no planning."""
    planned = 0
    for document in served.known:
        for caller in dict.fromkeys((role, Role.STEWARD)):
            answer = await (await apis.of(caller)).execute(document.text, document.example)
            if answer.status == 200:
                planned += 1
                break
        else:
            tell(document.origin, answer, not_tried)
    log.info("operations planned", number=planned)


def tell(file: str, answer: Answer, complain: Complain) -> None:
    """Tell what is wrong with a document: where, and why."""
    for error in msgspec.json.decode(answer.body)["errors"]:
        places = [f"{at['line']}:{at['column']}" for at in error.get("locations", ())]
        complain(":".join([file, *places[:1]]), error["message"])

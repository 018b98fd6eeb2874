"""Operations that are known when the server starts: files of trusted documents, read and tried in the background."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from graph.errors import BadRequest, CivicGraphError
from graph.model import kebab
from graph.roles import Role
from schema.errors import Answer, failure
from schema.trusted import Documents, Trusted, trusted
from server.apis import APIs
from server.logs import log

HERE = Path(__file__).parent
PACKAGED = (HERE / "known", HERE.parent / "docs" / "operations")  # as installed, as checked out


def known(folder: str = "") -> list[Trusted]:
    """The trusted documents that come with the package, and those of a folder of one's own.

    What is wrong with a file is logged, and the file left out.
    """
    packaged = [path for path in PACKAGED if path.is_dir()][:1]
    return [document for path in [*packaged, *([Path(folder)] if folder else [])] for document in _read(path)]


def _read(folder: Path) -> Iterator[Trusted]:
    if not folder.is_dir():
        log.warning("operations not read: there is no such folder", folder=str(folder))
    for path in sorted(folder.glob("*.graphql")):
        try:
            yield _document(path)
        except CivicGraphError as error:
            _complain(str(path), failure(error))


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


def manifest(documents: Iterable[Trusted]) -> dict[str, Any]:
    """What clients need to know of trusted documents, by id."""
    return {
        document.id: {
            "name": document.name,
            "question": document.question,
            "variables": document.variables,
            "example": document.example,
            "document": document.text,
        }
        for document in documents
    }


async def warm(apis: APIs, role: Role, documents: Documents) -> None:
    """Ask every known document once, in a role or else as steward, so that who asks it next waits for no planning."""
    for document in documents.known:
        for caller in dict.fromkeys((role, Role.STEWARD)):
            answer = await (await apis.of(caller)).execute(document.text, document.example)
            if answer.status == 200:
                break
        else:
            _complain(document.origin, answer)
    log.info("operations planned", number=len(documents.known))


def _complain(file: str, answer: Answer) -> None:
    """Log what is wrong with a document: the file, where in it, and why."""
    for error in msgspec.json.decode(answer.body)["errors"]:
        places = [f"{at['line']}:{at['column']}" for at in error.get("locations", ())]
        log.warning("operation not planned", file=":".join([file, *places[:1]]), reason=error["message"])

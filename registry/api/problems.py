"""Refusals as problem documents. They name field and rule, never the value.

Source: RFC 9457.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from registry.actions.oversight.note_refusal import note_refusal
from registry.model.access import Purpose
from registry.model.errors import LimitReached, Refused, RegistryError, SignInNeeded

MEDIA_TYPE: Final = "application/problem+json"
_FROM_HERE_NO_DETAILS: Final = 500
_PARAMETER: Final = re.compile(r"\{[^}]*\}")
_WORDS: Final = {
    400: "What was sent is not what it should be, or was taken before",
    401: "Nobody is signed in, or the session has ended",
    403: "The role may not do this, or not for this purpose",
    404: "There is no such thing, or the caller may not know of it",
    409: "It was changed in the meantime",
    410: "What was asked for is kept no longer",
    412: "It is not in the version that was meant",
    413: "The request is too large",
    415: "This media type is not read here",
    422: "The request cannot be understood, or something is missing",
    428: "It must be said which version is meant",
    429: "So much in so short a time: `Retry-After` says in how many seconds it goes on",
    500: "Something went wrong inside",
    503: "The database is not available",
}


class Wrong(BaseModel):
    """One field that breaks a rule."""

    model_config = ConfigDict(extra="forbid")

    field: str | None = Field(default=None, description="where it stands, such as body.text")
    rule: str | None = Field(default=None, description="name of the rule that it breaks")
    pointer: str | None = Field(default=None, description="the place as a JSON pointer, in an exchange of records")
    code: str | None = Field(default=None, description="name of the rule, in an exchange of records")


class Differing(BaseModel):
    """How a record that is to be written differs from the one that stands."""

    model_config = ConfigDict(extra="forbid")

    etag: str | None = Field(description="of what stands; null: nothing does")
    differing: list[str] | None = Field(description="pointers of the fields that differ; null: it cannot be told")


class Problem(BaseModel):
    """A refusal."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    key: str | None = Field(default=None, description="name of the refusal")
    field: str | None = None
    rule: str | None = None
    errors: list[Wrong] | None = None
    conflict: Differing | None = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route for its description; every route may meet 429, 500 and 503."""
    return {
        status: {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 429, 500, 503})
    }


def install(app: FastAPI) -> None:
    """Let an application answer every refusal with a problem document."""
    app.add_exception_handler(RegistryError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)


def _refused(request: Request, error: Exception) -> Response:
    known = getattr(request.state, "caller", None)
    if isinstance(error, Refused) and known is not None:
        note_refusal(known.services, known.access(Purpose.SIGN_IN), error)
    document = error.problem() if isinstance(error, RegistryError) else {}
    status = int(str(document.get("status", 500)))
    if status >= _FROM_HERE_NO_DETAILS:  # a rule of ours is the caller's business, the state of our machines is not
        document = {name: value for name, value in document.items() if name not in ("rule", "field")}
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, SignInNeeded) or status == SignInNeeded.status else {}
    if isinstance(error, LimitReached):
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse(document, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _not_understood(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return _problem(422, title="A field cannot be understood", errors=[_wrong(one) for one in found])


def _wrong(error: dict[str, Any]) -> dict[str, str]:
    """Return place and rule of one error; its message may repeat the value, and so may a name unknown here."""
    place: Sequence[Any] = error["loc"]
    if error["type"] in ("extra_forbidden", "json_invalid"):
        place = place[:1]
    return {"field": ".".join(str(step) for step in place), "rule": str(error["type"])}


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.BAD_REQUEST:  # a body that is not even text
        return _problem(422, title="A field cannot be understood", errors=[{"field": "body", "rule": "json_invalid"}])
    headers = {"Allow": _methods(request)} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}
    return _problem(status, title=HTTPStatus(status).phrase, headers=headers)


def _methods(request: Request) -> str:
    """Return all methods that are described for a path; the framework names those of one route alone."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    described = request.app.openapi()["paths"]
    if path in described:  # written out, it is no value of a parameter
        described = {path: described[path]}
    found = (
        operations for pattern, operations in described.items() if _PARAMETER.sub("x", pattern) == _like(pattern, path)
    )
    return ", ".join(sorted({method.upper() for operations in found for method in operations}))


def _like(pattern: str, path: str) -> str:
    """Return a path with an "x" where the pattern has a parameter."""
    steps, wanted = path.split("/"), pattern.split("/")
    if len(steps) != len(wanted):
        return path
    return "/".join("x" if _PARAMETER.fullmatch(want) else step for step, want in zip(steps, wanted, strict=True))


def _problem(
    status: int, *, title: str, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if errors is not None:
        document["errors"] = errors
    return JSONResponse(document, status_code=status, media_type=MEDIA_TYPE, headers=headers)

"""Refusals as problem documents. They name field and rule, never the value.

Source: RFC 9457.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from registry.model.errors import RegistryError, SignInNeeded

MEDIA_TYPE: Final = "application/problem+json"
_FROM_HERE_NO_DETAILS: Final = 500
_WORDS: Final = {
    401: "Nobody is signed in, or the session has ended",
    403: "The role may not do this, or not for this purpose",
    404: "There is no such thing, or the caller may not know of it",
    409: "It was changed in the meantime",
    413: "The request is too large",
    422: "The request cannot be understood, or something is missing",
    500: "Something went wrong inside",
    503: "The database is not available",
}


class Wrong(BaseModel):
    """One field that breaks a rule."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="where it stands, such as body.text")
    rule: str = Field(description="name of the rule that it breaks")


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


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of a route for its description; every route may meet 500 and 503."""
    return {
        status: {
            "description": _WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*statuses, 500, 503})
    }


def install(app: FastAPI) -> None:
    """Let an application answer every refusal with a problem document."""
    app.add_exception_handler(RegistryError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


def _refused(_request: Request, error: Exception) -> Response:
    document = error.problem() if isinstance(error, RegistryError) else {}
    status = int(str(document.get("status", 500)))
    if status >= _FROM_HERE_NO_DETAILS:  # a rule of ours is the caller's business, the state of our machines is not
        document = {name: value for name, value in document.items() if name not in ("rule", "field")}
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, SignInNeeded) or status == SignInNeeded.status else {}
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


def _http(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    return _problem(status, title=HTTPStatus(status).phrase, headers=dict(headers or {}))


def _unforeseen(_request: Request, _error: Exception) -> Response:
    return _problem(500, title="Something went wrong")


def _problem(
    status: int, *, title: str, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    document: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if errors is not None:
        document["errors"] = errors
    return JSONResponse(document, status_code=status, media_type=MEDIA_TYPE, headers=headers)

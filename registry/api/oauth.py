"""Tokens for programs of sector systems, against a proof that they alone can make; there are no shared secrets.

Source: RFC 6749, sections 4.4 and 5; RFC 7523; RFC 8414; RFC 8705.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from registry.actions.accounts.client_sign_in import TokenError, TokenRefused, TokenWish, give_token
from registry.actions.services import Services
from registry.api.caller import Call, Calling, Signed
from registry.api.problems import problems
from registry.model.errors import Refused
from registry.protect.authorize import Action, permitted
from registry.protect.signing_in.client_keys import ALGORITHMS

router = APIRouter(tags=["clients"])

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105  an address
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 16
_STATUS: Final[Mapping[TokenError, int]] = {TokenError.INVALID_CLIENT: 401}

Form = Mapping[str, str]


class TokenAnswer(BaseModel):
    """A token that was given."""

    access_token: str = Field(repr=False)
    token_type: str = Field(description="Bearer")
    expires_in: int = Field(description="seconds")
    scope: str = Field(description="streams of the system, separated by spaces")


class TokenProblem(BaseModel):
    """Why no token is given."""

    error: TokenError


class ClientView(BaseModel):
    """Who a client is, and what it may do."""

    client_id: UUID
    name: str
    system: str
    streams: list[str] = Field(description="what this token is good for")
    actions: list[str] = Field(description="what the policy allows a sector system")
    certificate_bound: bool = Field(description="whether its certificate must be shown with it")
    ends_at: datetime


async def _form(request: Request) -> Form | None:
    """Return the fields of a form; None: it is no form, a field stands twice, or there are fields in the address."""
    media_type, _, rest = request.headers.get("content-type", "").partition(";")
    charset = rest.replace(" ", "").lower()
    if media_type.strip().lower() != _FORM or charset not in ("", "charset=utf-8") or request.url.query:
        return None
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return None
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if value} if len(set(names)) == len(names) else None


_FIELDS: Final[Mapping[str, Any]] = {
    "grant_type": {"type": "string", "enum": ["client_credentials"]},
    "scope": {"type": "string", "description": "streams, separated by spaces; all of the client's if it is missing"},
    "client_id": {"type": "string", "format": "uuid", "description": "needed where a certificate alone is the proof"},
    "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
    "client_assertion": {
        "type": "string",
        "description": "a JWT signed with a registered key, for five minutes at most",
    },
}
_REFUSED: Final = {"content": {"application/json": {"schema": TokenProblem.model_json_schema()}}}


@router.post(
    TOKEN_PATH,
    summary="Give a token to a client",
    response_model=TokenAnswer,
    responses={
        **problems(413),
        400: {"description": "The request is not one for a token", **_REFUSED},
        401: {"description": "The client has not proved who it is", **_REFUSED},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {_FORM: {"schema": {"type": "object", "required": ["grant_type"], "properties": _FIELDS}}},
        }
    },
)
def token(request: Request, made: Calling, form: Annotated[Form | None, Depends(_form)]) -> Response:
    """Give a token for ten minutes, bound to the certificate if one was shown."""
    wish = _wish(form, made, by_header="authorization" in request.headers)
    if isinstance(wish, TokenError):
        return _refused(wish)
    with made.begin_unknown() as transaction:
        given = give_token(transaction, made.services.vault, wish, audiences=audiences(request))
    if isinstance(given, TokenRefused):
        return _refused(given.error)
    answer = TokenAnswer(
        access_token=given.token,
        token_type="Bearer",  # noqa: S106  the kind
        expires_in=int(given.life.total_seconds()),
        scope=" ".join(given.streams),
    )
    return JSONResponse(answer.model_dump(), headers=_UNKEPT)


@router.get("/client", summary="Who this client is", response_model=ClientView, responses=problems(401, 403))
def own(caller: Signed) -> ClientView:
    """Tell a client its system, its rights and when its token ends."""
    found = caller.client
    if found is None:
        raise Refused("this is for a sector's system, not for people")
    client = found.client
    return ClientView(
        client_id=client.client_id,
        name=client.name,
        system=client.system,
        streams=list(found.streams),
        actions=[action.value for action in Action if permitted(caller.role, action)],
        certificate_bound=found.certificate is not None,
        ends_at=found.expires_at,
    )


_UNKEPT: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def _wish(form: Form | None, made: Call, *, by_header: bool) -> TokenWish | TokenError:
    """Return what a form asks for, or why it cannot be understood."""
    if form is None or "grant_type" not in form:
        return TokenError.INVALID_REQUEST
    if form["grant_type"] != "client_credentials":
        return TokenError.UNSUPPORTED_GRANT_TYPE
    if by_header or "client_secret" in form:  # a shared secret, which nobody has
        return TokenError.INVALID_CLIENT
    assertion = form.get("client_assertion")
    if (assertion is None) != ("client_assertion_type" not in form):
        return TokenError.INVALID_REQUEST
    if form.get("client_assertion_type", ASSERTION_TYPE) != ASSERTION_TYPE:
        return TokenError.INVALID_CLIENT
    return TokenWish(
        client_id=form.get("client_id"),
        assertion=assertion,
        certificate=made.certificate,
        streams=form["scope"].split(" ") if "scope" in form else None,
    )


def _refused(error: TokenError) -> Response:
    status = _STATUS.get(error, 400)
    headers = {**_UNKEPT, "WWW-Authenticate": "Bearer"} if status == 401 else _UNKEPT
    return JSONResponse({"error": error.value}, status_code=status, headers=headers)


def issuer(request: Request) -> str:
    """Return our own name: the public address, or on this machine alone the one that was typed."""
    services: Services = request.app.state.services
    return services.public_url or f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"


def audiences(request: Request) -> frozenset[str]:
    """Return the names by which an assertion may call us."""
    name = issuer(request)
    return frozenset({name, f"{name}/v1{TOKEN_PATH}"})


def add_metadata(app: FastAPI, services: Services) -> None:
    """Let an application tell where and how tokens are given."""
    app.state.services = services

    def metadata(request: Request) -> Response:
        name = issuer(request)
        document = {
            "issuer": name,
            "token_endpoint": f"{name}/v1{TOKEN_PATH}",
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": [
                *("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"),
            ],
            "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
            "tls_client_certificate_bound_access_tokens": True,
        }
        return Response(json.dumps(document), media_type="application/json", headers={"Cache-Control": "no-store"})

    app.add_api_route(METADATA_PATH, metadata, include_in_schema=False, response_model=None)

"""One-time codes: set up a device, and note the codes for when it is lost."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Annotated

import segno
from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.actions.accounts.one_time_codes import Proposal, enrol, proposal, propose, recovery_left
from registry.actions.accounts.sign_in import current, renew_session
from registry.model.errors import BadQuery
from registry.model.signing_in import Method
from registry.web.refusals import mistakes_of
from registry.web.rendering import Mistake, render
from registry.web.visitor import OWN_FORM, Newcomer, give_cookie, require_own_password

router = APIRouter()


@router.get("/codes")
def show(visitor: Newcomer) -> Response:
    """Say whether one-time codes are set up, and how to set them up."""
    require_own_password(visitor)
    with visitor.begin_unknown() as transaction:
        left = recovery_left(transaction, signed_in=visitor.member)
    account = visitor.member.account
    demanded = not visitor.services.demo and account.code_enrolled_at is None
    return render(visitor, "codes.html", since=account.code_enrolled_at, left=left, demanded=demanded)


@router.post("/codes", dependencies=OWN_FORM)
def begin(visitor: Newcomer) -> Response:
    """Make a secret for a device."""
    require_own_password(visitor)
    with visitor.begin_unknown() as transaction:
        propose(transaction, visitor.services.vault, signed_in=visitor.member)
    return RedirectResponse(visitor.url("/codes/device"), status_code=303)


@router.get("/codes/device")
def show_secret(visitor: Newcomer) -> Response:
    """Show the secret for the device, as a picture and as text, and ask for a code made of it."""
    return _device(visitor)


@router.get("/codes/picture")
def picture(visitor: Newcomer) -> Response:
    """Show the secret as a picture that a device reads."""
    drawn = io.BytesIO()
    segno.make(_proposal(visitor).address, micro=False, error="m").save(
        drawn, kind="svg", scale=6, border=4, light="#ffffff", xmldecl=False, svgns=True
    )
    return Response(drawn.getvalue(), media_type="image/svg+xml")


@router.post("/codes/device", dependencies=OWN_FORM)
def confirm(request: Request, visitor: Newcomer, *, code: Annotated[str, Form()] = "") -> Response:
    """Let the device count once it has shown a code, and tell the codes for when it is lost."""
    require_own_password(visitor)
    vault, signed_in = visitor.services.vault, visitor.member
    with visitor.begin_unknown() as transaction:
        recovery = enrol(transaction, vault, signed_in=signed_in, code=code)
        if isinstance(recovery, BadQuery):
            started = None
        else:
            started = renew_session(transaction, signed_in, method=Method.PASSWORD_AND_CODE)
    if isinstance(recovery, BadQuery) or started is None:
        return _device(visitor, status=422, mistakes=mistakes_of(recovery) if isinstance(recovery, BadQuery) else ())
    with visitor.begin_unknown() as transaction:
        now = replace(visitor, signed_in=current(transaction, started.token))
    response = render(now, "codes_done.html", recovery=recovery)
    give_cookie(request, response, started)
    return response


def _proposal(visitor: Newcomer) -> Proposal:
    require_own_password(visitor)
    with visitor.begin_unknown() as transaction:
        return proposal(transaction, visitor.services.vault, signed_in=visitor.member)


def _device(visitor: Newcomer, *, status: int = 200, mistakes: tuple[Mistake, ...] = ()) -> Response:
    proposed = _proposal(visitor)
    return render(visitor, "codes_device.html", status=status, proposed=proposed, mistakes=mistakes)

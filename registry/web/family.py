"""Requests and consents of families: the queue, what is taken down about one child, and the answer that is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from registry.actions.law import consent, corrections, subject_requests
from registry.actions.law.consent import Method, Signer
from registry.actions.law.corrections import Corrected, NewCorrection
from registry.actions.law.held_values import what_is_held
from registry.actions.law.subject_requests import NewRequest
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.model.family_requests import Kind, Outcome
from registry.model.law import Use
from registry.model.representative import Relation
from registry.store.session import Transaction
from registry.web import duty_words
from registry.web.duty_forms import Fields, Sent, mistake_of, signature_of
from registry.web.rendering import Mistake, render
from registry.web.visitor import OWN_FORM, Member, Visitor

router = APIRouter()

_ASKS: Final = Purpose.SUBJECT_REQUEST


@router.get("/requests")
def show_queue(visitor: Member) -> Response:
    """Show the requests that wait, the most urgent first."""
    with visitor.begin(_ASKS) as transaction:
        lines = subject_requests.queue(transaction, visitor.services.vault)
    return render(visitor, "requests.html", lines=lines, duty=duty_words)


@router.get("/children/{child_id}/requests")
def show_requests(visitor: Member, child_id: UUID) -> Response:
    """Show what was asked about a child, and the form to take down another request."""
    return _requests(visitor, child_id)


@router.post("/children/{child_id}/requests", dependencies=OWN_FORM)
def take_down(visitor: Member, child_id: UUID, sent: Sent) -> Response:
    """Take down a request."""
    fields = Fields(sent)
    try:
        asked = NewRequest(
            kind=fields.one_of("kind", Kind),
            asker=fields.text("asker"),
            relation=fields.one_of("relation", Relation),
            proof=fields.text("proof"),
            words=fields.text("words"),
            third_party=fields.text("third_party") == "yes",
        )
        with visitor.begin(_ASKS) as transaction:
            services = visitor.services
            subject_requests.take_down(transaction, services.vault, services.law, child_id, asked=asked)
    except BadQuery as refused:
        return _requests(visitor, child_id, fields=fields, mistakes=mistake_of(refused))
    return _to_requests(visitor, child_id)


@router.post("/children/{child_id}/requests/{request_id}/{step}", dependencies=OWN_FORM)
def go_on(visitor: Member, child_id: UUID, request_id: UUID, step: str, sent: Sent) -> Response:
    """Take a request a step further: answer, extend, province, close, correct."""
    fields = Fields(sent)
    steps: dict[str, Callable[[Transaction], Any]] = {
        "answer": lambda t: subject_requests.answer(t, visitor.services.vault, child_id, request_id),
        "extend": lambda t: subject_requests.extend(
            t, visitor.services.vault, visitor.services.law, child_id, request_id, reason=fields.text("reason")
        ),
        "province": lambda t: subject_requests.pass_to_province(t, visitor.services.vault, child_id, request_id),
        "close": lambda t: subject_requests.close(
            t,
            visitor.services.vault,
            child_id,
            request_id,
            outcome=fields.one_of("outcome", Outcome),
            told=fields.text("told"),
        ),
        "correct": lambda t: corrections.pass_on(
            t, visitor.services.vault, child_id, request_id, correction=_correction(fields)
        ),
    }
    try:
        if step not in steps:
            raise BadQuery("step", "no such step")
        with visitor.begin(_ASKS) as transaction:
            steps[step](transaction)
    except BadQuery as refused:
        return _requests(visitor, child_id, fields=fields, mistakes=mistake_of(refused))
    return _to_requests(visitor, child_id)


@router.get("/children/{child_id}/requests/{request_id}/held")
def held(visitor: Member, child_id: UUID, request_id: UUID) -> Response:
    """Show all that is held about the child, to be printed for the family."""
    with visitor.begin(_ASKS) as transaction:
        services = visitor.services
        found = what_is_held(transaction, services.vault, services.law, child_id, request_id=request_id)
    return render(visitor, "held.html", held=found, child_id=child_id, duty=duty_words, at=visitor.at)


@router.get("/children/{child_id}/consents")
def show_consents(visitor: Member, child_id: UUID) -> Response:
    """Show the consents of a child, and the form to take down another."""
    return _consents(visitor, child_id)


@router.post("/children/{child_id}/consents", dependencies=OWN_FORM)
def sign(visitor: Member, child_id: UUID, sent: Sent) -> Response:
    """Take down a consent with its signatures."""
    fields = Fields(sent)
    try:
        found = [signature_of(fields, signer) for signer in Signer]
        with visitor.begin(_ASKS) as transaction:
            consent.record_consent(
                transaction,
                visitor.services.vault,
                visitor.services.law,
                child_id,
                use=fields.one_of("use", Use),
                language=visitor.language,
                signed=[one for one in found if one is not None],
            )
    except BadQuery as refused:
        return _consents(visitor, child_id, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url(f"/children/{child_id}/consents"), status_code=303)


@router.post("/children/{child_id}/consents/{consent_id}/sign", dependencies=OWN_FORM)
def sign_too(visitor: Member, child_id: UUID, consent_id: UUID, sent: Sent) -> Response:
    """Take down the child's own signature later."""
    fields = Fields(sent)
    try:
        signed = signature_of(fields, Signer.CHILD)
        if signed is None:
            raise BadQuery("child", "the name is missing")
        with visitor.begin(_ASKS) as transaction:
            consent.add_signature(transaction, visitor.services.vault, child_id, consent_id, signed=signed)
    except BadQuery as refused:
        return _consents(visitor, child_id, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url(f"/children/{child_id}/consents"), status_code=303)


@router.post("/children/{child_id}/consents/{consent_id}/withdraw", dependencies=OWN_FORM)
def withdraw(visitor: Member, child_id: UUID, consent_id: UUID, sent: Sent) -> Response:
    """Withdraw a consent; it ends at once."""
    fields = Fields(sent)
    try:
        by, method = fields.one_of("by", Signer), fields.one_of("method", Method)
        with visitor.begin(_ASKS) as transaction:
            consent.withdraw_consent(
                transaction,
                visitor.services.vault,
                child_id,
                consent_id,
                by=by,
                name=fields.text("name"),
                method=method,
            )
    except BadQuery as refused:
        return _consents(visitor, child_id, fields=fields, mistakes=mistake_of(refused))
    return RedirectResponse(visitor.url(f"/children/{child_id}/consents"), status_code=303)


def _correction(fields: Fields) -> NewCorrection:
    return NewCorrection(
        wrong=fields.one_of("wrong", Corrected),
        system=fields.text("system"),
        was=fields.text("was"),
        should_be=fields.text("should_be"),
        evidence=fields.text("evidence"),
    )


def _to_requests(visitor: Visitor, child_id: UUID) -> Response:
    return RedirectResponse(visitor.url(f"/children/{child_id}/requests"), status_code=303)


def _requests(
    visitor: Visitor, child_id: UUID, *, fields: Fields | None = None, mistakes: tuple[Mistake, ...] = ()
) -> Response:
    services = visitor.services
    with visitor.begin(_ASKS) as transaction:
        views = subject_requests.requests_of(transaction, services.vault, services.law, child_id)
        kept = corrections.history(transaction, services.vault, child_id)
    return render(
        visitor,
        "requests_of_child.html",
        status=422 if mistakes else 200,
        child_id=child_id,
        views=views,
        corrections=kept,
        text=fields.text if fields else _nothing,
        duty=duty_words,
        mistakes=mistakes,
    )


def _consents(
    visitor: Visitor, child_id: UUID, *, fields: Fields | None = None, mistakes: tuple[Mistake, ...] = ()
) -> Response:
    services = visitor.services
    with visitor.begin(_ASKS) as transaction:
        views = consent.list_consents(transaction, services.vault, services.law, child_id)
    return render(
        visitor,
        "consents.html",
        status=422 if mistakes else 200,
        child_id=child_id,
        views=views,
        texts=[services.law.text(use, visitor.language) for use in Use],
        text=fields.text if fields else _nothing,
        duty=duty_words,
        mistakes=mistakes,
    )


def _nothing(_name: str) -> str:
    return ""

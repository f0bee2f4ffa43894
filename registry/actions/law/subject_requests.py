"""Requests of families: taken down with their last days, answered, done, and proved.

Whoever asks must stand for the child. If that person may be the suspect of her case, or another office must act too,
the province answers; the commune reads that it does, and not why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from registry.actions.keys.child_keys import KnownChild, known_child
from registry.actions.keys.sealing import Vault, open_group, seal_group
from registry.actions.looking.reach import Reached, reach
from registry.actions.looking.suspects import is_suspect
from registry.actions.oversight.log import log
from registry.model.access import Role
from registry.model.errors import BadQuery, Conflict, NotFound, Refused
from registry.model.family_requests import Kind, Outcome, State, extended, last_days
from registry.model.law import Law
from registry.model.representative import Relation
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import subject_requests
from registry.store.session import Transaction
from registry.store.subject_requests import StoredRequest

_TABLE: Final = "subject_request"
LONGEST: Final = 2000  # characters of a text
SHOWN: Final = 200  # requests of a queue


class WithProvince(Refused):
    """The province answers this request."""

    title = "The province answers this request"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """A request as it is taken down."""

    kind: Kind
    asker: str = field(repr=False)
    relation: Relation
    proof: str = field(repr=False)  # the paper that shows that the asker stands for the child
    words: str = field(repr=False)
    third_party: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """A request in the queue: nothing personal."""

    child_id: UUID
    request_id: UUID
    kind: Kind
    state: State
    with_province: bool
    received_at: datetime
    answer_by: date
    done_by: date
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request whole. None: not yet, or not for this reader."""

    line: RequestLine
    certain: bool  # the days off on the way were announced
    asker: str | None = field(repr=False)
    relation: str | None
    proof: str | None = field(repr=False)
    words: str | None = field(repr=False)
    third_party: bool
    answered_at: datetime | None
    extended_at: datetime | None
    extension: str | None = field(repr=False)
    closed_at: datetime | None
    outcome: Outcome | None
    told: str | None = field(repr=False)
    answers_here: bool


def take_down(transaction: Transaction, vault: Vault, law: Law, child_id: UUID, *, asked: NewRequest) -> UUID:
    """Take down a request; its clocks begin today.

    Raises:
        NotFound: no such child, or not for this access.
        BadQuery: a field is missing or too long.
    """
    reached, known = _reached(transaction, vault, child_id)
    document = {
        "asker": _text("asker", asked.asker),
        "relation": asked.relation.value,
        "proof": _text("proof", asked.proof),
        "words": _text("words", asked.words),
    }
    at = transaction.access.at
    days = last_days(law, asked.kind, on=day_in_viet_nam(at), with_others=asked.third_party)
    suspect = is_suspect(transaction, vault, reached.members, relation=asked.relation, name=asked.asker)
    request_id = uuid4()
    subject_requests.add(
        transaction,
        {
            "child_id": reached.head,
            "request_id": request_id,
            "kind": asked.kind.value,
            "state": State.RECEIVED.value,
            "third_party": asked.third_party,
            "with_province": suspect or asked.third_party,
            "received_at": at,
            "answer_by": days.answer.day,
            "done_by": days.done.day,
            "sealed_request": _seal(known, reached.head, request_id, group="request", document=document),
        },
    )
    _log(transaction, vault, reached, kind=asked.kind.value, what="received")
    return request_id


def queue(transaction: Transaction, vault: Vault) -> list[RequestLine]:
    """Return the requests of the own area that are not closed, the most urgent first."""
    grant = authorize(transaction.access, Action.SUBJECT_REQUEST)
    transaction.hold(grant)
    found = subject_requests.waiting(transaction, grant.area, limit=SHOWN)
    today = day_in_viet_nam(transaction.access.at)
    children = {one.child_id for one in found}
    log(
        transaction,
        vault,
        Event(action=Action.SUBJECT_REQUEST.value, children=children, counts={"requests": len(found)}),
    )
    return [_line(one, today) for one in found]


def requests_of(transaction: Transaction, vault: Vault, law: Law, child_id: UUID) -> list[RequestView]:
    """Return all requests about a child, the newest first.

    Raises:
        NotFound: no such child, or not for this access.
    """
    reached, known = _reached(transaction, vault, child_id)
    found = subject_requests.of_children(transaction, reached.members)
    _log(transaction, vault, reached, kind="", what="seen")
    return [_view(transaction, known, one, law=law) for one in found]


def answer(transaction: Transaction, vault: Vault, child_id: UUID, request_id: UUID) -> None:
    """Note that the family had its first answer.

    Raises:
        NotFound, WithProvince, Conflict: there is none, it is another office's, or it was answered before.
    """
    reached, _, request = _own(transaction, vault, child_id, request_id=request_id)
    if request.state != State.RECEIVED.value:
        raise Conflict("it was answered before", field="request")
    _change(transaction, request, state=State.ANSWERED.value, answered_at=transaction.access.at)
    _log(transaction, vault, reached, kind=request.kind, what="answered")


def extend(transaction: Transaction, vault: Vault, law: Law, child_id: UUID, request_id: UUID, *, reason: str) -> date:
    """Take more time, once, and say why; return the new last day.

    Raises:
        NotFound, WithProvince: there is none, or it is another office's.
        BadQuery: the reason is missing.
        Conflict: it was extended before, or is over already.
    """
    reached, known, request = _own(transaction, vault, child_id, request_id=request_id)
    today = day_in_viet_nam(transaction.access.at)
    if request.extended_at is not None:
        raise Conflict("it was extended before, and may be once only", field="request")
    if request.done_by < today:
        raise Conflict("its last day is over, so it cannot be extended", field="request")
    due = extended(law, request.done_by, on=today)
    document = {"reason": _text("reason", reason)}
    sealed = _seal(known, request.child_id, request_id, group="extension", document=document)
    _change(transaction, request, extended_at=transaction.access.at, done_by=due.day, sealed_extension=sealed)
    _log(transaction, vault, reached, kind=request.kind, what="extended")
    return due.day


def pass_to_province(transaction: Transaction, vault: Vault, child_id: UUID, request_id: UUID) -> None:
    """Leave a request to the province.

    Raises:
        NotFound, WithProvince: there is none, or the province has it already.
    """
    reached, _, request = _own(transaction, vault, child_id, request_id=request_id)
    _change(transaction, request, with_province=True)
    _log(transaction, vault, reached, kind=request.kind, what="passed_on")


def close(
    transaction: Transaction, vault: Vault, child_id: UUID, request_id: UUID, *, outcome: Outcome, told: str
) -> None:
    """Close a request with what was done and what the family was told.

    Raises:
        NotFound, WithProvince: there is none, or it is another office's.
        BadQuery: what the family was told is missing.
        Conflict: it was closed before.
    """
    reached, known, request = _own(transaction, vault, child_id, request_id=request_id)
    document = {"told": _text("told", told)}
    sealed = _seal(known, request.child_id, request_id, group="outcome", document=document)
    at = transaction.access.at
    _change(
        transaction,
        request,
        state=State.CLOSED.value,
        answered_at=request.answered_at or at,
        closed_at=at,
        outcome=outcome.value,
        sealed_outcome=sealed,
    )
    _log(transaction, vault, reached, kind=request.kind, what=outcome.value)


def own_request(
    transaction: Transaction, vault: Vault, child_id: UUID, *, request_id: UUID
) -> tuple[Reached, KnownChild, StoredRequest]:
    """Return an open request that this office answers, with the child whom the transaction has reached.

    Raises:
        NotFound, WithProvince, Conflict: there is none, it is another office's, or it is closed.
    """
    return _own(transaction, vault, child_id, request_id=request_id)


def _reached(transaction: Transaction, vault: Vault, child_id: UUID) -> tuple[Reached, KnownChild]:
    reached = reach(transaction, vault, authorize(transaction.access, Action.SUBJECT_REQUEST), child_id)
    return reached, known_child(transaction, vault, reached.members)


def _own(
    transaction: Transaction, vault: Vault, child_id: UUID, *, request_id: UUID
) -> tuple[Reached, KnownChild, StoredRequest]:
    reached, known = _reached(transaction, vault, child_id)
    for request in subject_requests.of_children(transaction, reached.members):
        if request.request_id == request_id:
            break
    else:
        raise NotFound
    if not _answers(transaction, request):
        raise WithProvince(place="request")
    if request.state == State.CLOSED.value:
        raise Conflict("it was closed before", field="request")
    return reached, known, request


def _answers(transaction: Transaction, request: StoredRequest) -> bool:
    return not request.with_province or transaction.access.role is Role.PROVINCE_WORKER


def _change(transaction: Transaction, request: StoredRequest, **changes: Any) -> None:  # noqa: ANN401  columns
    if not subject_requests.change(transaction, request, **changes):
        raise Conflict("somebody else has changed it meanwhile", field="request")


def _view(transaction: Transaction, known: KnownChild, request: StoredRequest, *, law: Law) -> RequestView:
    here = _answers(transaction, request)
    asked = _open(known, request, "request", request.sealed_request) if here else {}
    extension = _open(known, request, "extension", request.sealed_extension) if here else {}
    outcome = _open(known, request, "outcome", request.sealed_outcome) if here else {}
    received = day_in_viet_nam(request.received_at)
    days = last_days(law, Kind(request.kind), on=received, with_others=request.third_party)
    return RequestView(
        line=_line(request, day_in_viet_nam(transaction.access.at)),
        certain=days.answer.certain and days.done.certain,
        asker=asked.get("asker"),
        relation=asked.get("relation"),
        proof=asked.get("proof"),
        words=asked.get("words"),
        third_party=request.third_party,
        answered_at=request.answered_at,
        extended_at=request.extended_at,
        extension=extension.get("reason"),
        closed_at=request.closed_at,
        outcome=Outcome(request.outcome) if request.outcome else None,
        told=outcome.get("told"),
        answers_here=here,
    )


def _line(request: StoredRequest, today: date) -> RequestLine:
    state = State(request.state)
    late = request.done_by < today or (state is State.RECEIVED and request.answer_by < today)
    return RequestLine(
        child_id=request.child_id,
        request_id=request.request_id,
        kind=Kind(request.kind),
        state=state,
        with_province=request.with_province,
        received_at=request.received_at,
        answer_by=request.answer_by,
        done_by=request.done_by,
        overdue=state is not State.CLOSED and late,
    )


def _text(name: str, text: str) -> str:
    plain = text.strip()
    if not 1 <= len(plain) <= LONGEST:
        raise BadQuery(name, f"1 to {LONGEST} characters")
    return plain


def _seal(known: KnownChild, child_id: UUID, request_id: UUID, *, group: str, document: dict[str, Any]) -> bytes:
    return seal_group(known.key(child_id), _TABLE, group=group, row=request_id, document=document)


def _open(known: KnownChild, request: StoredRequest, group: str, token: bytes | None) -> dict[str, Any]:
    if token is None:
        return {}
    return open_group(known.key(request.child_id), _TABLE, group=group, row=request.request_id, token=token)


def _log(transaction: Transaction, vault: Vault, reached: Reached, *, kind: str, what: str) -> None:
    groups = (kind,) if kind else ()
    event = Event(action=Action.SUBJECT_REQUEST.value, children=reached.members, groups=groups, counts={what: 1})
    log(transaction, vault, event)

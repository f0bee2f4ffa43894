"""One record of a client's own system: read what is known of it, write it over a version, withdraw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.actions.exchange.conditions import Condition, condition_of
from registry.actions.exchange.own_records import (
    PROPOSALS,
    OwnRecord,
    answer_proposal,
    read_own,
    require_right,
)
from registry.actions.exchange.own_writes import Write, Written, write_own
from registry.actions.exchange.push_records import Stream
from registry.actions.exchange.refusals import Fault, NotUnderstood
from registry.api.bodies import JSON, raw_body, record_of
from registry.api.caller import Caller, Signed
from registry.api.exchange_views import StreamName, System, Told, client_of, own_stream, told_result
from registry.api.problems import problems
from registry.model.access import Purpose

router = APIRouter(tags=["exchange"])

RecordKey = Annotated[str, Path(min_length=1, description="the record's own key, percent-encoded; it may hold slashes")]
IfMatch = Annotated[str | None, Header(description="the ETag of the version that is meant")]
IfNoneMatch = Annotated[str | None, Header(description="* : nothing stands under the key yet")]
DryRun = Annotated[bool, Query(description="say what would become of it, and store nothing")]
_PLACE: Final = "/sources/{system}/streams/{stream}/records/{key:path}"


class LinkView(BaseModel):
    """What is known of the record's link to a citizen."""

    state: str = Field(description="candidate, verified, mismatch, unreachable, stale or revoked")
    since: datetime
    as_of: datetime | None = Field(description="when the population database last confirmed it; null: never")
    by: str | None = Field(description="what it was asked through; null: it was not yet")


class ProposalView(BaseModel):
    """A correction that is proposed for the record; the system decides."""

    model_config = ConfigDict(from_attributes=True)

    proposal_id: UUID
    about: str = Field(description="number, name, sex, birth, moved, parents or died")
    before: Any = Field(repr=False, description="what the record says")
    proposed: Any = Field(repr=False, description="what it is to say")
    proposed_at: datetime
    answered_at: datetime | None
    taken: bool | None = Field(description="the answer; null: none yet")


class RecordView(BaseModel):
    """What a system may know of one of its records."""

    id: str = Field(description="the name by which events mean it")
    key: str = Field(repr=False)
    version: int | None
    version_at: datetime | None
    withdrawn: bool
    link: LinkView | None = Field(description="null: it is linked to nobody")
    number_masked: str | None = Field(description="of a verified link")
    number: str | None = Field(repr=False, description="of a verified link, for clients with the right to it")
    proposals: list[ProposalView] | None = Field(description="null: the client has not the right to them")


class WriteView(Told):
    """What became of a write."""

    batch_id: UUID | None = Field(description="null: a dry run")
    dry_run: bool


class AnswerToProposal(BaseModel):
    """What a source says to a proposed correction."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    taken: bool
    rule: Literal["checked_on_paper", "another_child", "cannot_be_changed", "other"] | None = Field(
        default=None, description="why not; needed with a refusal alone"
    )


class _DryRunDone(Exception):
    """Carries what would become of a write out of the transaction that is undone by it."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "a record; its key stands in the address",
        "content": {JSON: {"schema": {"type": "object"}}},
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A record of a client's own stream."""

    caller: Caller
    stream: Stream
    key: str = field(repr=False)


def place(caller: Signed, system: System, stream: StreamName, key: RecordKey) -> Place:
    """Return the record that an address means.

    Raises:
        Refused, NotFound: it is not the client's to speak of.
    """
    return Place(caller=caller, stream=own_stream(caller, system, stream), key=key)


def condition(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Condition:
    """Return which version a client means.

    Raises:
        ConditionMissing, NotUnderstood: it does not say.
    """
    return condition_of(if_match, if_none_match)


Placed = Annotated[Place, Depends(place)]
Conditional = Annotated[Condition, Depends(condition)]


@router.get(_PLACE, summary="What is known of an own record", responses=problems(401, 403, 404, 422))
def read(own: Placed, response: Response) -> RecordView:
    """Return the state of a record of the client's own system. A key of another system is as one of nobody."""
    caller = own.caller
    rights = client_of(caller).client.rights
    with caller.begin(Purpose.INGEST) as transaction:
        found = read_own(transaction, caller.services.vault, own.stream, key=own.key, rights=rights)
    response.headers["ETag"] = found.etag
    return _view(found)


@router.put(
    _PLACE,
    summary="Write an own record",
    response_model=WriteView,
    responses={
        **problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 428),
        201: {"description": "It is new", "model": WriteView},
    },
    openapi_extra=_BODY,
)
def write(
    request: Request,
    response: Response,
    own: Placed,
    meant: Conditional,
    body: Annotated[bytes, Depends(raw_body)],
    *,
    dry_run: DryRun = False,
) -> WriteView:
    """Write a record over the version that the client means; nothing is kept of what breaks a rule."""
    record = record_of(request, body)
    if record.pop("key", own.key) != own.key:
        raise NotUnderstood(faults=[Fault("/key", "key_broken")])
    if record.get("operation", "upsert") != "upsert":
        raise NotUnderstood(faults=[Fault("/operation", "field_broken")])
    written = _done(own, meant, record=record, dry_run=dry_run)
    return _answer(response, written, dry_run=dry_run)


@router.delete(
    _PLACE,
    summary="Withdraw an own record",
    response_model=WriteView,
    responses=problems(401, 403, 404, 409, 412, 422, 428),
)
def withdraw(
    response: Response,
    own: Placed,
    meant: Conditional,
    *,
    version: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="the system's own number")] = None,
    dry_run: DryRun = False,
) -> WriteView:
    """Withdraw a record: it is not found or matched any more, and stays as it was written."""
    record = {"operation": "delete"} | ({} if version is None else {"version": version})
    written = _done(own, meant, record=record, dry_run=dry_run)
    return _answer(response, written, dry_run=dry_run)


@router.post(
    "/proposals/{proposal_id}/answer",
    summary="Answer a proposed correction",
    status_code=204,
    responses=problems(401, 403, 404, 413, 422),
)
def answer(caller: Signed, proposal_id: UUID, said: AnswerToProposal) -> None:
    """Say whether the system takes a correction that is proposed for a record of its own."""
    token = client_of(caller)
    require_right(token.client.rights, PROPOSALS)
    with caller.begin(Purpose.INGEST) as transaction:
        answer_proposal(
            transaction,
            caller.services.vault,
            proposal_id,
            streams=token.streams,
            taken=said.taken,
            rule=said.rule,
        )


def _done(own: Place, meant: Condition, *, record: Mapping[str, Any], dry_run: bool) -> Written:
    caller = own.caller
    client_id = client_of(caller).client.client_id
    sent = Write(client_id=client_id, stream=own.stream, key=own.key, condition=meant, record=record)
    try:
        with caller.begin(Purpose.INGEST) as transaction:
            written = write_own(transaction, caller.services.vault, sent)
            if dry_run:
                raise _DryRunDone(written)
    except _DryRunDone as done:
        return done.written
    return written


def _answer(response: Response, written: Written, *, dry_run: bool) -> WriteView:
    if written.created and not dry_run:
        response.status_code = 201
    if written.etag is not None and not dry_run:
        response.headers["ETag"] = written.etag
    batch_id = None if dry_run else written.batch_id
    return WriteView(**told_result(written.result, 0), batch_id=batch_id, dry_run=dry_run)


def _view(found: OwnRecord) -> RecordView:
    link = found.link
    return RecordView(
        id=found.name,
        key=found.key,
        version=found.version,
        version_at=found.version_at,
        withdrawn=found.withdrawn,
        link=None
        if link is None
        else LinkView(state=link.state, since=link.since, as_of=link.confirmed_at, by=link.connector),
        number_masked=found.number_masked,
        number=found.number,
        proposals=None if found.proposals is None else [ProposalView.model_validate(one) for one in found.proposals],
    )

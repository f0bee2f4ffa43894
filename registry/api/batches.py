"""Push a batch of records, and ask what became of it. The records are stored before the answer leaves."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from registry.actions.exchange.outcomes import Batch
from registry.actions.exchange.push import Push, find_batch, idempotency_key, push, read_elements
from registry.actions.exchange.push_records import PushedRecord
from registry.actions.exchange.refusals import IdempotencyKeyMissing
from registry.api.bodies import JSON, LINES, raw_body, records_of
from registry.api.caller import Caller, Signed
from registry.api.exchange_views import BatchView, StreamName, System, client_of, own_stream, told_of
from registry.api.problems import problems
from registry.model.access import Purpose
from registry.protect.doors import SYSTEMS

router = APIRouter(tags=["exchange"])

_RECORD: Final = PushedRecord.model_json_schema(ref_template="#/components/schemas/{model}")
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "At most 1,000 records and 5 MB. What is no record is refused by itself, not the whole batch.",
        "content": {
            # every element has an outcome of its own, so that the form of the whole allows any
            JSON: {"schema": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {}}},
            LINES[0]: {"schema": {"type": "string", "description": "one record a line"}},
        },
    }
}


class DryRunDone(Exception):
    """Carries what would become of a push out of the transaction that is undone by it."""

    def __init__(self, batch: Batch) -> None:
        super().__init__()
        self.batch = batch


@router.post(
    "/sources/{system}/streams/{stream}/batches",
    summary="Push a batch of records",
    status_code=202,
    response_model=BatchView,
    responses={
        **problems(400, 401, 403, 404, 409, 413, 415, 422),
        200: {"description": "A dry run: nothing is stored", "model": BatchView},
    },
    openapi_extra=_BODY,
)
def push_batch(
    request: Request,
    caller: Signed,
    system: System,
    stream: StreamName,
    body: Annotated[bytes, Depends(raw_body)],
    *,
    idempotency_key_header: Annotated[
        str | None, Header(alias="Idempotency-Key", description="needed; the same key sent again changes nothing")
    ] = None,
    dry_run: Annotated[bool, Query(description="say what would become of it, and store nothing")] = False,
) -> Response:
    """Take in a batch. The answer says what became of each record; it is kept for 30 days under its key."""
    known = own_stream(caller, system, stream)
    if idempotency_key_header is None:
        raise IdempotencyKeyMissing
    sent = Push(
        client_id=client_of(caller).client.client_id,
        stream=known,
        key=idempotency_key(idempotency_key_header),
        body=body,
        read=read_elements(records_of(request, body), known),
    )
    batch = _pushed(caller, sent, dry_run=dry_run)
    headers = {} if dry_run else {"Location": f"{SYSTEMS}/batches/{batch.batch_id}"}
    if batch.replayed:
        headers["Idempotency-Replayed"] = "true"
    content = to_json(told_of(batch, dry_run=dry_run))
    return Response(content, status_code=200 if dry_run else 202, media_type=JSON, headers=headers)


@router.get(
    "/batches/{batch_id}",
    summary="What became of a batch",
    response_model=BatchView,
    responses=problems(401, 403, 404, 422),
)
def read_batch(caller: Signed, batch_id: UUID) -> Response:
    """Return a batch of the client's own system, for 30 days."""
    token = client_of(caller)
    with caller.begin(Purpose.INGEST) as transaction:
        batch = find_batch(transaction, caller.services.vault, batch_id, streams=token.streams)
    return Response(to_json(told_of(batch, dry_run=False)), media_type=JSON)


def _pushed(caller: Caller, sent: Push, *, dry_run: bool) -> Batch:
    try:
        with caller.begin(Purpose.INGEST) as transaction:
            batch = push(transaction, caller.services.vault, sent)
            if dry_run:
                raise DryRunDone(batch)
    except DryRunDone as done:
        return done.batch
    return batch

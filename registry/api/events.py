"""Follow what happened to the own records, list them to begin with, and read the forms of both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from registry.actions.exchange.events import SCHEMA, list_own, read_feed
from registry.actions.exchange.push_records import PushedRecord
from registry.api.caller import Signed
from registry.api.exchange_views import StreamName, System, client_of, own_stream
from registry.api.problems import problems
from registry.model.access import Purpose
from registry.protect.doors import SYSTEMS

router = APIRouter(tags=["exchange"])

MOST: Final = 1000
After = Annotated[str | None, Query(max_length=64, description="the cursor behind what is known already")]
Limit = Annotated[int, Query(ge=1, le=MOST)]


class EventData(BaseModel):
    """What changed; which values stand now is asked for."""

    stream: str
    changed: list[Literal["record", "link", "proposals"]]


class EventView(BaseModel):
    """One event in the form of CloudEvents 1.0."""

    specversion: Literal["1.0"]
    id: str = Field(description="of the event; it is a cursor, too")
    source: str
    type: str = Field(description="such as vn.child-registry.record.received.v1")
    subject: str = Field(description="the name of the record, as in the answer to a push")
    time: datetime
    datacontenttype: Literal["application/json"]
    dataschema: str
    data: EventData


class EventPage(BaseModel):
    """Some events in the order in which they were committed."""

    events: list[EventView]
    after: str = Field(description="the cursor behind them; ask again with it, now or later")
    more: bool = Field(description="there are more by now")


class EntryView(BaseModel):
    """One own record in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(validation_alias="name", description="the name by which events mean it")
    key: str = Field(repr=False)
    etag: str
    version_at: datetime | None
    withdrawn: bool
    link_state: str | None = Field(description="null: it is linked to nobody")
    as_of: datetime | None


class RecordPage(BaseModel):
    """Some own records."""

    records: list[EntryView]
    after: str | None = Field(description="the cursor behind them; null: there are no more")
    events_after: str = Field(description="follow the events from the one of the first page")


@router.get(
    "/events",
    summary="What happened to the own records",
    response_model=EventPage,
    responses=problems(401, 403, 410, 422),
)
def read(caller: Signed, after: After = None, limit: Limit = 100) -> Response:
    """Return events in the order of commits, without gaps. They are kept for 30 days."""
    token = client_of(caller)
    with caller.begin(Purpose.INGEST) as transaction:
        page = read_feed(
            transaction,
            caller.services.vault,
            system=token.client.system,
            streams=token.streams,
            after=after,
            limit=limit,
        )
    document = {"events": page.events, "after": page.cursor, "more": page.more}
    return JSONResponse(document, headers={"Link": _next("/events", page.cursor, limit)})


@router.get(
    "/sources/{system}/streams/{stream}/records",
    summary="List the own records",
    responses=problems(401, 403, 404, 422),
)
def list_records(
    caller: Signed,
    system: System,
    stream: StreamName,
    response: Response,
    after: After = None,
    limit: Limit = 100,
) -> RecordPage:
    """Return the records of an own stream: what a subscriber reads first, or when events were missed for too long."""
    known = own_stream(caller, system, stream)
    with caller.begin(Purpose.INGEST) as transaction:
        page = list_own(transaction, caller.services.vault, known, after=after, limit=limit)
    if page.cursor is not None:
        response.headers["Link"] = _next(f"/sources/{system}/streams/{stream}/records", page.cursor, limit)
    return RecordPage(
        records=[EntryView.model_validate(one, from_attributes=True) for one in page.records],
        after=page.cursor,
        events_after=page.events_after,
    )


@router.get("/schemas/{name}", summary="The form of a record or an event", responses=problems(404, 422))
def schema(name: Literal["record", "event"]) -> dict[str, Any]:
    """Return a JSON Schema."""
    return dict(_SCHEMAS[name])


_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    "record": {"$id": "urn:child-registry:schemas:record:1", **PushedRecord.model_json_schema()},
    "event": {"$id": SCHEMA, **EventData.model_json_schema()},
}


def _next(path: str, cursor: str, limit: int) -> str:
    return f'<{SYSTEMS}{path}?{urlencode({"after": cursor, "limit": limit})}>; rel="next"'

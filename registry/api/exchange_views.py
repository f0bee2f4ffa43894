"""How results of an exchange are written, and whose stream a client may speak of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path
from pydantic import BaseModel, Field

from registry.actions.exchange.outcomes import Batch, Result
from registry.actions.exchange.push_records import Stream
from registry.actions.exchange.sentences import sentence_of
from registry.api.caller import Caller
from registry.model.errors import NotFound, Refused
from registry.store.clients import ClientToken

_NAME: Final = r"^[a-z][a-z0-9_]{0,62}$"
System = Annotated[str, Path(pattern=_NAME, description="the client's own system")]
StreamName = Annotated[str, Path(pattern=_NAME, description="one of the streams of the token")]


class Told(BaseModel):
    """What became of one record."""

    index: int = Field(description="place in the batch, from 0")
    outcome: str = Field(description="accepted, duplicate, stale, conflict, quarantined or rejected")
    rule: str | None = Field(description="name of the rule that it breaks")
    pointer: str | None = Field(description="where, as a JSON pointer into the record")
    vi: str = Field(description="the same as a sentence")
    en: str = Field(description="the same as a sentence")
    id: str | None = Field(description="the name by which events mean the record")
    unknown_fields: list[str] = Field(description="parts with fields that are kept and not understood")


class Counts(BaseModel):
    """How many records ended in which outcome."""

    accepted: int
    duplicate: int
    stale: int
    conflict: int
    quarantined: int
    rejected: int


class BatchView(BaseModel):
    """A batch and what became of it."""

    batch_id: UUID | None = Field(description="null: a dry run")
    system: str
    stream: str
    state: str = Field(description="done: the records are stored; the linkage follows")
    dry_run: bool
    received_at: datetime
    counts: Counts
    records: list[Told]


def told_of(batch: Batch, *, dry_run: bool) -> Mapping[str, Any]:
    """Return a batch as it is answered: plain values, for there may be a thousand of them."""
    return {
        "batch_id": None if dry_run else str(batch.batch_id),
        "system": batch.system,
        "stream": batch.stream,
        "state": "done",
        "dry_run": dry_run,
        "received_at": batch.received_at,
        "counts": batch.counts,
        "records": [told_result(result, index) for index, result in enumerate(batch.results)],
    }


def told_result(result: Result, index: int) -> Mapping[str, Any]:
    """Return the outcome of one record as it is answered."""
    sentence = sentence_of(result.outcome, result.rule)
    return {
        "index": index,
        "outcome": result.outcome.value,
        "rule": result.rule,
        "pointer": result.pointer,
        "vi": sentence.vi,
        "en": sentence.en,
        "id": result.name,
        "unknown_fields": list(result.unknown),
    }


def client_of(caller: Caller) -> ClientToken:
    """Return the client that calls.

    Raises:
        Refused: a person calls.
    """
    if caller.client is None:
        raise Refused("this is for a sector's system, not for people")
    return caller.client


def own_stream(caller: Caller, system: str, stream: str) -> Stream:
    """Return a stream of the client's own system that its token is good for.

    Raises:
        Refused: a person calls.
        NotFound: it is another system's, or one of which the client may not know.
    """
    token = client_of(caller)
    if token.client.system != system or stream not in token.streams:
        raise NotFound
    return Stream(system=system, stream=stream)

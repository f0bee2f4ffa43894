"""The hotline for children hands calls over to communes: each call is a case, by what form 01 of case management asks.

    [sources.hotline]
    connector = "hotline"
    schedule = "* * * * *"
    [sources.hotline.settings]
    endpoint = "https://111.example.vn/ban-giao"
    token = { file = "/etc/child-registry/hotline.token" }

Every fact of a call may be unknown: a child without a name is a case too. Who called stays unknown here, unless the
caller agreed: what else came of the caller is dropped before anything is stored. What is stored is told to the hotline
page by page; a single call is acknowledged, or handed back with a reason, by `push`.

Source: Decree 56/2017/ND-CP, form 01; Law on Children, article 51.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, Field

from connectors.contract import (
    API,
    Checkpoint,
    CheckReport,
    Closed,
    ContractDrift,
    CursorKind,
    Deletes,
    Message,
    Proposal,
    Pushed,
    Receipt,
    Record,
    Stream,
)
from connectors.formats.strict_json import read_json, read_model
from connectors.http import Clock, Sleep, utc_now
from connectors.records import Rejected, SourceRecord
from connectors.sectors.hotline_call import CALL_FIELDS, call_of
from connectors.sectors.mapping import FieldMapping, canonical
from connectors.sectors.pull import Source, Target, document_of, number_at
from connectors.sectors.pull_changes import PullChanges, PullChangesSettings
from connectors.sectors.rows import RowRefused

SYSTEM: Final = "protection"
STREAM: Final = "hotline"
MOST_AT_ONCE: Final = 200  # acknowledgements


class HotlineSettings(PullChangesSettings):
    """Where the hotline hands calls over."""

    system: Literal["protection"] = SYSTEM  # cases are sealed as those of this sector only
    stream: Literal["hotline"] = STREAM
    path: Target = "/handovers"
    receipts: Target = "/receipts"
    acknowledgements: Target = "/acknowledgements"
    counted: Target = "/handovers/count"
    rows: str = "items"
    next: str | None = "next"
    more: str | None = "more"
    mapping: FieldMapping = FieldMapping(
        key=("call_id",),
        version_at="updated_at",
        deleted="withdrawn",
        deleted_when=frozenset({"true"}),
        facts={},
        required=frozenset(),
    )


class _Answered(BaseModel):
    call_id: str = Field(repr=False)
    taken: bool
    rule: str | None = Field(default=None, max_length=60)


class _Answers(BaseModel):
    items: list[_Answered] = Field(repr=False)


class Hotline:
    """Takes calls over from the hotline."""

    api: ClassVar[int] = API
    conformance: ClassVar[str] = "connectors.conformance.scenarios.pulled:HotlineScenario"
    system: ClassVar[str] = SYSTEM

    def __init__(self, settings: HotlineSettings, *, clock: Clock = utc_now, sleep: Sleep = time.sleep) -> None:
        self._settings = settings
        self._feed = PullChanges(settings, clock=clock, sleep=sleep)
        self._beside = Source(settings, clock=clock, sleep=sleep)
        self._counted = Source(settings.model_copy(update={"path": settings.counted}), clock=clock, sleep=sleep)

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return HotlineSettings

    def check(self) -> CheckReport:
        """Say whether the hotline answers us."""
        return self._feed.check()

    def discover(self) -> Sequence[Stream]:
        """Return the one stream."""
        return [
            Stream(
                name=STREAM,
                key=self._settings.mapping.key,
                fields=CALL_FIELDS,
                required=frozenset(self._settings.mapping.key),
                cursor=CursorKind.SEQUENCE,
                deletes=Deletes.TOMBSTONE,
                mapping_version=self._settings.mapping_version,
                deliveries=True,
            )
        ]

    def read(self, stream: str, cursor: str | None, *, limit: int) -> Iterator[Message]:
        """Yield one page of calls, without the callers who did not agree to be named.

        Raises:
            ConnectorError: the hotline failed.
        """
        for message in self._feed.read(stream, cursor, limit=limit):
            if isinstance(message, Record):
                yield replace(message, payload=_without_caller(message.payload))
            elif isinstance(message, Rejected):
                yield replace(message, raw=_raw_without_caller(message.raw))
            elif isinstance(message, Checkpoint) and message.cursor != (cursor or "0"):
                yield replace(message, closes=Closed(delivery=f"{cursor or 0}-{message.cursor}"))
            else:
                yield message

    def receipt(self, stream: str, receipt: Receipt) -> None:
        """Tell the hotline up to which number its calls are taken over, and which of them wait here and why.

        Raises:
            ConnectorError: the hotline failed; the next receipt tells the same and more.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        after, _, up_to = receipt.delivery.partition("-")
        told = {
            "after": after,
            "up_to": up_to,
            "counts": dict(receipt.counts),
            "refused": [{"place": one.row, "rule": one.rule, "field": one.field} for one in receipt.refused],
        }
        self._beside.sent(self._settings.receipts, told)

    def map(self, record: Record) -> SourceRecord | Rejected:
        """Say what a call says of a child, and what the case is."""
        try:
            return call_of(record, system=SYSTEM, stream=STREAM)
        except RowRefused as refusal:
            raw = canonical(record.payload)
            return Rejected(row=record.row, rule=refusal.rule, field=refusal.field, raw=raw)

    def reread(self, stream: str, raw: bytes, *, row: int) -> Record | Rejected:
        """Read one refused call again."""
        return self._feed.reread(stream, raw, row=row)

    def push(self, stream: str, proposals: Sequence[Proposal]) -> Sequence[Pushed]:
        """Acknowledge calls that were taken over, or say why one was not; repeating it does no harm.

        Raises:
            ConnectorError: the hotline failed; what it took by then stays taken.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        answered: list[Pushed] = []
        for begin in range(0, len(proposals), MOST_AT_ONCE):
            answered += self._pushed(proposals[begin : begin + MOST_AT_ONCE])
        return answered

    def _pushed(self, proposals: Sequence[Proposal]) -> list[Pushed]:
        told = [
            {"call_id": one.key, "field": one.field_name, "value": one.proposed, "reason": one.reason}
            for one in proposals
        ]
        document = document_of(self._beside.sent(self._settings.acknowledgements, {"items": told}))
        answers = read_model(_Answers, document, place="acknowledgements").items
        if [one.call_id for one in answers] != [one.key for one in proposals]:
            raise ContractDrift("acknowledgements: not those that were sent")
        return [Pushed(key=one.call_id, taken=one.taken, rule=one.rule) for one in answers]

    def count(self, stream: str) -> int:
        """Return how many calls are handed over and not withdrawn.

        Raises:
            ConnectorError: the hotline failed, or does not say.
        """
        if stream != STREAM:
            raise ContractDrift("stream")
        found = number_at(document_of(self._counted.answer({})), "count")
        if found is None:
            raise ContractDrift("count")
        return found

    def close(self) -> None:
        """Give the connections back."""
        self._feed.close()
        self._beside.close()
        self._counted.close()


def _without_caller(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call without who called, unless that person agreed."""
    caller = payload.get("informant")
    if isinstance(caller, Mapping) and caller.get("willing") is True:
        return dict(payload)
    return {name: value for name, value in payload.items() if name != "informant"}


def _raw_without_caller(raw: bytes) -> bytes:
    document = read_json(raw)
    return canonical(_without_caller(document)) if isinstance(document, Mapping) else raw

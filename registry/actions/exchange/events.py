"""What happened to a system's own records, in the order in which it was committed; and the whole list to begin with.

An event is thin: which record, by an opaque name, and which part of it changed. What it is now is asked for then.

Source: CloudEvents 1.0, JSON format.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from registry.actions.exchange.conditions import etag_of
from registry.actions.exchange.push_records import Stream
from registry.actions.exchange.refusals import CursorGone, Fault, NotUnderstood
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.oversight.log import log
from registry.model.errors import Tampered
from registry.protect.authorize import Action, authorize
from registry.protect.feed_names import FeedNames
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import events, own_records
from registry.store.events import FeedEvent
from registry.store.own_records import Listed
from registry.store.session import Transaction

KEPT: Final = timedelta(days=30)
SOURCE: Final = "/v1/events"
SCHEMA: Final = "urn:child-registry:schemas:event:1"
_TYPE: Final = "vn.child-registry.{kind}.v1"
_CHANGED: Final[Mapping[str, str]] = {
    "record": "record",
    "link": "link",
    "finding": "proposals",
    "proposal": "proposals",
}
_KEY_LOST: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some events, and the cursor behind them."""

    events: tuple[Mapping[str, Any], ...]
    cursor: str
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """One record in the list of a stream."""

    name: str
    key: str = field(repr=False)
    etag: str
    version_at: datetime | None
    withdrawn: bool
    link_state: str | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPage:
    """Some records of a stream; events behind `events_after` tell what changed while the list was read."""

    records: tuple[OwnEntry, ...] = field(repr=False)
    cursor: str | None  # None: there are no more
    events_after: str


def cloud_event(names: FeedNames, event: FeedEvent) -> dict[str, Any]:
    """Return an event as it is told."""
    return {
        "specversion": "1.0",
        "id": names.event(event.position),
        "source": SOURCE,
        "type": _TYPE.format(kind=event.kind),
        "subject": names.record(event.child_id),
        "time": event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "dataschema": SCHEMA,
        "data": {"stream": event.stream, "changed": [_CHANGED.get(event.kind.partition(".")[0], "record")]},
    }


def read_feed(
    transaction: Transaction, vault: Vault, *, system: str, streams: Collection[str], after: str | None, limit: int
) -> Page:
    """Return the next events of a system.

    Args:
        system: the transaction's own.
        streams: of the client's token; others are passed over.
        after: the cursor; None: from the oldest that is kept.

    Raises:
        Refused: the access may not follow events.
        NotUnderstood: there is no such cursor of this system.
        CursorGone: what is behind it is kept no longer.
    """
    authorize(transaction.access, Action.EVENTS)
    names = FeedNames(vault.keyring, system)
    position = None if after is None else names.position_of(after)
    if after is not None and position is None:
        raise NotUnderstood(faults=[Fault("/after", "cursor_broken")], field="query.after")
    events.number(transaction)
    _, forgotten = events.head(transaction, system)
    if position is not None and position < forgotten:
        raise CursorGone(f"/v1/sources/{system}/streams/STREAM/records")
    found = events.behind(transaction, system, forgotten if position is None else position, limit=limit)
    sealed = own_records.sealed_among(transaction, [one.child_id for one in found]) if found else set()
    told = tuple(cloud_event(names, one) for one in found if one.stream in streams and one.child_id not in sealed)
    if told:  # nothing is told, so nothing is logged: a subscriber asks often
        log(transaction, vault, Event(action=Action.EVENTS.value, counts={"events": len(told)}))
    last = found[-1].position if found else forgotten if position is None else position
    return Page(events=told, cursor=names.event(last), more=len(found) == limit)


def list_own(transaction: Transaction, vault: Vault, stream: Stream, *, after: str | None, limit: int) -> OwnPage:
    """Return the next records of an own stream: what a subscriber reads before it follows the events.

    Args:
        after: the cursor; None: from the beginning.

    Raises:
        Refused: the access may not ask for states of links.
        NotUnderstood: there is no such cursor of this system.
    """
    authorize(transaction.access, Action.LINK_STATE)
    names = FeedNames(vault.keyring, stream.system)
    behind = None if after is None else names.child_of(after)
    if after is not None and behind is None:
        raise NotUnderstood(faults=[Fault("/after", "cursor_broken")], field="query.after")
    events.number(transaction)
    position, _ = events.head(transaction, stream.system)  # before the list is read: what changes later is told
    found = own_records.listed(transaction, streams=[stream.stream], after=behind, limit=limit)
    sealed = own_records.sealed_among(transaction, [one.child_id for one in found]) if found else set()
    shown = [one for one in found if one.child_id not in sealed]
    if shown:
        children = [one.child_id for one in shown]
        log(transaction, vault, Event(action=Action.LINK_STATE.value, children=children))
    return OwnPage(
        records=tuple(_entry(vault, names, one) for one in shown),
        cursor=names.record(found[-1].child_id) if len(found) == limit else None,
        events_after=names.event(position),
    )


def forget_old(transaction: Transaction) -> int:
    """Forget events that are older than they are kept; return how many.

    Raises:
        Refused: the access may not keep the feed.
    """
    authorize(transaction.access, Action.EVENTS)
    return events.forget(transaction, before=transaction.access.at - KEPT)


def _entry(vault: Vault, names: FeedNames, listed: Listed) -> OwnEntry:
    return OwnEntry(
        name=names.record(listed.child_id),
        key=_key_of(vault, listed),
        etag=etag_of(listed.version_no, listed.content_digest),
        version_at=listed.version_at,
        withdrawn=listed.withdrawn,
        link_state=listed.link_state,
        as_of=listed.confirmed_at,
    )


def _key_of(vault: Vault, listed: Listed) -> str:
    """Return the record's own key; nothing if what holds it was damaged, which whoever opens the record is told of."""
    try:
        key = vault.key(
            Domain.IDENTITY_WRAP,
            listed.child_id,
            wrapped=listed.wrapped_key,
            epoch=listed.key_epoch,
            generation=listed.key_generation,
        )
        source = open_group(key, "identity", group="source", row=listed.child_id, token=listed.sealed_source)
    except Tampered:
        return _KEY_LOST
    return str(source["key"])

"""Decides what is sent to whom and when again. Nothing is sent here: a transaction claims, another one settles.

A delivery that nobody settled, because whoever sent it died, is due again when its lease ends: it may come twice, and
never not at all. The id of the event tells the subscriber.

Source: Standard Webhooks 1.0: retries, and what an answer means.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from registry.actions.exchange.events import cloud_event
from registry.actions.exchange.subscriptions import signing_secrets
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.feed_names import FeedNames
from registry.protect.log.access_log import Event
from registry.protect.webhook_signature import signed_headers
from registry.store import events, subscriptions
from registry.store.events import FeedEvent
from registry.store.session import Transaction
from registry.store.subscriptions import Due, Standing, Subscription

# after the first, second … try that failed; the first one is made at once
LADDER: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5)),
    *(timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24)),
)
JITTER: Final = 0.1  # of a wait, at most, so that those who failed together do not come together
LEASE: Final = timedelta(minutes=2)  # longer than any delivery may take
LONGEST_WAIT: Final = timedelta(hours=24)
AT_ONCE: Final = 20  # deliveries of one page
EACH: Final = 5  # of one subscription: who is slow holds up nobody else
FANNED_OUT: Final = 200  # events made deliveries at once, of one subscription
GONE: Final = 410
MEDIA_TYPE: Final = "application/cloudevents+json"
_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A signed event, ready to be sent."""

    due: Due
    address: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of sending: a status, or the name of what went wrong before there was one."""

    status: int | None = None
    fault: str | None = None
    retry_after: timedelta | None = None


def fan_out(transaction: Transaction) -> int:
    """Make deliveries of what has happened since; return how many.

    Raises:
        Refused: the access may not send events.
    """
    authorize(transaction.access, Action.EVENTS)
    events.number(transaction)
    return subscriptions.fan_out(transaction, most=FANNED_OUT)


def claim_page(transaction: Transaction, vault: Vault) -> list[Message]:
    """Claim deliveries that are due, and return them signed; those whose event is gone are dropped.

    Raises:
        Refused: the access may not send events.
    """
    authorize(transaction.access, Action.EVENTS)
    at = transaction.access.at
    beyond = at + LONGEST_WAIT * (1 + 2 * JITTER)  # written by a clock that stood ahead
    due = subscriptions.claim(transaction, until=at + LEASE, beyond=beyond, most=AT_ONCE, each=EACH)
    known = subscriptions.by_ids(transaction, {one.subscription_id for one in due})
    secrets = {name: signing_secrets(transaction, vault, one) for name, one in known.items()}
    messages = []
    for one in due:
        event = _event_of(one)
        if event is None:
            subscriptions.arrived(transaction, one.subscription_id, one.position)
            continue
        subscription = known[one.subscription_id]
        messages.append(_message(vault, subscription, event, due=one, secrets=secrets[one.subscription_id], at=at))
    return messages


def settle(transaction: Transaction, vault: Vault, message: Message, answer: Answer, *, chance: float) -> None:
    """Note what came of a delivery.

    Args:
        chance: from 0 to 1: how far within its range the next wait is.

    Raises:
        Refused: the access may not send events.
    """
    authorize(transaction.access, Action.EVENTS)
    due = message.due
    if answer.status is not None and answer.status in _OK:
        subscriptions.arrived(transaction, due.subscription_id, due.position)
        log(transaction, vault, Event(action=Action.EVENTS.value, counts={"delivered": 1}))
        return
    if answer.status == GONE:
        _disable(transaction, due.subscription_id, why="gone")
        return
    wait = next_wait(due.attempts, retry_after=answer.retry_after, chance=chance)
    again_at = None if wait is None else transaction.access.at + wait
    fault = answer.fault or ("redirected" if answer.status is not None and 300 <= answer.status < 400 else "refused")
    subscriptions.failed(transaction, due, again_at=again_at, status=answer.status, fault=fault)


def next_wait(attempts: int, *, retry_after: timedelta | None, chance: float) -> timedelta | None:
    """Return how long to wait after so many tries that failed; None: it is given up.

    Args:
        attempts: from 1.
        retry_after: what the subscriber asked for; it lengthens a wait, up to a day, and never shortens one.
    """
    if attempts > len(LADDER):
        return None
    wait = LADDER[attempts - 1] * (1 + JITTER * chance)
    return wait if retry_after is None else max(wait, min(retry_after, LONGEST_WAIT))


def _disable(transaction: Transaction, subscription_id: UUID, *, why: str) -> None:
    subscriptions.change(transaction, subscription_id, disabled_at=transaction.access.at, disabled_why=why)
    subscriptions.drop_deliveries(transaction, subscription_id)


def _event_of(due: Due) -> FeedEvent | None:
    if due.child_id is None or due.stream is None or due.kind is None or due.at is None:
        return None
    return FeedEvent(position=due.position, child_id=due.child_id, stream=due.stream, kind=due.kind, at=due.at)


def _message(
    vault: Vault, subscription: Subscription, event: FeedEvent, *, due: Due, secrets: list[str], at: datetime
) -> Message:
    document = cloud_event(FeedNames(vault.keyring, subscription.system), event)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": MEDIA_TYPE, **signed_headers(secrets, document["id"], at=at, body=body)}
    return Message(due=due, address=subscription.address, headers=headers, body=body)


def deliveries(transaction: Transaction) -> list[Standing]:
    """Return how the deliveries of every subscription stand: counts and names of faults, nobody's record.

    Raises:
        Refused: the access does not keep the sources.
    """
    authorize(transaction.access, Action.SOURCES)
    return subscriptions.standing(transaction)

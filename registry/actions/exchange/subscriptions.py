"""Addresses to which a client has the events of its system sent, each with a secret that is told once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from registry.actions.exchange.refusals import Fault, NotUnderstood
from registry.actions.intake.quarantine_rows import seal_of
from registry.actions.keys.sealing import Vault, open_raw, seal_raw
from registry.actions.oversight.log import log
from registry.model.errors import Conflict, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.protect.webhook_address import AddressRefused, read_target
from registry.protect.webhook_signature import new_secret
from registry.store import events, subscriptions
from registry.store.session import Transaction
from registry.store.subscriptions import Progress, Subscription

TABLE: Final = "subscription"
SECRET: Final = "secret"  # noqa: S105  names of columns
FORMER: Final = "former"
OVERLAP: Final = timedelta(hours=24)  # so long a secret that was replaced signs beside the new one
MOST: Final = 10  # subscriptions of one client
DELETED: Final = "deleted"
_NOTHING: Final = Progress(waiting=0, dead=0, oldest_at=None, last_status=None, last_fault=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a client wants to be sent, and where."""

    client_id: UUID
    system: str
    address: str
    kinds: tuple[str, ...] = ()  # empty: all


@dataclass(frozen=True, slots=True)
class Given:
    """A subscription and its secret, which is told now and never again."""

    subscription: Subscription
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """A subscription and how its deliveries stand."""

    subscription: Subscription
    progress: Progress


def subscribe(transaction: Transaction, vault: Vault, wish: Wish, *, allowed: Collection[str]) -> Given:
    """Let events that come from now on be sent to an address.

    Args:
        allowed: HOST:PORT of our own networks that may be sent to.

    Raises:
        Refused: the access may not subscribe.
        NotUnderstood: nothing is sent to such an address.
        Conflict: the client has as many as it may.
    """
    authorize(transaction.access, Action.SUBSCRIBE)
    try:
        read_target(wish.address, allowed=allowed)
    except AddressRefused as refused:
        raise NotUnderstood(faults=[Fault("/address", refused.rule)]) from None
    if sum(one.disabled_at is None for one in subscriptions.of_client(transaction, wish.client_id)) >= MOST:
        raise Conflict(f"a client has at most {MOST} subscriptions")
    secret, subscription_id = new_secret(), uuid4()
    events.number(transaction)
    position, _ = events.head(transaction, wish.system)
    subscription = Subscription(
        subscription_id=subscription_id,
        client_id=wish.client_id,
        system=wish.system,
        address=wish.address,
        kinds=wish.kinds,
        sealed_secret=_sealed(transaction, vault, wish.system, subscription_id, group=SECRET, secret=secret),
        sealed_former=None,
        former_until=None,
        position=position,
        created_at=transaction.access.at,
        disabled_at=None,
        disabled_why=None,
    )
    subscriptions.add(transaction, subscription)
    log(transaction, vault, Event(action=Action.SUBSCRIBE.value, counts={"added": 1}))
    return Given(subscription, secret)


def list_subscriptions(transaction: Transaction, client_id: UUID) -> list[Shown]:
    """Return the subscriptions of a client, oldest first; no secret is among it."""
    authorize(transaction.access, Action.SUBSCRIBE)
    found = subscriptions.of_client(transaction, client_id)
    standing = subscriptions.progress(transaction, [one.subscription_id for one in found])
    return [Shown(one, standing.get(one.subscription_id, _NOTHING)) for one in found if one.disabled_why != DELETED]


def rotate_secret(transaction: Transaction, vault: Vault, client_id: UUID, subscription_id: UUID) -> Given:
    """Give a subscription a new secret; for a day deliveries are signed with the old one as well.

    Raises:
        NotFound: the client has no such subscription.
    """
    authorize(transaction.access, Action.SUBSCRIBE)
    found = _own(transaction, client_id, subscription_id)
    secret = new_secret()
    former = opened_secret(transaction, vault, found)
    subscriptions.change(
        transaction,
        subscription_id,
        sealed_secret=_sealed(transaction, vault, found.system, subscription_id, group=SECRET, secret=secret),
        sealed_former=_sealed(transaction, vault, found.system, subscription_id, group=FORMER, secret=former),
        former_until=transaction.access.at + OVERLAP,
    )
    log(transaction, vault, Event(action=Action.SUBSCRIBE.value, counts={"rotated": 1}))
    return Given(found, secret)


def unsubscribe(transaction: Transaction, vault: Vault, client_id: UUID, subscription_id: UUID) -> None:
    """Send nothing more for a subscription.

    Raises:
        NotFound: the client has no such subscription.
    """
    authorize(transaction.access, Action.SUBSCRIBE)
    _own(transaction, client_id, subscription_id)
    subscriptions.change(
        transaction, subscription_id, disabled_at=transaction.access.at, disabled_why=DELETED, sealed_former=None
    )
    subscriptions.drop_deliveries(transaction, subscription_id)
    log(transaction, vault, Event(action=Action.SUBSCRIBE.value, counts={"deleted": 1}))


def opened_secret(transaction: Transaction, vault: Vault, subscription: Subscription) -> str:
    """Return the secret of a subscription."""
    return _opened(transaction, vault, subscription, group=SECRET, token=subscription.sealed_secret)


def signing_secrets(transaction: Transaction, vault: Vault, subscription: Subscription) -> list[str]:
    """Return what a delivery is signed with now, the newest first."""
    secrets = [opened_secret(transaction, vault, subscription)]
    until = subscription.former_until
    if subscription.sealed_former is not None and until is not None and transaction.access.at < until:
        secrets.append(_opened(transaction, vault, subscription, group=FORMER, token=subscription.sealed_former))
    return secrets


def _own(transaction: Transaction, client_id: UUID, subscription_id: UUID) -> Subscription:
    found = subscriptions.by_ids(transaction, [subscription_id]).get(subscription_id)
    if found is None or found.client_id != client_id or found.disabled_why == DELETED:
        raise NotFound
    return found


def _sealed(
    transaction: Transaction, vault: Vault, system: str, subscription_id: UUID, *, group: str, secret: str
) -> bytes:
    key = seal_of(transaction, vault, system).key
    return seal_raw(key, TABLE, group=group, row=subscription_id, raw=secret.encode())


def _opened(transaction: Transaction, vault: Vault, subscription: Subscription, *, group: str, token: bytes) -> str:
    key = seal_of(transaction, vault, subscription.system).key
    return open_raw(key, TABLE, group=group, row=subscription.subscription_id, token=token).decode()

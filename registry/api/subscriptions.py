"""Have events sent to an address, signed with a secret that is told once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from registry.actions.exchange.subscriptions import (
    Given,
    Shown,
    Wish,
    list_subscriptions,
    rotate_secret,
    subscribe,
    unsubscribe,
)
from registry.api.caller import Signed
from registry.api.exchange_views import client_of
from registry.api.problems import problems
from registry.model.access import Purpose
from registry.protect.webhook_address import LONGEST

router = APIRouter(tags=["exchange"])

_KIND: Final = r"^[a-z_]+\.[a-z_]+$"


class SubscriptionWish(BaseModel):
    """Where events are to be sent, and which."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    address: str = Field(min_length=1, max_length=LONGEST, description="https, of a public address")
    kinds: list[Annotated[str, Field(pattern=_KIND, max_length=60)]] = Field(
        default=[], max_length=20, description="such as link.verified; none: all"
    )


class SubscriptionView(BaseModel):
    """A subscription and how its deliveries stand."""

    subscription_id: UUID
    address: str
    kinds: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_why: str | None = Field(description="gone: the address answered 410; null: it is not disabled")
    waiting: int = Field(description="deliveries on their way")
    dead: int = Field(description="deliveries that were given up; the events stand in the feed")
    oldest_at: datetime | None
    last_status: int | None
    last_fault: str | None


class SecretView(BaseModel):
    """A secret, told once."""

    subscription_id: UUID
    secret: str = Field(repr=False, description="whsec_…: verify each delivery with it")


@router.post(
    "/subscriptions",
    summary="Have events sent",
    status_code=201,
    responses=problems(401, 403, 409, 413, 422),
)
def add(caller: Signed, wish: SubscriptionWish) -> SecretView:
    """Let events that come from now on be sent to an address. They are a hint: the feed is the truth."""
    client = client_of(caller).client
    asked = Wish(client_id=client.client_id, system=client.system, address=wish.address, kinds=tuple(wish.kinds))
    with caller.begin(Purpose.INGEST) as transaction:
        given = subscribe(transaction, caller.services.vault, asked, allowed=caller.services.webhook_internal)
    return _secret(given)


@router.get("/subscriptions", summary="The own subscriptions", responses=problems(401, 403))
def list_all(caller: Signed) -> list[SubscriptionView]:
    """Return the subscriptions of the client; no secret is told again."""
    client = client_of(caller).client
    with caller.begin(Purpose.INGEST) as transaction:
        return [_view(one) for one in list_subscriptions(transaction, client.client_id)]


@router.post(
    "/subscriptions/{subscription_id}/secret",
    summary="Replace a secret",
    status_code=201,
    responses=problems(401, 403, 404, 413, 422),
)
def rotate(caller: Signed, subscription_id: UUID) -> SecretView:
    """Give a subscription a new secret. For 24 hours deliveries bear a signature of the old one, too."""
    client = client_of(caller).client
    with caller.begin(Purpose.INGEST) as transaction:
        given = rotate_secret(transaction, caller.services.vault, client.client_id, subscription_id)
    return _secret(given)


@router.delete(
    "/subscriptions/{subscription_id}",
    summary="End a subscription",
    status_code=204,
    responses=problems(401, 403, 404, 422),
)
def end(caller: Signed, subscription_id: UUID) -> None:
    """Send nothing more to an address."""
    client = client_of(caller).client
    with caller.begin(Purpose.INGEST) as transaction:
        unsubscribe(transaction, caller.services.vault, client.client_id, subscription_id)


def _secret(given: Given) -> SecretView:
    return SecretView(subscription_id=given.subscription.subscription_id, secret=given.secret)


def _view(shown: Shown) -> SubscriptionView:
    one, standing = shown.subscription, shown.progress
    return SubscriptionView(
        subscription_id=one.subscription_id,
        address=one.address,
        kinds=list(one.kinds),
        created_at=one.created_at,
        disabled_at=one.disabled_at,
        disabled_why=one.disabled_why,
        waiting=standing.waiting,
        dead=standing.dead,
        oldest_at=standing.oldest_at,
        last_status=standing.last_status,
        last_fault=standing.last_fault,
    )

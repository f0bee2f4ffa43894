"""Events are sent signed, again and again until they arrive or are given up, and to nobody twice at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.actions.exchange.deliver import LADDER, LEASE, claim_page, fan_out, next_wait
from registry.actions.exchange.subscriptions import list_subscriptions, rotate_secret, unsubscribe
from registry.jobs.opening import Installation
from registry.jobs.webhook_sending import Sender, wait_of
from registry.jobs.webhooks import Sent, send_due
from registry.model.access import Purpose
from registry.protect.webhook_signature import is_signed
from registry.store.clients import Client
from registry.store.subscriptions import Progress, Subscription
from tests.registry.actions.exchange.exchanging import (
    Subscriber,
    as_client,
    client_of,
    pushed,
    record,
    subscribed,
    subscriber,
)
from tests.registry.actions.installed import pass_time, query

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def client(installed: Installation) -> Client:
    """A client of the education system."""
    return client_of(installed)


@pytest.fixture
def there() -> Iterator[Subscriber]:
    """An address on this machine."""
    with subscriber() as one:
        yield one


def send(installed: Installation, there: Subscriber, *, deadline: float = 5.0) -> Sent:
    """Send what is due; waits are not lengthened by chance."""
    sender = Sender(allowed={there.place}, deadline=deadline)
    return send_due(installed, sender, chance=lambda: 0.0)


def standing(installed: Installation, client: Client) -> tuple[Subscription, Progress]:
    """Return the one subscription of a client and how it stands."""
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        (shown,) = list_subscriptions(transaction, client.client_id)
    return shown.subscription, shown.progress


def test_an_event_arrives_signed_and_thin(installed: Installation, client: Client, there: Subscriber) -> None:
    given = subscribed(installed, client, there.address)
    batch = pushed(installed, client, record("HS1"))
    assert send(installed, there) == Sent(tried=1, arrived=1)
    (one,) = there.received
    event = json.loads(one.body)
    assert is_signed(given.secret, one.headers, body=one.body, at=installed.clock())
    assert one.headers["content-type"] == "application/cloudevents+json"
    assert one.headers["webhook-id"] == event["id"]
    assert event["subject"] == batch.results[0].name
    assert "Én".encode() not in one.body
    assert query(installed, "select * from delivery") == []
    assert send(installed, there) == Sent(tried=0, arrived=0)


def test_what_happened_before_the_subscription_is_not_sent(
    installed: Installation, client: Client, there: Subscriber
) -> None:
    pushed(installed, client, record("HS1"))
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS2"), record("HS3"))
    assert send(installed, there) == Sent(tried=2, arrived=2)


def test_only_chosen_kinds_are_sent(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address, "record.withdrawn")
    pushed(installed, client, record("HS1"))
    pushed(installed, client, {"key": "HS1", "operation": "delete", "version": 2})
    send(installed, there)
    assert [json.loads(one.body)["type"] for one in there.received] == ["vn.child-registry.record.withdrawn.v1"]


def test_the_retries_climb_the_ladder_and_then_it_is_given_up(
    installed: Installation, client: Client, there: Subscriber
) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    there.status = 503
    for wait in LADDER:
        assert send(installed, there).tried == 1
        pass_time(installed, seconds=wait.total_seconds() - 1)
        assert send(installed, there).tried == 0
        pass_time(installed, seconds=1)
    assert send(installed, there).tried == 1
    pass_time(installed, days=30)
    assert send(installed, there).tried == 0
    assert len(there.received) == 10
    assert len({one.headers["webhook-id"] for one in there.received}) == 1
    _, progress = standing(installed, client)
    assert (progress.dead, progress.waiting, progress.last_status) == (1, 0, 503)


def test_an_address_that_recovers_gets_what_waits(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, *(record(f"HS{one}") for one in range(12)))
    there.status = 500
    send(installed, there)
    there.status = 200
    pass_time(installed, seconds=6)
    send(installed, there)
    assert query(installed, "select * from delivery") == []
    assert len({one.headers["webhook-id"] for one in there.received}) == 12


def test_a_redirect_is_not_followed(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    there.status, there.headers = 302, {"location": there.address}
    assert send(installed, there) == Sent(tried=1, arrived=0)
    assert len(there.received) == 1
    assert standing(installed, client)[1].last_fault == "redirected"


def test_gone_ends_the_subscription(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    there.status = 410
    send(installed, there)
    subscription, progress = standing(installed, client)
    assert (subscription.disabled_why, progress.waiting, progress.dead) == ("gone", 0, 0)
    pushed(installed, client, record("HS2"))
    assert send(installed, there).tried == 0


def test_retry_after_lengthens_the_wait(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    there.status, there.headers = 429, {"retry-after": "120"}
    send(installed, there)
    pass_time(installed, seconds=119)
    assert send(installed, there).tried == 0
    pass_time(installed, seconds=2)
    assert send(installed, there).tried == 1


def test_an_answer_that_does_not_come_is_cut_off(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    there.hang = threading.Event()
    assert send(installed, there, deadline=0.3) == Sent(tried=1, arrived=0)
    there.hang.set()
    assert standing(installed, client)[1].last_fault in {"timed_out", "no_answer"}


def test_a_delivery_whose_sender_died_is_sent_when_its_lease_ends(
    installed: Installation, client: Client, there: Subscriber
) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        fan_out(transaction)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        (claimed,) = claim_page(transaction, installed.vault)  # and nobody settles it
    assert send(installed, there).tried == 0
    pass_time(installed, seconds=LEASE.total_seconds())
    assert send(installed, there) == Sent(tried=1, arrived=1)
    assert there.received[0].headers["webhook-id"] == claimed.headers["webhook-id"]


def test_a_clock_that_went_ahead_and_came_back_stops_nothing(
    installed: Installation, client: Client, there: Subscriber
) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    there.status = 500
    pass_time(installed, days=300)
    send(installed, there)
    pass_time(installed, days=-300)
    there.status = 200
    assert send(installed, there) == Sent(tried=1, arrived=1)


def test_during_a_rotation_both_secrets_sign_and_then_the_new_one_alone(
    installed: Installation, client: Client, there: Subscriber
) -> None:
    given = subscribed(installed, client, there.address)
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        turned = rotate_secret(transaction, installed.vault, client.client_id, given.subscription.subscription_id)
    pushed(installed, client, record("HS1"))
    send(installed, there)
    pass_time(installed, hours=25)
    pushed(installed, client, record("HS2"))
    send(installed, there)
    first, second = there.received
    late = installed.clock()
    at = late - timedelta(hours=25)
    assert is_signed(given.secret, first.headers, body=first.body, at=at)
    assert is_signed(turned.secret, first.headers, body=first.body, at=at)
    assert not is_signed(given.secret, second.headers, body=second.body, at=late)
    assert is_signed(turned.secret, second.headers, body=second.body, at=late)


def test_a_name_that_leads_home_is_not_sent_to(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, "https://hooks.example.org/")
    pushed(installed, client, record("HS1"))
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    sent = send_due(installed, Sender(resolve=resolve), chance=lambda: 0.0)
    assert (sent.tried, sent.arrived, asked) == (1, 0, ["hooks.example.org"])
    assert standing(installed, client)[1].last_fault == "address_not_public"
    assert there.received == []


def test_an_allowed_place_is_allowed_no_longer_once_the_setting_is_gone(
    installed: Installation, client: Client, there: Subscriber
) -> None:
    subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    assert send_due(installed, Sender(), chance=lambda: 0.0).arrived == 0
    assert there.received == []


def test_an_ended_subscription_is_sent_nothing(installed: Installation, client: Client, there: Subscriber) -> None:
    given = subscribed(installed, client, there.address)
    pushed(installed, client, record("HS1"))
    with installed.store.begin(as_client(installed, client), system=client.system) as transaction:
        unsubscribe(transaction, installed.vault, client.client_id, given.subscription.subscription_id)
    assert send(installed, there).tried == 0


def test_a_slow_address_holds_up_nobody_else(installed: Installation, client: Client, there: Subscriber) -> None:
    subscribed(installed, client, there.address)
    with subscriber() as quick:
        other = client_of(installed)
        subscribed(installed, other, quick.address)
        pushed(installed, client, *(record(f"HS{one}") for one in range(30)))
        there.status = 500
        sender = Sender(allowed={there.place, quick.place})
        assert send_due(installed, sender, chance=lambda: 0.0, seconds=30).arrived == 30
        assert len(quick.received) == 30


@given(st.integers(min_value=1, max_value=9), st.floats(min_value=0, max_value=1), st.none() | st.integers(0, 10**6))
def test_a_wait_is_never_shorter_than_its_step(attempts: int, chance: float, asked: int | None) -> None:
    after = None if asked is None else timedelta(seconds=asked)
    wait = next_wait(attempts, retry_after=after, chance=chance)
    assert wait is not None
    assert wait >= LADDER[attempts - 1]
    assert wait <= max(LADDER[attempts - 1] * 1.1, timedelta(hours=24))
    assert next_wait(10, retry_after=after, chance=chance) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120),
        ("Sun, 01 Nov 2026 08:01:00 GMT", 60),
        ("Sun, 01 Nov 2025 08:01:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("9" * 40, None),
    ],
)
def test_what_a_subscriber_asks_for_is_understood_or_left(header: str | None, seconds: int | None) -> None:
    wait = wait_of(header, at=NOW)
    assert (None if wait is None else wait.total_seconds()) == seconds

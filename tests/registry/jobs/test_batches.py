"""Pushed records are handed to the linkage once, and batches are forgotten when their keys are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import psycopg

from registry.jobs import batches, queue, webhooks
from registry.jobs.opening import Installation
from tests.registry.actions.exchange.exchanging import client_of, pushed, record


def waiting(installed: Installation) -> int:
    """Return how many jobs of the linkage wait."""
    with psycopg.connect(queue.conninfo(installed.url)) as connection:
        found = connection.execute("select count(*) from procrastinate_jobs where task_name = 'link_new'").fetchone()
    return int(found[0]) if found else 0


def test_what_was_pushed_is_handed_on_once(installed: Installation) -> None:
    client = client_of(installed)
    assert batches.link_pushed(installed) == 0
    pushed(installed, client, record("HS1"))
    pushed(installed, client, record("HS2"))
    assert (batches.link_pushed(installed), waiting(installed)) == (2, 1)
    assert (batches.link_pushed(installed), waiting(installed)) == (0, 1)


def test_old_batches_and_events_are_forgotten(installed: Installation) -> None:
    client = client_of(installed)
    pushed(installed, client, record("HS1"))
    webhooks.send_due(installed, webhooks.sender_of(installed))
    assert (batches.forget(installed), webhooks.forget(installed)) == (0, 0)
    batches.link_pushed(installed)
    later = replace(installed, clock=lambda: installed.clock() + timedelta(days=31))
    webhooks.send_due(later, webhooks.sender_of(later))
    assert (batches.forget(later), webhooks.forget(later)) == (1, 1)

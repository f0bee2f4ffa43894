"""Asks for background work in the transaction of what it follows: both stand, or neither."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from registry.store.session import Transaction

LINK_NEW: Final = "link_new"
VERIFY_MORE: Final = "verify_more"


def enqueue_linking(transaction: Transaction) -> None:
    """Ask for the linkage of what is new; one waiting job links all that is new by then."""
    connection = transaction.connection
    app = App(connector=SyncPsycopgConnector())
    driver = connection.connection.driver_connection
    with suppress(AlreadyEnqueued), connection.begin_nested():  # a savepoint: a refusal must not undo the delivery
        app.configure_task(LINK_NEW, queueing_lock=LINK_NEW, connection=driver).defer()


def enqueue_verifying(transaction: Transaction, *, at: datetime) -> None:
    """Ask for another turn of verifying at a time; one that waits is enough."""
    connection = transaction.connection
    app = App(connector=SyncPsycopgConnector())
    driver = connection.connection.driver_connection
    with suppress(AlreadyEnqueued), connection.begin_nested():
        app.configure_task(VERIFY_MORE, queueing_lock=VERIFY_MORE, schedule_at=at, connection=driver).defer()

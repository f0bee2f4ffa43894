"""Hands pushed records on to the linkage, and forgets batches whose keys are kept no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from registry.jobs.enqueue import enqueue_linking
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.store import batches

KEPT: Final = timedelta(days=30)


def link_pushed(installed: Installation) -> int:
    """Ask for the linkage of what was pushed since; return of how many batches."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        waiting = batches.mark_linked(transaction)
        if waiting:
            enqueue_linking(transaction)
        return waiting


def forget(installed: Installation) -> int:
    """Forget batches that are older than their keys are kept; return how many."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return batches.forget(transaction, before=transaction.access.at - KEPT)

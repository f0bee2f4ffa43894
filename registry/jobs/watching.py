"""Every few minutes: what is unusual in what accounts looked at, and lists of children whose time is over."""

from __future__ import annotations

from registry.actions.lists.exports import expire_exports
from registry.actions.oversight.unusual import look_for_unusual
from registry.jobs.opening import Installation
from registry.model.access import Purpose


def watch(installed: Installation) -> int:
    """Raise the alarms that are due, delete what has expired, and return how many alarms there were."""
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        expire_exports(transaction, installed.vault)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return look_for_unusual(transaction, installed.vault)

"""Notes that somebody was refused: one leaf, though nothing was done and nothing was shown."""

from __future__ import annotations

from registry.actions.oversight.log import log
from registry.actions.services import Services
from registry.model.access import Access
from registry.model.errors import OutsideOpeningArea, Refused
from registry.protect.log.access_log import Event, Outcome


def note_refusal(services: Services, access: Access, refused: Refused) -> None:
    """Log in a transaction of its own that `access` was refused, and which action that was."""
    if isinstance(refused, OutsideOpeningArea):
        return  # whoever reached for the child has noted it, with her pseudonym
    with services.store.begin(access) as transaction:
        log(transaction, services.vault, Event(action=refused.place or "door", outcome=Outcome.REFUSED))

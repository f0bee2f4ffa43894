"""Legal holds: an auditor says that somebody must be kept, by id and with a sentence, and sees nothing of her.

An id that nobody bears may be held as well: whether there is such a child is nothing that this tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.sealing import Vault
from registry.actions.law.duty_seal import open_duty, seal_duty
from registry.actions.oversight.log import log
from registry.model.errors import Conflict, NotFound, ReasonNeeded
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import legal_holds
from registry.store.legal_holds import StoredHold
from registry.store.session import Transaction

_TABLE: Final = "legal_hold"
_LONGEST: Final = 1000  # characters


class Held(Conflict):
    """A legal hold forbids to erase this."""

    title = "A legal hold forbids to erase this"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldView:
    """A hold as the auditor reads it."""

    hold_id: UUID
    held_id: UUID
    of_case: bool
    placed_at: datetime
    sentence: str = field(repr=False)
    lifted_at: datetime | None  # None: it holds
    lifting: str | None = field(repr=False)


def place_hold(transaction: Transaction, vault: Vault, held_id: UUID, *, of_case: bool, sentence: str) -> UUID:
    """Keep a child, or a protection case, until the hold is lifted.

    Raises:
        ReasonNeeded: the sentence is missing or too long.
    """
    authorize(transaction.access, Action.LEGAL_HOLD)
    hold_id = uuid4()
    sealed = seal_duty(vault, _TABLE, group="sentence", row=hold_id, document={"sentence": _sentence(sentence)})
    legal_holds.place(transaction, hold_id, held_id=held_id, of_case=of_case, sealed_sentence=sealed)
    log(transaction, vault, Event(action=Action.LEGAL_HOLD.value, children=[held_id], counts={"placed": 1}))
    return hold_id


def lift_hold(transaction: Transaction, vault: Vault, hold_id: UUID, *, sentence: str) -> None:
    """End a hold.

    Raises:
        ReasonNeeded: the sentence is missing or too long.
        NotFound: none of this id holds.
    """
    authorize(transaction.access, Action.LEGAL_HOLD)
    sealed = seal_duty(vault, _TABLE, group="lifting", row=hold_id, document={"sentence": _sentence(sentence)})
    if not legal_holds.lift(transaction, hold_id, sealed_lifting=sealed):
        raise NotFound("no hold of this id holds", field="hold")
    log(transaction, vault, Event(action=Action.LEGAL_HOLD.value, counts={"lifted": 1}))


def list_holds(transaction: Transaction, vault: Vault) -> list[HoldView]:
    """Return all holds, those that hold first."""
    authorize(transaction.access, Action.LEGAL_HOLD)
    found = [_view(vault, hold) for hold in legal_holds.every(transaction)]
    log(transaction, vault, Event(action=Action.LEGAL_HOLD.value, counts={"holds": len(found)}))
    return found


def refuse_held(transaction: Transaction, ids: Iterable[UUID]) -> None:
    """See that nothing of these must be kept, and that nobody says so before this transaction ends.

    Raises:
        Held: something of them must be kept.
    """
    wanted = list(ids)
    legal_holds.lock(transaction, wanted)
    if legal_holds.held_among(transaction, wanted):
        raise Held


def _sentence(sentence: str) -> str:
    plain = " ".join(sentence.split())
    if not 1 <= len(plain) <= _LONGEST:
        raise ReasonNeeded(f"say why, in 1 to {_LONGEST} characters", field="sentence")
    return plain


def _view(vault: Vault, hold: StoredHold) -> HoldView:
    def said(group: str, token: bytes | None) -> str | None:
        if token is None:
            return None
        sentence: str = open_duty(vault, _TABLE, group=group, row=hold.hold_id, token=token)["sentence"]
        return sentence

    return HoldView(
        hold_id=hold.hold_id,
        held_id=hold.held_id,
        of_case=hold.of_case,
        placed_at=hold.placed_at,
        sentence=said("sentence", hold.sealed_sentence) or "",
        lifted_at=hold.lifted_at,
        lifting=said("lifting", hold.sealed_lifting),
    )

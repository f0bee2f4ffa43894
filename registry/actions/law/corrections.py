"""Mistakes that a family has shown: passed on to the source whose record it is, and kept as a history.

The registry changes no record of a source: what is right comes back with the source's next delivery.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.child_keys import KnownChild, known_child
from registry.actions.keys.sealing import Vault, open_group, seal_group
from registry.actions.law.subject_requests import own_request
from registry.actions.looking.reach import Reached, reach
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery
from registry.model.family_requests import Kind
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import erasures, subject_requests
from registry.store.session import Transaction
from registry.store.subject_requests import StoredCorrection

_TABLE: Final = "subject_correction"
_LONGEST: Final = 500  # characters


class Corrected(StrEnum):
    """What may be wrong."""

    NAME = "name"
    BIRTH = "birth"
    SEX = "sex"
    NUMBER = "number"
    PARENTS = "parents"
    ADDRESS = "address"
    SERVICES = "services"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCorrection:
    """A correction to be passed on."""

    wrong: Corrected
    system: str  # whose record it is
    was: str = field(repr=False)
    should_be: str = field(repr=False)
    evidence: str = field(repr=False)  # the paper that shows it


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionView:
    """A correction as it is shown."""

    wrong: str
    system: str
    passed_on_at: datetime
    was: str = field(repr=False)
    should_be: str = field(repr=False)
    evidence: str = field(repr=False)


def pass_on(
    transaction: Transaction, vault: Vault, child_id: UUID, request_id: UUID, *, correction: NewCorrection
) -> UUID:
    """Keep a correction that was passed on to its source.

    Raises:
        NotFound, WithProvince, Conflict: there is no such open request that this office answers.
        BadQuery: it is no request for correction, or a field breaks a rule.
    """
    reached, known, request = own_request(transaction, vault, child_id, request_id=request_id)
    if request.kind != Kind.CORRECTION.value:
        raise BadQuery("request", "only a request for correction is passed on so")
    if correction.system not in erasures.systems_of(transaction, reached.members):
        raise BadQuery("system", "a system that has a record of this child")
    document = {name: _text(name, getattr(correction, name)) for name in ("was", "should_be", "evidence")}
    correction_id = uuid4()
    key = known.key(request.child_id)
    subject_requests.add_correction(
        transaction,
        StoredCorrection(
            child_id=request.child_id,
            correction_id=correction_id,
            request_id=request_id,
            field_code=correction.wrong.value,
            system=correction.system,
            passed_on_at=transaction.access.at,
            sealed_correction=seal_group(key, _TABLE, group="correction", row=correction_id, document=document),
        ),
    )
    event = Event(
        action=Action.SUBJECT_REQUEST.value,
        children=reached.members,
        groups=(Kind.CORRECTION.value,),
        counts={"passed_on": 1},
    )
    log(transaction, vault, event)
    return correction_id


def history(transaction: Transaction, vault: Vault, child_id: UUID) -> list[CorrectionView]:
    """Return what was corrected about a child, the oldest first.

    Raises:
        NotFound: no such child, or not for this access.
    """
    reached = reach(transaction, vault, authorize(transaction.access, Action.SUBJECT_REQUEST), child_id)
    known = known_child(transaction, vault, reached.members)
    shown = corrections_of(transaction, reached, known)
    event = Event(action=Action.SUBJECT_REQUEST.value, children=reached.members, counts={"corrections": len(shown)})
    log(transaction, vault, event)
    return shown


def corrections_of(transaction: Transaction, reached: Reached, known: KnownChild) -> list[CorrectionView]:
    """Return what was corrected about a child whom the transaction has reached, the oldest first."""
    shown = []
    for one in subject_requests.corrections(transaction, reached.members):
        key = known.key(one.child_id)
        document = open_group(key, _TABLE, group="correction", row=one.correction_id, token=one.sealed_correction)
        shown.append(CorrectionView(wrong=one.field_code, system=one.system, passed_on_at=one.passed_on_at, **document))
    return shown


def _text(name: str, text: str) -> str:
    plain = " ".join(text.split())
    if not 1 <= len(plain) <= _LONGEST:
        raise BadQuery(name, f"1 to {_LONGEST} characters")
    return plain

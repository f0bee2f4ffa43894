"""Builds a frame: each child once, as coded facts under a pseudonym of this frame alone; ages, no dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from uuid import UUID, uuid4

from matching.identity import BirthDate, Identity
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity
from registry.actions.linkage.match import regroup_delivered
from registry.actions.oversight.decoys import Decoys
from registry.actions.oversight.log import log
from registry.model.age import age_on
from registry.model.frame import Fact
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.log.access_log import Event
from registry.protect.pseudonym import record_key, release_pseudonym
from registry.store import children, frames
from registry.store.children import SealedChild
from registry.store.session import Transaction

AT_ONCE = 2000  # children opened at a time


def build_frame(transaction: Transaction, vault: Vault, *, as_of: date) -> UUID:
    """Build the frame of a day in the caller's transaction, in the place of older ones; return its id.

    A child known from several records counts once; each fact is taken from the record that knows it best: the whole
    birth date before a year, an exact unit before none.
    """
    grant = authorize(transaction.access, Action.FRAME)
    regroup_delivered(transaction)  # a child must not be missing because the record that stood for her was withdrawn
    frame_id = uuid4()
    frames.open_frame(transaction, frame_id, as_of=as_of, at=transaction.access.at)
    after: UUID | None = None
    counted = 0
    decoys = Decoys(transaction, vault)
    while heads := children.heads_after(transaction, after=after, limit=AT_ONCE):
        real = [head for head in heads if head not in decoys]
        facts = _facts(transaction, vault, grant, heads=real, frame_id=frame_id, as_of=as_of)
        frames.add_facts(transaction, frame_id, facts)
        counted += len(facts)
        after = heads[-1]
    frames.finish_frame(transaction, frame_id)
    log(transaction, vault, Event(action=Action.FRAME, counts={"children": counted}))
    return frame_id


def _facts(
    transaction: Transaction, vault: Vault, grant: Grant, *, heads: Sequence[UUID], frame_id: UUID, as_of: date
) -> list[Fact]:
    members = children.members_of(transaction, heads)
    stored = children.some(transaction, grant, [member for group in members.values() for member in group])
    read = {row.child_id: (row, who) for row, who in opened(transaction, vault, stored, partial(_opened, vault))}
    facts: list[Fact] = []
    for head, group in members.items():
        known = [read[member][0] for member in group if member in read]
        births = [birth for member in group if member in read and (birth := read[member][1].birth)]
        age = _age(births, as_of)
        if age is None:
            continue
        facts.append(
            Fact(
                pseudonym=release_pseudonym(vault.keyring, head, frame_id),
                record_key=record_key(vault.keyring, head),
                province=next((row.province_code for row in known if row.province_code), None),
                age=age,
                sex=next((row.sex for row in known if row.sex), None),
            )
        )
    return facts


def _opened(vault: Vault, row: SealedChild) -> Identity:
    return open_identity(
        vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
    )


def _age(births: Sequence[BirthDate], as_of: date) -> int | None:
    if not births:
        return None
    best = max(births, key=lambda birth: (birth.day is not None, not birth.placeholder, birth.month is not None))
    return age_on((best.year, best.month, best.day), as_of)

"""Holds back links of a source with one record per child when two of its records claim one citizen.

Both wait for a person; what a person linked stands, and the other waits. Which records claim which citizen is read from
the links that stand and from what is held back already, so it does not matter whether the two came in one run or years
apart, nor in which order they are matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from matching.assignment import Claim, held_back
from matching.decision import Decision
from registry.actions.intake.load_extract import People
from registry.actions.keys.damage import Damage
from registry.actions.keys.sealing import NUMBER, Vault, open_group
from registry.actions.linkage.link_rows import link_row
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import claims, grouping, links, reviews, runs
from registry.store.claims import StoredClaim
from registry.store.links import SealedIdentity
from registry.store.reviews import StoredCandidate
from registry.store.session import Transaction

INFORMATION: Final = 1.0  # bits that a decision tells: of two links one is wrong, and the posterior of neither knew it


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A link that the engine would make."""

    child_id: UUID
    system: str
    person_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who waits for a person because of the rule: child id → citizen."""

    wanted: Mapping[UUID, UUID]  # of the links that the engine would make
    standing: Mapping[UUID, UUID]  # of the links that it made before


def rivals(transaction: Transaction, one_record: Set[str], wanted: Sequence[Wanted]) -> set[UUID]:
    """Return the identities that claim a citizen of `wanted` already; args: one_record: the systems of the rule."""
    people = {one.person_id for one in wanted if one.system in one_record}
    return {claim.child_id for claim in claims.claims(transaction, people, one_record)} if people else set()


def held_among(transaction: Transaction, one_record: Set[str], wanted: Sequence[Wanted], anew: Set[UUID]) -> Held:
    """Return whom the rule holds back.

    Args:
        one_record: the systems that hold one record per child.
        anew: the identities that are decided anew, whatever they claimed before.
    """
    mine = [one for one in wanted if one.system in one_record]
    people = {one.person_id for one in mine}
    if not people:
        return Held(wanted={}, standing={})
    stored = [claim for claim in claims.claims(transaction, people, one_record) if claim.child_id not in anew]
    every = [
        *(_claim(one.system, one.child_id, one.person_id, bound=False) for one in mine),
        *(_claim(one.system, one.child_id, one.person_id, bound=one.bound) for one in stored),
    ]
    held = held_back(every, one_record_per_child=True)
    return Held(
        wanted={one.child_id: one.person_id for one in mine if one.child_id in held},
        standing={one.child_id: one.person_id for one in stored if one.child_id in held and not one.held},
    )


def _claim(system: str, child_id: UUID, person_id: UUID, *, bound: bool) -> Claim[UUID]:
    """Return the claim as the rule sees it: only records of one source are each other's rivals."""
    return Claim(record=child_id, person=(system, person_id), decision=Decision.LINK, bound=bound)


def hold_standing(transaction: Transaction, held: Mapping[UUID, UUID]) -> None:
    """Undo links that the engine made before and let their identities wait for a person; args: child id → citizen."""
    if not held:
        return
    standing = links.standing(transaction, held)
    at = transaction.access.at
    undone = {child: link.link_id for child, link in standing.items() if link.made_by is None}
    links.undo(transaction, undone, at=at, by=None, sealed_reasons={})
    claims.hold(transaction, {child: held[child] for child in undone}, information=INFORMATION)
    grouping.regroup(transaction, [held[child] for child in undone], at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What one step of settling came to."""

    last: UUID  # the citizen after whom the next begins
    held: int
    released: int


def settle_claims(
    transaction: Transaction,
    vault: Vault,
    *,
    one_record: Set[str],
    people: People,
    run_id: UUID,
    after: UUID | None,
    limit: int = 200,
) -> Settled | None:
    """Bring the next citizens' claims to what the rule says; None when all are.

    Needed where the other claim went away (its record was withdrawn, a person decided, the source is not declared any
    more), where a source was declared later, and where two runs linked in the same moment.
    """
    authorize(transaction.access, Action.LINK)
    found = claims.unsettled(transaction, sorted(one_record), after=after, limit=limit)
    if not found:
        return None
    every = claims.claims(transaction, found, one_record)
    links.lock_results(transaction, [claim.child_id for claim in every])
    every = claims.claims(transaction, found, one_record)  # as they are now that nobody else decides
    ruled = [claim for claim in every if claim.system in one_record]
    held = held_back(
        (_claim(one.system, one.child_id, one.person_id, bound=one.bound) for one in ruled), one_record_per_child=True
    )
    late = {one.child_id: one.person_id for one in ruled if one.child_id in held and not one.held}
    hold_standing(transaction, late)
    free = [one for one in every if one.held and one.child_id not in held]
    _release(transaction, vault, free, people=people, run_id=run_id)
    if late or free:
        runs.add_changes(transaction, run_id, len(late) + len(free))
        counts = {"held": len(late), "released": len(free)}
        log(transaction, vault, Event(action=Action.LINK, counts=counts))
    return Settled(last=found[-1], held=len(late), released=len(free))


def _release(
    transaction: Transaction, vault: Vault, free: Iterable[StoredClaim], *, people: People, run_id: UUID
) -> None:
    """Make the links that were held back, from the evidence that was kept; what lacks it goes on waiting."""
    person_of = {one.child_id: one.person_id for one in free}
    if not person_of:
        return
    claims.let_go(transaction, person_of)
    kept = reviews.candidates_among(transaction, person_of)
    numbers = people.get(transaction, sorted(set(person_of.values())))
    rows, indexes, index, met = [], {}, vault.index, Damage(transaction, vault)
    for row in links.sealed_identities(transaction, person_of):
        person_id = person_of[row.child_id]
        candidate = next((one for one in kept.get(row.child_id, []) if one.person_id == person_id), None)
        if candidate is None or person_id not in numbers:
            continue
        number = numbers[person_id].number
        link = met.tried(row.child_id, partial(_link, transaction, vault, row, candidate, number=number, run_id=run_id))
        if link is None:
            continue
        rows.append(link)
        if number:
            indexes[row.child_id] = index.identifier(NUMBER, number)
        links.set_decision(transaction, row.child_id, "link", by=None, at=transaction.access.at)
    met.settle(of=len(person_of))
    links.write_links(transaction, rows, indexes, key_version=index.version)
    grouping.regroup(transaction, [row["person_id"] for row in rows], at=transaction.access.at)


def _link(
    transaction: Transaction,
    vault: Vault,
    row: SealedIdentity,
    candidate: StoredCandidate,
    *,
    number: str | None,
    run_id: UUID,
) -> links.Row:
    key = vault.child_key(row)
    child_id, person_id = row.child_id, candidate.person_id
    token = candidate.sealed_evidence
    evidence = open_group(key, "candidate", group=f"evidence:{person_id}", row=child_id, token=token)
    return link_row(
        key,
        child_id,
        person_id=person_id,
        number=number,
        evidence=evidence,
        made={
            "probability": candidate.probability,
            "model_version": links.model_of(transaction, child_id),
            "run_id": run_id,
            "made_at": transaction.access.at,
            "made_by": None,
        },
    )

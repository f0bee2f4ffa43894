"""Replays a model over what stands: what it would decide otherwise, identity by identity. Nothing is stored of it.

Compared are identities that the linkage has decided in their current version; what a person decided binds here as it
does in a run, and so does what a person said of a pair. The differences bear no personal value: ids, decisions,
posteriors, and the field that speaks most differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from connectors.contract import OffersCandidates
from matching.assignment import Claim, held_back
from matching.decision import Decision
from matching.linkage import RecordOutcome
from registry.actions.keys.damage import Damage
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.linkage import match
from registry.actions.linkage.match import Engine, Scored
from registry.actions.oversight.decoys import Decoys
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.log.access_log import Event
from registry.store import claims, links, reviews
from registry.store.links import Scope, SealedIdentity, StoredLink, StoredResult
from registry.store.reviews import StoredCandidate
from registry.store.session import Transaction

ONE_RECORD: Final = "one_record_per_child"  # stands for the field where the rule, not the evidence, decides otherwise
Bits = Mapping[str, float]  # field → bits
CLAIMS_AT_ONCE: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What stands of one identity, and what the replayed model would make of it."""

    child_id: UUID
    system: str
    before: str  # decision
    after: str
    probability_before: float | None  # of the likeliest citizen; None: nobody is like it
    probability_after: float | None
    person_before: UUID | None  # to whom it is linked
    person_after: UUID | None
    field: str  # whose bits moved most; empty if none did

    @property
    def citizen_changes(self) -> bool:
        """Tell whether it would be linked to another citizen than it is."""
        return None not in (self.person_before, self.person_after) and self.person_before != self.person_after

    @property
    def differs(self) -> bool:
        """Tell whether the decision or the linked citizen would change."""
        return self.before != self.after or self.citizen_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one batch came to: where the next begins, and what was compared."""

    last: UUID
    compared: Sequence[Compared]
    passed_over: int  # never matched, or not in their current version: the next run looks at them under any model


def replay_batch(
    transaction: Transaction,
    vault: Vault,
    engine: Engine,
    *,
    connector: OffersCandidates,
    after: UUID | None,
    scope: Scope,
    limit: int = 500,
) -> Replayed | None:
    """Compare the next identities by id; None when there are none left. Nothing is stored but the leaf of the log."""
    grant = authorize(transaction.access, Action.LINK)
    waiting = links.waiting_for_match(transaction, after=after, limit=limit, scope=scope, run_id=engine.run_id)
    if not waiting:
        return None
    results = links.results(transaction, [row.child_id for row in waiting])
    current = [
        row for row in Decoys(transaction, vault).without(waiting) if _is_current(row, results.get(row.child_id))
    ]
    found: list[Compared] = []
    if current:
        scored = match.score(transaction, vault, engine, connector=connector, waiting=current)
        met = Damage(transaction, vault)
        found = list(_compared(transaction, grant, scored, results=results, met=met))
        met.settle(of=len(current))
    log(transaction, vault, Event(action="replay_model", counts={"compared": len(found)}))
    return Replayed(last=waiting[-1].child_id, compared=found, passed_over=len(waiting) - len(current))


def _is_current(row: SealedIdentity, result: StoredResult | None) -> bool:
    return result is not None and result.version_no == row.version_no


def _compared(
    transaction: Transaction, grant: Grant, scored: Scored, *, results: Mapping[UUID, StoredResult], met: Damage
) -> Iterator[Compared]:
    ids = [row.child_id for row in scored.rows]
    standing = {link.child_id: link for link in links.standing_sealed(transaction, grant, ids)}
    candidates = reviews.candidates_among(transaction, ids)
    for row, outcome in zip(scored.rows, scored.outcomes, strict=True):
        child_id = row.child_id
        link, known = standing.get(child_id), candidates.get(child_id, [])
        chosen = scored.chosen(outcome)
        one = Compared(
            child_id=child_id,
            system=row.system,
            before=results[child_id].decision,
            after=outcome.decision.value,
            probability_before=_probability(link, known),
            probability_after=outcome.candidates[0].probability if outcome.candidates else None,
            person_before=link.person_id if link else None,
            person_after=chosen[0] if chosen else None,
            field="",
        )
        if one.differs:
            moved = met.tried(child_id, partial(_most_moved, scored, row, outcome, link=link, known=known))
            one = replace(one, field=moved or "")
        yield one


def _probability(link: StoredLink | None, known: Sequence[StoredCandidate]) -> float | None:
    if link is not None:
        return link.probability
    return known[0].probability if known else None


def _most_moved(
    scored: Scored,
    row: SealedIdentity,
    outcome: RecordOutcome,
    *,
    link: StoredLink | None,
    known: Sequence[StoredCandidate],
) -> str:
    """Return the field whose bits differ most between what is kept and what the model says of the same citizen.

    It is the citizen whom the model likes best, or else the one who stands; without common one, the best of each side.
    """
    new = {scored.people[one.person][0]: _bits_of(one.evidence) for one in outcome.candidates}
    kept = {one.person_id: one for one in known}
    best = [*new, *([link.person_id] if link else []), *kept]
    person = next((one for one in best if one in new and (one in kept or _is_of(link, one))), None)
    if person is None:
        old_of = link.person_id if link else next(iter(kept), None)
        after = new[next(iter(new))] if new else {}
    else:
        old_of, after = person, new[person]
    before = _bits_kept(scored, row, link=link, candidate=kept.get(old_of) if old_of else None, person=old_of)
    return moved_most(before, after)


def moved_most(before: Bits, after: Bits) -> str:
    """Return the field whose bits differ most, the first by name among equals; empty if none does."""
    moved = {name: abs(before.get(name, 0.0) - after.get(name, 0.0)) for name in sorted({*before, *after})}
    most = max(moved, key=lambda name: moved[name], default="")
    return most if most and moved[most] > 0 else ""


def _is_of(link: StoredLink | None, person: UUID) -> bool:
    return link is not None and link.person_id == person


def _bits_of(evidence: Iterable[Any]) -> Bits:
    return {one.field: one.bits for one in evidence}


def _bits_kept(
    scored: Scored,
    row: SealedIdentity,
    *,
    link: StoredLink | None,
    candidate: StoredCandidate | None,
    person: UUID | None,
) -> Bits:
    """Open the evidence that is kept of a citizen: with the candidate, or with the link."""
    key = scored.keys[row.child_id]
    if candidate is not None:
        group, token = f"evidence:{candidate.person_id}", candidate.sealed_evidence
        document = open_group(key, "candidate", group=group, row=row.child_id, token=token)
    elif link is not None and person == link.person_id:
        document = open_group(key, "link", group="evidence", row=link.link_id, token=link.sealed_evidence)
    else:
        return {}
    return {line["field"]: line["bits"] for line in document["fields"]}


def held_in_replay(transaction: Transaction, compared: Sequence[Compared], one_record: Set[str]) -> Iterator[Compared]:
    """Yield what was compared of the systems with one record per child, with the links held back that a run would.

    Args:
        compared: all identities of these systems that were replayed: one may be the rival of any other.
    """
    authorize(transaction.access, Action.LINK)
    replayed = {one.child_id for one in compared}
    people = sorted({one.person_after for one in compared if one.person_after is not None})
    others = [
        claim
        for start in range(0, len(people), CLAIMS_AT_ONCE)
        for claim in claims.claims(transaction, people[start : start + CLAIMS_AT_ONCE], one_record)
        if claim.child_id not in replayed
    ]
    mine = [
        Claim(record=one.child_id, person=(one.system, one.person_after), decision=Decision(one.after))
        for one in compared
    ]
    theirs = [
        Claim(record=one.child_id, person=(one.system, one.person_id), decision=Decision.LINK, bound=one.bound)
        for one in others
    ]
    held = held_back([*mine, *theirs], one_record_per_child=True)
    for one in compared:
        if one.child_id not in held:
            yield one
            continue
        review = replace(one, after=Decision.REVIEW.value, person_after=None)
        yield replace(review, field=review.field or ONE_RECORD) if review.differs else review

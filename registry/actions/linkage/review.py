"""A person decides a doubtful pair, or undoes a link. What a person decided binds the engine for ever."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from registry.actions.intake.load_extract import People
from registry.actions.keys.damage import Damage, refusing
from registry.actions.keys.sealing import NUMBER, Vault, open_group, open_identity, seal_group
from registry.actions.linkage.link_rows import link_row
from registry.actions.looking.views import CandidateView, PairView, evidence_rows, side_of
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.protect.authorize import Action, FieldGroup, Grant, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.store import children, claims, grouping, links, reviews
from registry.store.children import SealedChild
from registry.store.reviews import StoredCandidate
from registry.store.session import Transaction

Says = Literal["same", "different", "unsure"]
LONGEST_REASON: Final = 500  # characters


def review_queue(transaction: Transaction) -> tuple[int, UUID | None]:
    """Return how many identities wait for a person in this area, and the most informative of them."""
    grant = authorize(transaction.access, Action.REVIEW)
    waiting = reviews.review_queue(transaction, grant, limit=1)
    return reviews.review_count(transaction, grant), waiting[0].child_id if waiting else None


def open_pair(transaction: Transaction, vault: Vault, child_id: UUID) -> PairView:
    """Return an identity under review and its candidates, side by side.

    Raises:
        NotFound: it does not wait for review, or not in this area.
        Refused: this role reviews nothing.
    """
    grant = authorize(transaction.access, Action.REVIEW)
    child = _under_review(transaction, grant, child_id)
    with refusing(transaction, vault, child_id):
        key = vault.child_key(child)
        ours = open_identity(key, child_id, sealed_identity=child.sealed_identity, sealed_family=child.sealed_family)
    family = grant.may_open(FieldGroup.FAMILY)
    candidates = reviews.candidates_of(transaction, grant, child_id)
    people = People(vault).get(transaction, [candidate.person_id for candidate in candidates])
    met = Damage(transaction, vault)
    shown = tuple(
        CandidateView(
            person_id=candidate.person_id,
            theirs=side_of(people[candidate.person_id], family=family),
            probability=candidate.probability,
            bits=candidate.bits,
            evidence=evidence_rows(met.tried(child_id, partial(_evidence, key, candidate)) or {"fields": []}),
        )
        for candidate in candidates
        if candidate.person_id in people
    )
    met.settle(of=1)
    log(transaction, vault, Event(action=Action.REVIEW, children=[child_id], groups=grant.field_groups | grant.masked))
    held = links.results(transaction, [child_id])[child_id].held_person_id
    return PairView(
        child_id=child_id,
        system=child.system,
        ours=side_of(ours, family=family),
        candidates=shown,
        held=held is not None and held in {candidate.person_id for candidate in shown},
    )


def decide_pair(
    transaction: Transaction, vault: Vault, child_id: UUID, person_id: UUID, *, says: Says, reason: str
) -> None:
    """Keep what a person says of a pair and act on it.

    'same' links; 'different' bars the citizen for ever, and when nobody is left the child is in nobody's database;
    'unsure' leaves the pair waiting.

    Raises:
        BadQuery: the reason is missing or too long.
        NotFound: there is no such identity, or not in this area.
        Conflict: somebody has decided it in the meantime, or the citizen is not a candidate any more.
    """
    grant = authorize(transaction.access, Action.REVIEW)
    sentence = _sentence(reason)
    child = _to_decide(transaction, grant, child_id)
    candidates = {candidate.person_id: candidate for candidate in reviews.candidates_of(transaction, grant, child_id)}
    if person_id not in candidates:
        raise Conflict("the citizen is not a candidate any more")
    with refusing(transaction, vault, child_id):
        key = vault.child_key(child)
        evidence = _evidence(key, candidates[person_id]) if says == "same" else {}
    _add_verdict(transaction, key, child_id, person_id, says=says, reason=sentence)
    if says == "same":
        _link(transaction, vault, key, candidates[person_id], evidence)
    elif says == "different":
        _bar(transaction, grant, child_id)
    log(transaction, vault, Event(action=Action.REVIEW, children=[child_id], counts={says: 1}))


def _bar(transaction: Transaction, grant: Grant, child_id: UUID) -> None:
    """Act on a 'different': without candidates the child is in nobody's database, and who is barred holds nobody."""
    left = {candidate.person_id for candidate in reviews.candidates_of(transaction, grant, child_id)}
    if not left:
        links.set_decision(transaction, child_id, "none", by=transaction.access.staff_id, at=transaction.access.at)
    elif links.results(transaction, [child_id])[child_id].held_person_id not in left:
        claims.let_go(transaction, [child_id])


def undo_link(transaction: Transaction, vault: Vault, child_id: UUID, *, reason: str) -> None:
    """Undo the link of an identity: the citizen is barred, and the identity stands alone again.

    Raises:
        BadQuery: the reason is missing or too long.
        NotFound: there is no link here, or not in this area.
    """
    grant = authorize(transaction.access, Action.UNLINK)
    sentence = _sentence(reason)
    found = children.some(transaction, grant, [child_id])
    links.result_of(transaction, grant, child_id, lock=True)
    standing = links.standing(transaction, [child_id]).get(child_id)
    if not found or standing is None:
        raise NotFound
    with refusing(transaction, vault, child_id):
        key = vault.child_key(found[0])
    sealed = seal_group(key, "link", group="undo_reason", row=standing.link_id, document={"reason": sentence})
    access = transaction.access
    links.undo(
        transaction,
        {child_id: standing.link_id},
        at=access.at,
        by=access.staff_id,
        sealed_reasons={standing.link_id: sealed},
    )
    reviews.withdraw_verdicts(transaction, child_id, standing.person_id, at=access.at)
    _add_verdict(transaction, key, child_id, standing.person_id, says="different", reason=sentence)
    links.set_decision(transaction, child_id, "none", by=access.staff_id, at=access.at)
    _regroup(transaction, standing.person_id)
    log(transaction, vault, Event(action=Action.UNLINK, children=[child_id]))


def _under_review(transaction: Transaction, grant: Grant, child_id: UUID) -> SealedChild:
    found = children.some(transaction, grant, [child_id])
    if not found or links.result_of(transaction, grant, child_id) != "review":
        raise NotFound
    return found[0]


def _to_decide(transaction: Transaction, grant: Grant, child_id: UUID) -> SealedChild:
    """Return an identity that waits for review, and keep others from deciding it in the same moment."""
    found = children.some(transaction, grant, [child_id])
    decision = links.result_of(transaction, grant, child_id, lock=True) if found else None
    if decision is None:
        raise NotFound
    if decision != "review":
        raise Conflict("somebody has decided it in the meantime")
    return found[0]


def _regroup(transaction: Transaction, person_id: UUID) -> None:
    """Compute anew which identities are one child: those that the reviewer does not see are among them."""
    with transaction.as_engine():
        grouping.regroup(transaction, [person_id], at=transaction.access.at)


def _sentence(reason: str) -> str:
    sentence = " ".join(reason.split())
    if not sentence or len(sentence) > LONGEST_REASON:
        raise BadQuery("reason", "one sentence is needed" if not sentence else "too long")
    return sentence


def _evidence(key: DataKey, candidate: StoredCandidate) -> Mapping[str, Any]:
    group = f"evidence:{candidate.person_id}"
    return open_group(key, "candidate", group=group, row=candidate.child_id, token=candidate.sealed_evidence)


def _add_verdict(
    transaction: Transaction, key: DataKey, child_id: UUID, person_id: UUID, *, says: Says, reason: str
) -> None:
    verdict_id = uuid4()
    staff_id = transaction.access.staff_id
    if staff_id is None:
        raise Conflict("only a person decides a pair")
    sealed = seal_group(key, "verdict", group="reason", row=verdict_id, document={"reason": reason})
    reviews.add_verdict(
        transaction,
        {
            "child_id": child_id,
            "verdict_id": verdict_id,
            "person_id": person_id,
            "says": says,
            "staff_id": staff_id,
            "said_at": transaction.access.at,
            "sealed_reason": sealed,
        },
    )


def _link(
    transaction: Transaction, vault: Vault, key: DataKey, candidate: StoredCandidate, evidence: Mapping[str, Any]
) -> None:
    access = transaction.access
    person = People(vault).get(transaction, [candidate.person_id]).get(candidate.person_id)
    if person is None:
        raise Conflict("the citizen cannot be read")
    made = {
        "probability": candidate.probability,
        "model_version": links.model_of(transaction, candidate.child_id),
        "run_id": None,
        "made_at": access.at,
        "made_by": access.staff_id,
    }
    row = link_row(
        key,
        candidate.child_id,
        person_id=candidate.person_id,
        number=person.number,
        evidence=evidence,
        made=made,
    )
    index = vault.index
    numbers = {candidate.child_id: index.identifier(NUMBER, person.number)} if person.number else {}
    links.write_links(transaction, [row], numbers, key_version=index.version)
    links.set_decision(transaction, candidate.child_id, "link", by=access.staff_id, at=access.at)
    _regroup(transaction, candidate.person_id)

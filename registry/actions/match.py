"""Links identities to citizens: candidates by keyed tokens, opened in memory, scored and decided within the record.

A link keeps its evidence, model version and moment. What a person decided is never decided anew by the engine, and a
person's 'different' keeps a citizen from ever being a candidate again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from connectors.contract import CallContext, CandidatePage, CandidateQuery, CitizenSnapshot, OffersCandidates
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.linkage import Decision, RecordOutcome, ScoredCandidate, link_records
from matching.weights import Model
from registry.actions.load_extract import People
from registry.actions.log import log
from registry.actions.sealing import Vault, open_identity, seal_group
from registry.protect.access_log import Event
from registry.protect.authorize import Action, authorize
from registry.protect.data_key import DataKey
from registry.store import extract, grouping, links, reviews
from registry.store.links import Scope, SealedIdentity, StandingLink
from registry.store.session import Transaction

AGENCY = "child-registry"
PROCEDURE = "linkage"
LEGAL_BASIS = "Law on Children 2016, article 82; Decision 27/QD-TTg of 2025, task 5"


class SealedExtract:
    """The loaded extract as the extract connector asks it: within one transaction, by keyed tokens."""

    def __init__(self, transaction: Transaction, vault: Vault, people: People) -> None:
        self._transaction = transaction
        self._vault = vault
        self._people = people

    def people_sharing(self, queries: Sequence[CandidateQuery], *, limit: int) -> Iterable[CandidatePage]:
        """Return for each query the people who share a token with it."""
        return extract.people_sharing(self._transaction, queries, limit=limit)

    def person_with_number(self, personal_number: str) -> CitizenSnapshot | None:
        """Return the citizen who bears a number today, or None."""
        index = self._vault.number_index(personal_number)
        found = extract.by_number(self._transaction, [index]).get(index)
        written = self._people.written(self._transaction, found[0]) if found else None
        if written is None:
            return None
        updated = written.pop("updated_at")
        former = tuple(written.pop("former_numbers"))
        moment = datetime.fromisoformat(updated) if updated else None
        return CitizenSnapshot(**written, former_numbers=former, updated_at=moment)

    def size(self) -> int:
        """Return the number of people."""
        return extract.size(self._transaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a run of the linkage needs beside the database."""

    run_id: UUID
    model: Model
    frequencies: Frequencies
    people: People


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What one batch came to: where the next begins, and how many ended in which decision."""

    last: UUID
    decisions: Mapping[str, int]


def match_batch(
    transaction: Transaction,
    vault: Vault,
    engine: Engine,
    *,
    connector: OffersCandidates,
    after: UUID | None,
    scope: Scope,
    limit: int = 500,
) -> Matched | None:
    """Match the next identities by id, in the caller's transaction; None when there are none left."""
    authorize(transaction.access, Action.LINK)
    waiting = links.waiting_for_match(transaction, after=after, limit=limit, scope=scope, run_id=engine.run_id)
    if not waiting:
        return None
    ids = [row.child_id for row in waiting]
    keys = {row.child_id: vault.child_key(row) for row in waiting}
    records = [_opened(keys[row.child_id], row) for row in waiting]
    pages = _candidates(transaction, connector, ids, request_id=str(engine.run_id))
    people = engine.people.get(transaction, sorted({person for page in pages.values() for person in page}))
    place_of = {person: place for place, person in enumerate(people)}
    barred = reviews.apart(transaction, ids)
    outcomes = link_records(
        records,
        list(people.values()),
        [[place_of[person] for person in pages[child] if person in place_of] for child in ids],
        model=engine.model,
        frequencies=engine.frequencies,
        apart=[frozenset(place_of[p] for p in barred.get(child, ()) if p in place_of) for child in ids],
    )
    decided = _Decided(transaction, vault, engine, keys=keys, people=list(people.items()))
    # whoever reviews meanwhile is faster than this batch: what a person has decided by now stands
    bound = links.lock_results(transaction, ids)
    open_still = [(row, outcome) for row, outcome in zip(waiting, outcomes, strict=True) if row.child_id not in bound]
    decided.store(open_still)
    counts = {decision.value: sum(o.decision is decision for _, o in open_still) for decision in Decision}
    log(transaction, vault, Event(action=Action.LINK, counts=counts))
    return Matched(last=ids[-1], decisions=counts)


def _opened(key: DataKey, row: SealedIdentity) -> Identity:
    return open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)


def _candidates(
    transaction: Transaction, connector: OffersCandidates, ids: Sequence[UUID], *, request_id: str
) -> dict[UUID, list[UUID]]:
    tokens = links.blocks_of(transaction, ids)
    queries = [CandidateQuery(query_id=str(child), tokens=tokens.get(child, {})) for child in ids]
    context = CallContext(
        request_id=request_id,
        agency_code=AGENCY,
        officer_ref=transaction.access.login,
        procedure_code=PROCEDURE,
        legal_basis=LEGAL_BASIS,
        purpose=transaction.access.purpose.value,
    )
    return {
        UUID(page.query_id): [UUID(candidate.person_ref) for candidate in page.candidates]
        for page in connector.search(queries, context)
    }


class _Decided:
    """Stores the outcomes of one batch."""

    def __init__(
        self,
        transaction: Transaction,
        vault: Vault,
        engine: Engine,
        *,
        keys: Mapping[UUID, DataKey],
        people: Sequence[tuple[UUID, Identity]],
    ) -> None:
        self._transaction = transaction
        self._vault = vault
        self._engine = engine
        self._keys = keys
        self._people = people

    def store(self, outcomes: Sequence[tuple[SealedIdentity, RecordOutcome]]) -> None:
        standing = links.standing(self._transaction, [row.child_id for row, _ in outcomes])
        at = self._transaction.access.at
        results = [self._result(row, outcome) for row, outcome in outcomes]
        candidates = [
            self._candidate(row.child_id, rank, candidate)
            for row, outcome in outcomes
            for rank, candidate in enumerate(outcome.candidates, start=1)
        ]
        links.write_results(self._transaction, results, candidates)
        chosen = {row.child_id: outcome.candidates[0] for row, outcome in outcomes if outcome.decision is Decision.LINK}
        stale = self._stale(standing, chosen)
        links.undo(
            self._transaction,
            {child: link.link_id for child, link in stale.items()},
            at=at,
            by=None,
            sealed_reasons={},
        )
        fresh = {child: best for child, best in chosen.items() if child not in standing or child in stale}
        rows = [self._link(child, best) for child, best in fresh.items()]
        numbers = {child: self._people[best.person][1].number for child, best in fresh.items()}
        indexes = {child: self._vault.number_index(number) for child, number in numbers.items() if number}
        links.write_links(self._transaction, rows, indexes)
        touched = {row["person_id"] for row in rows} | {link.person_id for link in stale.values()}
        grouping.regroup(self._transaction, touched, at=at)

    def _stale(
        self, standing: Mapping[UUID, StandingLink], chosen: Mapping[UUID, ScoredCandidate]
    ) -> dict[UUID, StandingLink]:
        """Return the engine's own links that the new outcome does not repeat; a person's link stays."""
        return {
            child: link
            for child, link in standing.items()
            if link.made_by is None and (child not in chosen or self._people[chosen[child].person][0] != link.person_id)
        }

    def _result(self, row: SealedIdentity, outcome: RecordOutcome) -> Mapping[str, Any]:
        return {
            "child_id": row.child_id,
            "decision": outcome.decision.value,
            "nobody": outcome.nobody,
            "version_no": row.version_no,
            "model_version": self._engine.model.version,
            "run_id": self._engine.run_id,
            "matched_at": self._transaction.access.at,
            "decided_by": None,
        }

    def _candidate(self, child_id: UUID, rank: int, candidate: ScoredCandidate) -> Mapping[str, Any]:
        person_id = self._people[candidate.person][0]
        sealed = seal_group(
            self._keys[child_id],
            "candidate",
            group=f"evidence:{person_id}",
            row=child_id,
            document=evidence_document(candidate),
        )
        return {
            "child_id": child_id,
            "person_id": person_id,
            "rank": rank,
            "probability": candidate.probability,
            "bits": candidate.bits,
            "sealed_evidence": sealed,
            "run_id": self._engine.run_id,
        }

    def _link(self, child_id: UUID, best: ScoredCandidate) -> Mapping[str, Any]:
        person_id, person = self._people[best.person]
        return link_row(
            self._keys[child_id],
            child_id,
            person_id=person_id,
            number=person.number,
            evidence=evidence_document(best),
            made={
                "probability": best.probability,
                "model_version": self._engine.model.version,
                "run_id": self._engine.run_id,
                "made_at": self._transaction.access.at,
                "made_by": None,
            },
        )


def evidence_document(candidate: ScoredCandidate) -> dict[str, Any]:
    """Return the evidence of a candidate, field by field, as it is sealed."""
    return {
        "bits": candidate.bits,
        "fields": [
            {"field": one.field, "level": one.level, "reason": one.reason, "bits": one.bits}
            for one in candidate.evidence
        ],
    }


def link_row(
    key: DataKey,
    child_id: UUID,
    *,
    person_id: UUID,
    number: str | None,
    evidence: Mapping[str, Any],
    made: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Return the row of a new link, its number and evidence sealed under the child's key."""
    link_id = uuid4()
    return {
        "child_id": child_id,
        "link_id": link_id,
        "person_id": person_id,
        "sealed_number": seal_group(key, "link", group="number", row=link_id, document={"number": number}),
        "sealed_evidence": seal_group(key, "link", group="evidence", row=link_id, document=evidence),
        **made,
    }


def regroup_delivered(transaction: Transaction) -> None:
    """Let identities whose source withdrew its record stand alone, and those whose record came back join again."""
    moved = {*grouping.people_of_withdrawn(transaction), *grouping.people_of_returned(transaction)}
    grouping.regroup(transaction, moved, at=transaction.access.at)

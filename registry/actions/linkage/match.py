"""Links identities to citizens: candidates by keyed tokens, opened in memory, scored and decided within the record.

A link keeps its evidence, model version and moment. What a person decided is never decided anew by the engine, and a
person's 'different' keeps a citizen from ever being a candidate again. A source that says it holds one record per child
never has two of them linked to one citizen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from connectors.contract import CallContext, CandidatePage, CandidateQuery, CitizenSnapshot, OffersCandidates
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.linkage import Decision, RecordOutcome, ScoredCandidate, link_records
from matching.weights import Model
from registry.actions.intake.load_extract import People
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import NUMBER, Vault, open_identity, seal_group
from registry.actions.linkage import hold_claims
from registry.actions.linkage.hold_claims import Wanted
from registry.actions.linkage.link_rows import evidence_document, link_row
from registry.actions.linkage.rank_reviews import rank_reviews
from registry.actions.oversight.decoys import Decoys
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.store import extract, grouping, links, reviews, runs
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
        found = extract.by_number(self._transaction, self._vault.number_indexes(personal_number))
        person_id = next((person for person, _ in found.values()), None)
        written = self._people.written(self._transaction, person_id) if person_id else None
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
    one_record: frozenset[str] = frozenset()  # the systems that hold one record per child


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """A batch of identities with what the model says of each, before anything is stored."""

    rows: Sequence[SealedIdentity]
    keys: Mapping[UUID, DataKey]
    people: Sequence[tuple[UUID, Identity]]
    outcomes: Sequence[RecordOutcome]

    def chosen(self, outcome: RecordOutcome) -> tuple[UUID, ScoredCandidate] | None:
        """Return the citizen whom the model links, or None."""
        if outcome.decision is not Decision.LINK:
            return None
        return self.people[outcome.candidates[0].person][0], outcome.candidates[0]

    def wanted(self) -> list[Wanted]:
        """Return the links that the model would make."""
        found = [(row, self.chosen(outcome)) for row, outcome in zip(self.rows, self.outcomes, strict=True)]
        return [
            Wanted(child_id=row.child_id, system=row.system, person_id=chosen[0])
            for row, chosen in found
            if chosen is not None
        ]

    def without(self, child_ids: Set[UUID]) -> Scored:
        """Return the batch without some identities."""
        left = [pair for pair in zip(self.rows, self.outcomes, strict=True) if pair[0].child_id not in child_ids]
        return replace(self, rows=[row for row, _ in left], outcomes=[outcome for _, outcome in left])


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
    standing = Decoys(transaction, vault).without(waiting)
    scored = score(transaction, vault, engine, connector=connector, waiting=standing)
    others = hold_claims.rivals(transaction, engine.one_record, scored.wanted())
    # whoever reviews meanwhile is faster than this batch: what a person has decided by now stands
    bound = links.lock_results(transaction, sorted({*ids, *others}))
    counts = _Decided(transaction, vault, engine, scored.without(bound)).store()
    _pass_over(transaction, engine, {row.child_id: row for row in waiting}, {row.child_id for row in standing})
    log(transaction, vault, Event(action=Action.LINK, counts=counts))
    return Matched(last=ids[-1], decisions=counts)


def score(
    transaction: Transaction,
    vault: Vault,
    engine: Engine,
    *,
    connector: OffersCandidates,
    waiting: Sequence[SealedIdentity],
) -> Scored:
    """Open identities and their candidates in memory and let the model decide; nothing is stored.

    Left out are identities that cannot be read, or that may be a citizen who cannot be read: what was decided stands.
    """
    ids = [row.child_id for row in waiting]
    version = vault.index.block_versions[-1]  # the oldest alive: everybody has tokens of it
    pages = _candidates(transaction, connector, ids, version=version, request_id=str(engine.run_id))
    people = engine.people.get(transaction, sorted({person for page in pages.values() for person in page}))
    whole = [row for row in waiting if engine.people.unreadable.isdisjoint(pages[row.child_id])]
    known = opened(transaction, vault, whole, partial(_opened, vault))
    waiting = [row for row, _ in known]
    keys = {row.child_id: key for row, (key, _) in known}
    records = [identity for _, (_, identity) in known]
    ids = [row.child_id for row in waiting]
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
    return Scored(rows=waiting, keys=keys, people=list(people.items()), outcomes=outcomes)


def _opened(vault: Vault, row: SealedIdentity) -> tuple[DataKey, Identity]:
    key = vault.child_key(row)
    return key, open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)


def _pass_over(
    transaction: Transaction, engine: Engine, waiting: Mapping[UUID, SealedIdentity], standing: Set[UUID]
) -> None:
    """Let decoys look like identities that were matched with nobody: they are not compared, and must not stand out."""
    rows = [
        {
            "child_id": child,
            "decision": Decision.NONE.value,
            "nobody": 1.0,
            "version_no": row.version_no,
            "model_version": engine.model.version,
            "run_id": engine.run_id,
            "matched_at": transaction.access.at,
            "decided_by": None,
            "held_person_id": None,
            "pattern": None,
            "information": 0.0,
        }
        for child, row in waiting.items()
        if child not in standing
    ]
    if rows:
        links.write_results(transaction, rows, [])


def _candidates(
    transaction: Transaction, connector: OffersCandidates, ids: Sequence[UUID], *, version: int, request_id: str
) -> dict[UUID, list[UUID]]:
    tokens = links.blocks_of(transaction, ids, version=version)
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


_Best = tuple[UUID, ScoredCandidate]  # a citizen, and what was found of them


class _Decided:
    """Stores the outcomes of one batch."""

    def __init__(self, transaction: Transaction, vault: Vault, engine: Engine, scored: Scored) -> None:
        self._transaction = transaction
        self._vault = vault
        self._engine = engine
        self._scored = scored
        self._keys = scored.keys
        self._people = scored.people

    def store(self) -> Mapping[str, int]:
        """Store results, candidates and links; return how many identities ended in which decision."""
        ids = [row.child_id for row in self._scored.rows]
        held = hold_claims.held_among(self._transaction, self._engine.one_record, self._scored.wanted(), {*ids})
        before = links.results(self._transaction, ids)
        standing = links.standing(self._transaction, ids)
        results = self._results(held.wanted)
        candidates = [
            self._candidate(row.child_id, rank, candidate)
            for row, outcome in zip(self._scored.rows, self._scored.outcomes, strict=True)
            for rank, candidate in enumerate(outcome.candidates, start=1)
        ]
        links.write_results(self._transaction, results, candidates)
        chosen = self._chosen(held.wanted)
        self._write_links(standing, chosen)
        hold_claims.hold_standing(self._transaction, held.standing)
        decisions = {row["child_id"]: row["decision"] for row in results}
        changed = sum(
            before.get(child) is None or before[child].decision != decision or _moved(standing, chosen, child)
            for child, decision in decisions.items()
        )
        runs.add_changes(self._transaction, self._engine.run_id, changed + len(held.standing))
        return {kind.value: sum(one == kind.value for one in decisions.values()) for kind in Decision}

    def _chosen(self, held: Mapping[UUID, UUID]) -> dict[UUID, _Best]:
        found = {
            row.child_id: self._scored.chosen(outcome)
            for row, outcome in zip(self._scored.rows, self._scored.outcomes, strict=True)
            if row.child_id not in held
        }
        return {child: best for child, best in found.items() if best is not None}

    def _write_links(self, standing: Mapping[UUID, StandingLink], chosen: Mapping[UUID, _Best]) -> None:
        """Undo the engine's own links that the new outcome does not repeat, and make the new; a person's link stays."""
        at = self._transaction.access.at
        stale = {
            child: link
            for child, link in standing.items()
            if link.made_by is None and (child not in chosen or chosen[child][0] != link.person_id)
        }
        undone = {child: link.link_id for child, link in stale.items()}
        links.undo(self._transaction, undone, at=at, by=None, sealed_reasons={})
        fresh = {child: best for child, best in chosen.items() if child not in standing or child in stale}
        rows = [self._link(child, best) for child, (_, best) in fresh.items()]
        numbers = {child: self._people[best.person][1].number for child, (_, best) in fresh.items()}
        index = self._vault.index
        indexes = {child: index.identifier(NUMBER, number) for child, number in numbers.items() if number}
        links.write_links(self._transaction, rows, indexes, key_version=index.version)
        touched = {row["person_id"] for row in rows} | {link.person_id for link in stale.values()}
        grouping.regroup(self._transaction, touched, at=at)

    def _results(self, held: Mapping[UUID, UUID]) -> list[Mapping[str, Any]]:
        found = {
            row.child_id: (row, outcome) for row, outcome in zip(self._scored.rows, self._scored.outcomes, strict=True)
        }
        waiting = {
            child: outcome
            for child, (_, outcome) in found.items()
            if child in held or outcome.decision is Decision.REVIEW
        }
        worth = rank_reviews(self._transaction, self._vault, waiting, link=self._engine.model.link)
        return [
            {
                "child_id": child,
                "decision": (Decision.REVIEW if child in held else outcome.decision).value,
                "nobody": outcome.nobody,
                "version_no": row.version_no,
                "model_version": self._engine.model.version,
                "run_id": self._engine.run_id,
                "matched_at": self._transaction.access.at,
                "decided_by": None,
                "held_person_id": held.get(child),
                "pattern": worth[child].pattern if child in worth and child not in held else None,
                "information": worth[child].information if child in worth else 0.0,
            }
            for child, (row, outcome) in found.items()
        ]

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


def _moved(standing: Mapping[UUID, StandingLink], chosen: Mapping[UUID, _Best], child: UUID) -> bool:
    """Tell whether the citizen of an identity changed."""
    before = standing[child].person_id if child in standing else None
    return before != (chosen[child][0] if child in chosen else None)


def regroup_delivered(transaction: Transaction) -> None:
    """Let identities whose source withdrew its record stand alone, and those whose record came back join again."""
    moved = {*grouping.people_of_withdrawn(transaction), *grouping.people_of_returned(transaction)}
    grouping.regroup(transaction, moved, at=transaction.access.at)
    grouping.regroup_withdrawn(transaction, at=transaction.access.at)

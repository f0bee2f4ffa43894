"""Which of a source's own patients somebody may be, by the model of the linkage.

Source: FHIR R4 (4.0.1), Patient-match; IHE ITI mobile Patient Demographics Query, ITI-119.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import Final

from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_child import ChildDocument, facts_of
from connectors.formats.fhir_parts import identifiers
from matching.frequencies import Frequencies
from matching.identity import Identity
from matching.record_pairs import score_pairs
from matching.weights import Model
from registry.actions.fhir.own_patients import OwnPatient, by_identifiers, by_likeness
from registry.actions.fhir.scope import SourceScope
from registry.actions.intake import load_extract
from registry.actions.intake.handwritten import day_of
from registry.actions.intake.normalise import RuleBroken, identity_of
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity
from registry.actions.linkage.adopt_model import model_in_use
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import extract
from registry.store.sent_documents import SentDocument
from registry.store.session import Transaction

MOST_CANDIDATES: Final = 200
COMPARED: Final = 10_000  # records among which the prior takes a pair to be drawn: a province's newborns of a month


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMatch:
    """A patient whom somebody may be."""

    patient: OwnPatient
    score: float
    grade: str  # of FHIR's match grades


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparing:
    """How two records are compared today."""

    model: Model
    frequencies: Frequencies


class Likeness:
    """The linkage's own way of comparing, kept until another population is loaded or another model adopted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[object, Comparing] | None = None

    def comparing(self, transaction: Transaction, vault: Vault) -> Comparing | None:
        """Return how records are compared today; None: no population was loaded, so nothing is known of names."""
        with transaction.as_engine():
            model = model_in_use(transaction)
            newest = extract.frequencies(transaction)
            if newest is None:
                return None
            name = (newest[0].batch_id, model.digest)
            with self._lock:
                if self._made is None or self._made[0] != name:
                    counted = load_extract.frequencies(transaction, vault)
                    if counted is None:
                        return None
                    self._made = name, Comparing(model=model.model, frequencies=counted)
                return self._made[1]


def match_own(
    transaction: Transaction, vault: Vault, likeness: Likeness, child: ChildDocument, *, scope: SourceScope
) -> list[OwnMatch]:
    """Return the source's own patients whom the described one may be, the likeliest first.

    Raises:
        FhirRefused: a value breaks a rule.
        Refused: the access may not ask.
    """
    authorize(transaction.access, Action.LINK_STATE)
    try:
        identity = identity_of(facts_of(child, scope.domains), on=day_of(transaction))
    except RuleBroken as broken:
        raise FhirRefused(broken.rule, broken.field) from None
    comparing = likeness.comparing(transaction, vault)
    found = {one.patient.child_id: one for one in _alike(transaction, vault, comparing, identity, scope)}
    for one in _same(transaction, vault, child, scope):
        found[one.child_id] = OwnMatch(patient=one, score=1.0, grade="certain")
    matches = sorted(found.values(), key=lambda each: (-each.score, each.patient.child_id))
    children = [each.patient.child_id for each in matches]
    log(transaction, vault, Event(action=Action.LINK_STATE, children=children, counts={"found": len(children)}))
    return matches


def _same(transaction: Transaction, vault: Vault, child: ChildDocument, scope: SourceScope) -> list[OwnPatient]:
    """Return the patients who bear one of the described one's identifiers."""
    named = [(scope.domains.named(system), value) for system, value, _ in identifiers(child.patient)]
    known = [(domain, value) for domain, value in named if domain is not None and scope.may_ask(domain)]
    met = by_identifiers(transaction, vault, known, scope=scope) if known else []
    wanted = [(domain.url, value) for domain, value in known]
    return [one for one in met if one.bears(wanted, scope.domains)]


def _alike(
    transaction: Transaction, vault: Vault, comparing: Comparing | None, identity: Identity, scope: SourceScope
) -> list[OwnMatch]:
    """Return the patients who are likely enough to be looked at."""
    met = by_likeness(transaction, vault, identity, scope=scope, limit=MOST_CANDIDATES)
    rows = {one.child_id: one for one in met}
    sealed = [one.sealed for one in met if one.sealed is not None]
    if comparing is None or not sealed:
        return []
    known = opened(transaction, vault, sealed, partial(_identity, vault))
    scores = score_pairs(
        [identity, *(each for _, each in known)],
        [(0, place) for place in range(1, len(known) + 1)],
        model=comparing.model,
        frequencies=comparing.frequencies,
        compared=COMPARED,
    )
    review, link = comparing.model.review, comparing.model.link
    return [
        OwnMatch(
            patient=rows[row.child_id],
            score=score.probability,
            grade="probable" if score.probability >= link else "possible",  # certain is an identifier alone
        )
        for (row, _), score in zip(known, scores, strict=True)
        if score.probability >= review
    ]


def _identity(vault: Vault, row: SentDocument) -> Identity:
    key = vault.child_key(row)
    return open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)

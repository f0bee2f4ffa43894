"""Learns from what reviewers decided: their pairs, opened in memory, move the weights of the model that compared them.

A record that a person linked tells of all its candidates, of the others that they are not the child; a record still
waiting tells only of those of whom something was said. What is learned is a model file of its own: it changes nothing
until it is replayed and adopted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final
from uuid import UUID

from matching.learning import Learned, NothingReviewed, ReviewedPair, learn
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.linkage.adopt_model import ModelText
from registry.actions.oversight.log import log
from registry.model.errors import Conflict
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.store import links, reviews
from registry.store.links import SealedIdentity
from registry.store.reviews import ReviewedCandidate
from registry.store.session import Transaction

AT_ONCE: Final = 500  # identities whose evidence is open at a time


class NothingDecided(Conflict):
    """Nobody has decided a pair that the model in use compared."""


def learn_model(transaction: Transaction, vault: Vault, in_use: ModelText) -> tuple[Learned, int]:
    """Return what the model in use becomes, and how many decided records another model compared.

    Raises:
        NothingDecided: there is no reviewed pair to learn from.
    """
    authorize(transaction.access, Action.LINK)
    version = in_use.model.version
    try:
        learned = learn(in_use.model, list(_reviewed(transaction, vault, version)))
    except NothingReviewed:
        raise NothingDecided("nobody has decided a pair that the model in use compared: review some first") from None
    counts = {"same": learned.same, "different": learned.different}
    log(transaction, vault, Event(action="learn_model", counts=counts))
    return learned, reviews.reviewed_under_others(transaction, version)


def _reviewed(transaction: Transaction, vault: Vault, version: str) -> Iterator[ReviewedPair]:
    after: UUID | None = None
    while found := reviews.reviewed(transaction, version, after=after, limit=AT_ONCE):
        standing = links.sealed_identities(transaction, found)  # a withdrawn record is nobody's to open
        read = opened(transaction, vault, standing, partial(_read, vault, found))
        for _, pairs in read:
            yield from pairs
        after = max(found)


def _read(vault: Vault, found: Mapping[UUID, Sequence[ReviewedCandidate]], row: SealedIdentity) -> list[ReviewedPair]:
    return list(_pairs(vault.child_key(row), found[row.child_id]))


def _pairs(key: DataKey, candidates: Sequence[ReviewedCandidate]) -> Iterator[ReviewedPair]:
    linked = any(candidate.says == "same" for candidate in candidates)
    for candidate in candidates:
        if linked or candidate.says is not None:
            yield ReviewedPair(
                levels=_levels(key, candidate), probability=candidate.probability, same=candidate.says == "same"
            )


def _levels(key: DataKey, candidate: ReviewedCandidate) -> Mapping[str, str]:
    group, token = f"evidence:{candidate.person_id}", candidate.sealed_evidence
    document = open_group(key, "candidate", group=group, row=candidate.child_id, token=token)
    return {line["field"]: line["level"] for line in document["fields"]}

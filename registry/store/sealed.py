"""Where sealed values stand, whose key seals each, and to what it is bound: for whoever proves that all open."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import text

from registry.store.session import Transaction

AT_ONCE: Final = 2000

_IDENTITY: Final = ("identity", "family", "contact", "services", "welfare", "source")
_CASE: Final = ("case", "case_notes", "reporter")

# Each query gives: child, owner of the key, the row that the value is bound to, its group, the value.
_OF_CHILDREN: Final = {
    **{
        f"identity.{group}": f"SELECT child_id, child_id, child_id, '{group}', sealed_{group} FROM identity"  # noqa: S608  above
        for group in _IDENTITY
    },
    **{
        f"protection_case.{group}": f"SELECT child_id, case_id, case_id, '{group}', sealed_{group}"  # noqa: S608  above
        " FROM protection_case"
        for group in _CASE
    },
    "protection_case.suspect": "SELECT child_id, case_id, case_id, 'suspect', sealed_suspect FROM protection_case"
    " WHERE sealed_suspect IS NOT NULL",
    "consent.withdrawal": "SELECT child_id, child_id, consent_id, 'withdrawal', sealed_withdrawal FROM consent"
    " WHERE sealed_withdrawal IS NOT NULL",
    "consent_signature.signature": "SELECT child_id, child_id, consent_id, 'signature:' || signer, sealed_signature"
    " FROM consent_signature",
    "subject_request.request": "SELECT child_id, child_id, request_id, 'request', sealed_request FROM subject_request",
    "subject_request.extension": "SELECT child_id, child_id, request_id, 'extension', sealed_extension"
    " FROM subject_request WHERE sealed_extension IS NOT NULL",
    "subject_request.outcome": "SELECT child_id, child_id, request_id, 'outcome', sealed_outcome FROM subject_request"
    " WHERE sealed_outcome IS NOT NULL",
    "subject_correction.correction": "SELECT child_id, child_id, correction_id, 'correction', sealed_correction"
    " FROM subject_correction",
    "source_version.written": "SELECT v.child_id, CASE key_kind WHEN 'case' THEN case_id ELSE v.child_id END,"
    " CASE key_kind WHEN 'case' THEN case_id ELSE v.child_id END, 'written:' || version_no, sealed_written"
    " FROM source_version v LEFT JOIN protection_case USING (child_id)",
    "child_search.finding": "SELECT child_id, child_id, child_id, 'finding', sealed_finding FROM child_search",
    "candidate.evidence": "SELECT child_id, child_id, child_id, 'evidence:' || person_id, sealed_evidence"
    " FROM candidate",
    "link.number": "SELECT child_id, child_id, link_id, 'number', sealed_number FROM link",
    "link.evidence": "SELECT child_id, child_id, link_id, 'evidence', sealed_evidence FROM link",
    "link.undo_reason": "SELECT child_id, child_id, link_id, 'undo_reason', sealed_undo_reason FROM link"
    " WHERE sealed_undo_reason IS NOT NULL",
    "verdict.reason": "SELECT child_id, child_id, verdict_id, 'reason', sealed_reason FROM verdict",
    "record_pair.evidence": "SELECT child_id, child_id, child_id, 'evidence:' || other_id, sealed_evidence"
    " FROM record_pair",
    "record_verdict.reason": "SELECT child_id, child_id, verdict_id, 'reason', sealed_reason FROM record_verdict",
}
_SHARED: Final = {
    "extract_person.person": "SELECT batch_id, batch_id, person_id, 'person', sealed_person FROM extract_person",
    "extract_batch.frequencies": "SELECT batch_id, batch_id, batch_id, 'frequencies', sealed_frequencies"
    " FROM extract_batch WHERE sealed_frequencies IS NOT NULL",
    "quarantine.raw": "SELECT owner_id, owner_id, owner_id, quarantine_id::text, sealed_raw"
    " FROM quarantine JOIN source_system USING (system) WHERE sealed_raw IS NOT NULL",
    "second_step.secret": "SELECT staff_id, staff_id, staff_id, 'secret', sealed_secret FROM second_step"
    " WHERE sealed_secret IS NOT NULL",
    "second_step.proposal": "SELECT staff_id, staff_id, staff_id, 'proposal', sealed_proposal FROM second_step"
    " WHERE sealed_proposal IS NOT NULL",
    "subscription.secret": "SELECT owner_id, owner_id, subscription_id, 'secret', sealed_secret"
    " FROM subscription JOIN source_system USING (system)",
    "subscription.former": "SELECT owner_id, owner_id, subscription_id, 'former', sealed_former"
    " FROM subscription JOIN source_system USING (system) WHERE sealed_former IS NOT NULL",
}
PLACES: Final = (*_OF_CHILDREN, *_SHARED)


@dataclass(frozen=True, slots=True)
class SealedValue:
    """A sealed value with the wrapped key that opens it; no key: nobody can open it any more."""

    row: uuid.UUID
    group: str
    token: bytes = field(repr=False)
    owner_id: uuid.UUID
    domain: str | None
    generation: int | None
    epoch: int | None
    wrapped_key: bytes | None = field(repr=False)


def values(transaction: Transaction, place: str) -> Iterator[SealedValue]:
    """Return every value of one place, a table and a group, without holding them all."""
    of_children = place in _OF_CHILDREN
    key, same = ("child_key", "k.child_id = s.child AND") if of_children else ("shared_key", "")
    inner = _OF_CHILDREN[place] if of_children else _SHARED[place]
    query = text(
        "SELECT s.bound, s.part, s.token, s.owner, k.domain, k.generation, k.epoch, k.wrapped_key"  # noqa: S608  above
        f" FROM ({inner}) AS s (child, owner, bound, part, token)"
        f" LEFT JOIN {key} k ON {same} k.owner_id = s.owner"
    ).execution_options(yield_per=AT_ONCE)
    for row in transaction.connection.execute(query):
        yield SealedValue(*row)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBy:
    """Whom keyed hashes lead to, and who has tokens and a search row."""

    source_keys: dict[bytes, uuid.UUID]
    numbers: set[tuple[bytes, uuid.UUID]]
    blocks: set[uuid.UUID]
    searches: set[uuid.UUID]


def found_by(transaction: Transaction, child_ids: Sequence[uuid.UUID], *, block_versions: Iterable[int]) -> FoundBy:
    """Return by what these identities are found."""
    ids = {"ids": list(child_ids)}
    run = transaction.connection.execute
    keys = run(text("SELECT key_index, leads_to FROM source_key_lookup WHERE leads_to = ANY (:ids)"), ids)
    numbers = run(text("SELECT number_index, leads_to FROM identifier_lookup WHERE leads_to = ANY (:ids)"), ids)
    blocks = run(
        text("SELECT child_id FROM child_block WHERE child_id = ANY (:ids) AND key_version = ANY (:versions)"),
        ids | {"versions": list(block_versions)},
    )
    searches = run(text("SELECT child_id FROM child_search WHERE child_id = ANY (:ids)"), ids)
    return FoundBy(
        source_keys={row[0]: row[1] for row in keys},
        numbers={(index, child) for index, child in numbers},
        blocks={child for (child,) in blocks},
        searches={child for (child,) in searches},
    )


def living(transaction: Transaction) -> list[uuid.UUID]:
    """Return the identities that stand and have a key."""
    query = (
        "SELECT c.child_id FROM child c JOIN child_key k ON k.child_id = c.child_id AND k.owner_id = c.child_id"
        " WHERE c.withdrawn_at IS NULL AND c.erased_at IS NULL ORDER BY 1"
    )
    return list(transaction.connection.scalars(text(query)))


def keyless(transaction: Transaction) -> int:
    """Return the number of identities that nobody erased and that have no key any more."""
    query = (
        "SELECT count(*) FROM child c WHERE c.erased_at IS NULL AND NOT EXISTS"
        " (SELECT FROM child_key k WHERE k.child_id = c.child_id AND k.owner_id = c.child_id)"
    )
    return int(transaction.connection.scalar(text(query)) or 0)

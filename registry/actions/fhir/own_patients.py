"""A source's own patients, opened for the source itself: by identifier, by id, by what is known of them.

What is not the client's own, is sealed, was withdrawn or does not exist looks the same: as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from connectors.formats.fhir_child import ChildDocument
from connectors.formats.fhir_domains import IdentityDomain, IdentityDomains
from connectors.formats.fhir_parts import Resource, identifiers
from matching.blocking import block_keys
from matching.identity import Identity
from registry.actions.fhir.scope import SourceScope
from registry.actions.intake.record_rows import other_identifier
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.oversight.decoys import Decoys
from registry.store import sent_documents
from registry.store.sent_documents import SentDocument
from registry.store.session import Transaction

MOST_READ: Final = 1000  # records that one question may open
NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPatient:
    """One of the source's own records, opened."""

    child_id: UUID
    stream: str
    seen_at: datetime | None
    child: ChildDocument = field(repr=False)
    sealed: SentDocument | None = field(default=None, repr=False)  # None: it is not stored yet

    @classmethod
    def planned(cls, child: ChildDocument, *, stream: str) -> OwnPatient:
        """Return a record that is about to be stored."""
        return cls(child_id=NOBODY, stream=stream, seen_at=None, child=child)

    def own_identifier(self, scope: SourceScope) -> tuple[str, str] | None:
        """Return list and value of the identifier that the source itself assigned."""
        for system, value, _ in identifiers(self.child.patient):
            domain = scope.domains.named(system)
            if domain is not None and scope.owns(domain) and domain.stream == self.stream:
                return domain.url, value
        return None

    def bears(self, named: Iterable[tuple[str, str]], domains: IdentityDomains) -> bool:
        """Say whether the child herself is meant by one of some identifiers, and not a guardian of hers."""
        written = identifiers_in(self.child.patient, domains) | set(self.child.replaced)
        return not written.isdisjoint(named)

    def guardian(self, named: Iterable[tuple[str, str]], domains: IdentityDomains) -> Resource | None:
        """Return the guardian, a patient too, who is meant by one of some identifiers; or None."""
        wanted = set(named)
        return next((one for one in self.child.guardians if wanted & identifiers_in(one, domains)), None)


def identifiers_in(resource: Resource, domains: IdentityDomains) -> set[tuple[str, str]]:
    """Return list and value of the identifiers of known lists, each list by its one address."""
    found = ((domains.named(system), value) for system, value, _ in identifiers(resource))
    return {(domain.url, value) for domain, value in found if domain is not None}


def by_id(transaction: Transaction, vault: Vault, written: str, *, scope: SourceScope) -> OwnPatient | None:
    """Return the record of an id, or None."""
    try:
        child_id = UUID(written)
    except ValueError:
        return None
    rows = sent_documents.by_ids(transaction, [child_id], streams=scope.streams)
    return next(iter(_opened(transaction, vault, rows)), None)


def by_identifier(
    transaction: Transaction,
    vault: Vault,
    domain: IdentityDomain,
    value: str,
    *,
    scope: SourceScope,
    own_only: bool = False,
) -> list[OwnPatient]:
    """Return the records that bear an identifier; args: own_only: as their own key, not as any other."""
    keys, others = hashes(vault, [(domain, value)], scope)
    rows = sent_documents.by_hashes(transaction, keys=keys, others=[] if own_only else others, streams=scope.streams)
    return _opened(transaction, vault, rows)


def by_identifiers(
    transaction: Transaction, vault: Vault, named: Sequence[tuple[IdentityDomain, str]], *, scope: SourceScope
) -> list[OwnPatient]:
    """Return the records that bear one of some identifiers."""
    keys, others = hashes(vault, named, scope)
    rows = sent_documents.by_hashes(transaction, keys=keys, others=others, streams=scope.streams)
    return _opened(transaction, vault, rows)


def by_likeness(
    transaction: Transaction, vault: Vault, identity: Identity, *, scope: SourceScope, limit: int
) -> list[OwnPatient]:
    """Return the records that share a block with somebody."""
    version = vault.index.block_versions[-1]  # the oldest alive: everybody has tokens of it
    tokens = [(kind, vault.index.block_token(kind, text, version)) for kind, text in block_keys(identity)]
    rows = sent_documents.by_tokens(transaction, tokens, streams=scope.streams, limit=limit)
    return _opened(transaction, vault, rows)


def by_codes(
    transaction: Transaction, vault: Vault, *, sex: str | None, years: tuple[int, int] | None, scope: SourceScope
) -> tuple[list[OwnPatient], bool]:
    """Return records by sex and birth year, and whether there are more than one question may open."""
    rows = sent_documents.by_codes(transaction, sex=sex, years=years, streams=scope.streams, limit=MOST_READ + 1)
    if len(rows) > MOST_READ:
        return [], True
    return _opened(transaction, vault, rows), False


def hashes(
    vault: Vault, named: Iterable[tuple[IdentityDomain, str]], scope: SourceScope
) -> tuple[list[bytes], list[bytes]]:
    """Return the keyed hashes of identifiers: as a record's own key, and as any other."""
    keys: list[bytes] = []
    others: list[bytes] = []
    for domain, value in named:
        if scope.owns(domain):
            keys += vault.source_key_indexes(scope.system, domain.stream or "", value)
        others += [other_identifier(index, domain.url, value) for index in vault.indexes()]
    return keys, others


def _opened(transaction: Transaction, vault: Vault, rows: Sequence[SentDocument]) -> list[OwnPatient]:
    hidden = sent_documents.hidden_among(transaction, [row.child_id for row in rows]) if rows else frozenset()
    shown = [row for row in Decoys(transaction, vault).without(rows) if row.child_id not in hidden] if rows else []
    found = opened(transaction, vault, shown, partial(_document, vault))
    return [
        OwnPatient(child_id=row.child_id, stream=row.stream, seen_at=row.seen_at, child=child, sealed=row)
        for row, child in found
        if child is not None
    ]


def _document(vault: Vault, row: SentDocument) -> ChildDocument | None:
    group = f"written:{row.version_no}"
    key = vault.child_key(row)
    return ChildDocument.from_json(
        open_group(key, "source_version", group=group, row=row.child_id, token=row.sealed_written)
    )

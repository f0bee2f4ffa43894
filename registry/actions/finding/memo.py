"""Keeps what a form said, sealed under an address of its own, so that no address holds a name or a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from registry.actions.finding.find_child import FindQuery
from registry.actions.keys.sealing import Vault
from registry.model.access import Purpose
from registry.model.errors import NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.cipher import Place, generation_of, seal_document, unseal_document
from registry.protect.keys.keyring_file import Domain
from registry.store import staff
from registry.store.session import Transaction

TABLE: Final = "search_memo"
QUERY: Final = "query"
REASON: Final = "reason"


def remember_search(transaction: Transaction, vault: Vault, query: FindQuery) -> UUID:
    """Keep a search of whoever is signed in and return its id."""
    authorize(transaction.access, Action.FIND)
    document = {"text": query.text, "born": query.born, "mother": query.mother, "commune": query.commune}
    return _keep(transaction, vault, QUERY, document=document)


def recall_search(transaction: Transaction, vault: Vault, search_id: UUID) -> FindQuery:
    """Return a search of whoever is signed in.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    authorize(transaction.access, Action.FIND)
    return FindQuery(**_kept(transaction, vault, QUERY, memo_id=search_id))


def remember_reason(transaction: Transaction, vault: Vault, child_id: UUID) -> UUID:
    """Keep the purpose and the sentence of the transaction's Access for opening one child, and return the memo's id.

    Raises:
        ReasonNeeded: the purpose needs a sentence, and there is none.
    """
    access = transaction.access
    authorize(access, Action.OPEN)
    document = {"child_id": str(child_id), "purpose": access.purpose.value, "reason": access.reason}
    return _keep(transaction, vault, REASON, document=document)


def recall_reason(
    transaction: Transaction, vault: Vault, child_id: UUID, *, memo_id: UUID
) -> tuple[Purpose, str | None]:
    """Return the purpose and the sentence that whoever is signed in gave for this child.

    Raises:
        NotFound: there is none, it is somebody else's, or it was given for another child.
    """
    document = _kept(transaction, vault, REASON, memo_id=memo_id)
    if document["child_id"] != str(child_id):
        raise NotFound
    return Purpose(document["purpose"]), document["reason"]


def _keep(transaction: Transaction, vault: Vault, group: str, *, document: Mapping[str, Any]) -> UUID:
    memo_id = uuid4()
    version = vault.keyring.active(Domain.SESSION_WRAP)
    key = vault.keyring.shared_key(Domain.SESSION_WRAP, memo_id, version)
    sealed = seal_document(key, Place(TABLE, group, memo_id, version), document)
    staff.remember_search(transaction, staff_id=_owner(transaction), search_id=memo_id, sealed=sealed)
    return memo_id


def _kept(transaction: Transaction, vault: Vault, group: str, *, memo_id: UUID) -> dict[str, Any]:
    sealed = staff.search(transaction, staff_id=_owner(transaction), search_id=memo_id)
    if sealed is None:
        raise NotFound
    version = generation_of(sealed)
    key = vault.keyring.shared_key(Domain.SESSION_WRAP, memo_id, version)
    return unseal_document(key, Place(TABLE, group, memo_id, version), sealed)


def _owner(transaction: Transaction) -> UUID:
    if transaction.access.staff_id is None:
        raise NotFound
    return transaction.access.staff_id

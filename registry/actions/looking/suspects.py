"""Whether whoever stands for a child is the suspect of her case.

Decisions need it in every role, and nobody learns it from them: the answer is used, never shown. To see the suspect is
a right of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from matching.names import fold
from registry.actions.keys.sealing import Vault, open_group
from registry.model.representative import Relation, may_be, stands_for_children
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.store import protection_cases
from registry.store.protection_cases import CaseForDecision
from registry.store.session import Transaction


def guardian_is_suspect(transaction: Transaction, vault: Vault, child_ids: Iterable[UUID]) -> bool:
    """Say whether a parent or carer of these identities is suspected in a case of theirs. Never to be shown."""
    return any(stands_for_children(suspect["relation"]) for suspect in _suspects(transaction, vault, child_ids))


def is_suspect(
    transaction: Transaction, vault: Vault, child_ids: Iterable[UUID], *, relation: Relation, name: str
) -> bool:
    """Say whether this person may be the suspect: the same relation, or the same name. Never to be shown."""
    folded = fold(name)
    return any(
        may_be(suspect["relation"], relation) or (suspect["name"] is not None and fold(suspect["name"]) == folded)
        for suspect in _suspects(transaction, vault, child_ids)
    )


def key_of_case(vault: Vault, case: CaseForDecision) -> DataKey:
    """Open the key of a case."""
    return vault.key(
        Domain.CASE_WRAP,
        case.case_id,
        wrapped=case.wrapped_key,
        epoch=case.key_epoch,
        generation=case.key_generation,
    )


def _suspects(transaction: Transaction, vault: Vault, child_ids: Iterable[UUID]) -> Iterator[dict[str, Any]]:
    for case in protection_cases.of_children(transaction, child_ids):
        if case.sealed_suspect is not None:
            key = key_of_case(vault, case)
            yield open_group(key, "protection_case", group="suspect", row=case.case_id, token=case.sealed_suspect)[
                "suspect"
            ]

"""The search row of a living identity: keyed tokens for a province, and the few facts that every search compares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from matching.identity import Identity
from registry.actions.keys.sealing import Vault, seal_raw
from registry.model.finding import Finding
from registry.protect.keys.data_key import DataKey
from registry.protect.keys.keyring_file import Domain
from registry.protect.search_tokens import SearchFacts, child_tokens

TABLE: Final = "child_search"
GROUP: Final = "finding"
NO_PROVINCE: Final = ""  # of the tokens of a child whose province nobody knows: found in the whole nation only


def search_row(vault: Vault, identity: Identity, *, child_id: UUID, key: DataKey) -> Mapping[str, Any]:
    """Return the columns of a search row; every row has as many tokens, however little is known of the child."""
    version = vault.keyring.active(Domain.SEARCH)
    facts = Finding.of(identity)
    return {
        "child_id": child_id,
        "tokens": child_tokens(vault.keyring, search_facts(identity), version=version),
        "key_version": version,
        "province_code": identity.unit.province if identity.unit else None,
        "communes": list(identity.unit.communes) if identity.unit else [],
        "birth_year": identity.birth.year if identity.birth else None,
        "sealed_finding": seal_raw(key, TABLE, group=GROUP, row=child_id, raw=facts.to_bytes()),
    }


def search_facts(identity: Identity) -> SearchFacts:
    """Return what the tokens tell of an identity; a name that only tells the mother's is none."""
    own = identity.name if identity.name and not identity.name.placeholder else None
    return SearchFacts(
        name_parts=own.parts if own else (),
        birth_year=identity.birth.year if identity.birth else None,
        birth_date=identity.birth.iso() if identity.birth and identity.birth.day else None,
        mother_parts=identity.mother.name.parts if identity.mother and identity.mother.name else (),
        father_parts=identity.father.name.parts if identity.father and identity.father.name else (),
        province=(identity.unit.province if identity.unit else None) or NO_PROVINCE,
    )

"""Keeps what an answer says otherwise as a finding: a proposal with its evidence, sealed under the child's key."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from registry.actions.keys.sealing import HasChildKey, Vault, seal_group
from registry.actions.population.facts import TABLE, Difference
from registry.store import findings, link_states
from registry.store.session import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Who says something, when, and where the call is found again."""

    connector: str
    source_ref: str
    as_of: datetime
    raw: bytes | None = None  # the answer's own part about this citizen
    signed: Mapping[str, str] | None = None  # by whom and when, of a list that was signed


def keep_findings(
    transaction: Transaction,
    vault: Vault,
    owner: HasChildKey,
    *,
    link_id: UUID | None,
    differences: Sequence[Difference],
    evidence: Evidence,
) -> int:
    """Keep what was not found before of an identity; return how many findings that were.

    What a person has decided once is not asked again: the same is not found twice.
    """
    before = findings.said_before(transaction, [owner.child_id])
    rows: list[Mapping[str, Any]] = []
    for difference in differences:
        told = {"kind": difference.kind.value, "said": difference.said, "link": str(link_id)}
        digest = vault.index.content_digest(told)
        if (owner.child_id, digest) not in before:
            rows.append(_row(transaction, vault, owner, link_id, difference, evidence=evidence, digest=digest))
    findings.add(transaction, rows)
    link_states.tell(transaction, [(owner.child_id, "finding.found")] * len(rows))
    return len(rows)


def _row(
    transaction: Transaction,
    vault: Vault,
    owner: HasChildKey,
    link_id: UUID | None,
    difference: Difference,
    *,
    evidence: Evidence,
    digest: bytes,
) -> Mapping[str, Any]:
    finding_id = uuid4()
    document = {
        "before": difference.before,
        "said": difference.said,
        "raw": base64.b64encode(evidence.raw).decode() if evidence.raw else None,
        "signed": dict(evidence.signed) if evidence.signed else None,
    }
    key = vault.child_key(owner)
    return {
        "child_id": owner.child_id,
        "finding_id": finding_id,
        "link_id": link_id,
        "kind": difference.kind.value,
        "state": "open",
        "said_digest": digest,
        "found_at": transaction.access.at,
        "as_of": evidence.as_of,
        "connector": evidence.connector,
        "source_ref": evidence.source_ref,
        "sealed_finding": seal_group(key, TABLE, group="finding", row=finding_id, document=document),
    }

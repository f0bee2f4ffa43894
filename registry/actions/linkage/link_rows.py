"""The rows of a link and of a candidate, with what is sealed in them under the child's key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from matching.linkage import ScoredCandidate
from registry.actions.keys.sealing import seal_group
from registry.protect.keys.data_key import DataKey


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

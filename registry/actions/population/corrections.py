"""Corrections that are proposed to the source of a record, as its people and its system read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as sealed
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.actions.keys.sealing import open_group
from registry.protect.keys.data_key import DataKey
from registry.store.findings import StoredCorrection


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionView:
    """A correction that stands."""

    correction_id: UUID
    field: str
    before: Any = sealed(repr=False)
    said: Any = sealed(repr=False)
    proposed_at: datetime
    answer: str | None


def open_correction(key: DataKey, stored: StoredCorrection) -> dict[str, Any]:
    """Open a correction: what the record says (`from`), what it is to say (`to`)."""
    return open_group(
        key, "proposed_correction", group="correction", row=stored.correction_id, token=stored.sealed_correction
    )


def correction_views(key: DataKey, stored: Sequence[StoredCorrection]) -> tuple[CorrectionView, ...]:
    """Return corrections as they are shown."""
    return tuple(_view(one, open_correction(key, one)) for one in stored)


def _view(stored: StoredCorrection, document: dict[str, Any]) -> CorrectionView:
    return CorrectionView(
        correction_id=stored.correction_id,
        field=stored.field,
        before=document["from"],
        said=document["to"],
        proposed_at=stored.proposed_at,
        answer=stored.answer,
    )

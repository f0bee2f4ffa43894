"""Models of the linkage: replays, and the models that were adopted after one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from registry.store.session import Transaction
from registry.store.tables.supporting import LinkageModelRow, ModelReplayRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedModel:
    """A model that was adopted."""

    adoption_no: int
    model_digest: bytes
    name: str
    version: str
    document: str
    adopted_at: datetime
    adopted_by: uuid.UUID | None


def in_use(transaction: Transaction) -> AdoptedModel | None:
    """Return the model that was adopted last, or None before the first."""
    query = (
        select(
            LinkageModelRow.adoption_no,
            LinkageModelRow.model_digest,
            LinkageModelRow.name,
            LinkageModelRow.version,
            LinkageModelRow.document,
            LinkageModelRow.adopted_at,
            LinkageModelRow.adopted_by,
        )
        .order_by(LinkageModelRow.adoption_no.desc())
        .limit(1)
    )
    row = transaction.connection.execute(query).mappings().one_or_none()
    return None if row is None else AdoptedModel(**dict(row))


def digests_of(transaction: Transaction, version: str) -> set[bytes]:
    """Return the contents that were adopted under a version."""
    query = select(LinkageModelRow.model_digest).where(LinkageModelRow.version == version)
    return set(transaction.connection.scalars(query))


def adopt(
    transaction: Transaction,
    *,
    digest: bytes,
    name: str,
    version: str,
    document: str,
    replay_id: uuid.UUID,
    by: uuid.UUID | None,
) -> None:
    """Let a model be the one in use from now on."""
    transaction.connection.execute(
        insert(LinkageModelRow).values(
            model_digest=digest,
            name=name,
            version=version,
            document=document,
            replay_id=replay_id,
            adopted_at=transaction.access.at,
            adopted_by=by,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay as it begins."""

    replay_id: uuid.UUID
    model_digest: bytes
    model_version: str
    since_run: uuid.UUID | None  # None: over all identities
    changes_before: int


def open_replay(transaction: Transaction, replay: Replay) -> None:
    """Begin a replay."""
    transaction.connection.execute(
        insert(ModelReplayRow).values(
            replay_id=replay.replay_id,
            model_digest=replay.model_digest,
            model_version=replay.model_version,
            since_run=replay.since_run,
            changes_before=replay.changes_before,
            started_at=transaction.access.at,
        )
    )


def close_replay(transaction: Transaction, replay_id: uuid.UUID, *, identities: int, changed: int) -> None:
    """Say that a replay has come to its end."""
    transaction.connection.execute(
        update(ModelReplayRow)
        .where(ModelReplayRow.replay_id == replay_id)
        .values(identities=identities, changed=changed, finished_at=transaction.access.at)
    )


def replay_of(transaction: Transaction, digest: bytes, *, changes: int) -> uuid.UUID | None:
    """Return a finished replay of a content over all identities since the linkage last changed anything, or None.

    Args:
        changes: what all runs of the linkage have changed by now.
    """
    query = (
        select(ModelReplayRow.replay_id)
        .where(
            ModelReplayRow.model_digest == digest,
            ModelReplayRow.since_run.is_(None),
            ModelReplayRow.finished_at.is_not(None),
            ModelReplayRow.changes_before == changes,
        )
        .order_by(ModelReplayRow.started_at.desc())
        .limit(1)
    )
    return transaction.connection.scalar(query)

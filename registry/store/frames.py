"""Frames: pseudonymous facts as of a day, and the base cells that tables are counted from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select, text, update

from registry.model.frame import BaseCell, Fact
from registry.store.bulk import insert_rows
from registry.store.session import Transaction
from registry.store.tables.supporting import FrameFactRow, FrameRow


def open_frame(transaction: Transaction, frame_id: uuid.UUID, *, as_of: date, at: datetime) -> None:
    """Begin a frame; nobody counts from it before it is finished."""
    transaction.connection.execute(insert(FrameRow).values(frame_id=frame_id, as_of=as_of, built_at=at, finished=False))


def add_facts(transaction: Transaction, frame_id: uuid.UUID, facts: Iterable[Fact]) -> None:
    """Add children to a frame that is being built."""
    insert_rows(
        transaction,
        FrameFactRow,
        [
            {
                "frame_id": frame_id,
                "pseudonym": fact.pseudonym,
                "record_key": fact.record_key,
                "province": fact.province,
                "age": fact.age,
                "sex": fact.sex,
            }
            for fact in facts
        ],
    )


def finish_frame(transaction: Transaction, frame_id: uuid.UUID) -> None:
    """Finish a frame, and drop what older or broken ones held: facts live as long as they are counted from."""
    connection = transaction.connection
    connection.execute(update(FrameRow).where(FrameRow.frame_id == frame_id).values(finished=True))
    connection.execute(delete(FrameFactRow).where(FrameFactRow.frame_id != frame_id))
    connection.execute(delete(FrameRow).where(FrameRow.frame_id != frame_id))


def newest_frame(transaction: Transaction) -> tuple[uuid.UUID, date] | None:
    """Return the newest finished frame and its day, or None before the first."""
    row = transaction.connection.execute(
        select(FrameRow.frame_id, FrameRow.as_of).where(FrameRow.finished).order_by(FrameRow.built_at.desc()).limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def base_cells(transaction: Transaction, frame_id: uuid.UUID) -> list[BaseCell]:
    """Return counts and combined record keys by province, age and sex: confidential, for the statistics room alone."""
    rows = transaction.connection.execute(
        text(
            "SELECT province, age, sex, count(*) AS count, bit_xor(record_key) AS key FROM frame_fact"
            " WHERE frame_id = :frame GROUP BY province, age, sex ORDER BY province, age, sex"
        ),
        {"frame": frame_id},
    )
    return [BaseCell(**dict(row)) for row in rows.mappings()]


def size(transaction: Transaction, frame_id: uuid.UUID) -> int:
    """Return the number of children in a frame; true, so it leaves the registry only through `statistics`."""
    query = select(func.count()).select_from(FrameFactRow).where(FrameFactRow.frame_id == frame_id)
    return int(transaction.connection.scalar(query) or 0)

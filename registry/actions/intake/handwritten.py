"""Records that a commune writes by hand: taken in like any delivery, as the newest and only row of their system.

Whatever else is known of the child stays out of it: nothing here asks whether somebody has her already. The linkage
finds that out later, and tells whoever may know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from connectors.contract import FileFormat
from connectors.records import CaseFacts, ChildFacts, SourceRecord
from matching.dates import VIET_NAM
from registry.actions.intake.ingest import ingest_batch
from registry.actions.intake.normalise import RULES, RuleBroken, check_texts, identity_of
from registry.actions.keys.sealing import Vault
from registry.model.access import Access, Purpose
from registry.model.errors import BadQuery, Conflict, Refused
from registry.protect.canonical import compact_json
from registry.store import runs, sources
from registry.store.runs import IngestRun
from registry.store.session import Transaction
from registry.store.sources import SourceState

SYSTEM: Final = "commune"
CHILDREN: Final = FileFormat(
    system=SYSTEM, stream="children", file_name="by hand", required_columns=(), mapping_version=1
)
CASES: Final = FileFormat(system=SYSTEM, stream="cases", file_name="by hand", required_columns=(), mapping_version=1)


def record_of(
    transaction: Transaction,
    form: FileFormat,
    *,
    token: UUID,
    facts: ChildFacts,
    written: dict[str, Any],
    case: CaseFacts | None = None,
) -> SourceRecord:
    """Return the record that a form stands for: the same form of the same account is the same record.

    Args:
        token: of the form: sent twice, it writes once.
        written: what the form said.
    """
    access = transaction.access
    if access.staff_id is None:
        raise Refused
    return SourceRecord(
        system=form.system,
        stream=form.stream,
        key=str(uuid5(access.staff_id, str(token))),
        row=1,
        version_at=access.at,
        facts=facts,
        case=case,
        written=written,
        raw=compact_json(written),
    )


def check(facts: ChildFacts, *, today: date, more: Sequence[tuple[str, str | None]] = ()) -> None:
    """Refuse what must not be kept, as the field of a form.

    Args:
        more: texts that are not compared, by field.

    Raises:
        BadQuery: which field breaks which rule.
    """
    try:
        identity_of(facts, on=today)
        check_texts(more)
    except RuleBroken as broken:
        raise BadQuery(broken.field, RULES[broken.rule]) from None


def day_of(transaction: Transaction) -> date:
    """Return the day in Viet Nam."""
    return transaction.access.at.astimezone(VIET_NAM).date()


def taken_in(transaction: Transaction, vault: Vault, form: FileFormat, record: SourceRecord) -> tuple[UUID, bool]:
    """Store a record that was checked, as the engine takes in a delivery; return its identity.

    Returns: the identity, and whether it is new: a form that was sent before has written it already.
    """
    access = transaction.access
    engine = Access.of_engine(Purpose.INGEST, at=access.at, request_id=access.request_id)
    with transaction.as_engine():
        inner = replace(transaction, access=engine)
        sources.lock_system(inner, form.system)
        before = state_of(inner, vault, record)
        if before is not None:
            return before.child_id, False
        _ingest(inner, vault, form, record=record, today=day_of(transaction))
        after = state_of(inner, vault, record)
    if after is None:
        raise Conflict("what this form wrote was erased")
    return after.child_id, True


def state_of(transaction: Transaction, vault: Vault, record: SourceRecord) -> SourceState | None:
    """Return what is stored of a record; None: nothing. Asked as the engine."""
    indexes = vault.source_key_indexes(record.system, record.stream, record.key)
    return next(iter(sources.states(transaction, indexes).values()), None)


def _ingest(transaction: Transaction, vault: Vault, form: FileFormat, *, record: SourceRecord, today: date) -> None:
    wanted = IngestRun(
        run_id=uuid4(),
        system=form.system,
        stream=form.stream,
        file_digest=vault.index.bytes_digest(record.key.encode()),
        mapping_version=form.mapping_version,
        rows_done=0,
    )
    run = runs.open_ingest(transaction, wanted, encodings={}, started_at=transaction.access.at)
    ingest_batch(transaction, vault, [(0, record)], file_format=form, run_id=run.run_id, today=today)
    runs.close_ingest(transaction, run.run_id, at=transaction.access.at)

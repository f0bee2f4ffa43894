"""Two made-up children in two communes, and a row of everything else, written as the owner of the tables."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Column, Table

from registry.store.tables.schema import CHILD_OWNED, METADATA
from tests.registry.store.servers import connect

HERS = uuid.UUID(int=0xA)  # a child of the worker's own commune
OTHER = uuid.UUID(int=0xB)  # a child of another province
COMMUNES = {HERS: "24133", OTHER: "00004"}
PROVINCES = {HERS: "66", OTHER: "01"}
SYSTEMS = {HERS: "education", OTHER: "health"}

_ANYTHING: Mapping[type, Any] = {
    uuid.UUID: uuid.UUID(int=1),
    str: "made up",
    int: 1,
    float: 0.5,
    bool: False,
    datetime: datetime(2026, 11, 1, tzinfo=UTC),
    date: date(2026, 11, 1),
    list: [],
    object: Jsonb({}),
}
_CLOSED_SETS: Mapping[str, Any] = {
    "match_result.decision": "link",
    "ingest_row.outcome": "accepted",
    "verification.outcome": "match",
    "verdict.says": "same",
    "record_comparison.decision": "none",
    "record_join.reason": "evidence",
    "record_verdict.says": "same",
    "source_version.key_kind": "child",
    "ingest_run.state": "done",
    "sync_run.state": "running",
    "withdrawal_proposal.state": "waiting",
    "installation.mark": "demo",
    "key_version.domain": "identity_wrap",
    "key_version.state": "active",
    "child_key.domain": "identity_wrap",
    "shared_key.domain": "extract_wrap",
    "emergency.kind": "own_area",
    "look.kind": "opened",
    "export.expires_at": datetime(2026, 11, 2, tzinfo=UTC),
    "consent.use_code": "research",
    "consent_signature.signer": "child",
    "consent_signature.method": "paper",
    "subject_request.kind": "access",
    "subject_request.state": "closed",
    "subject_request.outcome": "granted",
    "child_seal.keepers": [uuid.UUID(int=1)],
    "staff_session.method": "password",
    "delivery.state": "dead",
    "proposal_answer.taken": True,
    "link_state.state": "stale",
    "finding.kind": "name",
    "finding.state": "undone",
    "proposed_correction.field": "name",
    "proposed_correction.answer": "taken",
    "number_history.status": "replaced",
    "child_mark.mark": "died",
    "problem_answer.says": "confirmed",
}
# without these a row with all its bytes would not be whole
_BESIDE_BYTES = frozenset(
    {
        "child_seal.lifted_at",  # a seal that stands would hide both children
        "consent.withdrawn_at",
        "subject_request.closed_at",
        "subject_request.outcome",
        "subject_request.extended_at",
        "legal_hold.lifted_at",
        "link_state.due_at",
        "link_state.request_id",
        "finding.decided_at",
        "finding.decided_by",
        "finding.undone_at",
        "number_history.valid_to",
    }
)


def fill(url: str) -> None:
    """Write the rows; row security is as forced afterwards as it was before."""
    tables = [table for table in METADATA.sorted_tables if table.name != "alembic_version"]
    with connect(url) as connection, connection.transaction():
        for table in tables:
            _alter(connection, table, "no force row level security, disable trigger user")
        for table in tables:
            for row in _rows(table):
                names = sql.SQL(", ").join(sql.Identifier(name) for name in row)
                marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
                statement = sql.SQL("insert into {} ({}) values ({})").format(sql.Identifier(table.name), names, marks)
                connection.execute(statement, list(row.values()))
        for table in tables:
            _alter(connection, table, "force row level security, enable trigger user")


def _alter(connection: Any, table: Table, how: str) -> None:
    words = f"alter table {{}} {how}"
    connection.execute(sql.SQL(words).format(sql.Identifier(table.name)))


def _rows(table: Table) -> Iterator[dict[str, Any]]:
    for child in (HERS, OTHER) if table.name in CHILD_OWNED else (HERS,):
        row = {column.name: _value(column, child) for column in table.columns if _is_filled(column)}
        if table.name in {"child", "child_search"}:
            row |= {"communes": [COMMUNES[child]], "province_code": PROVINCES[child]}
        if table.name == "erasure":
            row |= {"child_id": uuid.UUID(int=0xE)}  # of whom nothing else may stand
        if table.name == "provider_account":
            row |= {"subject": "made up"}  # bound already
        if table.name == "child":
            row |= {"system": SYSTEMS[child]}
        yield row
    if table.name == "key_version":
        yield row | {"domain": "extract_wrap"}


def _is_filled(column: Column[Any]) -> bool:
    if column.identity is not None:
        return False
    whole = f"{column.table.name}.{column.name}" in _BESIDE_BYTES
    return whole or not column.nullable or column.type.python_type is bytes


def _value(column: Column[Any], child: uuid.UUID) -> Any:
    closed = _CLOSED_SETS.get(f"{column.table.name}.{column.name}")
    if closed is not None:
        return closed
    if column.name in {"child_id", "leads_to", "head_id", "member_id"}:
        return child
    if column.name == "other_id":  # a pair stands under the smaller id
        return uuid.UUID(int=(1 << 128) - 1)
    return child.bytes if column.type.python_type is bytes else _ANYTHING[column.type.python_type]

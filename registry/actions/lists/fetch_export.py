"""Hands out a list of children as a file: logged with every child on it before it leaves, marked as whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from enum import StrEnum
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.lists.export_rows import Row, rows_again
from registry.actions.lists.exports import State, is_of_problems, listed, question_of, state_of
from registry.actions.oversight.log import log
from registry.exports.child_list import Handed, csv_file, workbook_file
from registry.exports.published import Language
from registry.model.errors import Conflict, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import exports
from registry.store.exports import Export
from registry.store.session import Transaction

VIET_NAM: Final = timezone(timedelta(hours=7))


class Form(StrEnum):
    """The form of a file."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES: Final[Mapping[Form, str]] = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A list as a file. Its name names nobody."""

    name: str
    media_type: str
    content: bytes = field(repr=False)
    children: int
    left_out: int  # children who have changed since the list was asked for


def fetch_export(
    transaction: Transaction, vault: Vault, export_id: UUID, *, form: Form, language: Language
) -> ExportFile:
    """Return a list that the account has asked for.

    Raises:
        ReasonNeeded: the sentence with which it was asked for is missing.
        NotFound: there is none, it is another's, or it was asked for another purpose.
        Conflict: a second person has not agreed, has refused, or the list has expired.
    """
    access = transaction.access
    grant = authorize(access, Action.FETCH_EXPORT)
    export = exports.by_id(transaction, export_id, locked=True)
    if export is None or export.asked_by != access.staff_id or export.purpose != access.purpose.value:
        raise NotFound
    document = listed(transaction, vault, export)
    state = state_of(export, access.at)
    if state is not State.READY or document is None:
        raise Conflict(f"the list is {state.value}", field="export")
    if is_of_problems(document):
        raise NotFound
    digests = {UUID(child): bytes.fromhex(digest) for child, digest in document["rows"]}
    rows = rows_again(transaction, vault, grant, digests=digests, question=question_of(document))
    exports.count_fetch(transaction, export_id)
    counts = {"children": len(rows), "left_out": len(digests) - len(rows)}
    event = Event(
        action=Action.FETCH_EXPORT.value,
        children=[row.child_id for row in rows],
        groups=sorted(grant.field_groups | grant.masked),
        counts=counts,
        row_digests=(export.list_digest,),
    )
    log(transaction, vault, event)
    content = _content(export, rows, vault.keyring, form=form, language=language)
    return ExportFile(
        name=f"{export.export_id}.{form.value}",
        media_type=MEDIA_TYPES[form],
        content=content,
        children=len(rows),
        left_out=counts["left_out"],
    )


def mark_secret(keyring: Keyring, version: int) -> bytes:
    """Return the key of the marks of a version."""
    return keyring.derived(Domain.EXPORT_MARK, b"marks", version=version)


def _content(export: Export, rows: list[Row], keyring: Keyring, *, form: Form, language: Language) -> bytes:
    handed = Handed(
        login=export.login,
        office=export.office,
        at=export.asked_at.astimezone(VIET_NAM),
        export_id=export.export_id,
        short_id=export.short_id,
        secret=mark_secret(keyring, export.mark_version),
        left_out=export.children - len(rows),
    )
    write = csv_file if form is Form.CSV else workbook_file
    return write([row.values for row in rows], handed, language=language)

"""Finds out from which list of children a file, or a part of one, was taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import Vault
from registry.actions.lists.fetch_export import mark_secret
from registry.actions.oversight.log import log
from registry.exports.list_reading import FoundList, read_list
from registry.exports.marks import Key, Likeness, likeness, read_code
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import exports
from registry.store.exports import Export
from registry.store.session import Transaction

SHOWN: Final = 3  # lists that a file is likest to, without a code


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A list from which a file may have been taken."""

    export_id: UUID
    login: str = field(repr=False)
    office: str
    asked_at: datetime
    verdict: str  # certain, likely or no
    codes: int  # rows whose code names this list
    likeness: Likeness  # of the other marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """What a file tells of where it comes from."""

    rows: int  # that are a child's
    forged: int  # codes that no key of ours has made
    origins: tuple[Origin, ...]  # the likeliest first


def trace_export(transaction: Transaction, vault: Vault, table: Iterable[Sequence[str]]) -> Traced:
    """Return the lists from which the rows of a table may have been taken."""
    authorize(transaction.access, Action.LOG)
    found = read_list(table)
    named, forged = _named(transaction, vault, found)
    every = exports.every(transaction)
    origins = [
        _origin(vault, export, found, codes=named.get(export.export_id, 0), lists=len(every)) for export in every
    ]
    origins.sort(key=lambda one: (-one.codes, -one.likeness.bits, one.export_id))
    shown = [one for one in origins if one.codes or one.verdict != "no"] or origins[:SHOWN]
    log(transaction, vault, Event(action="trace_export", counts={"rows": len(found.rows), "codes": len(found.codes)}))
    return Traced(rows=len(found.rows), forged=forged, origins=tuple(shown))


def _named(transaction: Transaction, vault: Vault, found: FoundList) -> tuple[dict[UUID, int], int]:
    """Return how many codes name each list, and how many name none."""
    secrets = [mark_secret(vault.keyring, version) for version in vault.keyring.usable(Domain.EXPORT_MARK)]
    named: dict[UUID, int] = {}
    forged = 0
    for code in found.codes:
        read = next((told for secret in secrets if (told := read_code(secret, code)) is not None), None)
        export = None if read is None else exports.by_short_id(transaction, read[0])
        if export is None:
            forged += 1
        else:
            named[export.export_id] = named.get(export.export_id, 0) + 1
    return named, forged


def _origin(vault: Vault, export: Export, found: FoundList, *, codes: int, lists: int) -> Origin:
    key = Key(secret=mark_secret(vault.keyring, export.mark_version), export_id=export.export_id)
    fit = likeness(key, found.rows)
    return Origin(
        export_id=export.export_id,
        login=export.login,
        office=export.office,
        asked_at=export.asked_at,
        verdict="certain" if codes else fit.verdict(lists),
        codes=codes,
        likeness=fit,
    )

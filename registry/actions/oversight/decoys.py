"""Children who do not exist: whoever opens one has looked where there was nothing to look for, and an alarm says so.

A decoy is a record like any other, found and opened like any other. Which it is stands nowhere: its id follows from a
key and its commune, and the table of decoys holds keyed pseudonyms. It is no child where children are counted, linked,
joined or listed.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from connectors.contract import FileFormat
from connectors.records import ChildFacts, SourceRecord
from matching import places
from registry.actions.intake import record_rows
from registry.actions.intake.normalise import identity_of
from registry.actions.intake.record_rows import Delivered, Stamp
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.oversight.log import log
from registry.model.access import Area
from registry.model.errors import Conflict
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.protect.pseudonym import decoy_id, decoy_pseudonyms
from registry.store import children, decoys, sources
from registry.store.calls import call_of
from registry.store.decoys import HidingPlace
from registry.store.session import Transaction
from registry.store.sources import RecordBatch
from registry.store.wire import Call

MOST: Final = 5  # decoys of one commune
_TRIES: Final = 100_000
_DIGIT: Final = re.compile(r"\d")


class HasChild(Protocol):
    """A stored row of one identity."""

    @property
    def child_id(self) -> UUID:
        """The identity."""
        ...


R = TypeVar("R", bound=HasChild)


class NowhereToHide(Conflict):
    """A decoy stands among the records of a delivery, and there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """What a source would say of a child who does not exist."""

    facts: ChildFacts = field(repr=False)
    services: Mapping[str, Any] = field(repr=False)
    written: Mapping[str, Any] = field(repr=False)  # the row as the system would write it, without its key
    key_name: str  # under which the row names its key


class Decoys:
    """Tells decoys from children, for as long as one batch is worked on."""

    def __init__(self, transaction: Transaction, vault: Vault) -> None:
        self._keyring = vault.keyring
        self._names = decoys.pseudonyms(transaction)

    def __contains__(self, child_id: UUID) -> bool:
        return bool(self._names) and not self._names.isdisjoint(decoy_pseudonyms(self._keyring, child_id))

    def __len__(self) -> int:
        return len(self._names)

    def without(self, rows: Iterable[R]) -> list[R]:
        """Return the rows of children who exist."""
        return [row for row in rows if row.child_id not in self]


def decoys_among(transaction: Transaction, vault: Vault, child_ids: Iterable[UUID]) -> list[UUID]:
    """Return those of a few identities that are decoys."""
    names = _names(vault, child_ids)
    return sorted({names[name] for name in decoys.among_them(transaction, names)})


def question(vault: Vault, child_ids: Iterable[UUID]) -> Call:
    """Return what `decoys_among` asks the database, so that it can be asked ahead."""
    return call_of(decoys.AMONG, _names(vault, child_ids))


def _names(vault: Vault, child_ids: Iterable[UUID]) -> dict[bytes, UUID]:
    return {name: child for child in child_ids for name in decoy_pseudonyms(vault.keyring, child)}


def decoys_in(transaction: Transaction, vault: Vault, area: Area) -> list[UUID]:
    """Return the ids that decoys of an area can have; none where nothing was planted at all."""
    if decoys.number(transaction) == 0:
        return []
    return [child for commune in _communes_of(area) for child in _ids(vault, commune)]


def _communes_of(area: Area) -> Iterable[str]:
    provinces = places.provinces() if area.nation else area.provinces
    return {*area.communes, *(commune for province in provinces for commune in places.communes_of(province))}


def _ids(vault: Vault, commune: str, most: int = MOST) -> list[UUID]:
    versions = vault.keyring.usable(Domain.PSEUDONYM)
    return [decoy_id(vault.keyring, commune, number, version=one) for number in range(most) for one in versions]


def announce(
    transaction: Transaction, vault: Vault, *, per_commune: int, communes: Sequence[str] | None = None
) -> dict[UUID, str]:
    """Enter in the table of decoys those that are missing, and return them by id with their communes.

    Args:
        per_commune: how many a commune is to have, at most `MOST`.
        communes: codes of today; None: wherever children are known to live.
    """
    authorize(transaction.access, Action.DECOYS)
    wanted = decoys.communes(transaction) if communes is None else communes
    ids = {
        decoy_id(vault.keyring, commune, number): commune
        for commune in wanted
        for number in range(min(per_commune, MOST))
    }
    standing = decoys.existing(transaction, ids)
    missing = {child: commune for child, commune in ids.items() if child not in standing}
    names = [decoy_pseudonyms(vault.keyring, child)[0] for child in missing]
    decoys.add(transaction, names, at=transaction.access.at)
    log(transaction, vault, Event(action=Action.DECOYS.value, counts={"announced": len(missing)}))
    return missing


def plant(
    transaction: Transaction, vault: Vault, invented: Mapping[UUID, Invented], *, form: FileFormat, today: date
) -> None:
    """Store decoys that were announced as the last rows of the newest delivery of a system, sealed like any other.

    Raises:
        NowhereToHide: the system has delivered nothing.
    """
    grant = authorize(transaction.access, Action.INGEST)
    sources.lock_system(transaction, form.system)
    place = decoys.hiding_place(transaction, form.system)
    if place is None:
        raise NowhereToHide("nothing was delivered by the system yet", field=form.system)
    keys = _keys(transaction, vault, form, pattern=_key_of(transaction, vault, grant, place=place))
    batch = RecordBatch()
    for number, (child_id, one) in enumerate(invented.items()):
        record = _record(one, form=form, key=next(keys), row=place.next_row + number, version_at=place.version_at)
        _add(vault, batch, record, child_id=child_id, place=place, ordinal=place.next_ordinal + number, today=today)
    sources.write(transaction, batch, run_id=place.run_id)
    log(transaction, vault, Event(action=Action.INGEST, counts={"accepted": len(batch.records)}))


def planted(transaction: Transaction, vault: Vault) -> list[tuple[str, int]]:
    """Return on which days how many were planted; nobody is told which they are."""
    authorize(transaction.access, Action.DECOYS)
    days: dict[str, int] = {}
    for at, count in decoys.planted(transaction):
        day = at.date().isoformat()
        days[day] = days.get(day, 0) + count
    log(transaction, vault, Event(action=Action.DECOYS.value))
    return list(days.items())


def _record(one: Invented, *, form: FileFormat, key: str, row: int, version_at: datetime | None) -> SourceRecord:
    return SourceRecord(
        system=form.system,
        stream=form.stream,
        key=key,
        row=row,
        version_at=version_at,
        facts=one.facts,
        services=dict(one.services),
        written={one.key_name: key, **one.written},
        raw=b"",
    )


def _add(
    vault: Vault,
    batch: RecordBatch,
    record: SourceRecord,
    *,
    child_id: UUID,
    place: HidingPlace,
    ordinal: int,
    today: date,
) -> None:
    stamp = Stamp(run_id=place.run_id, at=place.seen_at, mapping_version=place.mapping_version)
    index = vault.index
    delivered = Delivered(
        ordinal=ordinal,
        record=record,
        identity=identity_of(record.facts, on=today),
        key_index=index.source_key(record.system, record.stream, record.key),
        index_version=index.version,
        content_digest=index.content_digest(record.written),
    )
    keys, new = record_rows.new_keys(vault, record, child_id=child_id)
    record_rows.add_version(batch, delivered, keys=keys, version_no=1, stamp=stamp)
    record_rows.add_current(vault, batch, delivered, keys=keys, new=new, version=(1, 1), stamp=stamp)
    batch.verdicts.append(
        {
            "run_id": stamp.run_id,
            "ordinal": ordinal,
            "row_number": record.row,
            "outcome": "accepted",
            "rule": None,
            "field": None,
        }
    )


def _key_of(transaction: Transaction, vault: Vault, grant: Grant, *, place: HidingPlace) -> str:
    """Return the record key of a child whom the delivery brought: what keys of this system look like."""
    (row,) = children.groups(transaction, grant, [place.example_id])
    key = vault.child_key(row)
    document = open_group(key, "identity", group="source", row=row.child_id, token=row.sealed_source)
    return str(document["key"])


def _keys(transaction: Transaction, vault: Vault, form: FileFormat, *, pattern: str) -> Iterator[str]:
    """Yield record keys of the form of `pattern` that no record has: other digits behind the first quarter.

    Raises:
        NowhereToHide: there are hardly any left.
    """
    kept = len(pattern) // 4
    given: set[str] = set()
    for _ in range(_TRIES):
        key = pattern[:kept] + _DIGIT.sub(lambda _: secrets.choice(string.digits), pattern[kept:])
        taken = key in given or sources.states(transaction, vault.source_key_indexes(form.system, form.stream, key))
        if not taken:
            given.add(key)
            yield key
    raise NowhereToHide("hardly any record key of this form is free", field=form.system)

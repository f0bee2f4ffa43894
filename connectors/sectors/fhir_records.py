"""One child of the health sector as a record: kept as a bundle, and what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from connectors.contract import Drift, Record
from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_child import (
    ChildDocument,
    checked_immunizations,
    facts_of,
    other_identifiers,
    services_of,
)
from connectors.formats.fhir_domains import HEALTH_DOMAINS
from connectors.formats.fhir_parts import Resource, best_name, misshapen, part, text, unknown
from connectors.formats.stamps import read_iso_stamp
from connectors.records import Operation, Rejected, SourceRecord

SYSTEM: Final = "health"
FIELDS: Final = {"resourceType": "text", "type": "text", "entry": "list", "identifier": "list"}


def record_of(
    child: ChildDocument, key: str, *, row: int, operation: Operation = Operation.UPSERT, at: datetime | None = None
) -> Record:
    """Return the record of a child.

    Args:
        at: when it was changed; None: the latest change of any part that says so.
    """
    changed = at or changed_at((child.patient, *child.related, *child.immunizations))
    payload = {} if operation is Operation.DELETE else child.to_json()
    return Record(key=key, operation=operation, version_at=changed, payload=payload, row=row)


def changed_at(parts: Iterable[Resource]) -> datetime | None:
    """Return the latest time at which one of some resources was changed; None: none says so."""
    written = (text(part(one, "meta").get("lastUpdated")) for one in parts)
    stamps = (read_iso_stamp(one) for one in written if one)
    return max((at for at in stamps if at is not None), default=None)


def drifts(parts: Iterable[Resource]) -> Iterator[Drift]:
    """Yield the fields that are not lists and should be, and those that the standard does not know."""
    known = list(parts)
    for path in sorted({path for one in known for path in misshapen(one)}):
        yield Drift(field=path, seen="object", expected="list")
    for path, kind in sorted({(path, _kind(value)) for one in known for path, value in unknown(one)}):
        yield Drift(field=path, seen=kind, expected=None)


def _kind(value: object) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        *((bool, "boolean"), (str, "text"), ((int, float), "number"), (Mapping, "object"), (list, "list")),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


def described(record: Record, *, stream: str) -> SourceRecord | Rejected:
    """Return what a child's record says."""

    def rejected(rule: str, field: str) -> Rejected:
        return Rejected(row=record.row, rule=rule, field=field, raw=b"")

    child = ChildDocument.from_json(record.payload)
    if child is None:
        return rejected("patient_missing", "Bundle.entry")
    try:
        checked_immunizations(child)
    except FhirRefused as refusal:
        return rejected(refusal.rule, refusal.path)
    if best_name(child.patient) is None and text(child.patient.get("birthDate")) is None:
        return rejected("demographics_missing", "Patient.name")
    return SourceRecord(
        system=SYSTEM,
        stream=stream,
        key=record.key,
        row=record.row,
        operation=record.operation,
        version_at=record.version_at,
        facts=facts_of(child, HEALTH_DOMAINS),
        services=services_of(child, HEALTH_DOMAINS),
        identifiers=other_identifiers(child, HEALTH_DOMAINS, but=("", record.key)),
        raw=b"",
    )

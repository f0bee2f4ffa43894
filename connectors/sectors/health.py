"""Immunised children and newborns, as the health sector sends them: one FHIR bundle a child."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.contract import API, FileFormat, NameJudge, Reading
from connectors.formats.fhir import ChildBundle, FhirRefused, HumanName, Immunization, RelatedPerson, read_bundle
from connectors.formats.lines import JsonRow, open_json_lines, reread_json_line
from connectors.formats.stamps import read_iso_stamp
from connectors.records import ChildFacts, PersonFacts, Rejected, SourceRecord
from connectors.sectors.rows import RowRefused, checked_key, checked_stamp, known_facts, person, read_row, read_rows

CODE = "urn:vn:tcmr:code"
NUMBER = "urn:vn:npdb:number"
CARD = "urn:vn:bhyt:card"
VACCINE = "urn:vn:tcmr:vaccine"
CVX = "http://hl7.org/fhir/sid/cvx"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"

KEY = f"Patient.identifier[{CODE}]"
STAMP = "Patient.meta.lastUpdated"


class Health:
    """The health sector's file of bundles."""

    api = API
    format = FileFormat(
        system="health",
        stream="patients",
        file_name="health-fhir.ndjson",
        required_columns=("resourceType", "entry"),
        mapping_version=1,
    )

    def open(self, path: Path, looks_like_a_name: NameJudge) -> Reading:  # noqa: ARG002  JSON is in UTF-8
        """Open the delivered file.

        Raises:
            FileRefused: it cannot be read as a whole.
        """
        return Reading(format=self.format, encodings={"*": "utf-8"}, rows=read_rows(open_json_lines(path), _record))

    def reread(self, raw: bytes, *, row: int, encodings: Mapping[str, str]) -> SourceRecord | Rejected:  # noqa: ARG002  JSON is in UTF-8
        """Read one row again, as `open` would in its file."""
        return read_row(reread_json_line(raw, row=row), _record)


def _record(row: JsonRow) -> SourceRecord:
    try:
        bundle = read_bundle(row.value)
    except FhirRefused as refusal:
        raise RowRefused(refusal.rule, refusal.path) from None
    patient = bundle.patient
    key = checked_key(patient.identifier_of(CODE), KEY)
    if not _name(patient.name):
        raise RowRefused("field_missing", "Patient.name")
    return SourceRecord(
        system=Health.format.system,
        stream=Health.format.stream,
        key=key,
        row=row.row,
        version_at=checked_stamp(patient.meta.last_updated, STAMP, read=read_iso_stamp),
        facts=_facts(bundle),
        services=known_facts(
            card_number=patient.identifier_of(CARD),
            doses=[_dose(immunization) for immunization in bundle.immunizations],
        ),
        written=row.value,
        raw=row.raw,
    )


def _facts(bundle: ChildBundle) -> ChildFacts:
    patient = bundle.patient
    address = patient.address[0] if patient.address else None
    return ChildFacts(
        name=_name(patient.name),
        sex=patient.gender,
        birth_date=patient.birth_date,
        personal_number=patient.identifier_of(NUMBER),
        # No code is given; the district, abolished in July 2025, tells which list the names are of.
        commune_scheme=None if address is None else "2024" if address.district else "2025",
        address=address.text if address else None,
        mother=_relative(bundle, "MTH"),
        father=_relative(bundle, "FTH"),
        carer=_carer(bundle),
    )


def _name(names: list[HumanName]) -> str | None:
    return next((name.text.strip() for name in names if name.text and name.text.strip()), None)


def _relative(bundle: ChildBundle, role: str) -> PersonFacts | None:
    return next((_person(related) for related in bundle.related if _role(related) == role), None)


def _carer(bundle: ChildBundle) -> PersonFacts | None:
    return next((_person(related) for related in bundle.related if _role(related) not in ("MTH", "FTH")), None)


def _role(related: RelatedPerson) -> str | None:
    return next((code for concept in related.relationship if (code := concept.code_of(ROLE))), None)


def _person(related: RelatedPerson) -> PersonFacts | None:
    return person(
        _name(related.name),
        number=next((identifier.value for identifier in related.identifier if identifier.system == NUMBER), None),
        birth_year=(related.birth_date or "")[:4] or None,
        relation=_role(related),
    )


def _dose(immunization: Immunization) -> dict[str, object]:
    return known_facts(
        vaccine=immunization.vaccine_code.code_of(VACCINE),
        cvx=immunization.vaccine_code.code_of(CVX),
        date=(immunization.occurrence_date_time or "")[:10] or None,
        dose=next((applied.dose_number_positive_int for applied in immunization.protocol_applied), None),
        status=immunization.status,
    )

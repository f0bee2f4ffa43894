"""What the FHIR door understands, as its capability statement.

Source: FHIR R4 (4.0.1), CapabilityStatement.
"""

from __future__ import annotations

from typing import Any, Final

from connectors.formats.fhir_feed import PATIENT_FEED

_SEARCHED: Final = (
    *(("_id", "token"), ("identifier", "token"), ("family", "string"), ("given", "string"), ("name", "string")),
    *(("birthdate", "date"), ("gender", "token"), ("mothersMaidenName", "string")),
)
_OPERATIONS: Final = (
    ("match", "http://hl7.org/fhir/OperationDefinition/Patient-match"),
    ("ihe-pix", "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"),
)


def capability() -> dict[str, Any]:
    """Return the statement."""
    patient = {
        "type": "Patient",
        "interaction": [{"code": code} for code in ("read", "create", "update", "search-type")],
        "conditionalUpdate": True,
        "searchInclude": ["Patient:managingOrganization", "Patient:generalPractitioner"],
        "searchRevInclude": ["RelatedPerson:patient"],
        "searchParam": [{"name": name, "type": kind} for name, kind in _SEARCHED],
        "operation": [{"name": name, "definition": definition} for name, definition in _OPERATIONS],
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-22",
        "kind": "instance",
        "implementation": {"description": "child-registry: a sector system's own patients"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [patient], "interaction": [{"code": "transaction"}]}],
        "messaging": [
            {
                "documentation": PATIENT_FEED,
                "supportedMessage": [
                    {
                        "mode": "receiver",
                        "definition": "https://profiles.ihe.net/ITI/PMIR/MessageDefinition/IHE.PMIR.PatientFeed",
                    }
                ],
            }
        ],
    }

"""Answers in FHIR: bundles, parameters, and refusals as operation outcomes. They name place and rule, never a value.

Source: FHIR R4 (4.0.1), OperationOutcome and Bundle; IHE ITI Patient Master Identity Registry, ITI-93.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from connectors.formats.fhir_feed import PATIENT_FEED
from connectors.formats.fhir_parts import listed, part, text

MEDIA_TYPE: Final = "application/fhir+json"
MATCH_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
ENDPOINT: Final = "urn:child-registry"
Json = dict[str, Any]

_KINDS: Final[Mapping[str, str]] = {
    "identifier_domain_unknown": "code-invalid",
    "code_unknown": "code-invalid",
    "status_unknown": "code-invalid",
    "unknown_sex": "code-invalid",
    "assigner_not_owner": "forbidden",
    "merge_not_yours": "forbidden",
    "not_found": "not-found",
    "reference_broken": "not-found",
    "merge_target_missing": "not-found",
    "too_costly": "too-costly",
    "identifier_incomplete": "required",
    "own_identifier_missing": "required",
    "demographics_missing": "required",
    "patient_missing": "required",
    "nothing_asked": "required",
    "no_population": "incomplete",
}
_ADDRESS: Final = re.compile(r"(?:https?://|urn:)[A-Za-z0-9._~:/#-]{1,180}")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


def answer(document: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a resource as an answer."""
    return JSONResponse(document, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def outcome(rule: str, path: str | None, *, about: str | None = None, severity: str = "error") -> Json:
    """Return what went wrong.

    Args:
        about: the address of a list of identifiers; what does not look like one is left out.
    """
    told = f"{rule}: {about}" if about and _ADDRESS.fullmatch(about) else rule
    issue: Json = {"severity": severity, "code": _KINDS.get(rule, "invalid"), "diagnostics": told}
    if path:
        issue["expression"] = [path]
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def well(drift: Sequence[str] = ()) -> Json:
    """Return that all went well, and which fields were not as the standard has them."""
    issues: list[Json] = [{"severity": "information", "code": "informational", "diagnostics": "taken in"}]
    issues += [
        {"severity": "warning", "code": "structure", "diagnostics": "not a list", "expression": [path]}
        for path in drift
    ]
    return {"resourceType": "OperationOutcome", "issue": issues}


def message(asked: object, code: str, resources: Iterable[tuple[str, Json]]) -> Json:
    """Return the answer to a message; args: resources: with their addresses."""
    header: Json = {
        "resourceType": "MessageHeader",
        "eventUri": PATIENT_FEED,
        "source": {"endpoint": ENDPOINT},
        "response": {"identifier": _header_id(asked), "code": code},
    }
    return {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [
            {"fullUrl": "urn:child-registry:header", "resource": header},
            *({"fullUrl": address, "resource": resource} for address, resource in resources),
        ],
    }


def _header_id(asked: object) -> str:
    """Return the id of the message that is answered."""
    entries = listed(asked, "entry") if isinstance(asked, Mapping) else []
    written = text(part(entries[0], "resource").get("id")) if entries else None
    return written if written and _ID.fullmatch(written) else "unknown"


def searchset(base: str, entries: Sequence[tuple[str, Json, Json]], *, total: int) -> Json:
    """Return the answer to a search; args: entries: with address and what is said of the search."""
    document: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": "self", "url": f"{base}/Patient"}],
    }
    if entries:
        document["entry"] = [
            {"fullUrl": address, "resource": resource, "search": said} for address, resource, said in entries
        ]
    return document


def transaction_response(entries: Sequence[tuple[str, str]]) -> Json:
    """Return the answer to a transaction; args: entries: status and address of each."""
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": status, "location": location}} for status, location in entries],
    }


def parameters(identifiers: Iterable[tuple[str, str]], references: Iterable[str]) -> Json:
    """Return identifiers of one patient and the resources that bear them."""
    found: list[Json] = [
        {"name": "targetIdentifier", "valueIdentifier": {"system": system, "value": value}}
        for system, value in identifiers
    ]
    found += [{"name": "targetId", "valueReference": {"reference": reference}} for reference in references]
    return {"resourceType": "Parameters", **({"parameter": found} if found else {})}

"""The health sector's standard: feeds of patients in, a sector system's own patients out.

A client sees the records of its own streams and nothing else; what it may not see is as if it were not there.

Source: FHIR R4 (4.0.1), RESTful API; IHE ITI PMIR (ITI-93), PIXm (ITI-83, ITI-104), PDQm (ITI-78, ITI-119).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from connectors.contract import ContractDrift
from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_child import ChildDocument
from connectors.formats.fhir_feed import Feed, is_message, read_feed
from connectors.formats.fhir_parts import listed, mended, part
from connectors.formats.strict_json import read_json
from registry.actions.exchange.refusals import Fault, MediaTypeRefused
from registry.actions.fhir.cross_reference import cross_reference
from registry.actions.fhir.match_own import OwnMatch, match_own
from registry.actions.fhir.patient_query import FoundPatient, NothingAsked, PatientQuery, TooWide, find_own, read_query
from registry.actions.fhir.scope import SourceScope
from registry.actions.fhir.take_in import FeedRefused, Taken, take_in
from registry.api.bodies import media_type
from registry.api.caller import Caller, Signed
from registry.api.fhir_answers import (
    MATCH_GRADE,
    MEDIA_TYPE,
    Json,
    answer,
    message,
    outcome,
    parameters,
    searchset,
    transaction_response,
    well,
)
from registry.api.fhir_capability import capability
from registry.api.fhir_views import included_resources, patient_resource, related_resources
from registry.api.problems import problems
from registry.model.access import Purpose
from registry.model.errors import Refused
from registry.store.session import Transaction

BASE: Final = "/fhir/R4"
router = APIRouter(tags=["fhir"], prefix=BASE)

_MOST_MATCHES: Final = 100
_KINDS: Final = frozenset({"", MEDIA_TYPE, "application/json", "text/json"})
_RESOURCE: Final[Json] = {"content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
_BODY: Final[Json] = {"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}}


def _answers(*statuses: int, well_as: int = 200) -> dict[int | str, dict[str, Any]]:
    """Return what a route answers, for its description: resources, and problems of what stands before it."""
    found = problems(*statuses)
    for status, told in found.items():
        if status in (400, 403, 404, 422):
            told["content"] = {**told["content"], MEDIA_TYPE: {"schema": {"type": "object"}}}
    return {**found, well_as: {"description": "A resource", **_RESOURCE}}


def scope_of(caller: Caller) -> SourceScope:
    """Return for which rows a client speaks.

    Raises:
        Refused: a person calls.
    """
    if caller.client is None:
        raise Refused("this is for a sector's system, not for people")
    token = caller.client
    return SourceScope(
        system=token.client.system, streams=frozenset(token.streams), domains=caller.services.identity_domains
    )


async def _body(request: Request) -> bytes:
    """Return the body.

    Raises:
        MediaTypeRefused: it is not JSON.
    """
    if media_type(request) not in _KINDS:
        raise MediaTypeRefused(faults=[Fault("", "media_type_refused")])
    return await request.body()


async def _form(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_body)]
Form = Annotated[bytes, Depends(_form)]


def _read(content: bytes) -> object:
    try:
        return read_json(content)
    except ContractDrift:
        raise FhirRefused("json_broken", "Bundle") from None


@router.get("/metadata", summary="What is understood here", response_model=None, responses=_answers())
def metadata() -> Response:
    """Return the capability statement."""
    return answer(capability())


@router.post(
    "",
    summary="Take in a message or a transaction",
    response_model=None,
    responses={**_answers(401, 403, 413, 415, 422), 201: {"description": "Somebody is new", **_RESOURCE}},
    openapi_extra=_BODY,
)
def feed(caller: Signed, content: Body) -> Response:
    """Take in patients, whole or not at all."""
    scope = scope_of(caller)
    asked: object = None
    try:
        asked = _read(content)
        read = read_feed(asked)
        with caller.begin(Purpose.INGEST) as transaction:
            taken = take_in(transaction, caller.services.vault, read, scope=scope)
            shown = _shown(transaction, caller, scope, taken)
    except FhirRefused as refused:
        return _refused(refused, asked)
    status = 201 if any(one.created and not one.merged for one in taken) else 200
    if read.is_message:
        told = [("urn:child-registry:outcome", well(read.drift)), *((_url(one), one) for one in shown)]
        return answer(message(asked, "ok", told), status=status)
    return _plain(asked, read, taken, shown, status=status)


@router.post(
    "/Patient",
    summary="Take in one patient",
    response_model=None,
    status_code=201,
    responses={**_answers(401, 403, 413, 415, 422), 201: {"description": "Somebody is new", **_RESOURCE}},
    openapi_extra=_BODY,
)
def create(caller: Signed, content: Body) -> Response:
    """Take in a patient, or a new version of one that is known by the same identifier."""
    return feed(caller, content)


@router.put(
    "/Patient",
    summary="Take in one patient under her identifier",
    response_model=None,
    responses={**_answers(401, 403, 413, 415, 422), 201: {"description": "Somebody is new", **_RESOURCE}},
    openapi_extra=_BODY,
)
def update(caller: Signed, content: Body) -> Response:
    """Take in a patient, or a new version of one that is known by the same identifier."""
    return feed(caller, content)


@router.get("/Patient", summary="Find own patients", response_model=None, responses=_answers(400, 401, 403, 422))
def search(caller: Signed, request: Request) -> Response:
    """Return the client's own patients whom the parameters mean."""
    return _searched(caller, request.url.query)


@router.post(
    "/Patient/_search",
    summary="Find own patients by a form",
    response_model=None,
    responses=_answers(400, 401, 403, 413, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
        }
    },
)
def search_by_form(caller: Signed, content: Form) -> Response:
    """Return what `GET Patient` returns; nothing of the question stands in an address."""
    return _searched(caller, content.decode("utf-8", "replace"))


@router.post(
    "/Patient/$match",
    summary="Find own patients who are like somebody",
    response_model=None,
    responses=_answers(400, 401, 403, 413, 415, 422),
    openapi_extra=_BODY,
)
def match(caller: Signed, content: Body) -> Response:
    """Return the client's own patients whom the described one may be, the likeliest first."""
    scope = scope_of(caller)
    try:
        patient, certain_only, most = _match_question(_read(content))
        with caller.begin(Purpose.INGEST) as transaction:
            found = match_own(
                transaction,
                caller.services.vault,
                caller.services.likeness,
                ChildDocument(patient=patient),
                scope=scope,
            )
    except FhirRefused as refused:
        return _refused(refused, None)
    chosen = [one for one in found if one.grade == "certain" or not certain_only][:most]
    entries = [(_url(resource), resource, _graded(one)) for one in chosen for resource in (_alone(one, scope),)]
    return answer(searchset(BASE, entries, total=len(entries)))


@router.get(
    "/Patient/$ihe-pix",
    summary="By which other identifiers an own patient is known",
    response_model=None,
    responses=_answers(400, 401, 403, 404, 422),
)
def pix(caller: Signed, request: Request) -> Response:
    """Return the identifiers, in the client's own streams, of whoever bears one."""
    scope = scope_of(caller)
    asked = dict(parse_qsl(request.url.query, keep_blank_values=True))
    address, _, value = asked.get("sourceIdentifier", "").partition("|")
    source = scope.domains.named(address)
    wanted = asked.get("targetSystem") or asked.get("targetDomain")
    target = scope.domains.named(wanted) if wanted else None
    if not value:
        return answer(outcome("parameter_broken", "sourceIdentifier"), status=400)
    if source is None or not scope.may_ask(source):
        return answer(outcome("identifier_domain_unknown", "sourceIdentifier", about=address), status=400)
    if wanted and (target is None or not scope.may_ask(target)):
        return answer(outcome("identifier_domain_unknown", "targetSystem", about=wanted), status=403)
    with caller.begin(Purpose.INGEST) as transaction:
        found = cross_reference(transaction, caller.services.vault, (source, value), target=target, scope=scope)
    if found is None:
        return answer(outcome("not_found", "sourceIdentifier", about=source.url), status=404)
    return answer(parameters(found.identifiers, [f"Patient/{child}" for child in found.children]))


@router.get(
    "/Patient/{patient_id:uuid}",
    summary="Read an own patient",
    response_model=None,
    responses=_answers(401, 403, 404, 422),
)
def read(caller: Signed, patient_id: UUID) -> Response:
    """Return one of the client's own patients."""
    scope = scope_of(caller)
    with caller.begin(Purpose.INGEST) as transaction:
        found = find_own(transaction, caller.services.vault, PatientQuery(ids=(str(patient_id),)), scope=scope)
    if not found:
        return answer(outcome("not_found", "Patient"), status=404)
    return answer(patient_resource(found[0], scope.domains))


def _searched(caller: Caller, written: str) -> Response:
    scope = scope_of(caller)
    asked = parse_qsl(written, keep_blank_values=True)
    try:
        query = read_query(asked, scope)
        with caller.begin(Purpose.INGEST) as transaction:
            found = find_own(transaction, caller.services.vault, query, scope=scope)
    except (NothingAsked, TooWide) as refused:
        return answer(outcome(refused.rule, refused.path), status=400)
    except FhirRefused as refused:
        return _refused(refused, None)
    entries: list[tuple[str, Json, Json]] = []
    for one in found:
        resource = patient_resource(one, scope.domains, shown=query.shown)
        entries.append((_url(resource), resource, {"mode": "match"}))
        entries += [(_url(more), more, {"mode": "include"}) for more in _included(one, asked, scope)]
    return answer(searchset(BASE, entries, total=len(found)))


def _included(found: FoundPatient, asked: Sequence[tuple[str, str]], scope: SourceScope) -> list[Json]:
    """Return what is asked for beside a patient."""
    wanted = {value for name, value in asked if name.partition(":")[0] in ("_revinclude", "_include")}
    related = related_resources(found.record, scope.domains) if "RelatedPerson:patient" in wanted else []
    kinds = {value.partition(":")[0] for value in wanted}
    named = {"Organization" if ":managingOrganization" in value else "" for value in wanted}
    named |= {"Practitioner" if ":generalPractitioner" in value else "" for value in wanted}
    referred = _referred(found) if found.guardian is None else frozenset()
    others = included_resources(found.record, kinds | named)
    return [*related, *(one for one in others if one.get("id") in referred)]


def _referred(found: FoundPatient) -> frozenset[str]:
    """Return the ids to which the patient's organisation and practitioner lead."""
    patient = found.record.child.patient
    references = [part(patient, "managingOrganization"), *listed(patient, "generalPractitioner")]
    return frozenset(str(one.get("reference", "")).rpartition("/")[2] for one in references)


def _shown(transaction: Transaction, caller: Caller, scope: SourceScope, taken: Sequence[Taken]) -> list[Json]:
    """Return what was taken in as it is shown from now on."""
    ids = tuple(dict.fromkeys(str(one.child_id) for one in taken if not one.merged))
    if not ids:
        return []
    found = find_own(transaction, caller.services.vault, PatientQuery(ids=ids), scope=scope)
    shown = []
    for one in found:
        shown.append(patient_resource(one, scope.domains))
        shown += [
            patient_resource(FoundPatient(record=one.record, guardian=guardian), scope.domains)
            for guardian in one.record.child.guardians
        ]
        shown += related_resources(one.record, scope.domains)
    return shown


def _plain(asked: object, read: Feed, taken: Sequence[Taken], shown: Sequence[Json], *, status: int) -> Response:
    """Answer what is no message: a patient with herself, a bundle with what became of each."""
    if isinstance(asked, dict) and asked.get("resourceType") == "Patient" and shown:
        address = {"Location": f"/v1{_url(shown[0])}"}
        return answer(shown[0], status=status, headers=address)
    lines = [("201 Created" if one.created else "200 OK", f"Patient/{one.child_id}") for one in taken]
    document = transaction_response(lines)
    if read.drift:
        document["entry"].append({"response": {"status": "200 OK", "outcome": well(read.drift)}})
    return answer(document, status=status)


def _refused(refused: FhirRefused, asked: object) -> Response:
    about, forbidden = None, False
    if isinstance(refused, FeedRefused):
        about, forbidden = refused.about, refused.forbidden
    told = outcome(refused.rule, refused.path, about=about)
    status = 403 if forbidden else 422
    if is_message(asked):
        return answer(message(asked, "fatal-error", [("urn:child-registry:outcome", told)]), status=status)
    return answer(told, status=status)


def _match_question(asked: object) -> tuple[Json, bool, int]:
    """Return who is described, whether only certain matches are wanted, and how many."""
    if not isinstance(asked, dict):
        raise FhirRefused("json_not_an_object", "Parameters")
    if asked.get("resourceType") == "Patient":
        return mended(asked), False, _MOST_MATCHES
    given = {str(one.get("name")): one for one in listed(asked, "parameter")}
    if asked.get("resourceType") != "Parameters" or not given.keys() <= {"resource", "onlyCertainMatches", "count"}:
        raise FhirRefused("parameter_unknown", "Parameters.parameter")
    patient = part(given.get("resource", {}), "resource")
    if patient.get("resourceType") != "Patient":
        raise FhirRefused("patient_missing", "Parameters.parameter")
    count = given.get("count", {}).get("valueInteger", _MOST_MATCHES)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise FhirRefused("parameter_broken", "count")
    certain = given.get("onlyCertainMatches", {}).get("valueBoolean") is True
    return mended(patient), certain, min(count, _MOST_MATCHES)


def _graded(found: OwnMatch) -> Json:
    grade = {"url": MATCH_GRADE, "valueCode": found.grade}
    return {"extension": [grade], "mode": "match", "score": round(found.score, 4)}


def _alone(found: OwnMatch, scope: SourceScope) -> Json:
    return patient_resource(FoundPatient(record=found.patient), scope.domains)


def _url(resource: Json) -> str:
    return f"{BASE}/{resource['resourceType']}/{resource.get('id')}"

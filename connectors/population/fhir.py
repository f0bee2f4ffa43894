"""The population database behind a FHIR R4 server, asked as IHE PDQm has it: `$match` and searches for patients.

Numbers and names go in the body of a POST, never in an address. The bearer of a number is found by identifier and
compared here, fact by fact, so a mismatch names what differs. Who is found by description alone keeps the server's
score and grade; nothing below `certain` is more than a candidate.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel

from connectors.contract import (
    Ambiguous,
    BadClaim,
    CallContext,
    CitizenSnapshot,
    Claim,
    ContractDrift,
    Description,
    Found,
    Grade,
    Health,
    Inactive,
    Inactivity,
    NotFound,
    Relative,
    TooBroad,
)
from connectors.formats.strict_json import read_json
from connectors.http import Answer, Call, Clock, Sleep, utc_now
from connectors.population import fhir_answers
from connectors.population.bearers import Bearer, BearerConnector
from connectors.population.fhir_answers import PatientResource, Searchset
from connectors.population.fhir_settings import FhirSettings, NameParts

_FORM: Final = "application/x-www-form-urlencoded"
_FHIR: Final = "application/fhir+json"
_GENDERS: Final = {"1": "male", "2": "female"}
_NUMBER: Final = re.compile(r"[0-9]{9,12}")
_LOGICAL_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")

_TOO_LITTLE: Final = frozenset({400, 422})  # a description that the server does not search for

SaidT = TypeVar("SaidT")


class FhirConnector(BearerConnector[PatientResource]):
    """Asks a FHIR server about citizens; used as a context manager, it closes its connections."""

    name = "fhir"
    conformance = "connectors.conformance.scenarios.population:FhirScenario"

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return FhirSettings

    def __init__(
        self,
        settings: FhirSettings,
        *,
        clock: Clock = utc_now,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare to ask; nothing is sent yet."""
        super().__init__(
            settings, oauth=settings.oauth, token=settings.token, clock=clock, sleep=sleep, transport=transport
        )
        self._settings = settings

    def health(self) -> Health:
        """Say whether the server answers; nobody is asked about."""
        ok, detail = self._client.answers(Call(target="/metadata"))
        return Health(ok=ok, detail=detail)

    def find(self, description: Description, context: CallContext) -> tuple[Found, ...] | TooBroad:
        """Ask whom a description fits, by `$match`; the surest first.

        Raises:
            BadClaim: the server does not search for so little.
            ConnectorError: there was no answer, or none that can be read.
        """
        most = self._settings.most_found
        question = _parameters(_patient(description, self._settings.names), most=most + 1)
        call = Call(
            method="POST",
            target="/Patient/$match",
            headers=self._headers(context, _FHIR),
            content=json.dumps(question, ensure_ascii=False).encode(),
            repeatable=True,
            accepts=_TOO_LITTLE,
        )
        found = self._client.ask(call, read=_searchset, deadline=context.deadline)
        if len(found.entries) > most or (found.total or 0) > most:
            return TooBroad(source_ref=context.request_id)
        return tuple(sorted(self._found(found, context), key=lambda one: (-one.score, one.snapshot.personal_number)))

    def relatives(self, claim: Claim, context: CallContext) -> tuple[Relative, ...] | NotFound:
        """Ask for the relatives of the bearer of the number.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        meant = self._meant(claim, context)
        if meant is None:
            return NotFound(source_ref=context.request_id)
        call = Call(
            target=f"/RelatedPerson?patient=Patient/{_id(meant.resource.id)}", headers=self._headers(context, None)
        )
        answer = self._client.ask(call, read=_searchset, deadline=context.deadline)
        relatives = (
            fhir_answers.relative_of(entry.resource, system=self._settings.number_system, source_ref=context.request_id)
            for entry in answer.entries
        )
        return tuple(one for one in relatives if one is not None)

    def _bearer_of(
        self, claim: Claim, context: CallContext
    ) -> Bearer[PatientResource] | NotFound | Ambiguous | Inactive:
        number, system = _number(claim), self._settings.number_system
        answer = self._search("Patient", {"identifier": f"{system}|{number}"}, context)
        ref = context.request_id
        bearers = [(fhir_answers.read_patient(entry.resource), entry.resource) for entry in answer.entries]
        for patient, _ in bearers:
            current, former = fhir_answers.numbers_of(patient, system)
            if number not in (*current, *former):
                raise ContractDrift("Patient.identifier: another number")
        if len(bearers) > 1:
            bearers = [one for one in bearers if one[0].active is not False] or bearers
        if not bearers:
            return NotFound(source_ref=ref)
        if len(bearers) > 1:
            return Ambiguous(source_ref=ref)
        patient, resource = bearers[0]
        inactive = self._inactive(patient, number, context)
        if inactive is not None:
            return inactive
        return Bearer(resource=patient, citizen=self._citizen(patient, resource, ref))

    def _citizen(self, patient: PatientResource, resource: Mapping[str, Any], ref: str) -> CitizenSnapshot:
        settings = self._settings
        return fhir_answers.citizen_of(
            patient, resource, system=settings.number_system, source_ref=ref, units=settings.units
        )

    def _inactive(self, patient: PatientResource, number: str, context: CallContext) -> Inactive | None:
        """Return why a number is not in use any more; None: it is."""
        ref = context.request_id
        if fhir_answers.is_deceased(patient):
            return Inactive(source_ref=ref, inactivity=Inactivity.DECEASED)
        current, _ = fhir_answers.numbers_of(patient, self._settings.number_system)
        if patient.active is False:
            successor = next((one.other.reference for one in patient.link if one.type == "replaced-by"), None)
            if successor is None:
                return Inactive(source_ref=ref, inactivity=Inactivity.UNSPECIFIED)
            return Inactive(
                source_ref=ref,
                inactivity=Inactivity.REPLACED,
                replaced_by=self._number_of(successor, but=number, context=context),
            )
        if number not in current:
            replaced_by = current[0] if len(set(current)) == 1 else None
            return Inactive(source_ref=ref, inactivity=Inactivity.REPLACED, replaced_by=replaced_by)
        return None

    def _number_of(self, reference: str, *, but: str, context: CallContext) -> str | None:
        """Return the number of the patient who took another one's place, if one can be had."""
        kind, _, logical_id = reference.rpartition("/")
        if kind.rpartition("/")[2] != "Patient":
            return None
        call = Call(
            target=f"/Patient/{_id(logical_id)}", headers=self._headers(context, None), accepts=frozenset({404, 410})
        )
        patient = self._client.ask(call, read=_patient_or_nobody, deadline=context.deadline)
        current = fhir_answers.numbers_of(patient, self._settings.number_system)[0] if patient else []
        return current[0] if len(set(current)) == 1 and current[0] != but else None

    def _search(self, kind: str, parameters: dict[str, str], context: CallContext) -> Searchset:
        call = Call(
            method="POST",
            target=f"/{kind}/_search",
            headers=self._headers(context, _FORM),
            content=urlencode(parameters).encode(),
            repeatable=True,
        )
        return self._client.ask(call, read=_searchset, deadline=context.deadline)

    def _headers(self, context: CallContext, content_type: str | None) -> dict[str, str]:
        said = {"Accept": _FHIR, "X-Request-Id": context.request_id}
        return {**said, "Content-Type": content_type} if content_type else said

    def _found(self, found: Searchset, context: CallContext) -> list[Found]:
        return [
            Found(
                snapshot=self._citizen(fhir_answers.read_patient(entry.resource), entry.resource, context.request_id),
                score=_needed(entry.score, "score"),
                grade=_needed(entry.grade, "grade"),
            )
            for entry in found.entries
            if entry.grade is not Grade.CERTAINLY_NOT
        ]


def _needed(said: SaidT | None, name: str) -> SaidT:
    if said is None:
        raise ContractDrift(f"body.entry.search.{name}")
    return said


def _number(claim: Claim) -> str:
    """Return the number to ask by; a separator in it would ask for somebody else."""
    if not _NUMBER.fullmatch(claim.personal_number):
        raise BadClaim("personal_number")
    return claim.personal_number


def _id(logical_id: str | None) -> str:
    """Return a logical id that may stand in an address."""
    if logical_id is None or not _LOGICAL_ID.fullmatch(logical_id):
        raise ContractDrift("Patient.id")
    return logical_id


def _parameters(patient: dict[str, object], *, most: int) -> dict[str, object]:
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": patient},
            {"name": "onlyCertainMatches", "valueBoolean": False},
            {"name": "count", "valueInteger": most},
        ],
    }


def _patient(description: Description, names: NameParts) -> dict[str, object]:
    words = description.full_name.split()
    if not words:
        raise BadClaim("full_name")
    name: dict[str, object] = {"use": "official", "text": " ".join(words)}
    if names is NameParts.FAMILY_AND_GIVEN and len(words) > 1:
        name = {"use": "official", "family": words[0], "given": words[1:]}
    patient: dict[str, object] = {"resourceType": "Patient", "name": [name]}
    if description.birth_date is not None:
        patient["birthDate"] = description.birth_date
    if description.sex in _GENDERS:
        patient["gender"] = _GENDERS[description.sex]
    if description.mother_name is not None:
        patient["extension"] = [{"url": fhir_answers.MOTHERS_NAME, "valueString": description.mother_name}]
    return patient


def _searchset(answer: Answer) -> Searchset:
    if answer.status in _TOO_LITTLE:
        raise BadClaim("description")
    _check_media_type(answer)
    return fhir_answers.read_searchset(answer.content)


def _patient_or_nobody(answer: Answer) -> PatientResource | None:
    if not 200 <= answer.status < 300:
        return None
    _check_media_type(answer)
    value = read_json(answer.content)
    fhir_answers.raise_outcome(value)
    return fhir_answers.read_patient(value)


def _check_media_type(answer: Answer) -> None:
    if answer.media_type not in fhir_answers.MEDIA_TYPES:
        raise ContractDrift("Content-Type")

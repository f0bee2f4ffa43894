"""The population database behind the DCI interface for civil registration, asked by synchronous searches.

The bearer of a number is found and compared here, fact by fact. The interface has no verification of its own, and its
subscriptions are not used: changes are found by asking again.
Source: SP DCI, Interoperability APIs for CRVS, v1.0.0; deviations of partners: docs/compatibility.md.
"""

from __future__ import annotations

import re
import time
from typing import Final

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
from connectors.http import Answer, Call, Clock, Sleep, utc_now
from connectors.population import dci_messages, dci_records
from connectors.population.agreement import same_birth_date, same_name
from connectors.population.bearers import Bearer, BearerConnector
from connectors.population.dci_messages import Members
from connectors.population.dci_records import Person
from connectors.population.dci_settings import DciSettings

_NUMBER: Final = re.compile(r"[0-9]{12}|[0-9]{9}")


class DciConnector(BearerConnector[Person]):
    """Asks a partner that speaks DCI; used as a context manager, it closes its connections."""

    name = "dci"
    conformance = "connectors.conformance.scenarios.population:DciScenario"

    @classmethod
    def spec(cls) -> type[BaseModel]:
        """Return the model of the settings."""
        return DciSettings

    def __init__(
        self,
        settings: DciSettings,
        *,
        clock: Clock = utc_now,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare to ask; nothing is sent yet."""
        super().__init__(settings, oauth=settings.oauth, clock=clock, sleep=sleep, transport=transport)
        self._settings = settings
        self._signer, self._verifier = settings.signer(), settings.verifier()
        self._kinds = (settings.number_type, settings.former_number_type)

    def health(self) -> Health:
        """Say whether the partner answers; nobody is asked about."""
        ok, detail = self._client.answers(Call(target=self._settings.prefix + "/.well-known/jwks.json"))
        return Health(ok=ok, detail=detail)

    def find(self, description: Description, context: CallContext) -> tuple[Found, ...] | TooBroad:
        """Ask whom a description fits.

        The interface gives no score. Who has the very name and birth date is called probable, anybody else possible;
        nobody is certain by description alone.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        if not description.full_name.split():
            raise BadClaim("full_name")
        found = self._search(dci_messages.by_description(self._settings, description), context)
        most = self._settings.most_found
        if found.too_many or len(found.records) > most or (found.total or 0) > most:
            return TooBroad(source_ref=context.request_id)
        people = (self._citizen(dci_records.read_person(one), one, context) for one in found.records)
        return tuple(sorted((_graded(one, description) for one in people), key=lambda one: -one.score))

    def relatives(self, claim: Claim, context: CallContext) -> tuple[Relative, ...] | NotFound:
        """Ask for the parents whom the record of the bearer names.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        meant = self._meant(claim, context)
        if meant is None:
            return NotFound(source_ref=context.request_id)
        return dci_records.parents_of(meant.resource, kind=self._kinds[0], source_ref=context.request_id)

    def _bearer_of(self, claim: Claim, context: CallContext) -> Bearer[Person] | NotFound | Ambiguous | Inactive:
        number, ref = claim.personal_number, context.request_id
        if not _NUMBER.fullmatch(number):
            raise BadClaim("personal_number")
        found = self._search(dci_messages.by_number(self._settings, number), context)
        people = [(dci_records.read_person(one), one) for one in found.records]
        for person, _ in people:
            if number not in (*person.numbers(self._kinds[0]), *person.numbers(self._kinds[1])):
                raise ContractDrift("reg_records.identifier: another number")
        if found.too_many or len(people) > 1 or (found.total or 0) > 1:
            return Ambiguous(source_ref=ref)
        if not people:
            return NotFound(source_ref=ref)
        person, record = people[0]
        if person.death_date is not None:
            return Inactive(source_ref=ref, inactivity=Inactivity.DECEASED)
        if number not in person.numbers(self._kinds[0]):
            current = set(person.numbers(self._kinds[0]))
            replaced_by = current.pop() if len(current) == 1 else None
            return Inactive(source_ref=ref, inactivity=Inactivity.REPLACED, replaced_by=replaced_by)
        return Bearer(resource=person, citizen=self._citizen(person, record, context))

    def _citizen(self, person: Person, record: Members, context: CallContext) -> CitizenSnapshot:
        return dci_records.citizen_of(person, record, kinds=self._kinds, source_ref=context.request_id)

    def _search(self, criteria: Members, context: CallContext) -> dci_messages.Found:
        question = dci_messages.search(self._settings, criteria, context, at=self._clock(), signer=self._signer)
        call = Call(
            method="POST",
            target=self._settings.prefix + "/registry/sync/search",
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            content=question.body,
            repeatable=True,
        )

        def read(answer: Answer) -> dci_messages.Found:
            if answer.media_type != "application/json":
                raise ContractDrift("Content-Type")
            return dci_messages.read_answer(answer.content, question, verifier=self._verifier)

        return self._client.ask(call, read=read, deadline=context.deadline)


def _graded(citizen: CitizenSnapshot, description: Description) -> Found:
    named = same_name(citizen.full_name, description.full_name)
    born = same_birth_date(citizen.birth_date, description.birth_date)
    grade = Grade.PROBABLE if named and born else Grade.POSSIBLE
    return Found(snapshot=citizen, score=(named + born) / 2, grade=grade)

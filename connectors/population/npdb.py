"""The population database as it is really called: SOAP 1.1 behind a security server, or behind a province's bus.

It confirms one claimed number, name and birth date; where those services are granted it also looks that person up,
names relatives, and tells by windows of days who has changed. It cannot search. A failure is always an exception; an
answer that does not have the agreed form is never read as one.
"""

from __future__ import annotations

import time
from typing import Final, Self

import httpx

from connectors import xroad
from connectors.contract import (
    API,
    Ambiguous,
    CallContext,
    Capabilities,
    ChangePage,
    CitizenSnapshot,
    Claim,
    Compared,
    ContractDrift,
    Denied,
    Health,
    Household,
    Inactive,
    Inactivity,
    Kinship,
    NotFound,
    Operation,
    Outcome,
    Relative,
    Transient,
    Verification,
)
from connectors.http import Answer, Call, Clock, HttpClient, Sleep, retry_after, utc_now
from connectors.population.npdb_answers import read_answer, read_fault
from connectors.population.npdb_changes import forgotten, place_of, read_changes
from connectors.population.npdb_citizens import (
    citizens_of,
    compared,
    is_confirmed,
    number_instead,
    read_citizen,
    relatives_of,
    replacement,
    state_of,
)
from connectors.population.npdb_identity import identity
from connectors.population.npdb_questions import LOOK_UP, RELATIVES, VERIFY, change_question, question
from connectors.population.npdb_settings import Dialect, NpdbSettings, QuestionForm, State, VerifyBy
from connectors.population.npdb_tree import Node

__all__ = ["NpdbConnector", "NpdbSettings"]

_FAULTS: Final = frozenset({500})  # SOAP 1.1 sends its faults so
_HEADERS: Final = {
    QuestionForm.SOAP: {"Content-Type": "application/xml", "SOAPAction": '""'},
    QuestionForm.JSON: {"Content-Type": "application/json", "Accept": "application/json"},
}


class NpdbConnector:
    """Asks the population database; used as a context manager, it closes its connections."""

    api = API
    conformance = "connectors.conformance.scenarios.population:NpdbScenario"

    @classmethod
    def spec(cls) -> type[NpdbSettings]:
        """Return the model of the settings."""
        return NpdbSettings

    def __init__(
        self,
        settings: NpdbSettings,
        *,
        clock: Clock = utc_now,
        sleep: Sleep = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            transport: how to reach the endpoint; None for the network.
        """
        self._settings = settings
        self._clock = clock
        credentials, self._tokens = identity(settings, clock=clock, sleep=sleep, transport=transport)
        self._client = HttpClient(
            settings,
            clock=clock,
            sleep=sleep,
            transport=transport,
            credentials=credentials,
            inspect=xroad.BusErrors(clock),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        if self._tokens is not None:
            self._tokens.close()

    def describe(self) -> Capabilities:
        """Say what the service can be asked: what is granted to us, by the settings."""
        settings = self._settings
        granted = {
            Operation.VERIFY: True,
            Operation.GET: settings.look_up_code is not None,
            Operation.RELATIVES: settings.relatives_code is not None,
            Operation.HOUSEHOLD: settings.household,
            Operation.CHANGES: settings.changes_code is not None,
        }
        by_look_up = settings.verify_by is VerifyBy.LOOK_UP
        return Capabilities(
            name="npdb",
            api=API,
            operations=frozenset(operation for operation, is_granted in granted.items() if is_granted),
            required_together=("personal_number", "full_name", "birth_date"),
            calls_per_second=settings.calls_per_second,
            supports_partial_birth_date=True,
            names_mismatch=by_look_up,
            tells_inactive=by_look_up or settings.dialect is Dialect.QCVN_109,
        )

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        """Ask whether number, name and birth date belong together; a 'no' does not say which of them is wrong.

        Raises:
            ConnectorError: there was no answer, or none that can be read.
        """
        if self._settings.verify_by is VerifyBy.LOOK_UP:
            return self._verify_by_look_up(claim, context)
        answer = self._ask(VERIFY, claim, context, code=self._settings.verify_code)
        if answer is None:
            return self._verification(Outcome.NOT_FOUND, context)
        confirmed = is_confirmed(answer, claim.personal_number)
        newer, state = number_instead(answer, claim.personal_number), state_of(answer, self._settings)
        if newer is not None or state in (State.CANCELLED, State.DECEASED):
            return self._verification(Outcome.INACTIVE, context, inactivity=_why(state, newer), replaced_by=newer)
        return self._verification(Outcome.MATCH if confirmed else Outcome.NOT_FOUND, context)

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound | Ambiguous | Inactive:
        """Ask for the citizen whom all three facts describe.

        Raises:
            Denied: the look-up is not granted to us.
            ConnectorError: there was no answer, or none that can be read.
        """
        answer = self._ask(LOOK_UP, claim, context, code=self._settings.look_up_code)
        if answer is None:
            return NotFound(source_ref=context.request_id)
        return read_citizen(
            answer, claim, settings=self._settings, source_ref=context.request_id, received_at=self._clock()
        )

    def relatives(self, claim: Claim, context: CallContext) -> tuple[Relative, ...] | NotFound:
        """Ask for parents, spouse, representatives and the head of the household; see `get` for what is raised."""
        citizen = self._citizen(RELATIVES, claim, context, code=self._settings.relatives_code)
        if citizen is None:
            return NotFound(source_ref=context.request_id)
        return tuple(relatives_of(citizen, context.request_id))

    def household(self, claim: Claim, context: CallContext) -> Household | NotFound:
        """Tell what a look-up says of the citizen's household: its head, and no other member; see `get`."""
        code = self._settings.look_up_code if self._settings.household else None
        citizen = self._citizen(LOOK_UP, claim, context, code=code)
        if citizen is None:
            return NotFound(source_ref=context.request_id)
        heads = [
            relative
            for relative in relatives_of(citizen, context.request_id)
            if relative.kinship is Kinship.HEAD_OF_HOUSEHOLD
        ]
        return Household(members=tuple(heads), as_of=self._clock(), source_ref=context.request_id)

    def changes(self, cursor: str | None, context: CallContext, *, limit: int) -> ChangePage:
        """Return the changes behind a cursor, those of a few days perhaps once more; None begins today.

        Raises:
            BadClaim: the cursor is none of ours.
            ConnectorError: there was no answer, or none that can be read.
        """
        if limit < 1:
            raise ValueError("limit must be at least 1")
        settings = self._settings
        code = _granted(settings.changes_code)
        place = place_of(cursor, self._clock(), settings, limit=limit)
        if place is None:
            return forgotten(self._clock(), settings)
        asked = change_question(place.window(), context, code=code, settings=settings)
        answer = self._sent(asked, context)
        if answer is None:
            raise ContractDrift("body: no page of changes")
        return read_changes(answer, place, settings)

    def health(self) -> Health:
        """Say whether the endpoint answers; nobody is asked about."""
        ok, detail = self._client.answers(Call(target=self._settings.target))
        return Health(ok=ok, detail=detail)

    def _verify_by_look_up(self, claim: Claim, context: CallContext) -> Verification:
        found = self.get(claim, context)
        match found:
            case NotFound():
                return self._verification(Outcome.NOT_FOUND, context)
            case Ambiguous():
                return self._verification(Outcome.AMBIGUOUS, context)
            case Inactive():
                return self._verification(
                    Outcome.INACTIVE, context, inactivity=found.inactivity, replaced_by=found.replaced_by
                )
        said = compared(found, claim)
        wrong = Compared.MISMATCH in said.values()
        return Verification(
            outcome=Outcome.MISMATCH if wrong else Outcome.MATCH,
            as_of=found.updated_at or self._clock(),
            source_ref=context.request_id,
            attributes=said,
        )

    def _verification(
        self,
        outcome: Outcome,
        context: CallContext,
        *,
        inactivity: Inactivity | None = None,
        replaced_by: str | None = None,
    ) -> Verification:
        return Verification(
            outcome=outcome,
            as_of=self._clock(),
            source_ref=context.request_id,
            inactivity=inactivity,
            replaced_by=replaced_by,
        )

    def _citizen(self, operation: str, claim: Claim, context: CallContext, *, code: str | None) -> Node | None:
        """Return the one citizen of an answer, whatever their state; None: there is none."""
        answer = self._ask(operation, claim, context, code=code)
        citizens = citizens_of(answer) if answer is not None else ()
        if len(citizens) > 1:
            raise ContractDrift(f"{citizens[0].place}[2]")
        if not citizens:
            return None
        replacement(citizens[0], claim.personal_number)  # raises if it is somebody else
        return citizens[0]

    def _ask(self, operation: str, claim: Claim, context: CallContext, *, code: str | None) -> Node | None:
        asked = question(operation, claim, context, code=_granted(code), settings=self._settings)
        return self._sent(asked, context)

    def _sent(self, asked: bytes, context: CallContext) -> Node | None:
        """Ask until there is an answer, at most as often as the settings allow; asking twice changes nothing there."""

        def read(answer: Answer) -> Node | None:
            if answer.status == httpx.codes.INTERNAL_SERVER_ERROR:
                wait = retry_after(answer.headers, self._clock)
                raise read_fault(answer.content, self._settings) or Transient("HTTP 500", retry_after=wait)
            return read_answer(answer.content, context.request_id, self._settings)

        target, headers = self._settings.target, _HEADERS[self._settings.question_form]
        call = Call(method="POST", target=target, headers=headers, content=asked, repeatable=True, accepts=_FAULTS)
        return self._client.ask(call, read=read, deadline=context.deadline)


def _granted(code: str | None) -> str:
    if code is None:
        raise Denied("this service is not granted to us by the settings")
    return code


def _why(state: State, newer: str | None) -> Inactivity:
    if newer is not None:
        return Inactivity.REPLACED
    return Inactivity.DECEASED if state is State.DECEASED else Inactivity.REVOKED

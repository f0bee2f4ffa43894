"""Population connectors that each break one clause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from connectors.contract import (
    API,
    Ambiguous,
    CallContext,
    Capabilities,
    CitizenSnapshot,
    Claim,
    ContractDrift,
    Health,
    Inactive,
    Kinship,
    NotFound,
    Operation,
    Outcome,
    Relative,
    Transient,
    Verification,
)
from tests.connectors.conformance.book import BookConnector, Entry

Given = CitizenSnapshot | NotFound | Ambiguous | Inactive


class OfAnotherVersion(BookConnector):
    api = API + 1


class _InClear(BaseModel):
    password: str
    tries: int = 3


class SecretInClear(BookConnector):
    @classmethod
    def spec(cls) -> type[BaseModel]:
        return _InClear


class OffersWhatItCannot(BookConnector):
    def describe(self) -> Capabilities:
        said = super().describe()
        return replace(said, operations=said.operations | {Operation.HOUSEHOLD})


class AlwaysNo(BookConnector):
    def outcome(self, found: Sequence[Entry], agreed: Sequence[Entry]) -> Outcome:
        outcome = super().outcome(found, agreed)
        return Outcome.MISMATCH if outcome is Outcome.MATCH else outcome


class AnyNameWillDo(BookConnector):
    def outcome(self, found: Sequence[Entry], agreed: Sequence[Entry]) -> Outcome:
        return super().outcome(found, agreed or found)


class SampleCitizen(BookConnector):
    """Gives out a sample where nobody is found."""

    def get(self, claim: Claim, context: CallContext) -> Given:
        found = super().get(claim, context)
        return CitizenSnapshot(personal_number=claim.personal_number) if isinstance(found, NotFound) else found


class AnswersInItsOwnWords(BookConnector):
    def describe(self) -> Capabilities:
        said = super().describe()
        return replace(said, operations=said.operations | {Operation.RELATIVES})

    def relatives(self, claim: Claim, context: CallContext) -> list[str]:
        return [claim.personal_number[:0], context.request_id]


class AnswersWithoutBeingAllowed(BookConnector):
    def relatives(self, claim: Claim, context: CallContext) -> tuple[Relative, ...]:
        del claim
        return (Relative(kinship=Kinship.MOTHER, source_ref=context.request_id),)


class TheDeadAreAlive(BookConnector):
    def outcome(self, found: Sequence[Entry], agreed: Sequence[Entry]) -> Outcome:
        outcome = super().outcome(found, agreed)
        return Outcome.MATCH if outcome is Outcome.INACTIVE else outcome


class TakesTheFirst(BookConnector):
    def get(self, claim: Claim, context: CallContext) -> Given:
        found = super().get(claim, context)
        return self.snapshot(self.entries(claim, context)[0]) if isinstance(found, Ambiguous) else found


class NoAnswerIsANo(BookConnector):
    def verify(self, claim: Claim, context: CallContext) -> Verification:
        try:
            return super().verify(claim, context)
        except ContractDrift:
            return Verification(outcome=Outcome.NOT_FOUND, as_of=self.clock(), source_ref=context.request_id)


class RaisesWhateverComes(BookConnector):
    def verify(self, claim: Claim, context: CallContext) -> Verification:
        try:
            return super().verify(claim, context)
        except Transient as error:
            raise OSError("the book") from error


class GivesOutWhoeverComes(BookConnector):
    def bearers(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        return self.book.ask(context.request_id, claim.personal_number)


class AnotherIdForEachTry(BookConnector):
    tries = 0

    def bearers(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        self.tries += 1
        return super().bearers(claim, replace(context, request_id=f"R-{self.tries}"))


class WaitsAsLongAsItLikes(BookConnector):
    def entries(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        return super().entries(claim, replace(context, deadline=None))


class HealthRaises(BookConnector):
    def health(self) -> Health:
        self.book.ask("health", "0")
        return Health(ok=True, detail="open")


class TripsOverRubbish(BookConnector):
    def entries(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        int(claim.birth_date[:4])
        return super().entries(claim, context)


@dataclass(frozen=True, kw_only=True)
class TalkingSnapshot(CitizenSnapshot):
    def __repr__(self) -> str:
        return f"TalkingSnapshot({self.full_name})"


class PrintsCitizens(BookConnector):
    def snapshot(self, entry: Entry) -> CitizenSnapshot:
        return TalkingSnapshot(personal_number=entry["number"], full_name=entry["name"], birth_date=entry["born"])


class QuotesTheClaim(BookConnector):
    def entries(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        try:
            return super().entries(claim, context)
        except ContractDrift as error:
            raise ContractDrift(f"the answer for {claim.full_name}") from error


class ShowsItsPassword(BookConnector):
    def __repr__(self) -> str:
        return f"BookConnector({self.settings.password.get_secret_value()})"

"""A population connector that keeps its contract, and the system that it asks: a book of two entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from connectors.conformance.population_scenario import Clock, Fault, PopulationScenario, Sleep
from connectors.contract import (
    API,
    Ambiguous,
    BadClaim,
    CallContext,
    Capabilities,
    CitizenSnapshot,
    Claim,
    Compared,
    ConnectorError,
    ContractDrift,
    Denied,
    Health,
    Inactive,
    Inactivity,
    NotFound,
    Operation,
    Outcome,
    PopulationConnector,
    Transient,
    Verification,
)

Entry = Mapping[str, str]
KNOWN = {"number": "001314000001", "name": "Trần Thị Mẫu", "born": "2014-05-03", "state": "alive"}
OTHER = {"number": "001314000077", "name": "Phạm Thị Mẫu", "born": "2013-01-01", "state": "alive"}
DEAD = {"number": "001315000002", "name": "Đỗ Thị Mẫu", "born": "2015-01-02", "state": "deceased"}
TWICE = {"number": "001215000003", "name": "Phạm Văn Mẫu", "born": "2015-02-03", "state": "alive"}
FAILED: dict[Fault, type[ConnectorError]] = {
    Fault.DOWN: Transient,
    Fault.FAILED: Transient,
    Fault.BUSY: Transient,
    Fault.DENIED: Denied,
}


class BookSettings(BaseModel):
    """How the book is asked."""

    password: SecretStr = SecretStr("hush-hush")
    tries: int = 3


class Book:
    """The system: it answers or fails as it was told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = [KNOWN, OTHER, DEAD, TWICE, TWICE]
        self.faults: list[Fault] = []
        self.asked: list[str] = []

    def ask(self, request_id: str, number: str, *, fault: Fault | None = None) -> Sequence[Entry]:
        """Return the entries of a number."""
        self.asked.append(f"{request_id} {number}")
        fault = self.faults.pop(0) if self.faults else None
        if fault in FAILED:
            raise FAILED[fault]("the book")
        if fault is Fault.OTHER_PERSON:
            return [OTHER]
        if fault is not None:
            raise ContractDrift("answer")
        return [entry for entry in self.entries if entry["number"] == number]


class BookConnector:
    """Asks a book."""

    api = API

    def __init__(self, settings: BookSettings, *, clock: Clock, sleep: Sleep, book: Book) -> None:
        self.settings, self.clock, self.sleep, self.book = settings, clock, sleep, book

    @classmethod
    def spec(cls) -> type[BaseModel]:
        return BookSettings

    def describe(self) -> Capabilities:
        return Capabilities(
            name="book",
            api=API,
            operations=frozenset({Operation.VERIFY, Operation.GET}),
            required_together=("personal_number",),
            calls_per_second=None,
            supports_partial_birth_date=False,
            names_mismatch=True,
            tells_inactive=True,
        )

    def entries(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        """Ask until there is an answer, or no time."""
        if not claim.personal_number.isdecimal():
            raise BadClaim("personal_number")
        wait = 5.0
        for left in reversed(range(self.settings.tries)):
            if context.deadline is not None and self.clock() >= context.deadline:
                raise Transient("out of time")
            try:
                return self.bearers(claim, context)
            except Transient:
                ends = context.deadline is not None and self.clock() + timedelta(seconds=wait) >= context.deadline
                if not left or ends:
                    raise
            self.sleep(wait)
        raise Transient("out of tries")

    def bearers(self, claim: Claim, context: CallContext) -> Sequence[Entry]:
        """Ask once."""
        found = self.book.ask(context.request_id, claim.personal_number)
        if any(entry["number"] != claim.personal_number for entry in found):
            raise ContractDrift("number")
        return found

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        found = self.entries(claim, context)
        agreed = [entry for entry in found if entry["name"] == claim.full_name and entry["born"] == claim.birth_date]
        named = {"full_name": Compared.MATCH if agreed else Compared.MISMATCH}
        return Verification(
            outcome=self.outcome(found, agreed),
            as_of=self.clock(),
            source_ref=context.request_id,
            attributes=named if found else {},
        )

    def outcome(self, found: Sequence[Entry], agreed: Sequence[Entry]) -> Outcome:
        """Return what the entries say to the claim."""
        if not agreed:
            return Outcome.MISMATCH if found else Outcome.NOT_FOUND
        if len(agreed) > 1:
            return Outcome.AMBIGUOUS
        return Outcome.MATCH if agreed[0]["state"] == "alive" else Outcome.INACTIVE

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound | Ambiguous | Inactive:
        found = self.entries(claim, context)
        if not found:
            return NotFound(source_ref=context.request_id)
        if len(found) > 1:
            return Ambiguous(source_ref=context.request_id)
        if found[0]["state"] != "alive":
            return Inactive(source_ref=context.request_id, inactivity=Inactivity.DECEASED)
        return self.snapshot(found[0])

    def snapshot(self, entry: Entry) -> CitizenSnapshot:
        """Return an entry as a citizen."""
        return CitizenSnapshot(personal_number=entry["number"], full_name=entry["name"], birth_date=entry["born"])

    def health(self) -> Health:
        try:
            self.book.ask("health", "0")
        except ConnectorError as error:
            return Health(ok=False, detail=type(error).__name__)
        return Health(ok=True, detail="open")


class BookScenario(PopulationScenario):
    """A book in memory."""

    def __init__(self, folder: Path) -> None:
        del folder
        self.settings: Mapping[str, Any] = {"password": "hush-hush"}
        self._book = Book()

    def make(
        self, connector: Callable[..., PopulationConnector], settings: BaseModel, *, clock: Clock, sleep: Sleep
    ) -> PopulationConnector:
        return connector(settings, clock=clock, sleep=sleep, book=self._book)

    def known(self) -> Claim:
        return _claim(KNOWN)

    def nobody(self) -> Claim:
        return Claim(personal_number="001314999999", full_name="Vũ Thị Mẫu", birth_date="2014-06-07")

    def inactive(self) -> Claim:
        return _claim(DEAD)

    def ambiguous(self) -> Claim:
        return _claim(TWICE)

    def fail(self, fault: Fault, *, times: int) -> None:
        self._book.faults += [fault] * times

    def asked(self) -> Sequence[str]:
        return tuple(self._book.asked)


def _claim(entry: Entry) -> Claim:
    return Claim(personal_number=entry["number"], full_name=entry["name"], birth_date=entry["born"])


conformance = BookScenario

"""A population database that says what a test tells it, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.contract import (
    API,
    Ambiguous,
    CallContext,
    Capabilities,
    ChangePage,
    CitizenSnapshot,
    Claim,
    Health,
    Inactive,
    NotFound,
    Operation,
    Outcome,
    Verification,
)
from registry.actions.population.budget import Terms
from registry.jobs.opening import Installation
from registry.jobs.verifying import Drained, drain

Clock = Callable[[], datetime]
TERMS = Terms(agency_code="G01.99", officer_ref="tests", procedure_code="verification")


@dataclass
class Scripted:
    """Answers `match` unless told otherwise; each list of answers is used up first."""

    clock: Clock
    said: Mapping[str, Outcome] = field(default_factory=dict)  # by number
    citizens: Mapping[str, CitizenSnapshot | Inactive] = field(default_factory=dict)  # by number
    script: list[Exception | Outcome | None] = field(default_factory=list)  # None: as usual
    pages: list[ChangePage | Exception] = field(default_factory=list)
    asked: list[tuple[Claim, CallContext]] = field(default_factory=list)
    looked: list[tuple[Claim, CallContext]] = field(default_factory=list)
    during: Callable[[], None] | None = None  # done while a question is on its way
    required: tuple[str, ...] = ("personal_number", "full_name", "birth_date")
    partial: bool = True
    grants_look_up: bool = True

    def describe(self) -> Capabilities:
        """Say what it can."""
        operations = {Operation.VERIFY}
        operations |= {Operation.GET} if self.grants_look_up else set()
        operations |= {Operation.CHANGES} if self.pages else set()
        return Capabilities(
            name="scripted",
            api=API,
            operations=frozenset(operations),
            required_together=self.required,
            calls_per_second=None,
            supports_partial_birth_date=self.partial,
        )

    def verify(self, claim: Claim, context: CallContext) -> Verification:
        """Answer."""
        self.asked.append((claim, context))
        if self.during:
            self.during()
        said = self.script.pop(0) if self.script else None
        if isinstance(said, Exception):
            raise said
        outcome = said or self.said.get(claim.personal_number, Outcome.MATCH)
        return Verification(outcome=outcome, as_of=self.clock(), source_ref=context.request_id)

    def get(self, claim: Claim, context: CallContext) -> CitizenSnapshot | NotFound | Ambiguous | Inactive:
        """Answer."""
        self.looked.append((claim, context))
        return self.citizens.get(claim.personal_number, NotFound(source_ref=context.request_id))

    def changes(self, cursor: str | None, context: CallContext, *, limit: int) -> ChangePage:
        """Tell the next page."""
        del cursor, context, limit
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page

    def health(self) -> Health:
        """Say that it is well."""
        return Health(ok=True, detail="")


def drained(installed: Installation, connector: Scripted, terms: Terms = TERMS, *, limit: int = 100) -> Drained:
    """Ask as long as anything is let through."""
    return drain(installed, connector, terms, limit=limit, patience=5.0)


def lasting(days: int) -> timedelta:
    """Return how long a confirmation lasts."""
    return timedelta(days=days)

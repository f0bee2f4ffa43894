"""Clauses for population connectors on what is answered: yes, no, nobody, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from pydantic import BaseModel

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.population_subject import Desk, PopulationSubject
from connectors.conformance.sector_shape import secret_in_clear
from connectors.contract import (
    API,
    Ambiguous,
    Capabilities,
    ChangePage,
    CitizenSnapshot,
    Claim,
    Compared,
    ConnectorError,
    Denied,
    Description,
    FindsByDescription,
    Found,
    Household,
    Inactive,
    NotFound,
    OffersCandidates,
    Operation,
    Outcome,
    Relative,
    TellsChanges,
    TellsHousehold,
    TellsRelatives,
    TooBroad,
    Verification,
)

_OPTIONAL: Final[dict[Operation, tuple[type, ...]]] = {
    Operation.SEARCH: (FindsByDescription, OffersCandidates),
    Operation.RELATIVES: (TellsRelatives,),
    Operation.HOUSEHOLD: (TellsHousehold,),
    Operation.CHANGES: (TellsChanges,),
}


def verified(desk: Desk, claim: Claim) -> Verification:
    """Return what `verify` answers to a claim.

    Raises:
        Broken: it is no verification.
    """
    answer = desk.connector.verify(claim, desk.context())
    if not isinstance(answer, Verification):
        raise Broken(f"verify() returns {type(answer).__name__}, not a Verification")
    require(answer.as_of.tzinfo is not None, "verify() gives a time without a zone")
    return answer


def api(subject: PopulationSubject) -> None:
    """Version and settings."""
    require(getattr(subject.made_by, "api", None) == API, f"`api` must be {API}")
    spec = subject.made_by.spec()
    require(isinstance(spec, type) and issubclass(spec, BaseModel), "spec() must return a class of pydantic models")
    for name in secret_in_clear(spec):
        raise Broken(f"the setting {name} looks like a secret and is not a SecretStr")


def describe(subject: PopulationSubject) -> None:
    """What it says that it can be asked is what it has methods for."""
    with subject.desk() as desk:
        said = desk.connector.describe()
        require(isinstance(said, Capabilities), "describe() returns something but Capabilities")
        require(said == desk.connector.describe(), "describe() answers otherwise at the second call")
        require(said.api == API, "describe() says another version than the class")
        require(Operation.VERIFY in said.operations, "describe() does not offer `verify`")
        for operation, protocols in _OPTIONAL.items():
            has = isinstance(desk.connector, protocols)
            require(has or operation not in said.operations, f"describe() offers {operation}, and no method has it")


def confirms(subject: PopulationSubject) -> None:
    """A true claim is a match, every time it is asked."""
    with subject.desk() as desk:
        for _ in range(2):
            answer = verified(desk, desk.scenario.known())
            require(answer.outcome is Outcome.MATCH, f"a true claim is answered {answer.outcome}")
            require(answer.source_ref, "the answer does not say which call brought it")


def denies(subject: PopulationSubject) -> None:
    """A number that nobody has, or another name, is no match; what differs is named, where that is promised."""
    with subject.desk() as desk:
        outcome = verified(desk, desk.scenario.nobody()).outcome
        require(outcome in (Outcome.NOT_FOUND, Outcome.MISMATCH), f"a number that nobody has is answered {outcome}")
        wrong = replace(desk.scenario.known(), full_name="Không Ai Mẫu")
        answer = verified(desk, wrong)
        require(answer.outcome in (Outcome.NOT_FOUND, Outcome.MISMATCH), f"another name is answered {answer.outcome}")
        if desk.connector.describe().names_mismatch:
            named = answer.attributes.get("full_name") is Compared.MISMATCH
            require(named, "the name differs, and the answer does not say so")


def looks_up(subject: PopulationSubject) -> None:
    """Whoever is given out is who was asked for; where the look-up is not granted, it is denied."""
    with subject.desk() as desk:
        claim = desk.scenario.known()
        if Operation.GET not in desk.connector.describe().operations:
            _denied(lambda: desk.connector.get(claim, desk.context()), "get()")
            return
        found = desk.connector.get(claim, desk.context())
        if not isinstance(found, CitizenSnapshot):
            raise Broken(f"get() answers a true claim with {type(found).__name__}")
        numbers = {found.personal_number, *found.former_numbers}
        require(claim.personal_number in numbers, "get() gives out somebody of another number")
        unknown = desk.connector.get(desk.scenario.nobody(), desk.context())
        require(isinstance(unknown, NotFound), f"get() answers a number that nobody has with {type(unknown).__name__}")


def _denied(ask: Callable[[], object], name: str) -> None:
    try:
        ask()
    except Denied:
        return
    except ConnectorError as error:
        raise Broken(f"{name} is not granted, and raises {type(error).__name__} instead of Denied") from None
    raise Broken(f"{name} is not granted, and answers")


def further(subject: PopulationSubject) -> None:
    """What else is offered answers in the agreed types; what has a method and is not granted is denied."""
    with subject.desk() as desk:
        granted = desk.connector.describe().operations
        asked = dict(_further(desk))
        for operation, ask in asked.items():
            if operation not in granted:
                _denied(ask, operation)
            elif not _is_agreed(operation, ask()):
                raise Broken(f"{operation} answers in a type that was not agreed")
        if not asked:
            raise NotShown("it has nothing but `verify` and `get`")


def _further(desk: Desk) -> Iterator[tuple[Operation, Callable[[], object]]]:
    connector, claim = desk.connector, desk.scenario.known()
    if isinstance(connector, FindsByDescription):
        wanted = Description(full_name=claim.full_name, birth_date=claim.birth_date, sex=claim.sex)
        yield Operation.SEARCH, partial(connector.find, wanted, desk.context())
    if isinstance(connector, TellsRelatives):
        yield Operation.RELATIVES, partial(connector.relatives, claim, desk.context())
    if isinstance(connector, TellsHousehold):
        yield Operation.HOUSEHOLD, partial(connector.household, claim, desk.context())
    if isinstance(connector, TellsChanges):
        yield Operation.CHANGES, partial(connector.changes, None, desk.context(), limit=10)


def _is_agreed(operation: Operation, answer: object) -> bool:
    match operation:
        case Operation.SEARCH:
            return isinstance(answer, TooBroad) or _is_tuple_of(Found, answer)
        case Operation.RELATIVES:
            return isinstance(answer, NotFound) or _is_tuple_of(Relative, answer)
        case Operation.HOUSEHOLD:
            return isinstance(answer, NotFound | Household)
        case _:
            return isinstance(answer, ChangePage)


def _is_tuple_of(kind: type, answer: object) -> bool:
    return isinstance(answer, tuple) and all(isinstance(one, kind) for one in answer)


def out_of_use(subject: PopulationSubject) -> None:
    """A number that is out of use is not confirmed as if it were in use, where the system tells."""
    with subject.desk() as desk:
        claim = desk.scenario.inactive()
        if not desk.connector.describe().tells_inactive:
            raise NotShown("the system does not tell")
        outcome = verified(desk, claim).outcome
        require(outcome is Outcome.INACTIVE, f"a number that is out of use is answered {outcome}")
        if Operation.GET in desk.connector.describe().operations:
            found = desk.connector.get(claim, desk.context())
            dead = isinstance(found, CitizenSnapshot) and found.status != "alive"
            require(
                isinstance(found, Inactive) or dead, "get() gives out an entry that is out of use as if it were not"
            )


def several(subject: PopulationSubject) -> None:
    """Where several entries fit, none of them is chosen."""
    with subject.desk() as desk:
        claim = desk.scenario.ambiguous()
        outcome = verified(desk, claim).outcome
        require(outcome in (Outcome.AMBIGUOUS, Outcome.MATCH), f"a claim that fits several is answered {outcome}")
        if Operation.GET in desk.connector.describe().operations:
            found = desk.connector.get(claim, desk.context())
            require(
                isinstance(found, Ambiguous), f"get() answers a claim that fits several with {type(found).__name__}"
            )


CLAUSES: Final = (
    Clause(
        name="api",
        promise="it says its version and the model of its settings; secrets are SecretStr",
        show=api,
    ),
    Clause(
        name="describe",
        promise="describe() offers what there are methods for, the same every time",
        show=describe,
        needs=("api",),
    ),
    Clause(name="confirms", promise="a true claim is a match", show=confirms, needs=("describe",)),
    Clause(
        name="denies",
        promise="a number that nobody has, or another name, is no match",
        show=denies,
        needs=("confirms",),
    ),
    Clause(
        name="looks-up",
        promise="get() gives out who was asked for, or denies",
        show=looks_up,
        needs=("confirms",),
    ),
    Clause(
        name="further",
        promise="what else it offers answers in the agreed types, and what is not granted is denied",
        show=further,
        needs=("looks-up",),
    ),
    Clause(name="out-of-use", promise="a number out of use is told so", show=out_of_use, needs=("looks-up",)),
    Clause(
        name="several",
        promise="where several entries fit, none is chosen",
        show=several,
        needs=("looks-up",),
    ),
)

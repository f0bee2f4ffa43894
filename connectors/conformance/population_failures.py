"""Clauses for population connectors on what fails: never a 'no', nobody else's entry, one id for all tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from connectors.conformance.clauses import Broken, Clause, NotShown, require
from connectors.conformance.population_answers import verified
from connectors.conformance.population_scenario import Fault
from connectors.conformance.population_subject import Desk, PopulationSubject, values_of
from connectors.conformance.values import require_silence, secrets_of
from connectors.contract import (
    CitizenSnapshot,
    Claim,
    ConnectorError,
    Health,
    Operation,
    Outcome,
    Transient,
    Verification,
)

_ALWAYS: Final = 50  # faults in a row, more than anybody tries
_OUT_OF_TIME: Final = 20.0  # seconds
_NO_ANSWER: Final = tuple(fault for fault in Fault if fault is not Fault.OTHER_PERSON)
_TRY_AGAIN: Final = (Fault.DOWN, Fault.FAILED, Fault.BUSY)


def failures(subject: PopulationSubject) -> None:
    """No answer is a typed failure or 'unknown', and never a 'no'."""
    shown = [_shown(subject, fault, _no_answer) for fault in _NO_ANSWER]
    if not any(shown):
        raise NotShown("the system cannot be broken")


def _shown(subject: PopulationSubject, fault: Fault, show: Callable[[Desk, Fault], None]) -> bool:
    try:
        with subject.desk() as desk:
            desk.scenario.fail(fault, times=_ALWAYS)
            show(desk, fault)
    except NotShown:
        return False
    return True


def _no_answer(desk: Desk, fault: Fault) -> None:
    claim = desk.scenario.known()
    answer = _failed(lambda: verified(desk, claim), fault, "verify()")
    if isinstance(answer, Verification):
        unknown = answer.outcome is Outcome.UNKNOWN
        require(unknown, f"the system fails ({fault}), and verify() answers {answer.outcome}")
    found = _failed(lambda: desk.connector.get(claim, desk.context()), fault, "get()")
    require(found is None, f"the system fails ({fault}), and get() answers {type(found).__name__}")


def _failed(ask: Callable[[], Any], fault: Fault, name: str) -> object:
    """Return the answer that there should not be; None: there was a typed failure."""
    try:
        answer: object = ask()
    except ConnectorError:
        return None
    except Broken:
        raise
    except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
        raise Broken(f"the system fails ({fault}), and {name} raises {type(error).__name__}") from None
    return answer


def other_person(subject: PopulationSubject) -> None:
    """Somebody else's entry in the answer is never confirmed and never given out."""
    with subject.desk() as desk:
        desk.scenario.fail(Fault.OTHER_PERSON, times=_ALWAYS)
        claim = desk.scenario.known()
        if Operation.GET in desk.connector.describe().operations:
            found = _failed(lambda: desk.connector.get(claim, desk.context()), Fault.OTHER_PERSON, "get()")
            require(not isinstance(found, CitizenSnapshot), "get() gives out the entry of somebody else")


def same_request(subject: PopulationSubject) -> None:
    """A retry repeats the request id, so that the system knows it for the same question."""
    for fault in _TRY_AGAIN:
        try:
            with subject.desk() as desk:
                desk.scenario.fail(fault, times=1)
                context = desk.context()
                _failed(partial(desk.connector.verify, desk.scenario.known(), context), fault, "verify()")
                told = desk.scenario.asked()
        except NotShown:
            continue
        missing = sum(context.request_id not in question for question in told)
        require(not missing, f"after '{fault}', {missing} of {len(told)} questions lack the request id of the call")


def deadline(subject: PopulationSubject) -> None:
    """No try begins behind the deadline."""
    with subject.desk() as desk:
        desk.scenario.fail(Fault.FAILED, times=_ALWAYS)
        context = desk.context(seconds=_OUT_OF_TIME)
        began = desk.time.now()
        answer = _failed(lambda: desk.connector.verify(desk.scenario.known(), context), Fault.FAILED, "verify()")
        require(answer is None or isinstance(answer, Verification), "verify() answers out of nothing")
        waited = (desk.time.now() - began).total_seconds()
        require(waited <= _OUT_OF_TIME, "verify() goes on waiting behind the deadline")
        before = len(desk.scenario.asked())
        late = replace(desk.context(), deadline=desk.time.now())
        desk.time.sleep(1)
        try:
            desk.connector.verify(desk.scenario.known(), late)
        except Transient:
            pass
        except ConnectorError as error:
            raise Broken(f"behind the deadline verify() raises {type(error).__name__}, which is not passing") from None
        require(len(desk.scenario.asked()) == before, "verify() asks behind the deadline")


def health(subject: PopulationSubject) -> None:
    """Health is told, whatever happens."""
    with subject.desk() as desk:
        require(_health(desk).ok, "health() finds a system ill that answers")
    for fault in (Fault.DOWN, Fault.FAILED, Fault.RUBBISH, Fault.DENIED):
        _shown(subject, fault, _ill)


def _ill(desk: Desk, fault: Fault) -> None:
    said = _health(desk)
    require(not said.ok or fault is not Fault.DOWN, "health() finds nothing wrong with a system that is down")


def _health(desk: Desk) -> Health:
    try:
        said = desk.connector.health()
    except Exception as error:  # noqa: BLE001  whatever a connector of others may raise is the finding
        raise Broken(f"health() raises {type(error).__name__}") from None
    require(isinstance(said, Health), f"health() returns {type(said).__name__}, not Health")
    return said


def rubbish_claims(subject: PopulationSubject) -> None:
    """A claim that cannot be asked is refused by its field, or answered; it never breaks the connector."""
    with subject.desk() as desk:
        known = desk.scenario.known()
        for changed in ({"personal_number": "?"}, {"birth_date": "không rõ"}, {"full_name": "\x00<&>"}):
            claim = replace(known, **changed)
            answer = _failed(partial(verified, desk, claim), Fault.RUBBISH, "verify()")
            match = isinstance(answer, Verification) and answer.outcome is Outcome.MATCH
            require(not match, f"a claim with rubbish in {', '.join(changed)} is a match")


def silence(subject: PopulationSubject) -> None:
    """What is printed of the connector, its answers and failures tells nobody's values and no secret."""
    with subject.desk() as desk:
        known, nobody = desk.scenario.known(), desk.scenario.nobody()
        hidden = values_of(known, nobody) | secrets_of(subject.settings_of(desk.scenario))
        require_silence(f"{desk.connector!r} {desk.connector.health()!r}", hidden, of="repr() of the connector")
        for claim in (known, nobody):
            for text, of in _told(desk, claim):
                require_silence(text, hidden, of=of)
    for fault in Fault:
        _shown(subject, fault, lambda desk, fault: _silent(desk, fault, hidden))


def _silent(desk: Desk, fault: Fault, hidden: frozenset[str]) -> None:
    for text, of in _told(desk, desk.scenario.known()):
        require_silence(text, hidden, of=f"{of} while the system fails ({fault})")


def _told(desk: Desk, claim: Claim) -> Iterator[tuple[str, str]]:
    for name, ask in (("verify()", desk.connector.verify), ("get()", desk.connector.get)):
        try:
            answer: object = ask(claim, desk.context())
        except ConnectorError as error:
            yield f"{error!s} {error!r}", f"the text of the {type(error).__name__} that {name} raises"
        else:
            yield f"{answer!s} {answer!r}", f"repr() of what {name} answers"


CLAUSES: Final = (
    Clause(
        name="failures",
        promise="no answer is a typed failure or 'unknown', never a 'no'",
        show=failures,
        needs=("confirms",),
    ),
    Clause(
        name="other-person",
        promise="somebody else's entry is never given out",
        show=other_person,
        needs=("looks-up",),
    ),
    Clause(
        name="same-request",
        promise="a retry repeats the request id",
        show=same_request,
        needs=("failures",),
    ),
    Clause(name="deadline", promise="no try begins behind the deadline", show=deadline, needs=("failures",)),
    Clause(
        name="health",
        promise="health() never raises, and finds a system that is down",
        show=health,
        needs=("api",),
    ),
    Clause(
        name="rubbish-claims",
        promise="a claim that cannot be asked never breaks the connector, and is no match",
        show=rubbish_claims,
        needs=("denies",),
    ),
    Clause(
        name="silence",
        promise="what is printed tells nobody's values and no secret",
        show=silence,
        needs=("failures", "looks-up", "health"),
    ),
)

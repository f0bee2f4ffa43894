"""The door by which a test or a demonstration steers the simulator: faults, outages, what happens to people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.simulators.exchange import Answered, Asked, json_answer
from connectors.simulators.population.book import NobodyThere
from connectors.simulators.population.faults import fault_named
from connectors.simulators.population.json_reading import NotJson, read_json
from connectors.simulators.population.soap_answers import Quirk

if TYPE_CHECKING:
    from connectors.simulators.population.simulation import SimulatedPopulation

DOOR = "/_simulator/"
LONGEST_OUTAGE = 7 * 86_400.0  # seconds
MOST_TIMES = 10_000

Number = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Code = Annotated[str, Field(pattern=r"^[0-9]{0,5}$")]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
Words = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,200}$")]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class _Faults(_Said):
    """Faults for the next requests, each so many times; and shares of all that follow."""

    next: list[str | None] = []
    times: Annotated[int, Field(ge=1, le=MOST_TIMES)] = 1
    shares: dict[str, float] | None = None


class _Event(_Said):
    """What happens to somebody, with the facts that belong to it."""

    event: Literal["die", "move", "renumber", "correct", "double"]
    on: Day | None = None
    to: Number | None = None
    commune: Code | None = None
    province: Code | None = None
    detail: Words | None = None
    full_name: Words | None = None
    sex: Literal["1", "2"] | None = None
    birth_date: Day | None = None


class _Outage(_Said):
    seconds: Annotated[float, Field(ge=0, le=LONGEST_OUTAGE)]


class _Quirks(_Said):
    quirks: list[str]


def steer(simulated: SimulatedPopulation, asked: Asked) -> Answered:
    """Do what is asked at the door."""
    name, _, rest = asked.path.removeprefix(DOOR).partition("/")
    if asked.method == "GET" and name == "log":
        return json_answer({"counts": simulated.counts()})
    known = _DOORS.get(name)
    if known is None or asked.method != "POST":
        return json_answer({"error": "there is no such door"}, status=404)
    try:
        return json_answer({"done": known(simulated, read_json(asked.body or b"{}"), rest)})
    except NobodyThere:
        return json_answer({"error": "nobody has this number"}, status=404)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))
        return json_answer({"error": f"not understood: {place or 'an object is expected'}"}, status=400)
    except (ValueError, TypeError, NotJson):
        return json_answer({"error": "not understood"}, status=400)


def _faults(simulated: SimulatedPopulation, said: object, _rest: str) -> object:
    order = _Faults.model_validate(said)
    faults = [None if kind is None else fault_named(kind) for kind in order.next]
    if order.shares is not None:
        simulated.shares(order.shares)
    for fault in faults:
        simulated.fault(fault, times=order.times)
    return {"ordered": len(faults)}


def _people(simulated: SimulatedPopulation, said: object, number: str) -> object:
    event = _Event.model_validate(said)
    facts = event.model_dump(exclude_none=True, exclude={"event"})
    happen: dict[str, Callable[..., object]] = {
        "die": simulated.change.die,
        "move": simulated.change.move,
        "renumber": simulated.change.renumber,
        "correct": simulated.change.correct,
        "double": simulated.change.double,
    }
    return {"event": event.event, "number": happen[event.event](number, **facts)}


def _outage(simulated: SimulatedPopulation, said: object, rest: str) -> object:
    outage = _Outage.model_validate({"seconds": float(rest)} if rest else said)
    simulated.outage(outage.seconds)
    return {"seconds": outage.seconds}


def _quirks(simulated: SimulatedPopulation, said: object, _rest: str) -> object:
    quirks = [Quirk(name) for name in _Quirks.model_validate(said).quirks]
    simulated.use(quirks)
    return {"quirks": quirks}


_DOORS = {"faults": _faults, "people": _people, "outage": _outage, "quirks": _quirks}

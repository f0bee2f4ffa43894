"""The search parameters that the simulated FHIR server understands for patients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from connectors.simulators.population.book import Book, Entry, letters, same_day
from connectors.simulators.population.fhir_resources import NUMBER_SYSTEM
from connectors.simulators.population.people import Person

_SEX = {"male": "1", "female": "2"}
_RESULT = {"_count", "_format", "_offset", "_summary"}
_NO_END = datetime(9999, 1, 1, tzinfo=UTC)


class BadSearch(Exception):
    """A parameter is unknown or of another form; the message names it."""


def searched(book: Book, pairs: Iterable[tuple[str, str]]) -> list[Entry]:
    """Return whom a search finds, in the order of their numbers.

    Raises:
        BadSearch: a parameter is not understood, or there is none.
    """
    said = [(name, value) for name, value in pairs if name not in _RESULT]
    if not said:
        raise BadSearch("a search parameter is needed")
    entries = _of_number(book, said)
    if entries is None:
        entries = _of_window(book, said)
    tests = [_test(name, value) for name, value in said if name not in ("identifier", "_lastUpdated")]
    found = [entry for entry in entries if all(test(entry.person) for test in tests)]
    return [entry for entry in found for _ in range(1 + entry.person.doubled)]


def _of_number(book: Book, said: list[tuple[str, str]]) -> list[Entry] | None:
    """Return who has the number searched for; None: none is."""
    identifiers = [value for name, value in said if name == "identifier"]
    if not identifiers:
        return None
    system, bar, number = identifiers[0].rpartition("|")
    if len(identifiers) > 1 or (bar and system not in ("", NUMBER_SYSTEM)):
        raise BadSearch("identifier")
    entry = book.entry(number)
    return [] if entry is None else [entry]


def _of_window(book: Book, said: list[tuple[str, str]]) -> list[Entry]:
    """Return everybody, or those whose entry changed in the window that is searched."""
    edges = [value for name, value in said if name == "_lastUpdated"]
    if not edges:
        return [Entry(person=person, asked=person.number) for person in book.everybody()]
    since = [_instant(edge[2:]) for edge in edges if edge[:2] in ("ge", "gt")]
    until = [_instant(edge[2:]) for edge in edges if edge[:2] in ("lt", "le")]
    if len(since) != 1 or len(since) + len(until) != len(edges):
        raise BadSearch("_lastUpdated")
    people = book.changed(since[0], until[0] if until else _NO_END)
    return [Entry(person=person, asked=person.number) for person in people]


def _instant(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise BadSearch("_lastUpdated") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _test(name: str, value: str) -> Callable[[Person], bool]:
    plain = name.partition(":")[0]
    wanted = letters(value)
    if plain == "family":
        return lambda person: letters(person.full_name.split(" ")[0]) == wanted
    if plain == "given":
        return lambda person: any(letters(word) == wanted for word in person.full_name.split(" ")[1:])
    if plain == "name":
        return lambda person: wanted in letters(person.full_name)
    if plain == "birthdate":
        day = value.removeprefix("eq")
        return lambda person: same_day(person.birth_date, day)
    if plain == "gender":
        return lambda person: person.sex == _SEX.get(value, "?")
    if plain == "mothersMaidenName":
        return lambda person: wanted in letters(person.mother_name)
    raise BadSearch(plain)

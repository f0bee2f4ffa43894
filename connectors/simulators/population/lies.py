"""Answers that are well-formed and not true: somebody else, a death, another number, a double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from connectors.simulators.population.book import Book, Entry
from connectors.simulators.population.faults import Fault
from connectors.simulators.population.people import Standing

ANOTHER_NUMBER = "999999"  # the end of the number that a lie puts in the place of one
LIES = (Fault.WRONG_CHILD, Fault.DECEASED, Fault.NUMBER_REPLACED, Fault.DUPLICATE)


def lied(book: Book, entries: Sequence[Entry], fault: Fault | None, now: datetime) -> list[Entry]:
    """Return the entries as a fault tells them; other faults leave them as they are."""
    if fault is Fault.WRONG_CHILD:
        stranger = book.other_than(entries[0].person.number if entries else "")
        return [Entry(person=stranger, asked=stranger.number)]
    if fault is Fault.DECEASED:
        return [_dead(entry, now) for entry in entries]
    if fault is Fault.NUMBER_REPLACED:
        return [_renumbered(entry) for entry in entries]
    return [*entries, *entries] if fault is Fault.DUPLICATE else list(entries)


def _dead(entry: Entry, now: datetime) -> Entry:
    died_on = now.date().isoformat()
    return replace(entry, person=replace(entry.person, standing=Standing.DECEASED, died_on=died_on))


def _renumbered(entry: Entry) -> Entry:
    new = entry.person.number[:6] + ANOTHER_NUMBER
    return replace(entry, person=replace(entry.person, number=new, former_numbers=(entry.asked,)))

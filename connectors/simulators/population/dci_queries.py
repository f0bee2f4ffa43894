"""What the simulated DCI registry can be searched for, and how a person is written there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.simulators.population.book import Book, Entry, letters, same_day
from connectors.simulators.population.people import Person, Standing

_INVALID = "rjct.search_criteria.invalid"
_SEX = {"1": "male", "2": "female"}


class BadCriteria(Exception):
    """A search cannot be taken; `code` is the standard's reason."""

    def __init__(self, code: str = _INVALID) -> None:
        super().__init__(code)
        self.code = code


def found(book: Book, criteria: Mapping[str, Any]) -> list[Entry]:
    """Return whom the criteria describe, in the order of their numbers.

    Raises:
        BadCriteria: they cannot be taken.
    """
    kind, query = criteria.get("query_type"), criteria.get("query")
    if kind == "idtype-value":
        if not isinstance(query, dict) or query.get("type") != "UIN":
            raise BadCriteria
        return _with_number(book, query.get("value"))
    if kind not in ("expression", "predicate") or not isinstance(query, list) or not query:
        raise BadCriteria
    return _by_expressions(book, query)


def _with_number(book: Book, number: object) -> list[Entry]:
    if not isinstance(number, str) or not number:
        raise BadCriteria
    entry = book.entry(number)
    if entry is None:
        return []
    return [entry, entry] if entry.person.doubled else [entry]


def _by_expressions(book: Book, query: list[Any]) -> list[Entry]:
    alone = query[0] if len(query) == 1 and isinstance(query[0], dict) else {}
    first = alone.get("expression1")
    if isinstance(first, dict) and not alone.get("expression2"):
        names_number = first.get("attribute_name") == "UIN" and first.get("operator") == "eq"
        if names_number:
            return _with_number(book, first.get("attribute_value"))
    tests = [_item(item) for item in query]
    people = [person for person in book.everybody() if all(test(person) for test in tests)]
    return [Entry(person=person, asked=person.number) for person in people for _ in range(1 + person.doubled)]


Test = Callable[[Person], bool]


def _item(item: object) -> Test:
    """Return the test of one member of a predicate: one expression, or two with a condition between."""
    if not isinstance(item, dict):
        raise BadCriteria
    first, second = _expression(item.get("expression1")), item.get("expression2")
    if not second:
        return first
    other, condition = _expression(second), item.get("condition")
    if condition == "and":
        return lambda person: first(person) and other(person)
    if condition == "or":
        return lambda person: first(person) or other(person)
    if condition == "not":
        return lambda person: first(person) and not other(person)
    raise BadCriteria


def _expression(expression: object) -> Test:
    if not isinstance(expression, dict):
        raise BadCriteria
    value_of = _ATTRIBUTES.get(str(expression.get("attribute_name")))
    operator, wanted = expression.get("operator"), expression.get("attribute_value")
    if value_of is None:
        raise BadCriteria
    if operator == "in" and isinstance(wanted, list):
        return lambda person: any(_equal(value_of(person), str(one)) for one in wanted)
    if operator == "eq" and isinstance(wanted, str):
        return lambda person: _equal(value_of(person), wanted)
    compare = _ORDER.get(str(operator))
    if compare is None or not isinstance(wanted, str):
        raise BadCriteria
    return lambda person: bool(value_of(person)) and compare(value_of(person), wanted)


_ORDER: Mapping[str, Callable[[str, str], bool]] = {
    "gt": lambda value, wanted: value > wanted,
    "lt": lambda value, wanted: value < wanted,
    "ge": lambda value, wanted: value >= wanted,
    "le": lambda value, wanted: value <= wanted,
}
_ATTRIBUTES: Mapping[str, Callable[[Person], str]] = {
    "UIN": lambda person: person.number,
    "name": lambda person: person.full_name,
    "full_name": lambda person: person.full_name,
    "surname": lambda person: named(person.full_name)["surname"],
    "given_name": lambda person: named(person.full_name)["given_name"],
    "second_name": lambda person: named(person.full_name)["second_name"],
    "birth_date": lambda person: person.birth_date,
    "DOB": lambda person: person.birth_date,
    "YOB": lambda person: person.birth_date[:4],
    "sex": lambda person: _SEX.get(person.sex, ""),
}


def _equal(value: str, wanted: str) -> bool:
    if value[:4].isdigit() and len(value) in (4, 7, 10) and wanted[:4].isdigit():
        return same_day(value, wanted[:10])
    return letters(value) == letters(wanted)


def named(full_name: str) -> dict[str, str]:
    """Return a name in the standard's parts."""
    words = full_name.split()
    if len(words) < 2:
        return {"surname": "", "second_name": "", "given_name": full_name}
    return {"surname": words[0], "second_name": " ".join(words[1:-1]), "given_name": words[-1]}


def record(entry: Entry, *, place: int) -> dict[str, Any]:
    """Return a person as a record of civil registration; `place` tells doubles apart."""
    person = entry.person
    identifiers = [_identifier("UIN", person.number)]
    identifiers += [_identifier("UIN_REPLACED", old) for old in person.former_numbers]
    written: dict[str, Any] = {
        "@context": {"@vocab": "https://schema.spdci.org/common/v1"},
        "@id": f"CRVS_Person_{place}",
        "@type": "CRVS_Person",
        "identifier": identifiers,
        "name": {"@type": "Name", **named(person.full_name)},
        "sex": _SEX.get(person.sex, ""),
        "birth_date": person.birth_date,
        "death_date": person.died_on or ("1900" if person.standing is Standing.DECEASED else ""),
        "address": [
            {
                "@type": "Address",
                "address_line1": person.detail,
                "locality": person.commune,
                "sub_region_code": "",
                "region_code": person.province,
                "country_code": "VN",
            }
        ],
    }
    for name, number in (("parent1", person.mother_number), ("parent2", person.father_number)):
        if number:
            written[f"{name}_identifier"] = _identifier("UIN", number)
    return written


def _identifier(kind: str, value: str) -> dict[str, str]:
    return {"@type": "Identifier", "identifier_type": kind, "identifier_value": value}

"""Make the comparable facts of a person out of what a system wrote: what is odd is flagged, what is broken refused.

A record is refused only when keeping it would mean guessing or running something: a day that does not exist, a code
for sex that nobody defined, a formula, a damaged text. Odd numbers, unknown communes and placeholder names are kept.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from connectors.contract import CitizenSnapshot
from connectors.records import ChildFacts, PersonFacts
from matching import dates, names, numbers
from matching.ethnicity import read_ethnicity
from matching.identity import BirthDate, Certainty, Flag, Identity, Name, Parent, Scheme, Sex, Unit
from matching.places import read_unit, units_in

RULES: Mapping[str, str] = MappingProxyType(
    {
        "impossible_date": "The calendar has no such day, or nobody has such an age.",
        "unreadable_date": "The date has none of the forms that are read.",
        "future_date": "The birth date lies after the day on which the record was read.",
        "unknown_sex": "The code for the sex is none that is defined.",
        "formula_text": "The text begins as a formula that a spreadsheet would run.",
        "loose_mark": "A combining mark belongs to no letter: marks were typed or converted in a wrong order.",
        "control_character": "The text holds a control character or a code point that is no character.",
        "lost_character": "A letter was lost on the way: a replacement character or question mark stands for it.",
        "digits_for_name": "Digits stand where a name should: the columns are probably shifted.",
        "too_long": "The text is longer than any real value of this field.",
        "record_damaged": "The key of the record that is stored cannot be read: nothing can be added to it.",
        "row_damaged": "The sealed bytes of the row cannot be read.",
    }
)
_LONGEST_NAME = 120
_LONGEST = 500
_LINE_BREAKS = frozenset("\t\r\n")
_SEXES: Mapping[str, Sex | None] = {
    **dict.fromkeys(("nam", "male", "m", "1", "trai", "con trai", "bé trai"), Sex.MALE),
    **dict.fromkeys(("nữ", "nu", "female", "f", "2", "gái", "con gái", "bé gái"), Sex.FEMALE),
    **dict.fromkeys(("không biết", "không rõ", "chưa rõ", "khác", "unknown", "other", "undetermined", "9"), None),
}


class RuleBroken(Exception):
    """A value breaks a rule of the list. `rule` and `field` say which and where; the value is not repeated."""

    def __init__(self, rule: str, field: str) -> None:
        super().__init__(f"{rule}: {field}")
        self.rule = rule
        self.field = field


def _texts_of_person(role: str, person: PersonFacts | None) -> Iterator[tuple[str, str | None]]:
    if person is not None:
        yield f"{role}.name", person.name
        yield f"{role}.number", person.number
        yield f"{role}.birth_year", person.birth_year
        yield f"{role}.relation", person.relation


def _texts(facts: ChildFacts) -> Iterator[tuple[str, str | None]]:
    yield "name", facts.name
    yield "sex", facts.sex
    yield "birth_date", facts.birth_date
    yield "estimated_on", facts.estimated_on
    yield "personal_number", facts.personal_number
    yield "ethnicity", facts.ethnicity
    yield "commune_code", facts.commune_code
    yield "commune_scheme", facts.commune_scheme
    yield "address", facts.address
    for role, person in (("mother", facts.mother), ("father", facts.father), ("carer", facts.carer)):
        yield from _texts_of_person(role, person)


def _check_text(field: str, text: str) -> None:
    if len(text) > (_LONGEST_NAME if field.endswith("name") else _LONGEST):
        raise RuleBroken("too_long", field)
    if names.looks_like_formula(text):
        raise RuleBroken("formula_text", field)
    if not text.isprintable() and any(
        unicodedata.category(char) in {"Cc", "Cn", "Co", "Cs"} and char not in _LINE_BREAKS for char in text
    ):
        raise RuleBroken("control_character", field)
    if "\ufffd" in text:
        raise RuleBroken("lost_character", field)


def check_texts(texts: Iterable[tuple[str, str | None]]) -> None:
    """Refuse what must not be kept in any field, whatever it means; for facts that are not compared as well.

    Args: texts: (field, text as written); None: not written.
    Raises: RuleBroken: a text is a formula, is damaged or is longer than any real value.
    """
    for field, text in texts:
        if text is not None:
            _check_text(field, text)


def _name(field: str, written: str | None) -> tuple[Name | None, frozenset[Flag]]:
    try:
        return names.read_name(written)
    except names.NotAName as broken:
        raise RuleBroken(str(broken.fault), field) from None


def _sex(written: str | None) -> Sex | None:
    text = " ".join(names.clean(written or "").lower().split())
    if not text or names.says_unknown(text):
        return None
    if text not in _SEXES:
        raise RuleBroken("unknown_sex", "sex")
    return _SEXES[text]


def _read_date(field: str, written: str | None) -> tuple[BirthDate | None, frozenset[Flag]]:
    try:
        return dates.read_birth_date(written)
    except dates.ImpossibleDate:
        raise RuleBroken("impossible_date", field) from None
    except dates.UnreadableDate:
        raise RuleBroken("unreadable_date", field) from None


def _estimated(age: int, written: str | None, *, on: date) -> BirthDate:
    """Return the year that an estimated age gives; an age without a day of the estimate is reckoned at `on`."""
    when, _ = _read_date("estimated_on", written)
    day = on if when is None else date(when.year, when.month or 1, when.day or 1)
    try:
        return dates.from_estimated_age(age, day)
    except dates.ImpossibleDate:
        raise RuleBroken("impossible_date", "estimated_age") from None


def _birth(facts: ChildFacts, *, on: date) -> tuple[BirthDate | None, frozenset[Flag]]:
    birth, flags = _read_date("birth_date", facts.birth_date)
    if birth is None and facts.estimated_age is not None:
        birth, flags = _estimated(facts.estimated_age, facts.estimated_on, on=on), frozenset({Flag.BIRTH_ESTIMATED})
    if birth is not None and dates.is_after(birth, on):
        raise RuleBroken("future_date", "birth_date")
    return birth, flags


def _year(written: str | None) -> int | None:
    """Return a parent's year of birth; one that cannot be read is not known, for it decides nothing by itself."""
    try:
        birth, _ = dates.read_birth_date(written)
    except (dates.ImpossibleDate, dates.UnreadableDate):
        return None
    return birth.year if birth else None


def _parent(role: str, person: PersonFacts | None) -> Parent | None:
    if person is None:
        return None
    name, _ = _name(f"{role}.name", person.name)
    parent = Parent(name=name, number=numbers.read_parent_paper(person.number), birth_year=_year(person.birth_year))
    return None if parent == Parent() else parent


def _mother(facts: ChildFacts, name: Name | None) -> Parent | None:
    """Return the mother as written; where nobody wrote her name, the one that a newborn is called after."""
    mother = _parent("mother", facts.mother)
    after = names.mother_in(name) if name is not None else None
    if after is None or (mother is not None and mother.name is not None):
        return mother
    known = mother or Parent()
    return Parent(name=after, number=known.number, birth_year=known.birth_year)


def _unit(facts: ChildFacts) -> tuple[Unit | None, frozenset[Flag]]:
    written = (facts.commune_scheme or "").strip()
    scheme = Scheme(written) if written in set(Scheme) else None
    unit = read_unit(facts.commune_code, scheme, address=facts.address)
    if unit is None or unit.certainty is Certainty.EXACT:
        return unit, frozenset()
    if unit.certainty is Certainty.AMBIGUOUS:
        return unit, frozenset({Flag.UNIT_AMBIGUOUS})
    # The code means nothing; what the address names is known all the same, and the flag stays.
    return (units_in(facts.address) if facts.address else None) or unit, frozenset({Flag.UNIT_UNKNOWN})


def _number_flags(number: str | None, sex: Sex | None, *, birth: BirthDate | None, on: date) -> frozenset[Flag]:
    if number is None:
        return frozenset()
    exact_year = birth.year if birth is not None and birth.tolerance_years == 0 else None
    return numbers.flags_of(number, sex=sex, birth_year=exact_year, on=on)


def identity_of(facts: ChildFacts, *, on: date) -> Identity:
    """Return the comparable facts of the child that `facts` describe.

    Args: on: the day the record is read, or that it tells of: nobody in it was born later.
    Raises: RuleBroken: a value breaks one of `RULES`.
    """
    check_texts(_texts(facts))
    name, name_flags = _name("name", facts.name)
    sex = _sex(facts.sex)
    birth, birth_flags = _birth(facts, on=on)
    number, number_flags = numbers.read_number(facts.personal_number)
    unit, unit_flags = _unit(facts)
    mother, father = _mother(facts, name), _parent("father", facts.father)
    flags = name_flags | birth_flags | number_flags | unit_flags | _number_flags(number, sex, birth=birth, on=on)
    if number is not None and number in {parent.number for parent in (mother, father) if parent is not None}:
        flags |= {Flag.NUMBER_OF_PARENT}
    return Identity(
        name=name,
        sex=sex,
        birth=birth,
        number=number,
        unit=unit,
        ethnicity=read_ethnicity(facts.ethnicity),
        mother=mother,
        father=father,
        flags=flags,
    )


def _facts_of(snapshot: CitizenSnapshot) -> ChildFacts:
    today = bool((snapshot.commune_code or "").strip())
    return ChildFacts(
        name=snapshot.full_name,
        sex=snapshot.sex,
        birth_date=snapshot.birth_date,
        personal_number=snapshot.personal_number,
        ethnicity=snapshot.ethnicity,
        commune_code=snapshot.commune_code if today else snapshot.old_commune_code,
        commune_scheme=Scheme.SINCE_2025 if today else Scheme.BEFORE_2025,
        address=snapshot.address,
        mother=PersonFacts(name=snapshot.mother_name, number=snapshot.mother_number),
        father=PersonFacts(name=snapshot.father_name, number=snapshot.father_number),
    )


def identity_of_citizen(snapshot: CitizenSnapshot, *, on: date) -> Identity:
    """Return the comparable facts of a citizen as the population database describes them.

    Args: on: the day of the extract or answer.
    Raises: RuleBroken: a value breaks one of `RULES`.
    """
    identity = identity_of(_facts_of(snapshot), on=on)
    former = []
    for written in snapshot.former_numbers:
        check_texts([("former_numbers", written)])
        number, _ = numbers.read_number(written)
        if number is not None and number not in former:
            former.append(number)
    return replace(identity, former_numbers=tuple(former))

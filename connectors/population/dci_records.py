"""A person's record in the DCI interface for civil registration, as facts of ours.

The reader is tolerant where the standard's own samples break its schema: one identifier instead of a list, empty text
for what is absent, a moment where a day is meant. It is strict about whose record it is.
Source: SP DCI v1.0.0, CRVSPerson.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from connectors.contract import CitizenSnapshot, ContractDrift, Kinship, Relative
from connectors.formats.strict_json import read_model

_DATE: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_UNIT: Final = re.compile(r"[0-9]{5}")
_SEXES: Final = {"male": "1", "female": "2", "m": "1", "f": "2"}


def _listed(value: object) -> object:
    """Take one thing as a list of one, and nothing as none."""
    if value in (None, "", {}):
        return []
    return value if isinstance(value, list) else [value]


def _said(value: object) -> object:
    """Take empty text and an empty object as nothing."""
    return None if value in ("", {}, []) else value


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Identifier(_Part):
    identifier_type: str | None = None
    identifier_value: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)


class _Name(_Part):
    surname: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)
    second_name: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)
    given_name: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)

    def written(self) -> str | None:
        """Return the name as one line, in the Vietnamese order."""
        parts = [part.strip() for part in (self.surname, self.second_name, self.given_name) if part and part.strip()]
        return " ".join(parts) or None


class _Address(_Part):
    address_line1: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)
    locality: Annotated[str | None, BeforeValidator(_said)] = None
    address_line2: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)


Identifiers = Annotated[list[_Identifier], BeforeValidator(_listed)]


class Person(_Part):
    """A person as a partner describes them."""

    identifier: Identifiers = Field(default_factory=list, repr=False)
    name: Annotated[_Name | None, BeforeValidator(_said)] = Field(default=None, repr=False)
    sex: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)
    birth_date: Annotated[str | None, BeforeValidator(_said)] = Field(default=None, repr=False)
    death_date: Annotated[str | None, BeforeValidator(_said)] = None
    address: Annotated[list[_Address], BeforeValidator(_listed)] = Field(default_factory=list, repr=False)
    parent1_identifier: Identifiers = Field(default_factory=list, repr=False)
    parent2_identifier: Identifiers = Field(default_factory=list, repr=False)

    def numbers(self, kind: str) -> list[str]:
        """Return the identifiers of a type."""
        return [one.identifier_value for one in self.identifier if one.identifier_type == kind and one.identifier_value]


def read_person(record: object) -> Person:
    """Return one record.

    Raises:
        ContractDrift: it is none, or a date in it is none.
    """
    person = read_model(Person, record, place="reg_records")
    for date, place in ((person.birth_date, "birth_date"), (person.death_date, "death_date")):
        if date is not None and not _DATE.match(date):
            raise ContractDrift(f"reg_records.{place}")
    return person


def citizen_of(
    person: Person, record: Mapping[str, Any], *, kinds: tuple[str, str], source_ref: str
) -> CitizenSnapshot:
    """Return what a record says of a citizen.

    Args:
        kinds: identifier types of a number in use, and of a former one.

    Raises:
        ContractDrift: the record bears no number in use, or several.
    """
    numbers = set(person.numbers(kinds[0]))
    if len(numbers) != 1:
        raise ContractDrift("reg_records.identifier")
    lines = [line for one in person.address[:1] for line in (one.address_line1, one.address_line2) if line]
    return CitizenSnapshot(
        personal_number=numbers.pop(),
        former_numbers=tuple(person.numbers(kinds[1])),
        full_name=person.name.written() if person.name else None,
        sex=_SEXES.get((person.sex or "").lower()),
        birth_date=person.birth_date[:10] if person.birth_date else None,
        commune_code=_commune(person.address[:1]),
        address=", ".join(lines) or None,
        status="deceased" if person.death_date else "alive",
        source_ref=source_ref,
        raw=json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(),
    )


def _commune(addresses: list[_Address]) -> str | None:
    """Return the commune's code, where a partner writes one as the locality; a place in words is none."""
    locality = addresses[0].locality if addresses else None
    return locality if locality and _UNIT.fullmatch(locality) else None


def parents_of(person: Person, *, kind: str, source_ref: str) -> tuple[Relative, ...]:
    """Return the parents whom a record names by number.

    The standard does not say which of the two is the mother, so neither is called so.
    """
    numbers = [
        one.identifier_value
        for one in (*person.parent1_identifier, *person.parent2_identifier)
        if one.identifier_type in (kind, None) and one.identifier_value
    ]
    return tuple(Relative(kinship=Kinship.OTHER, personal_number=number, source_ref=source_ref) for number in numbers)

"""What a sector system said of one child, as written there; and the rows that could not be read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Operation(StrEnum):
    """What a row asks for. A withdrawal is said by a tombstone, never by absence."""

    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """A parent or carer as written."""

    name: str | None = field(default=None, repr=False)
    number: str | None = field(default=None, repr=False)
    birth_year: str | None = field(default=None, repr=False)
    relation: str | None = field(default=None, repr=False)  # of a carer: 'bà ngoại'


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildFacts:
    """What identifies the child, as written. None: the source does not say."""

    name: str | None = field(default=None, repr=False)
    sex: str | None = field(default=None, repr=False)
    birth_date: str | None = field(default=None, repr=False)  # '2014', '05/2014', '03/05/2014', ISO, or words
    estimated_age: int | None = field(default=None, repr=False)  # years, when `estimated_on`
    estimated_on: str | None = None  # ISO date of the estimate
    personal_number: str | None = field(default=None, repr=False)
    ethnicity: str | None = field(default=None, repr=False)  # name or code
    commune_code: str | None = None
    commune_scheme: str | None = None  # '2024', '2025'; None: the source does not say which list
    address: str | None = field(default=None, repr=False)
    mother: PersonFacts | None = None
    father: PersonFacts | None = None
    carer: PersonFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """A child-protection case. Everything in it is sealed under a key of the case's own."""

    groups: tuple[int, ...] = field(default=(), repr=False)  # 1-14 of the Law on Children, article 10
    harm_level: str | None = field(default=None, repr=False)
    details: dict[str, Any] = field(default_factory=dict, repr=False)  # form, channel, settings, measures, plan, status
    notes: str | None = field(default=None, repr=False)
    reporter: dict[str, Any] | None = field(default=None, repr=False)  # never shown, never matched on
    suspect: dict[str, Any] | None = field(default=None, repr=False)  # relation and perhaps name; None: nobody is named


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """One row of one system: a child as described there, in one version."""

    system: str
    stream: str
    key: str = field(repr=False)  # the record's own id in `system`
    row: int  # place in the file, from 1: the data row, line or sheet row as a person would count it
    operation: Operation = Operation.UPSERT
    version: int | None = None  # the source's own number; a higher one is newer, whatever the time stamps say
    version_at: datetime | None = None  # the source's own time stamp; None: the later row is newer
    facts: ChildFacts = field(default_factory=ChildFacts)
    services: dict[str, Any] = field(
        default_factory=dict, repr=False
    )  # coded facts of the sector: school, doses, allowance
    case: CaseFacts | None = None
    identifiers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # others it is known by: domain and value
    written: dict[str, Any] = field(default_factory=dict, repr=False)  # the whole row as delivered, JSON types
    raw: bytes = field(repr=False)  # what the row was delivered as, in a form that its connector reads again


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that cannot be read. What it was delivered as is for the sealed quarantine alone."""

    row: int
    rule: str  # a name of the rule list, e.g. 'row_too_short'
    field: str | None  # the column or path; None: the whole row
    raw: bytes = dataclasses.field(repr=False)  # in a form that its connector reads again

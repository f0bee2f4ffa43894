"""Finding among a source's own patients by what is known of them.

Source: FHIR R4 (4.0.1), Search; IHE ITI mobile Patient Demographics Query, ITI-78.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_child import ChildDocument, roles_of
from connectors.formats.fhir_domains import IdentityDomain
from connectors.formats.fhir_parts import Resource, identifiers, listed, maiden_name, text
from registry.actions.fhir.own_patients import OwnPatient, by_codes, by_id, by_identifiers
from registry.actions.fhir.scope import SourceScope
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store.session import Transaction

LONGEST: Final = 200
_DATE: Final = re.compile(r"(eq|ge|gt|le|lt|ap)?([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_MODIFIERS: Final = frozenset({"", "exact", "contains"})
_NEAR: Final = 2  # years that an approximate date may be off
_SEXES: Final = frozenset({"male", "female", "other", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text to look for, and how: the beginning of it, anywhere in it, or exactly."""

    text: str = field(repr=False)
    how: str = ""

    def fit(self, written: object) -> bool:
        """Say whether a written text is meant."""
        if not isinstance(written, str):
            return False
        if self.how == "exact":
            return written == self.text
        plain, wanted = _plain(written), _plain(self.text)
        return wanted in plain if self.how == "contains" else plain.startswith(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Born:
    """A birth date to look for, whole or in part."""

    how: str
    date: str = field(repr=False)  # yyyy, yyyy-mm or yyyy-mm-dd

    def fit(self, written: str | None) -> bool:
        """Say whether a written birth date is meant."""
        if not written:
            return False
        at = min(len(written), len(self.date))
        order = (written[:at] > self.date[:at]) - (written[:at] < self.date[:at])
        match self.how:
            case "ge" | "le":
                return order in (0, 1 if self.how == "ge" else -1)
            case "gt" | "lt":
                return order == (1 if self.how == "gt" else -1)
            case "ap":
                return written[:4].isdigit() and abs(int(written[:4]) - int(self.date[:4])) <= _NEAR
            case _:
                return written.startswith(self.date)

    def years(self) -> tuple[int, int]:
        """Return the first and last year of birth that may be meant."""
        year = int(self.date[:4])
        match self.how:
            case "ge" | "gt":
                return year, 9999
            case "le" | "lt":
                return 0, year
            case "ap":
                return year - _NEAR, year + _NEAR
            case _:
                return year, year


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientQuery:
    """What is asked for; nothing at all asks for nobody."""

    named: tuple[tuple[IdentityDomain | None, str], ...] = field(default=(), repr=False)  # None: of any list
    shown: tuple[IdentityDomain, ...] = ()  # the lists whose identifiers are wanted; empty: all
    ids: tuple[str, ...] = ()
    family: Words | None = None
    given: Words | None = None
    name: Words | None = None
    mothers_maiden_name: Words | None = None
    gender: str | None = None
    born: tuple[Born, ...] = ()

    @property
    def demographic(self) -> bool:
        """Whether anything but identifiers is asked for."""
        return bool(self.family or self.given or self.name or self.mothers_maiden_name or self.gender or self.born)


class NothingAsked(FhirRefused):
    """A question that names nothing."""


class TooWide(FhirRefused):
    """More records have to be looked at than one question may open."""


def read_query(asked: list[tuple[str, str]], scope: SourceScope) -> PatientQuery:
    """Return what the parameters of a search ask for.

    Raises:
        FhirRefused: a parameter breaks a rule; it is named, its value is not.
    """
    values: dict[str, list[tuple[str, str]]] = {}
    for name, value in asked:
        plain, _, modifier = name.partition(":")
        if len(value) > LONGEST:
            raise FhirRefused("too_long", _place(plain))
        values.setdefault(plain, []).append((modifier, value))
    named, shown = _identifiers(values.get("identifier", []), scope)
    genders = [value for _, value in values.get("gender", [])]
    if any(gender not in _SEXES for gender in genders) or len(set(genders)) > 1:
        raise FhirRefused("code_unknown", "gender")
    query = PatientQuery(
        named=named,
        shown=shown,
        ids=tuple(value.rpartition("/")[2] for _, value in values.get("_id", [])),
        family=_words(values, "family"),
        given=_words(values, "given"),
        name=_words(values, "name"),
        mothers_maiden_name=_words(values, "mothersMaidenName"),
        gender=genders[0] if genders else None,
        born=tuple(_born(value) for _, value in values.get("birthdate", [])),
    )
    if not (query.named or query.ids or query.demographic):
        raise NothingAsked("nothing_asked", "Patient")
    return query


def _place(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "parameter"


def _words(values: Mapping[str, list[tuple[str, str]]], name: str) -> Words | None:
    found = values.get(name, [])
    if not found:
        return None
    modifier, value = found[0]
    if len(found) > 1 or modifier not in _MODIFIERS or not value.strip():
        raise FhirRefused("parameter_broken", name)
    return Words(text=value.strip(), how=modifier)


def _born(value: str) -> Born:
    found = _DATE.fullmatch(value)
    if not found:
        raise FhirRefused("unreadable_date", "birthdate")
    return Born(how=found[1] or "eq", date="-".join(one for one in found.groups()[1:] if one))


def _identifiers(
    asked: list[tuple[str, str]], scope: SourceScope
) -> tuple[tuple[tuple[IdentityDomain | None, str], ...], tuple[IdentityDomain, ...]]:
    """Return the identifiers asked for, and the lists that are wanted, which are named without a value."""
    named: list[tuple[IdentityDomain | None, str]] = []
    shown: list[IdentityDomain] = []
    for _, written in asked:
        address, bar, value = written.partition("|")
        if not bar:
            named.append((None, address))
            continue
        domain = scope.domains.named(address)
        if domain is None or not scope.may_ask(domain):
            raise FhirRefused("identifier_domain_unknown", "identifier")
        if value:
            named.append((domain, value))
        else:
            shown.append(domain)
    return tuple(named), tuple(shown)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPatient:
    """One of the source's records, and who of it is meant."""

    record: OwnPatient
    guardian: Resource | None = field(default=None, repr=False)  # None: the child herself


def find_own(transaction: Transaction, vault: Vault, query: PatientQuery, *, scope: SourceScope) -> list[FoundPatient]:
    """Return the source's own patients who are meant, oldest first. One search is one event of the access log.

    Raises:
        TooWide: more records have to be looked at than one question may open.
        Refused: the access may not ask.
    """
    authorize(transaction.access, Action.LINK_STATE)
    found = [one for one in _candidates(transaction, vault, query, scope) if _fits(query, one)]
    children = [one.record.child_id for one in found]
    log(transaction, vault, Event(action=Action.LINK_STATE, children=children, counts={"found": len(found)}))
    return found


def _candidates(transaction: Transaction, vault: Vault, query: PatientQuery, scope: SourceScope) -> list[FoundPatient]:
    if query.ids:
        found = [by_id(transaction, vault, one, scope=scope) for one in query.ids]
        return [FoundPatient(record=one) for one in found if one is not None]
    if query.named:
        return _named(transaction, vault, query, scope)
    years = [born.years() for born in query.born]
    between = (max(first for first, _ in years), min(last for _, last in years)) if years else None
    sex = query.gender if query.gender in ("male", "female") else None
    found_by_codes, too_many = by_codes(transaction, vault, sex=sex, years=between, scope=scope)
    if too_many:
        raise TooWide("too_costly", "birthdate")
    return [FoundPatient(record=one) for one in found_by_codes]


def _named(transaction: Transaction, vault: Vault, query: PatientQuery, scope: SourceScope) -> list[FoundPatient]:
    """Return who bears one of the identifiers: children, or guardians of theirs who are patients, each one once."""
    named = [
        (one, value) for domain, value in query.named for one in ((domain,) if domain is not None else scope.askable())
    ]
    wanted = {(domain.url, value) for domain, value in named}
    met = by_identifiers(transaction, vault, named, scope=scope)
    children = [one for one in met if one.bears(wanted, scope.domains)]
    if children:
        return [FoundPatient(record=one) for one in children]
    guardians = ((one, one.guardian(wanted, scope.domains)) for one in met)
    return [FoundPatient(record=one, guardian=found) for one, found in guardians if found is not None][:1]


def _fits(query: PatientQuery, found: FoundPatient) -> bool:
    child, patient = found.record.child, found.guardian or found.record.child.patient
    born = text(patient.get("birthDate"))
    return (
        (query.gender is None or patient.get("gender") == query.gender)
        and all(one.fit(born) for one in query.born)
        and (query.family is None or any(query.family.fit(one.get("family")) for one in listed(patient, "name")))
        and (query.given is None or any(query.given.fit(one) for one in _given(patient)))
        and (query.name is None or any(query.name.fit(one) for one in _names(patient)))
        and (query.mothers_maiden_name is None or any(map(query.mothers_maiden_name.fit, _mothers_names(child))))
    )


def _given(resource: Resource) -> Iterator[object]:
    for name in listed(resource, "name"):
        given = name.get("given")
        words = given if isinstance(given, list) else [given]
        yield from words
        yield " ".join(one for one in words if isinstance(one, str))


def _names(resource: Resource) -> Iterator[object]:
    for name in listed(resource, "name"):
        yield name.get("text")
        yield name.get("family")
    yield from _given(resource)


def _mothers_names(child: ChildDocument) -> Iterator[object]:
    """Yield the names by which the mother may be asked for: her maiden name as written, or any name of hers."""
    yield maiden_name(child.patient)
    for related in child.related:
        if "MTH" in roles_of(related):
            own = {one[:2] for one in identifiers(related)}
            same = (one for one in child.guardians if own & {each[:2] for each in identifiers(one)})
            for resource in (related, *same):
                yield from _names(resource)


def _plain(written: str) -> str:
    """Return a text as it is compared: without marks and case."""
    decomposed = unicodedata.normalize("NFD", written.casefold().replace("đ", "d"))
    return "".join(one for one in decomposed if not unicodedata.combining(one))

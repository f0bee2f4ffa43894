"""What the registry takes for true of a linked citizen, the question made of it, and what an answer says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from connectors.contract import Capabilities, CitizenSnapshot, Claim, Inactive, Inactivity
from matching.identity import Certainty, Identity, Parent
from registry.actions.intake.load_extract import People
from registry.actions.intake.normalise import RuleBroken, identity_of_citizen
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import HasChildKey, Vault, open_group
from registry.store import findings
from registry.store.findings import StoredFinding
from registry.store.link_states import StoredState
from registry.store.session import Transaction

TABLE: Final = "finding"
_SEXES: Final = {"male": "1", "female": "2"}
_ALIVE: Final = frozenset({"alive", "missing"})


class Kind(StrEnum):
    """What is found to be otherwise."""

    NUMBER_REPLACED = "number_replaced"
    NUMBER_GIVEN = "number_given"  # a child without a number has one
    NAME = "name"
    SEX = "sex"
    BIRTH = "birth"
    DIED = "died"
    MOVED = "moved"
    PARENTS = "parents"


_OVERLAID: Final = (Kind.NAME.value, Kind.SEX.value, Kind.BIRTH.value)  # accepted, they are what is asked next time


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is taken for true of a citizen: of the extract, with what was found and accepted since."""

    number: str | None = field(repr=False)
    name: str | None = field(repr=False)
    birth: str | None = field(repr=False)  # yyyy, yyyy-mm or yyyy-mm-dd
    sex: str | None = field(repr=False)  # male, female
    commune: str | None = field(default=None, repr=False)
    mother: str | None = field(default=None, repr=False)
    father: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that an answer says otherwise."""

    kind: Kind
    before: Any = field(repr=False)
    said: Any = field(repr=False)


def facts_of(
    transaction: Transaction, vault: Vault, people: People, states: Sequence[StoredState]
) -> dict[UUID, Facts]:
    """Return what is taken for true of the citizens of links, by link; unreadable ones are left out."""
    known = people.get(transaction, sorted({state.person_id for state in states}))
    overlaid = _overlaid(transaction, vault, states)
    found = {}
    for state, number in opened(transaction, vault, states, lambda one: _number(vault, one)):
        person = known.get(state.person_id)
        told = facts_from(person) if person else Facts(number=None, name=None, birth=None, sex=None)
        found[state.link_id] = replace(told, number=number or told.number, **overlaid.get(state.link_id, {}))
    return found


def _number(vault: Vault, state: StoredState) -> str | None:
    key = vault.child_key(state)
    document = open_group(key, "link", group="number", row=state.link_id, token=state.sealed_number)
    number: str | None = document["number"]
    return number


def _overlaid(transaction: Transaction, vault: Vault, states: Sequence[StoredState]) -> dict[UUID, dict[str, Any]]:
    """Return what was accepted of the citizens of links: link → fact → value."""
    by_child = {state.child_id: state for state in states}
    told: dict[UUID, dict[str, Any]] = {}
    stored = [
        one
        for one in findings.accepted(transaction, by_child, _OVERLAID)
        if one.link_id == by_child[one.child_id].link_id
    ]
    for one, document in opened(
        transaction, vault, stored, lambda finding: open_finding(vault, by_child[finding.child_id], finding)
    ):
        told.setdefault(by_child[one.child_id].link_id, {})[one.kind] = document["said"]
    return told


def open_finding(vault: Vault, owner: HasChildKey, finding: StoredFinding) -> dict[str, Any]:
    """Open what a finding says; args: owner: a row that carries the child's key."""
    key = vault.child_key(owner)
    return open_group(key, TABLE, group="finding", row=finding.finding_id, token=finding.sealed_finding)


def facts_from(person: Identity) -> Facts:
    """Return the facts of a person."""
    unit = person.unit
    return Facts(
        number=person.number,
        name=person.name.written if person.name else None,
        birth=person.birth.iso() if person.birth else None,
        sex=person.sex.value if person.sex else None,
        commune=unit.communes[0] if unit and unit.certainty is Certainty.EXACT else None,
        mother=_parent(person.mother),
        father=_parent(person.father),
    )


def _parent(parent: Parent | None) -> str | None:
    return parent.name.written if parent and parent.name else None


def claim_of(facts: Facts, capabilities: Capabilities) -> Claim | None:
    """Return the question about a citizen; None: something that it needs is not known."""
    if facts.number is None or facts.name is None or facts.birth is None:
        return None
    whole = len(facts.birth) == len("yyyy-mm-dd")
    if not whole and not capabilities.supports_partial_birth_date:
        return None
    claim = Claim(
        personal_number=facts.number,
        full_name=facts.name,
        birth_date=facts.birth if whole else facts.birth[: len("yyyy")],
        sex=_SEXES.get(facts.sex or ""),
        mother_name=facts.mother if "mother_name" in capabilities.required_together else None,
        father_name=facts.father if "father_name" in capabilities.required_together else None,
    )
    lacking = [name for name in capabilities.required_together if getattr(claim, name, "") is None]
    return None if lacking else claim


def claim_document(claim: Claim) -> Mapping[str, Any]:
    """Return a question as it is digested, to know it again."""
    return {name: getattr(claim, name) for name in Claim.__dataclass_fields__}


def differences(facts: Facts, said: CitizenSnapshot | Inactive, *, on: date) -> list[Difference]:
    """Return what an answer says otherwise than the registry; what is not known here or there is no difference.

    Args:
        on: the day of the answer.

    Raises:
        RuleBroken: a value of the answer breaks a rule: nothing of it is believed.
    """
    if isinstance(said, Inactive):
        return _of_inactive(facts, said)
    theirs = identity_of_citizen(said, on=on)
    told = facts_from(theirs)
    found = [*_of_number(facts, told, theirs.former_numbers)]
    if said.status not in _ALIVE:
        found.append(Difference(kind=Kind.DIED, before=None, said=said.status))
    found += _of_facts(facts, told)
    return found


def _of_inactive(facts: Facts, said: Inactive) -> list[Difference]:
    if said.inactivity is Inactivity.DECEASED:
        return [Difference(kind=Kind.DIED, before=None, said=said.inactivity.value)]
    if said.replaced_by and said.replaced_by != facts.number:
        return [Difference(kind=Kind.NUMBER_REPLACED, before=facts.number, said=said.replaced_by)]
    return []


def _of_number(facts: Facts, told: Facts, former: Iterable[str]) -> list[Difference]:
    """Return the number that replaces ours; any other number would be another person's."""
    if told.number is None or told.number == facts.number:
        return []
    if facts.number is None or facts.number not in former:
        raise RuleBroken("another_person", "personal_number")
    return [Difference(kind=Kind.NUMBER_REPLACED, before=facts.number, said=told.number)]


def _of_facts(facts: Facts, told: Facts) -> list[Difference]:
    pairs = (
        (Kind.NAME, facts.name, told.name),
        (Kind.SEX, facts.sex, told.sex),
        (Kind.BIRTH, facts.birth, told.birth),
        (Kind.MOVED, facts.commune, told.commune),
    )
    found = [
        Difference(kind=kind, before=before, said=said)
        for kind, before, said in pairs
        if before and said and _plain(before) != _plain(said) and not said_less(said, before)
    ]
    added = {
        role: new
        for role, old, new in (("mother", facts.mother, told.mother), ("father", facts.father, told.father))
        if new and not old
    }
    if added:
        before = {"mother": facts.mother, "father": facts.father}
        found.append(Difference(kind=Kind.PARENTS, before=before, said=added))
    return found


def said_less(said: str, before: str) -> bool:
    """Say whether a date is the same one told less exactly: 2019 and 2019-05-03."""
    return len(said) < len(before) and before.startswith(said) and said[:4].isdigit()


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())

"""A commune worker writes a case of a child whose record the worker may open.

A case is a record of its own, sealed under a key of its own and joined to the child by the word of whoever wrote it.
Whether another office has a case of the same child is neither asked nor told.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid4

from connectors.records import CaseFacts, ChildFacts, PersonFacts, SourceRecord
from matching.clustering import Rule
from matching.identity import Identity, Parent
from registry.actions.intake.handwritten import CASES, check, day_of, record_of, state_of, taken_in
from registry.actions.intake.record_rows import stored_keys
from registry.actions.keys.damage import refusing
from registry.actions.keys.sealing import Vault, open_identity, seal_group
from registry.actions.linkage.cluster_joins import settle_groups
from registry.actions.looking.reach import reach
from registry.actions.oversight.log import log
from registry.model.access import Access, Purpose
from registry.model.errors import BadQuery
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.store import children, clusters, grouping, record_pairs
from registry.store.children import SealedChild
from registry.store.clusters import pair_of
from registry.store.session import Transaction

GROUPS: Final = range(1, 15)  # of the Law on Children, article 10
HARM_LEVELS: Final = ("low", "medium", "high")
CHANNELS: Final = ("commune_intake", "hotline_111", "police", "health_facility", "school", "media", "letter")
SETTINGS: Final = ("home", "school", "community", "online", "care_facility", "workplace")
LONGEST_NOTES: Final = 4000  # characters
_WHY_JOINED: Final = "the case was written on the record of this child"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """What is known when a case is taken down. None: not known."""

    groups: tuple[int, ...] = field(repr=False)
    channel: str
    harm_level: str | None = field(default=None, repr=False)
    settings: tuple[str, ...] = field(default=(), repr=False)
    notes: str | None = field(default=None, repr=False)
    reporter: Mapping[str, str] = field(default_factory=dict, repr=False)  # name, phone, relation
    suspect: Mapping[str, str] = field(default_factory=dict, repr=False)  # relation, name


def add_case(transaction: Transaction, vault: Vault, child_id: UUID, new: NewCase, *, token: UUID) -> UUID:
    """Store a case of a child, and return the identity of its record, which is the child's from now on.

    Args:
        token: of the form; the same form sent again writes nothing and returns the same record.

    Raises:
        BadQuery: which field breaks which rule.
        NotFound: there is no such child, or not for this access: both look the same.
        OutsideOpeningArea: she may be found, and her cases are others'.
        Refused: the role writes no cases.
    """
    grant = authorize(transaction.access, Action.WRITE_CASE)
    found = reach(transaction, vault, grant, child_id)
    case = _checked(transaction, new)
    row = children.some(transaction, grant, found.members)[0]
    with refusing(transaction, vault, row.child_id):
        key = vault.child_key(row)
        facts = _facts(_identity(key, row))
    written = {"token": str(token), "by": str(transaction.access.staff_id), **asdict(new)}
    record = record_of(transaction, CASES, token=token, facts=facts, written=written, case=case)
    case_id, is_new = taken_in(transaction, vault, CASES, record)
    if is_new:
        _join(transaction, vault, record, case_id=case_id, to=row, key=key)
        _remember(transaction, grant, grouping.heads(transaction, [row.child_id])[row.child_id])
    shown = grant.field_groups & {"case", "case_notes", "reporter", "suspect_guardian"}
    event = Event(
        action=Action.WRITE_CASE, children={*found.members, case_id}, groups=shown, counts={"added": int(is_new)}
    )
    log(transaction, vault, event)
    return case_id


def _remember(transaction: Transaction, grant: Grant, head: UUID) -> None:
    """Ask whoever wrote a case for no other reason to look at the child today."""
    access = transaction.access
    if access.staff_id is not None:
        children.note_opening(transaction, grant, head, staff_id=access.staff_id, purpose=access.purpose.value)


def _identity(key: DataKey, row: SealedChild) -> Identity:
    return open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)


def _facts(identity: Identity) -> ChildFacts:
    """Return who the child is, as the record says on which the case is written."""
    unit = identity.unit
    return ChildFacts(
        name=identity.name.written if identity.name else None,
        sex=identity.sex.value if identity.sex else None,
        birth_date=identity.birth.iso() if identity.birth else None,
        personal_number=identity.number,
        commune_code=unit.code if unit and unit.code else None,
        commune_scheme=unit.scheme.value if unit and unit.code else None,
        mother=_parent(identity.mother),
        father=_parent(identity.father),
    )


def _parent(parent: Parent | None) -> PersonFacts | None:
    if parent is None:
        return None
    year = None if parent.birth_year is None else str(parent.birth_year)
    return PersonFacts(name=parent.name.written if parent.name else None, number=parent.number, birth_year=year)


def _join(
    transaction: Transaction, vault: Vault, record: SourceRecord, *, case_id: UUID, to: SealedChild, key: DataKey
) -> None:
    """Make one child of the case's record and the record on which it was written: a person says so, and it binds."""
    access = transaction.access
    pair = pair_of(case_id, to.child_id)
    engine = Access.of_engine(Purpose.LINKAGE, at=access.at, request_id=access.request_id)
    with transaction.as_engine():
        inner = replace(transaction, access=engine)
        clusters.take_turn(inner)
        state = state_of(inner, vault, record)
        keys = stored_keys(vault, state) if state is not None else None
        if keys is None:
            return
        first, verdict_id = (keys.child if pair[0] == case_id else key), uuid4()
        reason = {"reason": _WHY_JOINED}
        record_pairs.add_verdicts(
            inner,
            [
                {
                    "child_id": pair[0],
                    "verdict_id": verdict_id,
                    "other_id": pair[1],
                    "says": "same",
                    "staff_id": access.staff_id,
                    "said_at": access.at,
                    "sealed_reason": seal_group(
                        first, "record_verdict", group="reason", row=verdict_id, document=reason
                    ),
                }
            ],
        )
        settle_groups(inner, [grouping.together_with(inner, pair) | set(pair)], rule=Rule())


def _checked(transaction: Transaction, new: NewCase) -> CaseFacts:
    if not set(new.groups) <= set(GROUPS):
        raise BadQuery("groups", "A group of the law is a number from 1 to 14.")
    if new.channel not in CHANNELS:
        raise BadQuery("channel", "Choose how the case came to you.")
    if new.harm_level is not None and new.harm_level not in HARM_LEVELS:
        raise BadQuery("harm_level", "Choose a level of harm, or none.")
    if not set(new.settings) <= set(SETTINGS):
        raise BadQuery("settings", "Choose from the list where it happened.")
    if not (new.groups or (new.notes or "").strip()):
        raise BadQuery("notes", "Choose a group, or write what happened.")
    _check_notes(new.notes)
    people = {f"reporter.{name}": value for name, value in new.reporter.items()}
    people |= {f"suspect.{name}": value for name, value in new.suspect.items()}
    check(ChildFacts(), today=day_of(transaction), more=list(people.items()))
    return CaseFacts(
        groups=tuple(sorted(set(new.groups))),
        harm_level=new.harm_level,
        details=_details(transaction, new.channel, new.settings),
        notes=(new.notes or "").strip() or None,
        reporter=_known(new.reporter),
        suspect=_known(new.suspect),
    )


def _details(transaction: Transaction, channel: str, settings: Sequence[str]) -> dict[str, Any]:
    details: dict[str, Any] = {
        "received_at": transaction.access.at.isoformat(),
        "channel": channel,
        "form": "01",
        "status": "received",
    }
    return {**details, "settings": sorted(set(settings))} if settings else details


def _check_notes(notes: str | None) -> None:
    text = notes or ""
    if len(text) > LONGEST_NOTES:
        raise BadQuery("notes", "This is too long.")
    if any(unicodedata.category(sign) in {"Cc", "Cn", "Co", "Cs"} and sign not in "\t\r\n" for sign in text):
        raise BadQuery("notes", "The text holds a character that cannot be kept.")


def _known(facts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the facts that somebody wrote; None: nobody wrote any."""
    return {name: " ".join(value.split()) for name, value in facts.items() if value.strip()} or None

"""Breach records: what happened, to how many, what is done, and the clock of the notice to the authority.

What is learnt later is a version of its own; earlier ones stay as they were. A late notice says why it is late.

Source: Law 91/2025/QH15, article 23, as `model/law.toml` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.sealing import Vault
from registry.actions.law.duty_seal import open_duty, seal_duty
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.model.law import Clock, Law
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import breaches
from registry.store.breaches import StoredBreach, StoredVersion
from registry.store.session import Transaction

_TABLE: Final = "breach_version"
_LONGEST: Final = 4000  # characters of a text
_LONGEST_KIND: Final = 100
_MOST: Final = 100_000_000  # children


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachFacts:
    """What is known of a breach at one time."""

    what: str = field(repr=False)
    kinds: tuple[str, ...] = field(repr=False)  # of values: names, addresses, health ...
    children: int | None  # how many; None: not known yet
    consequences: str = field(repr=False)
    measures: str = field(repr=False)
    contact: str = field(repr=False)  # who answers for it
    late_because: str | None = field(default=None, repr=False)  # None: the notice was in time, or is not given yet


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachVersion:
    """What was known, since when."""

    number: int
    entered_at: datetime
    facts: BreachFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachView:
    """A breach with its clock and its versions, the oldest first."""

    breach_id: UUID
    discovered_at: datetime
    entered_at: datetime
    notify_by: datetime
    notified_at: datetime | None  # None: not yet
    late: bool
    versions: tuple[BreachVersion, ...]

    @property
    def newest(self) -> BreachFacts:
        """What is known now."""
        return self.versions[-1].facts


def add_breach(transaction: Transaction, vault: Vault, *, discovered_at: datetime, facts: BreachFacts) -> UUID:
    """Write a breach down; the clock runs since it was discovered.

    Raises:
        BadQuery: a field is missing, too long, or lies in the future.
    """
    authorize(transaction.access, Action.BREACH)
    if discovered_at > transaction.access.at:
        raise BadQuery("discovered_at", "not in the future")
    breach_id = uuid4()
    breaches.add(transaction, breach_id, discovered_at=discovered_at)
    _keep(transaction, vault, breach_id, number=1, facts=facts)
    log(transaction, vault, Event(action=Action.BREACH.value, counts={"added": 1}))
    return breach_id


def update_breach(
    transaction: Transaction,
    vault: Vault,
    law: Law,
    breach_id: UUID,
    *,
    facts: BreachFacts,
    notified_at: datetime | None = None,
) -> None:
    """Add what is known now, as a version of its own.

    Args:
        notified_at: when the authority was told, if it was since the last version.

    Raises:
        NotFound: there is no such breach.
        BadQuery: a field breaks a rule, or a late notice does not say why it is late.
        Conflict: the notice was given before, or somebody else has added a version meanwhile.
    """
    authorize(transaction.access, Action.BREACH)
    breach = breaches.one(transaction, breach_id)
    if breach is None:
        raise NotFound("there is no breach of this id", field="breach")
    if notified_at is not None:
        _check_notice(transaction, law, breach, facts, notified_at=notified_at)
        breaches.note_notified(transaction, breach_id, at=notified_at)
    number = len(breaches.versions(transaction, breach_id)) + 1
    _keep(transaction, vault, breach_id, number=number, facts=facts)
    log(transaction, vault, Event(action=Action.BREACH.value, counts={"version": number}))


def list_breaches(transaction: Transaction, vault: Vault, law: Law) -> list[BreachView]:
    """Return all breaches, the newest first."""
    authorize(transaction.access, Action.BREACH)
    found = [_view(transaction, vault, law, breach) for breach in breaches.every(transaction)]
    log(transaction, vault, Event(action=Action.BREACH.value, counts={"breaches": len(found)}))
    return found


def show_breach(transaction: Transaction, vault: Vault, law: Law, breach_id: UUID) -> BreachView:
    """Return one breach.

    Raises:
        NotFound: there is no such breach.
    """
    authorize(transaction.access, Action.BREACH)
    breach = breaches.one(transaction, breach_id)
    if breach is None:
        raise NotFound("there is no breach of this id", field="breach")
    log(transaction, vault, Event(action=Action.BREACH.value, counts={"shown": 1}))
    return _view(transaction, vault, law, breach)


def notify_by(law: Law, discovered_at: datetime) -> datetime:
    """Return until when the authority must be told of a breach."""
    return discovered_at + timedelta(hours=law.number(Clock.BREACH_HOURS, on=day_in_viet_nam(discovered_at)))


def _check_notice(
    transaction: Transaction, law: Law, breach: StoredBreach, facts: BreachFacts, *, notified_at: datetime
) -> None:
    if breach.notified_at is not None:
        raise Conflict("the notice was given before; add what is new without its time", field="notified_at")
    if not breach.discovered_at <= notified_at <= transaction.access.at:
        raise BadQuery("notified_at", "between the discovery and now")
    if notified_at > notify_by(law, breach.discovered_at) and not (facts.late_because or "").strip():
        raise BadQuery("late_because", "a late notice says why it is late")


def _keep(transaction: Transaction, vault: Vault, breach_id: UUID, *, number: int, facts: BreachFacts) -> None:
    _check(facts)
    document = {**asdict(facts), "kinds": list(facts.kinds)}
    sealed = seal_duty(vault, _TABLE, group=f"breach:{number}", row=breach_id, document=document)
    breaches.add_version(transaction, breach_id, version_no=number, sealed_breach=sealed)


def _check(facts: BreachFacts) -> None:
    for name in ("what", "consequences", "measures", "contact"):
        if not 1 <= len(getattr(facts, name).strip()) <= _LONGEST:
            raise BadQuery(name, f"1 to {_LONGEST} characters")
    if not facts.kinds or not all(1 <= len(kind.strip()) <= _LONGEST_KIND for kind in facts.kinds):
        raise BadQuery("kinds", "one kind of values or more, each of 1 to 100 characters")
    if facts.children is not None and not 0 <= facts.children <= _MOST:
        raise BadQuery("children", "a number of children, or nothing if it is not known")
    if facts.late_because is not None and len(facts.late_because) > _LONGEST:
        raise BadQuery("late_because", f"up to {_LONGEST} characters")


def _view(transaction: Transaction, vault: Vault, law: Law, breach: StoredBreach) -> BreachView:
    by = notify_by(law, breach.discovered_at)
    stored: Sequence[StoredVersion] = breaches.versions(transaction, breach.breach_id)
    return BreachView(
        breach_id=breach.breach_id,
        discovered_at=breach.discovered_at,
        entered_at=breach.entered_at,
        notify_by=by,
        notified_at=breach.notified_at,
        late=(breach.notified_at or transaction.access.at) > by,
        versions=tuple(_version(vault, one) for one in stored),
    )


def _version(vault: Vault, stored: StoredVersion) -> BreachVersion:
    group = f"breach:{stored.version_no}"
    document = open_duty(vault, _TABLE, group=group, row=stored.breach_id, token=stored.sealed_breach)
    facts = BreachFacts(**{**document, "kinds": tuple(document["kinds"])})
    return BreachVersion(number=stored.version_no, entered_at=stored.entered_at, facts=facts)

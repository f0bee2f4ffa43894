"""Notices a look at the own family or neighbours: an alarm and no stop, for in a small commune it may be one's work.

Whose account it is, an administrator says, or nobody; it is kept sealed, opened when the account opens a child, and
compared in memory.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from matching import places
from matching.names import fold
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_once
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.cipher import Place, generation_of, seal_document, unseal_document
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import limits, staff
from registry.store.limits import Looks
from registry.store.session import Transaction

DAY: Final = timedelta(days=1)
_LONGEST: Final = 200  # characters of a name or an address
# Borne by three in a hundred or more: alone they tell nothing where the commune is known as well.
# Source: Lê Trung Hoa, Họ và tên người Việt Nam, 2005.
_COMMON: Final = frozenset({"nguyen", "tran", "le", "pham", "huynh", "hoang", "phan", "vu", "vo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPerson:
    """Whose account it is."""

    name: str = field(repr=False)
    commune: str | None = None  # today's code of the home; None: nobody said
    address: str | None = field(default=None, repr=False)  # within the commune; None: nobody said


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRecord:
    """What one record says of a child's family and home."""

    name: str | None = field(repr=False)
    parents: tuple[str | None, ...] = field(repr=False)
    commune: str | None
    address: str | None = field(repr=False)


def say_person(transaction: Transaction, vault: Vault, *, login: str, person: OwnPerson) -> None:
    """Say whose account it is.

    Raises:
        BadQuery: which rule is broken.
        NotFound: there is no such account.
    """
    authorize(transaction.access, Action.STAFF)
    _check(person)
    account = staff.by_login(transaction, login)
    if account is None:
        raise NotFound("there is no account of this login", field="login")
    version = vault.keyring.active(Domain.LOG_SEAL)
    key = vault.keyring.shared_key(Domain.LOG_SEAL, account.staff_id, version)
    sealed = seal_document(key, _place(account.staff_id, version), asdict(person))
    limits.say_person(transaction, account.staff_id, sealed=sealed)
    log(transaction, vault, Event(action=Action.STAFF.value, counts={"person_said": 1}))


def watch(
    transaction: Transaction, vault: Vault, looks: Looks | None, records: Sequence[SeenRecord], *, child_id: UUID
) -> None:
    """Raise an alarm if a child that is being opened may be of the family of whoever opens her."""
    staff_id = transaction.access.staff_id
    if looks is None or looks.person is None or staff_id is None:
        return
    version = generation_of(looks.person)
    key = vault.keyring.shared_key(Domain.LOG_SEAL, staff_id, version)
    person = OwnPerson(**unseal_document(key, _place(staff_id, version), looks.person))
    for kind in sorted(set(signs(person, records))):
        raise_once(transaction, vault, kind, within=DAY, child_id=child_id)


def signs(person: OwnPerson, records: Iterable[SeenRecord]) -> Iterator[AlarmKind]:
    """Yield what speaks for a child being of the own family or neighbourhood, each sign as often as it comes."""
    own = fold(person.name).split()
    home = _address_key(person.address)
    for record in records:
        if own in [fold(parent).split() for parent in record.parents if parent]:
            yield AlarmKind.OWN_NAME
        if record.name and fold(record.name).split()[:1] == own[:1] and _tells(own[0], person, record):
            yield AlarmKind.OWN_SURNAME
        if home and _address_key(record.address) == home and person.commune in (None, record.commune):
            yield AlarmKind.OWN_HOME


def _tells(surname: str, person: OwnPerson, record: SeenRecord) -> bool:
    """Say whether a surname in common tells anything: a common one does in the own commune only."""
    return surname not in _COMMON or person.commune is None or person.commune == record.commune


def _address_key(address: str | None) -> list[str]:
    """Return the words and numbers of an address, however it is spaced and punctuated; none: not known."""
    written = unicodedata.normalize("NFC", address or "").casefold()
    return "".join(sign if sign.isalnum() else " " for sign in written).split()


def _place(staff_id: UUID, version: int) -> Place:
    return Place("staff_person", "person", staff_id, version)


def _check(person: OwnPerson) -> None:
    if len(person.name) > _LONGEST or not fold(person.name).split():
        raise BadQuery("person", "a name of at most 200 characters")
    if person.commune is not None and places.commune_name(person.commune) is None:
        raise BadQuery("home_commune", "a code of today's list of communes")
    if person.address is not None and len(person.address) > _LONGEST:
        raise BadQuery("home_address", "at most 200 characters")

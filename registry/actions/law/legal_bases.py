"""The register of legal bases: which law allows each purpose, since when and until when.

What comes with the program counts until somebody changes it; then it stands in the database, with who changed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.access import Purpose, Role
from registry.model.errors import BadQuery, NotFound
from registry.model.law import Law, LegalBasis
from registry.model.working_days import day_in_viet_nam
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import legal_bases
from registry.store.legal_bases import StoredBasis
from registry.store.session import Transaction

_LONGEST: Final = 1000  # characters of a text


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBasis:
    """A basis to be entered."""

    purpose: str
    law: str
    article: str
    wording: str
    valid_from: date
    valid_to: date | None = None


def list_bases(transaction: Transaction, vault: Vault, law: Law) -> list[StoredBasis]:
    """Return the register, by purpose and first day."""
    authorize(transaction.access, Action.LEGAL_BASES)
    found = register(transaction, law)
    log(transaction, vault, Event(action=Action.LEGAL_BASES.value, counts={"bases": len(found)}))
    return found


def add_basis(transaction: Transaction, vault: Vault, basis: NewBasis) -> UUID:
    """Enter a basis.

    Raises:
        BadQuery: which field breaks which rule.
    """
    authorize(transaction.access, Action.LEGAL_BASES)
    _check(basis)
    added = StoredBasis(
        basis_id=uuid4(),
        purpose=basis.purpose,
        law=basis.law.strip(),
        article=basis.article.strip(),
        wording=basis.wording.strip(),
        valid_from=basis.valid_from,
        valid_to=basis.valid_to,
        entered_by=transaction.access.staff_id,
    )
    legal_bases.add(transaction, added)
    log(transaction, vault, Event(action=Action.LEGAL_BASES.value, groups=(basis.purpose,), counts={"added": 1}))
    return added.basis_id


def end_basis(transaction: Transaction, vault: Vault, law: Law, basis_id: UUID, *, last_day: date) -> None:
    """Set the last day of a basis.

    Raises:
        NotFound: there is no such basis.
        BadQuery: the last day lies before the first.
    """
    authorize(transaction.access, Action.LEGAL_BASES)
    basis = next((one for one in register(transaction, law) if one.basis_id == basis_id), None)
    if basis is None:
        raise NotFound("there is no legal basis of this id", field="basis")
    if last_day < basis.valid_from:
        raise BadQuery("last_day", "not before the first day")
    legal_bases.add(transaction, basis)
    legal_bases.end(transaction, basis_id, last_day=last_day)
    log(transaction, vault, Event(action=Action.LEGAL_BASES.value, groups=(basis.purpose,), counts={"ended": 1}))


def register(transaction: Transaction, law: Law) -> list[StoredBasis]:
    """Return all bases: the stored ones, and of those of the program what was not changed."""
    stored = {basis.basis_id: basis for basis in legal_bases.every(transaction)}
    shipped = {basis.basis_id: _shipped(basis) for basis in law.bases}
    order = {purpose.value: place for place, purpose in enumerate(Purpose)}
    return sorted(
        (shipped | stored).values(), key=lambda one: (order.get(one.purpose, len(order)), one.valid_from, one.law)
    )


def allowed(bases: Iterable[StoredBasis], on: date) -> frozenset[str]:
    """Return the purposes that a basis allows on a day."""
    return frozenset(
        one.purpose for one in bases if one.valid_from <= on and (one.valid_to is None or on <= one.valid_to)
    )


def without_basis(transaction: Transaction, law: Law) -> list[Purpose]:
    """Return the purposes that no law allows today."""
    if transaction.access.role is not Role.ENGINE:
        authorize(transaction.access, Action.LEGAL_BASES)
    standing = allowed(register(transaction, law), day_in_viet_nam(transaction.access.at))
    return [purpose for purpose in Purpose if purpose.value not in standing]


def _shipped(basis: LegalBasis) -> StoredBasis:
    return StoredBasis(
        basis_id=basis.basis_id,
        purpose=basis.purpose.value,
        law=basis.law,
        article=basis.article,
        wording=basis.wording,
        valid_from=basis.valid_from,
        valid_to=None,
        entered_by=None,
    )


def _check(basis: NewBasis) -> None:
    if basis.purpose not in set(Purpose):
        raise BadQuery("purpose", f"one of: {', '.join(Purpose)}")
    for name in ("law", "article", "wording"):
        if not 1 <= len(getattr(basis, name).strip()) <= _LONGEST:
            raise BadQuery(name, f"1 to {_LONGEST} characters")
    if basis.valid_to is not None and basis.valid_to < basis.valid_from:
        raise BadQuery("valid_to", "not before the first day")

"""By which other identifiers a source knows a patient: its own records that share an identifier, and no others.

Source: IHE ITI Patient Identifier Cross-referencing for mobile, ITI-83.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from connectors.formats.fhir_domains import IdentityDomain
from connectors.formats.fhir_parts import identifiers
from registry.actions.fhir.own_patients import OwnPatient, by_identifiers
from registry.actions.fhir.scope import SourceScope
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store.session import Transaction

_ROUNDS: Final = 3  # a record leads to another by a shared identifier, and that one further


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossReference:
    """Identifiers of one patient, by list and value, and the records that bear them."""

    identifiers: tuple[tuple[str, str], ...] = field(repr=False)
    children: tuple[UUID, ...]


def cross_reference(
    transaction: Transaction,
    vault: Vault,
    source: tuple[IdentityDomain, str],
    *,
    target: IdentityDomain | None,
    scope: SourceScope,
) -> CrossReference | None:
    """Return by which identifiers the bearer of one is known; None: nobody bears it.

    Args:
        target: the one list that is wanted; None: all.

    Raises:
        Refused: the access may not ask.
    """
    authorize(transaction.access, Action.LINK_STATE)
    found: dict[UUID, OwnPatient] = {}
    known: set[tuple[str, str]] = set()
    wanted = {(source[0].url, source[1])}
    for _ in range(_ROUNDS):
        named = [(domain, value) for url, value in sorted(wanted) if (domain := scope.domains.named(url)) is not None]
        met = by_identifiers(transaction, vault, named, scope=scope)
        found |= {one.child_id: one for one in met if one.bears(wanted, scope.domains)}
        known |= wanted
        wanted = {pair for one in found.values() for pair in identifiers_of(one, scope)} - known
        if not wanted:
            break
    log(transaction, vault, Event(action=Action.LINK_STATE, children=list(found), counts={"found": len(found)}))
    if not found:
        return None
    pairs = dict.fromkeys(pair for one in found.values() for pair in identifiers_of(one, scope))
    shown = tuple(pair for pair in pairs if target is None or pair[0] == target.url)
    bearers = tuple(
        one.child_id for one in found.values() if target is None or set(shown) & set(identifiers_of(one, scope))
    )
    return CrossReference(identifiers=shown, children=bearers)


def identifiers_of(patient: OwnPatient, scope: SourceScope) -> tuple[tuple[str, str], ...]:
    """Return list and value of a patient's identifiers that the client may ask by."""
    named = [(scope.domains.named(system), value) for system, value, _ in identifiers(patient.child.patient)]
    written = [(domain.url, value) for domain, value in named if domain is not None and scope.may_ask(domain)]
    return tuple(dict.fromkeys([*written, *patient.child.replaced]))

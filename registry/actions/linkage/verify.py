"""Asks the population database about links and records what it said, as of when. An outage decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from connectors.contract import CallContext, Claim, ConnectorError, Outcome, PopulationConnector
from matching.identity import Identity
from registry.actions.intake.load_extract import People
from registry.actions.keys.sealing import Vault
from registry.actions.linkage.match import LEGAL_BASIS
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import verifications
from registry.store.session import Transaction
from registry.store.verifications import UnverifiedLink

AGENCY = "child-registry"
PROCEDURE = "verification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What one batch of questions came to: where the next begins, and how many ended in which outcome."""

    last: tuple[datetime, UUID]
    outcomes: Mapping[str, int]


def verify_links(
    transaction: Transaction,
    vault: Vault,
    connector: PopulationConnector,
    *,
    people: People,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
) -> Verified | None:
    """Ask about the next links that were not answered yet; None when there are none left.

    An answer is kept whatever it is; no answer is kept as 'unknown' and asked again another time. A citizen of whom
    the extract has no number, name or birth date cannot be asked about.

    Args:
        after: the place of the last link of the batch before.
    """
    authorize(transaction.access, Action.VERIFY)
    name = connector.describe().name
    waiting = verifications.unverified(transaction, connector=name, after=after, limit=limit)
    if not waiting:
        return None
    known = people.get(transaction, [link.person_id for link in waiting])
    rows: list[Mapping[str, Any]] = []
    for link in waiting:
        person = known.get(link.person_id)
        claim = _claim(person) if person else None
        if claim is not None:
            rows.append(_asked(transaction, connector, claim, link=link, name=name))
    verifications.add(transaction, rows)
    outcomes = Counter(str(row["outcome"]) for row in rows)
    if rows:
        children = [row["child_id"] for row in rows]
        log(transaction, vault, Event(action=Action.VERIFY, children=children, counts=outcomes))
    return Verified(last=waiting[-1].place, outcomes=outcomes)


def _claim(person: Identity) -> Claim | None:
    if person.number is None or person.name is None or person.birth is None:
        return None
    born = person.birth.iso() if person.birth.day else f"{person.birth.year:04d}"
    return Claim(personal_number=person.number, full_name=person.name.written, birth_date=born)


def _asked(
    transaction: Transaction, connector: PopulationConnector, claim: Claim, *, link: UnverifiedLink, name: str
) -> Mapping[str, Any]:
    request_id = uuid4().hex
    context = CallContext(
        request_id=request_id,
        agency_code=AGENCY,
        officer_ref=transaction.access.login,
        procedure_code=PROCEDURE,
        legal_basis=LEGAL_BASIS,
        purpose=transaction.access.purpose.value,
    )
    try:
        said = connector.verify(claim, context)
        outcome, as_of = said.outcome, said.as_of
    except ConnectorError:
        outcome, as_of = Outcome.UNKNOWN, transaction.access.at
    return {
        "child_id": link.child_id,
        "verification_id": uuid4(),
        "link_id": link.link_id,
        "outcome": outcome.value,
        "connector": name,
        "source_ref": request_id,
        "as_of": as_of,
    }

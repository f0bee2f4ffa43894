"""Asks the population database about links and records what it said, as of when. An outage decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from connectors.contract import CallContext, Claim, ConnectorError, Outcome, PopulationConnector
from matching.identity import Identity
from registry.actions.load_extract import People
from registry.actions.log import log
from registry.actions.match import LEGAL_BASIS
from registry.actions.sealing import Vault
from registry.protect.access_log import Event
from registry.protect.authorize import Action, authorize
from registry.store import links
from registry.store.session import Transaction

AGENCY = "child-registry"
PROCEDURE = "verification"


def verify_links(
    transaction: Transaction, vault: Vault, connector: PopulationConnector, *, people: People, limit: int
) -> Mapping[str, int]:
    """Ask about the next links that were not answered yet; return how many ended in which outcome.

    An answer is kept whatever it is; no answer is kept as 'unknown' and asked again another time.
    """
    authorize(transaction.access, Action.VERIFY)
    name = connector.describe().name
    waiting = links.unverified(transaction, connector=name, limit=limit)
    known = people.get(transaction, [row["person_id"] for row in waiting])
    rows: list[Mapping[str, Any]] = []
    for row in waiting:
        person = known.get(row["person_id"])
        claim = _claim(person) if person else None
        if claim is not None:
            rows.append(_asked(transaction, connector, claim, link=row, name=name))
    links.add_verifications(transaction, rows)
    outcomes = Counter(str(row["outcome"]) for row in rows)
    if rows:
        children = [row["child_id"] for row in rows]
        log(transaction, vault, Event(action=Action.VERIFY, children=children, counts=outcomes))
    return outcomes


def _claim(person: Identity) -> Claim | None:
    if person.number is None or person.name is None or person.birth is None:
        return None
    born = person.birth.iso() if person.birth.day else f"{person.birth.year:04d}"
    return Claim(personal_number=person.number, full_name=person.name.written, birth_date=born)


def _asked(
    transaction: Transaction, connector: PopulationConnector, claim: Claim, *, link: Mapping[str, Any], name: str
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
    child_id: UUID = link["child_id"]
    return {
        "child_id": child_id,
        "verification_id": uuid4(),
        "link_id": link["link_id"],
        "outcome": outcome.value,
        "connector": name,
        "source_ref": request_id,
        "as_of": as_of,
    }

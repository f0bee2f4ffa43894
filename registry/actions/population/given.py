"""Links a child to the citizen whose number she was given, as the police confirm it and a reviewer accepts it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from registry.actions.keys.sealing import NUMBER, Vault, seal_group
from registry.actions.linkage.link_rows import link_row
from registry.model.errors import Conflict
from registry.protect.keys.data_key import DataKey
from registry.store import extract, findings, grouping, links, reviews
from registry.store.findings import StoredFinding
from registry.store.session import Transaction

MODEL: Final = "police list"  # in the place of a model: no model compared the two


def link_given(
    transaction: Transaction, vault: Vault, key: DataKey, finding: StoredFinding, *, number: str
) -> UUID | None:
    """Link a child to the citizen who bears a number, to be verified like every link; None: nobody known bears it.

    Raises:
        Conflict: she is linked already, or a person has said that the two are not the same.
    """
    child_id, access = finding.child_id, transaction.access
    if links.standing(transaction, [child_id]):
        raise Conflict("she is linked to a citizen already")
    person_id = next(
        (person for person, _ in extract.by_number(transaction, vault.number_indexes(number)).values()), None
    )
    if person_id is None:
        return None
    if person_id in reviews.apart(transaction, [child_id]).get(child_id, ()):
        raise Conflict("a person has said that the two are not the same")
    made = {
        "probability": 1.0,
        "model_version": MODEL,
        "run_id": None,
        "made_at": access.at,
        "made_by": access.staff_id,
    }
    evidence = {"bits": 0.0, "fields": []}
    row = link_row(key, child_id, person_id=person_id, number=number, evidence=evidence, made=made)
    index = vault.index
    numbers = {child_id: index.identifier(NUMBER, number)}
    links.write_links(transaction, [row], numbers, key_version=index.version)
    links.set_decision(transaction, child_id, "link", by=access.staff_id, at=access.at)
    link_id: UUID = row["link_id"]
    findings.bind(transaction, finding, link_id)
    with transaction.as_engine():
        grouping.regroup(transaction, [person_id], at=access.at)
    return link_id


def unlink_given(transaction: Transaction, key: DataKey, finding: StoredFinding, *, reason: str) -> None:
    """Undo the link that came with a number, if it stands."""
    access = transaction.access
    standing = links.standing(transaction, [finding.child_id]).get(finding.child_id)
    if standing is None or standing.link_id != finding.link_id:
        return
    sealed = seal_group(key, "link", group="undo_reason", row=standing.link_id, document={"reason": reason})
    links.undo(
        transaction,
        {finding.child_id: standing.link_id},
        at=access.at,
        by=access.staff_id,
        sealed_reasons={standing.link_id: sealed},
    )
    links.set_decision(transaction, finding.child_id, "none", by=access.staff_id, at=access.at)
    with transaction.as_engine():
        grouping.regroup(transaction, [standing.person_id], at=access.at)

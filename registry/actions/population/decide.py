"""A person decides what was found: accepted, it becomes the number of the link, a proposal to the source, or a mark.

A refused finding is not found again. An accepted one can be taken back, and everything that came with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from matching.identity import Identity
from registry.actions.keys.damage import opened, refusing
from registry.actions.keys.sealing import NUMBER, Vault, open_identity, seal_group
from registry.actions.oversight.log import log
from registry.actions.population.facts import TABLE, Kind, facts_from, open_finding
from registry.actions.population.given import link_given, unlink_given
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.model.link_state import Doubted, Why, after
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.protect.masking import masked_number
from registry.store import children, findings, link_states, links
from registry.store.children import SealedChild
from registry.store.findings import StoredFinding
from registry.store.session import Transaction

PAGE: Final = 50
_NEVER_OLD: Final = timedelta.max  # age plays no part in what a person decides
LONGEST_REASON: Final = 500  # characters
_NUMBERS: Final = frozenset({Kind.NUMBER_REPLACED, Kind.NUMBER_GIVEN})
_FIELDS: Final[Mapping[Kind, str]] = {
    Kind.NUMBER_REPLACED: "number",
    Kind.NUMBER_GIVEN: "number",
    Kind.NAME: "name",
    Kind.SEX: "sex",
    Kind.BIRTH: "birth",
    Kind.MOVED: "moved",
    Kind.PARENTS: "parents",
    Kind.DIED: "died",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """What is found to be otherwise, as a person reads it; numbers are masked."""

    child_id: UUID
    finding_id: UUID
    kind: Kind
    state: str
    system: str
    name: str | None = field(repr=False)  # of the child, as its record writes it
    before: Any = field(repr=False)
    said: Any = field(repr=False)
    found_at: datetime
    as_of: datetime
    connector: str
    source_ref: str
    signed: Mapping[str, str] | None = field(repr=False)  # of a list that was signed: by whom and when


def findings_waiting(
    transaction: Transaction, vault: Vault, *, after_: tuple[datetime, UUID] | None = None
) -> list[FindingView]:
    """Return the findings that wait for a person in this area, the oldest first; args: after_: the last one seen."""
    grant = authorize(transaction.access, Action.FINDINGS)
    stored = findings.waiting(transaction, grant, after=after_, limit=PAGE)
    return _views(transaction, vault, grant, stored)


def finding_of(transaction: Transaction, vault: Vault, child_id: UUID, finding_id: UUID) -> FindingView:
    """Return a finding.

    Raises:
        NotFound: there is none, or not in this area.
    """
    grant = authorize(transaction.access, Action.FINDINGS)
    stored = findings.one(transaction, grant, child_id, finding_id)
    shown = _views(transaction, vault, grant, [stored]) if stored else []
    if not shown:
        raise NotFound
    return shown[0]


def _views(transaction: Transaction, vault: Vault, grant: Grant, stored: list[StoredFinding]) -> list[FindingView]:
    owners = {child.child_id: child for child in children.some(transaction, grant, [one.child_id for one in stored])}
    known = [one for one in stored if one.child_id in owners]
    read = opened(transaction, vault, known, lambda one: _read(vault, owners[one.child_id], one))
    shown = [_view(owners[one.child_id], one, name, document) for one, (name, document) in read]
    if shown:
        ids = sorted({one.child_id for one in shown})
        log(transaction, vault, Event(action=Action.FINDINGS, children=ids, groups=grant.field_groups))
    return shown


def _read(vault: Vault, owner: SealedChild, finding: StoredFinding) -> tuple[str | None, dict[str, Any]]:
    return facts_from(_identity(vault, owner)).name, open_finding(vault, owner, finding)


def _identity(vault: Vault, owner: SealedChild) -> Identity:
    key = vault.child_key(owner)
    return open_identity(key, owner.child_id, sealed_identity=owner.sealed_identity, sealed_family=owner.sealed_family)


def _view(owner: SealedChild, finding: StoredFinding, name: str | None, document: dict[str, Any]) -> FindingView:
    kind = Kind(finding.kind)
    masked = kind in _NUMBERS
    before, said = document["before"], document["said"]
    return FindingView(
        child_id=finding.child_id,
        finding_id=finding.finding_id,
        kind=kind,
        state=finding.state,
        system=owner.system,
        name=name,
        before=masked_number(before) if masked and before else before,
        said=masked_number(said) if masked else said,
        found_at=finding.found_at,
        as_of=finding.as_of,
        connector=finding.connector,
        source_ref=finding.source_ref,
        signed=document["signed"],
    )


def decide_finding(
    transaction: Transaction, vault: Vault, child_id: UUID, finding_id: UUID, *, accept: bool, reason: str
) -> None:
    """Accept a finding with all that follows from it, or refuse it.

    Raises:
        BadQuery: the sentence is missing or too long.
        NotFound: there is no such finding, or not in this area.
        Conflict: somebody has decided it, or its link was undone in the meantime.
    """
    grant = authorize(transaction.access, Action.FINDINGS)
    sentence = _sentence(reason)
    finding, owner = _held(transaction, grant, child_id, finding_id)
    if finding.state != "open":
        raise Conflict("somebody has decided it in the meantime")
    with refusing(transaction, vault, child_id):
        key = vault.child_key(owner)
        document = open_finding(vault, owner, finding)
    if accept:
        if not findings.stands(transaction, finding):
            raise Conflict("its link was undone in the meantime")
        _apply(transaction, vault, key, finding, document)
    sealed = seal_group(key, TABLE, group="decision", row=finding_id, document={"reason": sentence})
    state = "accepted" if accept else "refused"
    findings.decide(transaction, finding, state=state, sealed_decision=sealed)
    if accept:
        _ask_again(transaction, finding)
        link_states.tell(transaction, [(child_id, "finding.accepted")])
    log(transaction, vault, Event(action=Action.FINDINGS, children=[child_id], counts={state: 1}))


def undo_finding(transaction: Transaction, vault: Vault, child_id: UUID, finding_id: UUID, *, reason: str) -> None:
    """Take back an accepted finding: what stood before stands again.

    Raises:
        BadQuery: the sentence is missing or too long.
        NotFound: there is no such finding, or not in this area.
        Conflict: it is not accepted.
    """
    grant = authorize(transaction.access, Action.FINDINGS)
    sentence = _sentence(reason)
    finding, owner = _held(transaction, grant, child_id, finding_id)
    if finding.state != "accepted":
        raise Conflict("it is not accepted")
    with refusing(transaction, vault, child_id):
        key = vault.child_key(owner)
        document = open_finding(vault, owner, finding)
    findings.withdraw_corrections(transaction, finding)
    if Kind(finding.kind) is Kind.NUMBER_REPLACED:
        findings.forget_history(transaction, finding)
        _bear(transaction, vault, key, finding, document["before"])
    elif Kind(finding.kind) is Kind.NUMBER_GIVEN:
        findings.forget_history(transaction, finding)
        unlink_given(transaction, key, finding, reason=sentence)
    elif Kind(finding.kind) is Kind.DIED:
        findings.unmark(transaction, finding)
    sealed = seal_group(key, TABLE, group="undoing", row=finding_id, document={"reason": sentence})
    findings.take_back(transaction, finding, sealed_undoing=sealed)
    _ask_again(transaction, finding)
    link_states.tell(transaction, [(child_id, "finding.undone")])
    log(transaction, vault, Event(action=Action.FINDINGS, children=[child_id], counts={"undone": 1}))


def _held(
    transaction: Transaction, grant: Grant, child_id: UUID, finding_id: UUID
) -> tuple[StoredFinding, SealedChild]:
    finding = findings.one(transaction, grant, child_id, finding_id)
    found = children.some(transaction, grant, [child_id])
    if finding is None or not found:
        raise NotFound
    return finding, found[0]


def _apply(
    transaction: Transaction, vault: Vault, key: DataKey, finding: StoredFinding, document: Mapping[str, Any]
) -> None:
    kind = Kind(finding.kind)
    if kind is Kind.NUMBER_REPLACED:
        _write_history(transaction, key, finding, document)
        _bear(transaction, vault, key, finding, document["said"])
    elif kind is Kind.NUMBER_GIVEN:
        _write_history(transaction, key, finding, document)
        link_given(transaction, vault, key, finding, number=document["said"])
    elif kind is Kind.DIED:
        findings.mark_died(transaction, finding)
    told = {"from": document["before"], "to": document["said"]}
    correction_id = uuid4()
    row = {
        "child_id": finding.child_id,
        "correction_id": correction_id,
        "finding_id": finding.finding_id,
        "field": _FIELDS[kind],
        "sealed_correction": seal_group(
            key, "proposed_correction", group="correction", row=correction_id, document=told
        ),
        "proposed_at": transaction.access.at,
    }
    findings.propose(transaction, [row])


def _write_history(transaction: Transaction, key: DataKey, finding: StoredFinding, document: Mapping[str, Any]) -> None:
    rows = []
    for status, number in (("replaced", document["before"]), ("current", document["said"])):
        if number is None:
            continue
        history_id = uuid4()
        rows.append(
            {
                "child_id": finding.child_id,
                "history_id": history_id,
                "finding_id": finding.finding_id,
                "status": status,
                "sealed_number": seal_group(
                    key, "number_history", group="number", row=history_id, document={"number": number}
                ),
                "valid_from": finding.as_of if status == "current" else None,
                "valid_to": None if status == "current" else finding.as_of,
                "source": finding.connector,
                "verified_at": None,
            }
        )
    findings.write_history(transaction, rows)


def _bear(transaction: Transaction, vault: Vault, key: DataKey, finding: StoredFinding, number: str) -> None:
    """Let the link bear a number, by which its child is found from now on, as by the number before."""
    if finding.link_id is None:
        return
    sealed = seal_group(key, "link", group="number", row=finding.link_id, document={"number": number})
    findings.write_number(transaction, finding, sealed)
    index = vault.index
    links.write_links(transaction, [], {finding.child_id: index.identifier(NUMBER, number)}, key_version=index.version)


def _ask_again(transaction: Transaction, finding: StoredFinding) -> None:
    """Let the link be asked about with what holds now."""
    if finding.link_id is None:
        return
    at = transaction.access.at
    with transaction.as_engine():
        for state in link_states.some(transaction, [(finding.child_id, finding.link_id)]):
            event = Doubted(why=Why.CORRECTED)
            standing = after(state.standing, event, at=at, lasts=_NEVER_OLD, link_id=state.link_id)
            link_states.keep(transaction, {state.key: standing}, answered={})


def _sentence(reason: str) -> str:
    sentence = " ".join(reason.split())
    if not sentence or len(sentence) > LONGEST_REASON:
        raise BadQuery("reason", "one sentence is needed" if not sentence else "too long")
    return sentence

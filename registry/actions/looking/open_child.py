"""Opens one child for somebody with a reason: authorised, unsealed as far as granted, logged before the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from registry.actions.keys.damage import Damage
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.linkage.cluster_review import evidence_of
from registry.actions.looking import break_glass
from registry.actions.looking.reach import Reached, reached, refuse
from registry.actions.looking.views import (
    ChildView,
    EvidenceRow,
    JoinView,
    LinkView,
    RecordView,
    evidence_rows,
    side_of,
)
from registry.actions.oversight import decoys, limits, own_family
from registry.actions.oversight.alarms import AlarmKind, raise_alarm
from registry.actions.oversight.log import log
from registry.model.access import PEOPLE_PURPOSES, Purpose
from registry.model.errors import ReasonNeeded, Refused
from registry.model.identity_groups import identity_from
from registry.protect.authorize import Action, Duty, FieldGroup, Grant, authorize
from registry.protect.cipher import unseal_documents
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.protect.masking import masked_number
from registry.store import children, clusters, links
from registry.store.calls import ask_ahead, call_of
from registry.store.children import SealedCase, SealedGroups
from registry.store.clusters import StoredPair
from registry.store.links import StoredLink
from registry.store.session import Transaction

REASON_LASTS: Final = timedelta(hours=12)  # a reason is asked once for a child in a working day
RESTRICTED: Final = {5: FieldGroup.GROUP_5, 9: FieldGroup.GROUP_9, 11: FieldGroup.GROUP_11, 12: FieldGroup.GROUP_12}


def reason_is_needed(transaction: Transaction, child_id: UUID) -> bool:
    """Say whether this person must still give a reason for opening the child today."""
    return purpose_given(transaction, child_id) is None


def purpose_given(transaction: Transaction, child_id: UUID) -> str | None:
    """Return the purpose for which this person opened the child today, by whichever of her records; or None."""
    given = _given(transaction, authorize(transaction.access, Action.OPEN), child_id)
    if given is None and _given(transaction, authorize(transaction.access, Action.FIND), child_id) == Purpose.EMERGENCY:
        return Purpose.EMERGENCY.value  # beyond the own area nothing else is opened
    return given


def _given(transaction: Transaction, grant: Grant, child_id: UUID) -> str | None:
    staff_id = transaction.access.staff_id
    found = reached(transaction, grant, child_id)
    if staff_id is None or found is None:
        return None
    return children.reason_given(transaction, grant, found.head, staff_id=staff_id, within=REASON_LASTS)


def open_child(transaction: Transaction, vault: Vault, child_id: UUID) -> ChildView:
    """Return all that the Access may see of a child, every identity of her included.

    A record whose sealed values were changed is left out and counted; a decoy raises an alarm.

    Raises:
        RecordDamaged: none of her records can be read.
        NotFound: no such child, or none that this Access may find.
        OutsideOpeningArea: she may be found, and is opened by others.
        ReasonNeeded: no purpose was given, or its sentence is missing.
        Refused: this role opens no child.
    """
    admitted = _admit(transaction, vault, child_id)
    grant, found = admitted.grant, admitted.found
    members = found.members
    _ask_ahead(transaction, vault, members, cases=admitted.until is None)
    looks = limits.check(transaction, vault, members)
    groups = children.groups(transaction, grant, members)
    cases = None if admitted.until else _case_grant(transaction)
    sealed_cases = {case.child_id: case for case in children.cases(transaction, cases, members)} if cases else {}
    met = Damage(transaction, vault)
    records = _records(vault, grant, met, groups=groups, cases=(cases, sealed_cases))
    shown = _link_views(transaction, vault, grant, met=met, groups=groups, members=members)
    joins = _join_views(transaction, vault, met, groups=groups, members=members) if len(members) > 1 else ()
    met.settle(of=len(groups))
    opened = set(grant.field_groups | grant.masked) | (set(cases.field_groups) if cases and sealed_cases else set())
    _tell(transaction, vault, admitted, groups=opened)
    own_family.watch(transaction, vault, looks, [_seen(record) for record in records], child_id=found.head)
    return ChildView(
        child_id=found.head,
        records=records,
        links=shown,
        joins=joins,
        unreadable=len(met.children),
        sealed=found.sealed,
        emergency_until=admitted.until,
    )


@dataclass(frozen=True, slots=True)
class _Admitted:
    grant: Grant
    found: Reached
    until: datetime | None = None  # when the emergency ends; None: she is in the own area


def _tell(transaction: Transaction, vault: Vault, admitted: _Admitted, *, groups: set[str]) -> None:
    """Note that the child was opened, log it, and raise an alarm if she does not exist."""
    found = admitted.found
    if transaction.access.staff_id is not None and transaction.access.purpose in PEOPLE_PURPOSES:
        _remember(transaction, admitted.grant, found.head)
    counts = {"emergency": 1} if admitted.until else {}  # one of an account runs at a time: account and time name it
    log(transaction, vault, Event(action=Action.OPEN, children=found.members, groups=groups, counts=counts))
    for decoy in decoys.decoys_among(transaction, vault, found.members):
        raise_alarm(transaction, vault, AlarmKind.DECOY_OPENED, child_id=decoy)


def _records(
    vault: Vault,
    grant: Grant,
    met: Damage,
    *,
    groups: Sequence[SealedGroups],
    cases: tuple[Grant | None, Mapping[UUID, SealedCase]],
) -> tuple[RecordView, ...]:
    """Return the records that can be read; if none of them can, the whole is refused."""
    permission, sealed = cases
    tried = (
        met.tried(row.child_id, partial(_record, vault, grant, met, row, case=(permission, sealed.get(row.child_id))))
        for row in groups
    )
    records = tuple(record for record in tried if record is not None)
    if groups and not records:
        met.refuse()
    return records


def _admit(transaction: Transaction, vault: Vault, child_id: UUID) -> _Admitted:
    """Reach the child in the own area, or beyond it while an emergency runs."""
    grant = authorize(transaction.access, Action.OPEN)
    found = reached(transaction, grant, child_id)
    if found is not None:
        if Duty.TELL_SUPERVISOR in grant.duties:
            break_glass.tell_supervisor(transaction, vault, grant, found=found)
        return _Admitted(grant, found)
    emergency = break_glass.running(transaction, child_id)
    if emergency is None:
        refuse(transaction, vault, grant, child_id)
    return _Admitted(emergency.grant, emergency.reached, emergency.ends_at)


def _ask_ahead(transaction: Transaction, vault: Vault, members: Sequence[UUID], *, cases: bool) -> None:
    """Ask for all that is read of a child in one breath: to wait for each answer in turn costs more than they do."""
    asked = [call_of(what, members) for what in (children.GROUPS, links.STANDING)]
    if cases:
        asked.append(call_of(children.CASES, members))
    if len(members) > 1:
        asked += [call_of(what, members) for what in (clusters.PAIRS, clusters.JOINS)]
    asked.append(decoys.question(vault, members))
    asked += limits.questions(transaction, vault, members)
    ask_ahead(transaction, asked)


def _seen(record: RecordView) -> own_family.SeenRecord:
    side = record.side
    parents = (side.mother, side.father, record.carer)
    return own_family.SeenRecord(name=side.name, parents=parents, commune=side.commune, address=record.address)


def _remember(transaction: Transaction, grant: Grant, head: UUID) -> None:
    staff_id = transaction.access.staff_id
    if staff_id is not None:
        purpose = transaction.access.purpose.value
        children.note_opening(transaction, grant, head, staff_id=staff_id, purpose=purpose)


def _case_grant(transaction: Transaction) -> Grant | None:
    try:
        return authorize(transaction.access, Action.OPEN_CASE)
    except (Refused, ReasonNeeded):
        return None


def _record(
    vault: Vault, grant: Grant, met: Damage, row: SealedGroups, *, case: tuple[Grant | None, SealedCase | None]
) -> RecordView:
    documents = _documents(vault, grant, row)
    family = grant.may_open(FieldGroup.FAMILY)
    case_view = met.tried(row.child_id, partial(_case, vault, *case)) or _case(vault, None, None)
    carer = documents["family"]["carer"] if family else None
    return RecordView(
        system=row.system,
        source_key=documents.get("source", {}).get("key"),
        version_at=row.version_at,
        seen_at=row.seen_at,
        side=side_of(identity_from(documents["identity"], documents["family"]), family=family),
        unit_code=row.commune_code,
        unit_scheme=row.commune_scheme,
        carer=carer["name"] if carer else None,
        address=documents["contact"].get("address") if FieldGroup.CONTACT in grant.field_groups else None,
        services=documents.get("services", {}),
        welfare_groups=_permitted_groups(documents.get("welfare", {}).get("groups", ()), grant),
        **case_view,
    )


def _documents(vault: Vault, grant: Grant, row: SealedGroups) -> dict[str, dict[str, Any]]:
    """Open what the grant opens, by column; who she is and her family in any case, for they make her identity."""
    granted = {
        "source": (FieldGroup.IDENTITY, row.sealed_source),
        "contact": (FieldGroup.CONTACT, row.sealed_contact),
        "services": (FieldGroup.SERVICES, row.sealed_services),
        "welfare": (FieldGroup.WELFARE, row.sealed_welfare),
    }
    tokens = {"identity": row.sealed_identity, "family": row.sealed_family}
    tokens |= {column: token for column, (group, token) in granted.items() if grant.may_open(group)}
    return unseal_documents(vault.child_key(row), "identity", row=row.child_id, tokens=tokens)


def _permitted_groups(groups: Sequence[int], grant: Grant) -> tuple[int, ...]:
    return tuple(group for group in groups if group not in RESTRICTED or RESTRICTED[group] in grant.field_groups)


def _case(vault: Vault, grant: Grant | None, sealed: SealedCase | None) -> dict[str, Any]:
    nothing: dict[str, Any] = {"case": None, "case_notes": None, "reporter": None, "suspect": None}
    if grant is None or sealed is None:
        return nothing
    key = vault.key(
        Domain.CASE_WRAP,
        sealed.case_id,
        wrapped=sealed.wrapped_key,
        epoch=sealed.key_epoch,
        generation=sealed.key_generation,
    )
    parts = {
        "case": (FieldGroup.CASE, "case", sealed.sealed_case),
        "case_notes": (FieldGroup.CASE_NOTES, "case_notes", sealed.sealed_case_notes),
        "reporter": (FieldGroup.REPORTER, "reporter", sealed.sealed_reporter),
        "suspect": (FieldGroup.SUSPECT_GUARDIAN, "suspect", sealed.sealed_suspect),
    }
    opened = {
        name: open_group(key, "protection_case", group=column, row=sealed.case_id, token=token)
        for name, (group, column, token) in parts.items()
        if group in grant.field_groups and token is not None
    }
    case = opened.get("case")
    if case is not None:
        case = {**case, "groups": list(_permitted_groups(case.get("groups", ()), grant))}
    return {
        "case": case,
        "case_notes": opened.get("case_notes", {}).get("notes"),
        "reporter": opened.get("reporter", {}).get("reporter"),
        "suspect": opened.get("suspect", {}).get("suspect"),
    }


def _link_views(
    transaction: Transaction,
    vault: Vault,
    grant: Grant,
    *,
    met: Damage,
    groups: Sequence[SealedGroups],
    members: Sequence[UUID],
) -> tuple[LinkView, ...]:
    known = {row.child_id: row for row in groups}
    found = [
        met.tried(link.child_id, partial(_link, vault, known[link.child_id], link))
        for link in links.standing_sealed(transaction, grant, members)
        if link.child_id in known
    ]
    return tuple(link for link in found if link is not None)


def _join_views(
    transaction: Transaction, vault: Vault, met: Damage, *, groups: Sequence[SealedGroups], members: Sequence[UUID]
) -> tuple[JoinView, ...]:
    """Return the joins among records that are given oldest first."""
    known = {row.child_id: row for row in groups}
    age = {child: place for place, child in enumerate(known)}
    pairs = {pair.ids: pair for pair in clusters.pairs_among(transaction, members)}
    shown = []
    for join in clusters.joins_among(transaction, members):
        if not set(join.ids) <= set(known):
            continue
        older, later = sorted(join.ids, key=age.__getitem__)
        pair = pairs.get(join.ids)
        evidence = met.tried(join.child_id, partial(_evidence, vault, known[join.child_id], pair)) if pair else None
        shown.append(
            JoinView(
                child_id=later,
                other_id=older,
                system=known[later].system,
                other_system=known[older].system,
                probability=join.probability,
                evidence=evidence or (),
                made_at=join.made_at,
                made_by_person=join.made_by is not None,
            )
        )
    return tuple(shown)


def _evidence(vault: Vault, row: SealedGroups, pair: StoredPair) -> tuple[EvidenceRow, ...]:
    return evidence_of(vault.child_key(row), pair)


def _link(vault: Vault, row: SealedGroups, link: StoredLink) -> LinkView:
    key = vault.child_key(row)
    number = open_group(key, "link", group="number", row=link.link_id, token=link.sealed_number)["number"]
    evidence = open_group(key, "link", group="evidence", row=link.link_id, token=link.sealed_evidence)
    return LinkView(
        child_id=link.child_id,
        number_masked=masked_number(number) if number else None,
        probability=link.probability,
        evidence=evidence_rows(evidence),
        model_version=link.model_version,
        made_at=link.made_at,
        made_by_person=link.made_by is not None,
        verified=link.verified,
        verified_at=link.verified_at,
    )

"""Opens one child for somebody with a reason: authorised, unsealed as far as granted, logged before the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from registry.actions.alarms import AlarmKind, raise_alarm
from registry.actions.cluster_review import evidence_of
from registry.actions.damage import Damage
from registry.actions.decoys import decoys_among
from registry.actions.log import log
from registry.actions.sealing import Vault, open_group
from registry.actions.views import ChildView, EvidenceRow, JoinView, LinkView, RecordView, evidence_rows, side_of
from registry.model.access import PEOPLE_PURPOSES
from registry.model.errors import NotFound, Refused
from registry.model.identity_groups import identity_from
from registry.protect.access_log import Event
from registry.protect.authorize import Action, FieldGroup, Grant, authorize
from registry.protect.cipher import unseal_documents
from registry.protect.keyring_file import Domain
from registry.protect.masking import masked_number
from registry.store import children, clusters, grouping, links, verifications
from registry.store.children import SealedCase, SealedGroups
from registry.store.clusters import StoredPair
from registry.store.links import StoredLink
from registry.store.session import Transaction

REASON_LASTS: Final = timedelta(hours=12)  # a reason is asked once for a child in a working day
RESTRICTED: Final = frozenset({5, 9, 11, 12})  # HIV, violence, sexual abuse, trafficking: a right of their own


def reason_is_needed(transaction: Transaction, child_id: UUID) -> bool:
    """Say whether this person must still give a reason for opening the child today."""
    return purpose_given(transaction, child_id) is None


def purpose_given(transaction: Transaction, child_id: UUID) -> str | None:
    """Return the purpose for which this person opened the child today, by whichever of her records; or None."""
    staff_id = transaction.access.staff_id
    found = _opened(transaction, child_id)
    if staff_id is None or found is None:
        return None
    return children.reason_given(transaction, found[0], staff_id=staff_id, within=REASON_LASTS)


def _opened(transaction: Transaction, child_id: UUID) -> tuple[UUID, list[UUID]] | None:
    """Return the first and all identities of a child, and let the transaction see them; None: none is in the area."""
    head = grouping.heads(transaction, [child_id])[child_id]
    members = grouping.members(transaction, head)
    if not children.some(transaction, members):
        return None
    transaction.open_to(members)
    return head, members


def open_child(transaction: Transaction, vault: Vault, child_id: UUID) -> ChildView:
    """Return all that the Access may see of a child, every identity of her included.

    A record whose sealed values were changed is left out and counted; a child who does not exist raises an alarm.

    Raises:
        RecordDamaged: none of her records can be read.
        NotFound: no such child, or none in the area of this Access.
        ReasonNeeded: no purpose was given, or its sentence is missing.
        Refused: this role opens no child.
    """
    grant = authorize(transaction.access, Action.OPEN)
    found = _opened(transaction, child_id)
    if found is None:
        raise NotFound
    head, members = found
    groups = children.groups(transaction, members)
    cases = _case_grant(transaction)
    sealed_cases = {case.child_id: case for case in children.cases(transaction, members)} if cases else {}
    met = Damage(transaction, vault)
    opening = partial(_record, vault, grant, met)
    found_out = [
        met.tried(row.child_id, partial(opening, row, case=(cases, sealed_cases.get(row.child_id)))) for row in groups
    ]
    records = tuple(record for record in found_out if record is not None)
    if groups and not records:
        met.refuse()
    shown = _link_views(transaction, vault, met, groups)
    joins = _join_views(transaction, vault, met, groups)
    met.settle(of=len(groups))
    if transaction.access.staff_id is not None and transaction.access.purpose in PEOPLE_PURPOSES:
        _remember(transaction, head)
    opened = set(grant.field_groups | grant.masked) | (set(cases.field_groups) if cases and sealed_cases else set())
    log(transaction, vault, Event(action=Action.OPEN, children=members, groups=opened))
    for decoy in decoys_among(transaction, vault, members):
        raise_alarm(transaction, vault, AlarmKind.DECOY_OPENED, child_id=decoy)
    return ChildView(child_id=head, records=records, links=shown, joins=joins, unreadable=len(met.children))


def _remember(transaction: Transaction, head: UUID) -> None:
    staff_id = transaction.access.staff_id
    if staff_id is not None:
        children.note_opening(transaction, head, staff_id=staff_id, purpose=transaction.access.purpose.value)


def _case_grant(transaction: Transaction) -> Grant | None:
    try:
        return authorize(transaction.access, Action.OPEN_CASE)
    except Refused:
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
    if FieldGroup.RESTRICTED_GROUPS in grant.field_groups:
        return tuple(groups)
    return tuple(group for group in groups if group not in RESTRICTED)


def _case(vault: Vault, grant: Grant | None, sealed: SealedCase | None) -> dict[str, Any]:
    nothing: dict[str, Any] = {"case": None, "case_notes": None, "reporter": None}
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
    }
    opened = {
        name: open_group(key, "protection_case", group=column, row=sealed.case_id, token=token)
        for name, (group, column, token) in parts.items()
        if group in grant.field_groups
    }
    case = opened.get("case")
    if case is not None:
        case = {**case, "groups": list(_permitted_groups(case.get("groups", ()), grant))}
    return {
        "case": case,
        "case_notes": opened.get("case_notes", {}).get("notes"),
        "reporter": opened.get("reporter", {}).get("reporter"),
    }


def _link_views(
    transaction: Transaction, vault: Vault, met: Damage, groups: Sequence[SealedGroups]
) -> tuple[LinkView, ...]:
    known = {row.child_id: row for row in groups}
    said = verifications.latest(transaction, known)
    found = [
        met.tried(link.child_id, partial(_link, vault, known[link.child_id], link, said.get(link.child_id)))
        for link in links.standing_sealed(transaction, known)
    ]
    return tuple(link for link in found if link is not None)


def _join_views(
    transaction: Transaction, vault: Vault, met: Damage, groups: Sequence[SealedGroups]
) -> tuple[JoinView, ...]:
    """Return the joins among records that are given oldest first."""
    known = {row.child_id: row for row in groups}
    age = {child: place for place, child in enumerate(known)}
    pairs = {pair.ids: pair for pair in clusters.pairs_among(transaction, known)}
    shown = []
    for join in clusters.joins_among(transaction, known):
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


def _link(vault: Vault, row: SealedGroups, link: StoredLink, said: Mapping[str, Any] | None) -> LinkView:
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
        verified=said["outcome"] if said else None,
        verified_at=said["as_of"] if said else None,
    )

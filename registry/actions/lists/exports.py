"""Lists of children that leave the registry: few at once by whoever asks, many when a second person agrees.

A list is fixed when it is asked for: which children, and a digest of what it says of each. What is handed out is read
anew, and a child of whom that has changed is left out and counted, so that nothing leaves but what was agreed to.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

from matching import places
from registry.actions.keys.sealing import Vault
from registry.actions.lists.export_rows import Question, find_rows, list_digest
from registry.actions.oversight.log import log
from registry.model.access import Access, Area, Purpose, Role
from registry.model.errors import BadQuery, Conflict, NotFound, Refused
from registry.protect.authorize import Action, authorize, permitted
from registry.protect.cipher import Place, generation_of, seal_document, unseal_document
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import exports
from registry.store.exports import Export
from registry.store.session import Transaction

ALONE: Final = 100  # children that one person may take out in a day
A_DAY: Final = timedelta(hours=24)
LASTS: Final = timedelta(hours=24)  # a list that is not fetched by then is asked for anew
SHOWN: Final = 100  # lists on a page
LONGEST_REASON: Final = 500  # characters


class State(StrEnum):
    """What can be done with a list."""

    WAITING = "waiting"  # a second person must agree
    READY = "ready"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportView:
    """A list as it is shown to whoever asked for it, or may approve it. It names no child."""

    export_id: UUID
    state: State
    children: int
    asked_at: datetime
    expires_at: datetime
    login: str = field(repr=False)
    office: str
    purpose: Purpose
    digest: str  # what an approval is bound to
    needs_second: bool
    fetches: int
    question: Question | None = None  # None: it has expired
    reason: str | None = field(default=None, repr=False)  # the sentence of whoever asked
    of_problems: bool = False  # a list for the police, with columns for their answers


def ask_export(transaction: Transaction, vault: Vault, question: Question) -> ExportView:
    """Fix a list of children, and say whether a second person must agree before it can be fetched.

    Raises:
        BadQuery: the question breaks a rule, or no child answers it.
        TooMany: more children than a list may hold.
    """
    access = transaction.access
    grant = authorize(access, Action.ASK_EXPORT)
    if len(access.reason or "") > LONGEST_REASON:
        raise BadQuery("reason", "at most 500 characters")
    exports.wait_for_turn(transaction)
    rows = find_rows(transaction, vault, grant, question)
    if not rows:
        raise BadQuery("commune", "no child of your area is on this list")
    digests = {row.child_id: row.digest for row in rows}
    return fix_list(transaction, vault, question, digests, action=Action.ASK_EXPORT, area=question.area(grant.area))


def fix_list(
    transaction: Transaction,
    vault: Vault,
    question: Question,
    digests: Mapping[UUID, bytes],
    *,
    action: Action,
    area: Area,
) -> ExportView:
    """Fix a list whose children are known, and say whether a second person must agree; the turn is the caller's.

    Args:
        digests: identity → digest of what the list says of her.
        action: by which it was permitted.
        area: of the children.
    """
    access = transaction.access
    alone = exports.handed_out(transaction, since=access.at - A_DAY) + len(digests) <= ALONE
    export = _fixed(transaction, vault, digests=digests, needs_second=not alone, area=area)
    document = {
        "question": asdict(question),
        "reason": access.reason,
        "rows": [[str(child), digest.hex()] for child, digest in digests.items()],
        "of_problems": action is Action.PROBLEMS,
    }
    sealed = _sealed(vault, export.export_id, "list", document=document)
    exports.add(transaction, export, sealed_list=sealed)
    counts = {"children": len(digests), "needs_second": int(not alone)}
    digest = (export.list_digest,)
    log(transaction, vault, Event(action=action.value, counts=counts, row_digests=digest))
    return _view(export, document, at=access.at)


def _fixed(
    transaction: Transaction, vault: Vault, *, digests: Mapping[UUID, bytes], needs_second: bool, area: Area
) -> Export:
    access = transaction.access
    if access.staff_id is None:
        raise Refused(place=Action.ASK_EXPORT.value)
    return Export(
        export_id=uuid4(),
        short_id=secrets.randbelow(2**31),
        asked_by=access.staff_id,
        login=access.login,
        office=access.office,
        asked_at=access.at,
        purpose=access.purpose.value,
        children=len(digests),
        list_digest=list_digest(vault.keyring, digests),
        needs_second=needs_second,
        provinces=_provinces(area),
        mark_version=vault.keyring.active(Domain.EXPORT_MARK),
        expires_at=access.at + LASTS,
        decided_by=None,
        decided_at=None,
        approved=None,
        fetches=0,
        fetched_at=None,
    )


def own_exports(transaction: Transaction) -> list[ExportView]:
    """Return the lists that the account has asked for, newest first."""
    found = exports.asked_by(transaction, _asker(transaction), limit=SHOWN)
    return [_view(export, None, at=transaction.access.at) for export in found]


def own_export(transaction: Transaction, vault: Vault, export_id: UUID) -> ExportView:
    """Return a list that the account has asked for.

    Raises: NotFound: there is none, or it is another's.
    """
    staff_id = _asker(transaction)
    export = exports.by_id(transaction, export_id)
    if export is None or export.asked_by != staff_id:
        raise NotFound
    return _view(export, listed(transaction, vault, export), at=transaction.access.at)


def waiting_exports(transaction: Transaction) -> list[ExportView]:
    """Return the lists of others that this person may approve, oldest first."""
    provinces = _may_approve(transaction)
    found = exports.waiting(transaction, provinces=provinces, limit=SHOWN)
    return [_view(export, None, at=transaction.access.at) for export in found]


def waiting_export(transaction: Transaction, vault: Vault, export_id: UUID) -> ExportView:
    """Return a list of somebody else that this person may approve: what was asked and why, and no child.

    Raises: NotFound: there is none that waits for this person.
    """
    export = _to_decide(transaction, export_id)
    return _view(export, listed(transaction, vault, export), at=transaction.access.at)


def check_may_decide(access: Access) -> None:
    """Refuse whoever may not decide about lists, or has to sign in again before; the sentence comes later.

    Raises:
        Refused: this role does not.
        FreshSignInNeeded: who asks has not proved a moment ago who they are.
    """
    authorize(replace(access, reason=access.reason or "to be written"), Action.APPROVE_EXPORT)


def decide_export(transaction: Transaction, vault: Vault, export_id: UUID, *, approved: bool, digest: str) -> None:
    """Say as a second person whether a list may be fetched.

    Args:
        approved: it may.
        digest: of the list as it was shown: what is agreed to is that list and no other.

    Raises:
        FreshSignInNeeded: who decides has not proved a moment ago who they are.
        ReasonNeeded: the sentence is missing.
        NotFound: there is no such list, it is one's own, or it is of another province.
        Conflict: somebody has decided already, it has expired, or it is another list than was shown.
    """
    access = transaction.access
    authorize(access, Action.APPROVE_EXPORT)
    export = _to_decide(transaction, export_id)
    if export.decided_at is not None:
        raise Conflict("somebody has decided already", field="export")
    if export.expires_at <= access.at:
        raise Conflict("the list has expired", field="export")
    if not hmac.compare_digest(export.list_digest.hex().encode(), digest.encode("utf-8", "replace")):
        raise Conflict("it is another list than the one that was shown", field="digest")
    answer = _sealed(vault, export_id, "answer", document={"reason": access.reason})
    if not exports.decide(transaction, export_id, approved=approved, sealed_answer=answer):
        raise Conflict("somebody has decided already", field="export")
    counts = {"approved": int(approved), "children": export.children}
    event = Event(action=Action.APPROVE_EXPORT.value, counts=counts, row_digests=(export.list_digest,))
    log(transaction, vault, event)


def expire_exports(transaction: Transaction, vault: Vault) -> int:
    """Delete who is on the lists whose time is over, and return how many lists that were."""
    authorize(transaction.access, Action.CHECK)
    number = exports.forget_expired(transaction)
    if number:
        log(transaction, vault, Event(action="expire_exports", counts={"lists": number}))
    return number


def listed(transaction: Transaction, vault: Vault, export: Export) -> dict[str, Any] | None:
    """Return what was asked for and who is on the list; None: it has expired."""
    if export.expires_at <= transaction.access.at:
        return None
    sealed = exports.sealed_list(transaction, export.export_id)
    if sealed is None:
        return None
    version = generation_of(sealed)
    key = vault.keyring.shared_key(Domain.SESSION_WRAP, export.export_id, version)
    return unseal_document(key, Place("export_list", "list", export.export_id, version), sealed)


def is_of_problems(document: Mapping[str, Any]) -> bool:
    """Say whether a list is one for the police."""
    return bool(document.get("of_problems"))


def question_of(document: Mapping[str, Any]) -> Question:
    """Return what a list was asked for by."""
    return Question(**document["question"])


def state_of(export: Export, at: datetime) -> State:
    """Return what can be done with a list now."""
    if export.approved is False:
        return State.REFUSED
    if export.expires_at <= at:
        return State.EXPIRED
    return State.WAITING if export.needs_second and not export.approved else State.READY


def _asker(transaction: Transaction) -> UUID:
    """Return the account of somebody who may ask for lists.

    Raises: Refused: this role does not.
    """
    access = transaction.access
    if access.staff_id is None or not permitted(access.role, Action.ASK_EXPORT):
        raise Refused(place=Action.ASK_EXPORT.value)
    return access.staff_id


def _may_approve(transaction: Transaction) -> frozenset[str]:
    """Return the provinces whose lists this person may approve.

    Raises: Refused: none.
    """
    access = transaction.access
    if access.staff_id is None or not permitted(access.role, Action.APPROVE_EXPORT):
        raise Refused(place=Action.APPROVE_EXPORT.value)
    return frozenset(places.provinces()) if access.role is Role.AUDITOR else access.area.provinces


def _to_decide(transaction: Transaction, export_id: UUID) -> Export:
    provinces = _may_approve(transaction)
    export = exports.by_id(transaction, export_id, locked=True)
    if export is None or not export.needs_second or export.asked_by == transaction.access.staff_id:
        raise NotFound
    if not provinces.issuperset(export.provinces):
        raise NotFound
    return export


def _provinces(area: Area) -> list[str]:
    of_communes = {province for commune in area.communes if (province := places.province_of(commune))}
    return sorted(area.provinces | of_communes)


def _sealed(vault: Vault, export_id: UUID, group: str, *, document: Mapping[str, Any]) -> bytes:
    version = vault.keyring.active(Domain.SESSION_WRAP)
    key = vault.keyring.shared_key(Domain.SESSION_WRAP, export_id, version)
    return seal_document(key, Place("export_list", group, export_id, version), document)


def _view(export: Export, document: Mapping[str, Any] | None, *, at: datetime) -> ExportView:
    return ExportView(
        export_id=export.export_id,
        state=state_of(export, at),
        children=export.children,
        asked_at=export.asked_at,
        expires_at=export.expires_at,
        login=export.login,
        office=export.office,
        purpose=Purpose(export.purpose),
        digest=export.list_digest.hex(),
        needs_second=export.needs_second,
        fetches=export.fetches,
        question=None if document is None else question_of(document),
        reason=None if document is None else document["reason"],
        of_problems=document is not None and is_of_problems(document),
    )

"""Erases a child: without her data keys nothing that was sealed of her opens any more, here or in a copy.

All identities of the child go, with their sealed rows, look-ups, tokens, links and verdicts. What stays is a bare row
that says when she was erased, the ledger, keyed digests of her records so that no later delivery brings her back, and
what stands under pseudonyms: the access log, and the facts of the frame until the next is built.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from registry.actions.clock import check_clock
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.law.legal_holds import refuse_held
from registry.actions.oversight.log import log
from registry.model.errors import NotFound, Tampered
from registry.protect.authorize import Action, authorize
from registry.protect.keys.erasure_ledger import Erasure, ErasureLedger
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import erasures, grouping, protection_cases, sources
from registry.store.erasures import SealedRecord
from registry.store.session import Transaction

Check = Callable[[Sequence[UUID]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure came to."""

    identities: int
    already: bool = False  # she was erased before: nothing was changed
    without_digest: int = 0  # records whose key could not be read: their look-up stays, so that they do not come back


class NoSuchChild(NotFound):
    """There is no such child."""

    title = "There is no such child"


def erase_child(
    transaction: Transaction,
    vault: Vault,
    child_id: UUID,
    *,
    ledger: ErasureLedger,
    by: UUID | None = None,
    check: Check | None = None,
) -> Erased:
    """Erase all identities of a child.

    Args:
        child_id: any of her identities.
        ledger: written before this returns, so before the transaction commits.
        by: the account that asked for it; None: whoever ran the command on a demo.
        check: refuses identities that are held by then, for reasons of its own; None: there are none.

    Raises:
        NoSuchChild: nobody has this id.
        ClockBack: the clock stands before the last erasure.
        Held: a legal hold forbids it.
    """
    authorize(transaction.access, Action.ERASE)
    check_clock(transaction)
    return _erase(transaction, vault, _hold(transaction, child_id), ledger=ledger, by=by, check=check)


def erase_record(
    transaction: Transaction, vault: Vault, child_id: UUID, *, ledger: ErasureLedger, check: Check | None = None
) -> Erased:
    """Erase one identity, with the record that opened it; the others of the same child stand on without it.

    Args:
        child_id: the identity.
        ledger: see `erase_child`, also for `check`.

    Raises:
        NoSuchChild: nobody has this id.
        ClockBack: the clock stands before the last erasure.
        Held: a legal hold forbids it.
    """
    authorize(transaction.access, Action.ERASE)
    check_clock(transaction)
    for system in erasures.systems_of(transaction, [child_id]):
        sources.lock_system(transaction, system)
    held = erasures.lock(transaction, [child_id])
    if not held:
        raise NoSuchChild
    return _erase(transaction, vault, held, ledger=ledger, by=None, check=check)


def _erase(
    transaction: Transaction,
    vault: Vault,
    held: Sequence[SealedRecord],
    *,
    ledger: ErasureLedger,
    by: UUID | None,
    check: Check | None,
) -> Erased:
    standing = [record for record in held if record.erased_at is None]
    if not standing:
        return Erased(identities=len(held), already=True)
    members = [record.child_id for record in standing]
    cases = [case.case_id for case in protection_cases.of_children(transaction, members)]
    refuse_held(transaction, [*members, *cases])
    if check is not None:
        check(members)
    digests, unreadable = _digests(vault, standing)
    ids = tuple(record.child_id for record in standing)
    ledger.append(Erasure(children=ids, records=digests, at=transaction.access.at, by=by))
    wipe(transaction, vault, ids, digests=digests, unreadable=unreadable, by=by)
    return Erased(identities=len(ids), without_digest=len(unreadable))


def wipe(
    transaction: Transaction,
    vault: Vault,
    ids: Sequence[UUID],
    *,
    digests: Sequence[bytes],
    unreadable: Sequence[UUID],
    by: UUID | None,
) -> None:
    """Delete what stands of identities and let those of one child with them stand without them."""
    at = transaction.access.at
    others = grouping.together_with(transaction, ids) - set(ids)
    citizens = erasures.citizens(transaction, ids)
    erasures.enter(transaction, ids, records=digests, at=at, by=by)
    erasures.part(transaction, ids, citizens=citizens)
    erasures.erase(transaction, ids, keeping_keys_of=unreadable)
    erasures.sweep_searches(transaction)
    grouping.regroup(transaction, citizens, at=at)
    grouping.regroup_identities(transaction, others, at=at)
    log(transaction, vault, Event(action=Action.ERASE, children=ids, counts={"identities": len(ids)}))


def _hold(transaction: Transaction, child_id: UUID) -> list[SealedRecord]:
    """Hold all identities of a child, and keep deliveries and others from writing about them meanwhile."""
    held: list[SealedRecord] = []
    for _ in range(2):  # once more if somebody joined another record to her before we held her
        ids = _identities(transaction, child_id)
        for system in erasures.systems_of(transaction, ids):
            sources.lock_system(transaction, system)
        held = erasures.lock(transaction, ids)
        if set(_identities(transaction, child_id)) == set(ids):
            break
    if not held:
        raise NoSuchChild
    return held


def _identities(transaction: Transaction, child_id: UUID) -> list[UUID]:
    head = grouping.heads(transaction, [child_id])[child_id]
    return sorted({child_id, *grouping.members(transaction, head)})


def _digests(vault: Vault, records: Sequence[SealedRecord]) -> tuple[tuple[bytes, ...], list[UUID]]:
    """Return the digests of records that can be read, and the identities of those that cannot."""
    digests, unreadable = [], []
    for record in records:
        digest = _digest(vault, record)
        if digest is None:
            unreadable.append(record.child_id)
        else:
            digests.append(digest)
    return tuple(sorted(digests)), unreadable


def _digest(vault: Vault, record: SealedRecord) -> bytes | None:
    if record.wrapped_key is None or record.sealed_source is None:
        return None
    try:
        key = vault.key(
            Domain.IDENTITY_WRAP,
            record.child_id,
            wrapped=record.wrapped_key,
            epoch=record.key_epoch or 0,
            generation=record.key_generation or 0,
        )
        source = open_group(key, "identity", group="source", row=record.child_id, token=record.sealed_source)
    except Tampered:
        return None
    return vault.index.erased_record(record.system, source["stream"], source["key"])

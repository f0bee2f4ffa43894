"""Writes one record of a system over the version that the client means, or refuses and says what stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from registry.actions.exchange.conditions import REPLACES, Condition, differing
from registry.actions.exchange.outcomes import Outcome, Result
from registry.actions.exchange.own_records import Standing, find_standing, written_of
from registry.actions.exchange.push import Push, push
from registry.actions.exchange.push_records import NotARecord, Stream, Understood, is_key, understand
from registry.actions.exchange.refusals import ConditionFailed, Fault, NotUnderstood, VersionConflict
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.canonical import compact_json
from registry.protect.log.access_log import Event
from registry.store import sources
from registry.store.session import Transaction

_STANDS: Final = frozenset({Outcome.ACCEPTED, Outcome.DUPLICATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One record as a client writes it, and the version that it means."""

    client_id: UUID
    stream: Stream
    key: str = field(repr=False)
    condition: Condition
    record: Mapping[str, Any] = field(repr=False)  # without its key


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a write."""

    batch_id: UUID
    result: Result
    etag: str | None  # of what stands now; None: a child who is sealed, of whom nothing is said
    created: bool


def write_own(transaction: Transaction, vault: Vault, sent: Write) -> Written:
    """Write one record.

    Raises:
        Refused: the access may not take in deliveries.
        ConditionFailed: another version stands, or none; VersionConflict: a newer one.
        NotUnderstood: it is no record, or breaks a rule of its values; nothing is kept.
        NotFound: what does not stand cannot be withdrawn.
    """
    authorize(transaction.access, Action.INGEST)
    if not is_key(sent.key):
        raise NotUnderstood(faults=[Fault("/key", "key_broken")])
    sources.lock_system(transaction, sent.stream.system)  # what is compared now stands until it is written over
    standing = find_standing(transaction, vault, sent.stream, sent.key)
    etag = None if standing is None else standing.etag
    element = {**sent.record, "key": sent.key}
    if not sent.condition.holds(etag):
        _note(transaction, vault, standing)
        raise ConditionFailed(etag=etag, differing=_differing(transaction, standing, element))
    if standing is None and element.get("operation") == "delete":
        raise NotFound
    result, batch_id = _pushed(transaction, vault, sent, element, over=etag)
    if result.outcome not in _STANDS:
        _note(transaction, vault, standing)
        raise VersionConflict(etag=etag, differing=_differing(transaction, standing, element))
    now = find_standing(transaction, vault, sent.stream, sent.key)
    return Written(batch_id=batch_id, result=result, etag=now.etag if now else None, created=standing is None)


def _pushed(
    transaction: Transaction, vault: Vault, sent: Write, element: Mapping[str, Any], *, over: str | None
) -> tuple[Result, UUID]:
    understood = understand(dict(element), sent.stream, row=1)
    if isinstance(understood, NotARecord):
        raise NotUnderstood(faults=[Fault(understood.pointer, understood.rule)])
    batch = push(transaction, vault, _push_of(sent, _over(understood, over)))
    (result,) = batch.results
    if result.outcome is Outcome.QUARANTINED:
        raise NotUnderstood(faults=[Fault(result.pointer or "", result.rule or "field_broken")])
    return result, batch.batch_id


def _over(understood: Understood, etag: str | None) -> Understood:
    """Return a record that says what it is written over: the same content may come back later, and is news then."""
    written = {**understood.record.written, REPLACES: etag}
    return replace(understood, record=replace(understood.record, written=written, raw=compact_json(written)))


def _push_of(sent: Write, understood: Understood) -> Push:
    return Push(client_id=sent.client_id, stream=sent.stream, key=None, body=understood.record.raw, read=[understood])


def _differing(transaction: Transaction, standing: Standing | None, element: Mapping[str, Any]) -> list[str] | None:
    if standing is None:
        return None
    return differing(written_of(transaction, standing), element)


def _note(transaction: Transaction, vault: Vault, standing: Standing | None) -> None:
    """Let the log say that the state of a record was told, though nothing was written."""
    children = [] if standing is None else [standing.state.child_id]
    event = Event(action=Action.LINK_STATE.value, children=children, counts={"conflict": 1})
    transaction.keep(lambda own: log(own, vault, event))

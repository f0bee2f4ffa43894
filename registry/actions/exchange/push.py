"""Takes in what a client pushes, in one transaction with its outcomes and the key that keeps it from coming twice.

Nothing of a push stands before all of it does. A client that has no answer sends it again with the same key: either
nothing was kept, and it is taken in now, or it was, and the same answer is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from connectors.records import SourceRecord
from matching.dates import VIET_NAM
from registry.actions.exchange.outcomes import Batch, Outcome, Result, result_of
from registry.actions.exchange.push_records import NotARecord, Stream, Understood, understand
from registry.actions.exchange.refusals import BatchInProgress, Fault, KeyReused, NotUnderstood
from registry.actions.intake.ingest import Verdict, ingest_batch
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import NotFound
from registry.protect.authorize import Action, authorize
from registry.protect.canonical import length_prefixed
from registry.protect.feed_names import FeedNames
from registry.protect.log.access_log import Event
from registry.store import batches
from registry.store.batches import KeptBatch
from registry.store.session import Transaction

MOST_RECORDS: Final = 1000
SOURCE: Final = "push"  # what stands for a connection: what a client says, it says now
_LONGEST_KEY: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What a client sent."""

    client_id: UUID
    stream: Stream
    key: str | None = field(repr=False)  # None: a single record, which has a condition instead
    body: bytes = field(repr=False)
    read: Sequence[Understood | NotARecord] = field(repr=False)  # what the body says, element by element


def read_elements(elements: Iterable[object], stream: Stream) -> list[Understood | NotARecord]:
    """Return what each element of a body says."""
    return [understand(element, stream, row=place) for place, element in enumerate(elements, start=1)]


def idempotency_key(header: str) -> str:
    """Return the key of a header: a quoted string, as the draft has it, or the plain text that most send.

    Raises:
        NotUnderstood: it is empty, too long or not of printed signs.
    """
    key = header.strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not 0 < len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise NotUnderstood(faults=[Fault("", "idempotency_key_broken")], field="header.Idempotency-Key")
    return key


def push(transaction: Transaction, vault: Vault, sent: Push) -> Batch:
    """Take in a push, or return what became of it when it was sent before.

    Raises:
        Refused: the access may not take in deliveries.
        BatchInProgress: the same key is being worked on.
        KeyReused: the key was used for something else.
    """
    authorize(transaction.access, Action.INGEST)
    key_digest = None if sent.key is None else key_digest_of(vault, sent.client_id, sent.key)
    body_digest = vault.index.bytes_digest(length_prefixed(sent.stream.system.encode(), _stream(sent), sent.body))
    if key_digest is not None:
        before = _before(transaction, sent, key_digest=key_digest, body_digest=body_digest)
        if before is not None:
            return before
    run_id = uuid4()
    results = take_in(transaction, vault, sent, run_id=run_id)
    batch = Batch(
        batch_id=uuid4(),
        system=sent.stream.system,
        stream=sent.stream.stream,
        received_at=transaction.access.at,
        results=tuple(results),
    )
    kept = KeptBatch(
        batch_id=batch.batch_id,
        client_id=sent.client_id,
        system=batch.system,
        stream=batch.stream,
        key_digest=key_digest,
        body_digest=body_digest,
        run_id=run_id,
        results={"records": [result.kept() for result in results]},
        received_at=batch.received_at,
    )
    batches.keep(transaction, kept)
    return batch


def find_batch(transaction: Transaction, vault: Vault, batch_id: UUID, *, streams: Collection[str]) -> Batch:
    """Return a push of the own system.

    Args:
        streams: of which the client may know.

    Raises:
        Refused: the access may not take in deliveries.
        NotFound: there is none, or it is another system's.
    """
    authorize(transaction.access, Action.INGEST)
    kept = batches.by_id(transaction, batch_id)
    if kept is None or kept.stream not in streams:
        raise NotFound
    log(transaction, vault, Event(action=Action.INGEST.value, counts={"read_results": 1}))
    return _told(kept)


def take_in(transaction: Transaction, vault: Vault, sent: Push, *, run_id: UUID) -> list[Result]:
    """Store what is a record of the elements, and return what became of each element, in their order."""
    records = [(place, one.record) for place, one in enumerate(sent.read) if isinstance(one, Understood)]
    rejected = len(sent.read) - len(records)
    verdicts: Sequence[Verdict] = ()
    if records:
        today = transaction.access.at.astimezone(VIET_NAM).date()
        verdicts = ingest_batch(
            transaction, vault, records, file_format=sent.stream, run_id=run_id, today=today, source=SOURCE
        )
    if rejected:
        log(transaction, vault, Event(action=Action.INGEST.value, counts={"rejected": rejected}))
    names = _names(transaction, vault, sent.stream.system, [record for _, record in records])
    by_place = {verdict.ordinal: verdict for verdict in verdicts}
    return [_result(one, by_place.get(place), names) for place, one in enumerate(sent.read)]


def _result(one: Understood | NotARecord, verdict: Verdict | None, names: dict[str, str]) -> Result:
    if isinstance(one, NotARecord) or verdict is None:
        pointer, rule = (one.pointer, one.rule) if isinstance(one, NotARecord) else ("", "not_an_object")
        return Result(outcome=Outcome.REJECTED, rule=rule, pointer=pointer)
    return result_of(verdict, name=names.get(one.record.key), unknown=one.unknown)


def _names(transaction: Transaction, vault: Vault, system: str, records: Sequence[SourceRecord]) -> dict[str, str]:
    """Return the names by which events mean the records, by their keys."""
    indexes = {
        index.source_key(record.system, record.stream, record.key): record.key
        for index in vault.indexes()
        for record in records
    }
    if not indexes:
        return {}
    names = FeedNames(vault.keyring, system)
    return {key: names.record(child_id) for key, child_id in batches.children_of(transaction, indexes).items()}


def key_digest_of(vault: Vault, client_id: UUID, key: str) -> bytes:
    """Return under what a client's key is kept; the key itself is the client's own business."""
    return vault.index.bytes_digest(length_prefixed(b"idempotency-key", client_id.bytes, key.encode()))


def _stream(sent: Push) -> bytes:
    return sent.stream.stream.encode()


def _before(transaction: Transaction, sent: Push, *, key_digest: bytes, body_digest: bytes) -> Batch | None:
    if not batches.try_lock(transaction, key_digest):
        raise BatchInProgress
    kept = batches.by_key(transaction, sent.client_id, key_digest)
    if kept is None:
        return None
    if kept.body_digest != body_digest:
        raise KeyReused
    return _told(kept, replayed=True)


def _told(kept: KeptBatch, *, replayed: bool = False) -> Batch:
    return Batch(
        batch_id=kept.batch_id,
        system=kept.system,
        stream=kept.stream,
        received_at=kept.received_at,
        results=tuple(Result.of(one) for one in kept.results["records"]),
        replayed=replayed,
    )

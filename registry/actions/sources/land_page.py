"""Lands a page of a source: its records, what was seen of drift, and the cursor behind it, in one transaction.

Killed anywhere, either all of it stands or nothing, and the next read begins at the cursor that stands. A whole listing
(a pass from the beginning, or a delivery that is closed as whole) shows which records its source no longer has. None of
them is withdrawn for that: they become a proposal, and a person decides. Where more is missing than the connection
allows, the run stops there, and nothing of this stream is read until somebody has decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from connectors.contract import Checkpoint, CursorKind, Receipt, RowRefusal
from connectors.listening import Heard
from registry.actions.intake.ingest import CONFLICT, Verdict, ingest_batch
from registry.actions.keys.sealing import Vault
from registry.actions.sources.run import PageOvertaken, Place, end, time_of
from registry.protect.authorize import Action, authorize
from registry.store import listings, source_streams, sync_runs
from registry.store.listings import Proposal
from registry.store.session import Transaction

AHEAD = timedelta(days=1)  # so far a source's clock may be before ours


class CursorRefused(Exception):
    """A checkpoint's cursor is none that its stream can be read on from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Which records a page holds, for the intake."""

    system: str
    stream: str
    mapping_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What became of a page."""

    records: int
    outcomes: dict[str, int]
    state: str  # of the run: running, done or stopped
    receipt: Receipt | None = None  # of the delivery that it closed


def land_page(
    transaction: Transaction,
    vault: Vault,
    place: Place,
    heard: Heard,
    *,
    shrink_share: float,
    today: date,
) -> Landed:
    """Store a page and move the cursor behind it, in the caller's transaction.

    Raises:
        Refused: the access may not read sources.
        PageOvertaken: another process has landed a page of this stream since `place` was read.
        CursorRefused: the page's cursor cannot be read on from; nothing is stored.
    """
    authorize(transaction.access, Action.SYNC)
    checkpoint = heard.checkpoint
    if checkpoint is None or (checkpoint.closes is not None and not place.stream.deliveries):
        raise CursorRefused
    _check_cursor(place, checkpoint)
    state = source_streams.locked(transaction, place.source, place.stream.name, system=place.system)
    run = sync_runs.running(transaction, place.source, place.stream.name)
    if state.pages != place.state.pages or run is None or run.run_id != place.run.run_id:
        raise PageOvertaken(place=place.source)
    now = Place(run=run, stream=place.stream, system=place.system, state=state)
    verdicts = _take_in(transaction, vault, now, heard, today=today)
    _see(transaction, vault, now, heard)
    _keep_drift(transaction, now, heard)
    counts = Counter(verdict.outcome for verdict in verdicts)
    delivered = dict(Counter(state.delivered) + counts) if place.stream.deliveries else {}
    sync_runs.add(transaction, run.run_id, _counted(verdicts, heard))
    shrunk, receipt = _close(transaction, now, checkpoint, delivered=delivered, shrink_share=shrink_share)
    _move(transaction, now, heard, delivered={} if checkpoint.closes else delivered)
    ended = "stopped" if shrunk else "running" if checkpoint.more else "done"
    if ended != "running":
        end(transaction, vault, run.run_id, state=ended)
    return Landed(records=len(verdicts), outcomes=dict(counts), state=ended, receipt=receipt)


def _check_cursor(place: Place, checkpoint: Checkpoint) -> None:
    """Refuse a cursor of times that begins with none."""
    counts_time = place.stream.cursor in (CursorKind.TIMESTAMP, CursorKind.WINDOW)
    if counts_time and time_of(checkpoint.cursor.partition("|")[0]) is None:
        raise CursorRefused


def _take_in(transaction: Transaction, vault: Vault, place: Place, heard: Heard, *, today: date) -> list[Verdict]:
    if not heard.elements:
        return []
    first = place.run.records
    verdicts = ingest_batch(
        transaction,
        vault,
        list(enumerate(heard.elements, start=first)),
        file_format=Form(system=place.system, stream=place.stream.name, mapping_version=place.mapping_version),
        run_id=place.run.run_id,
        today=today,
        source=place.source,
    )
    sync_runs.add_refusals(
        transaction,
        [
            {
                "run_id": place.run.run_id,
                "ordinal": verdict.ordinal,
                "source": place.source,
                "stream": place.stream.name,
                "delivery_no": place.state.deliveries,
                "row_number": verdict.row,
                "rule": verdict.rule or "refused",
                "field": verdict.field,
            }
            for verdict in verdicts
            if verdict.outcome == "quarantined"
        ],
    )
    return verdicts


def _counted(verdicts: Sequence[Verdict], heard: Heard) -> dict[str, int]:
    counts = Counter(verdict.outcome for verdict in verdicts)
    conflicts = sum(verdict.rule == CONFLICT for verdict in verdicts)
    drifts = sum(heard.drifts.values())
    return {**counts, "pages": 1, "records": len(verdicts), "conflicts": conflicts, "drifts": drifts}


def _see(transaction: Transaction, vault: Vault, place: Place, heard: Heard) -> None:
    """Note which records the listing has shown; what is shown again leaves a proposal that waits."""
    source, stream = place.source, place.stream.name
    indexes = [one for key in heard.keys for one in vault.source_key_indexes(place.system, stream, key)]
    if not indexes:
        return
    seen = listings.children_of(transaction, indexes)
    if place.state.whole_pass or place.stream.deliveries:
        listings.see(transaction, source, stream, seen)
    listings.keep(transaction, source, stream, seen)


def _keep_drift(transaction: Transaction, place: Place, heard: Heard) -> None:
    if heard.drifts:
        found = Counter[tuple[str, str, str | None]]()
        for drift, times in heard.drifts.items():
            found[drift.field, drift.seen, drift.expected] += times
        source_streams.note_drift(transaction, place.source, place.stream.name, found)


def _close(
    transaction: Transaction, place: Place, checkpoint: Checkpoint, *, delivered: dict[str, int], shrink_share: float
) -> tuple[bool, Receipt | None]:
    """Compare a whole listing that is at its end; return whether it has shrunk too much, and a delivery's receipt."""
    source, stream, closes = place.source, place.stream.name, checkpoint.closes
    shrunk, receipt = False, None
    if closes is not None:
        refused = delivered.get("quarantined", 0)
        if closes.whole:
            shrunk = _compare(transaction, place, refused=refused, delivery=closes.delivery, share=shrink_share)
        rows = sync_runs.refusals(transaction, source, stream, delivery_no=place.state.deliveries)
        receipt = Receipt(
            delivery=closes.delivery,
            at=transaction.access.at,
            counts=delivered,
            refused=[RowRefusal(row=row.row_number, rule=row.rule, field=row.field) for row in rows],
        )
    elif place.state.whole_pass and not checkpoint.more:
        refused = sync_runs.get(transaction, place.run.run_id).quarantined
        shrunk = _compare(transaction, place, refused=refused, delivery=None, share=shrink_share)
    else:
        return False, None
    listings.forget(transaction, source, stream)
    return shrunk, receipt


def _compare(transaction: Transaction, place: Place, *, refused: int, delivery: str | None, share: float) -> bool:
    source, stream = place.source, place.stream.name
    missing = listings.absent(transaction, source, stream)
    if missing == 0:
        listings.overtake(transaction, source, stream)
        return False
    before = max(place.state.living_before, missing)
    proposal = Proposal(
        proposal_id=uuid4(),
        source=source,
        stream=stream,
        system=place.system,
        run_id=place.run.run_id,
        delivery=delivery,
        living=before,
        absent=missing,
        refused=refused,
        shrunk=missing > share * before,
        state="waiting",
        made_at=transaction.access.at,
        decided_at=None,
        decided_by=None,
    )
    listings.propose(transaction, proposal)
    return proposal.shrunk


def _move(transaction: Transaction, place: Place, heard: Heard, *, delivered: dict[str, int]) -> None:
    state, checkpoint = place.state, heard.checkpoint
    if checkpoint is None:
        return
    values: dict[str, object] = {
        "cursor": checkpoint.cursor,
        "more": checkpoint.more,
        "pages": state.pages + 1,
        "delivered": delivered,
        "newest_at": _newest(state.newest_at, heard.newest_at, at=transaction.access.at),
    }
    if checkpoint.closes is not None:
        values |= {
            "deliveries": state.deliveries + 1,
            "living_before": listings.living(transaction, place.source, place.stream.name),
        }
    if not checkpoint.more:
        values |= {"done_at": transaction.access.at, "passed_from": state.pass_began_at, "whole_pass": False}
    source_streams.change(transaction, place.source, place.stream.name, **values)


def _newest(known: datetime | None, seen: datetime | None, *, at: datetime) -> datetime | None:
    """Return the newest time of the source, as far as it can be believed."""
    believed = [one for one in (known, seen) if one is not None and one.astimezone(UTC) <= at + AHEAD]
    return max(believed, default=None)

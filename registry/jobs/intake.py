"""Reads delivered files batch by batch, each a transaction with its checkpoint: killed anywhere, it goes on there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID, uuid4

from connectors.contract import FileFormat, FileReader, Reading
from connectors.population.extract import read_extract
from connectors.records import Rejected, SourceRecord
from matching.dates import VIET_NAM
from matching.names import surname_share
from registry.actions.intake import load_extract
from registry.actions.intake.ingest import ingest_batch
from registry.actions.intake.retry_quarantine import RetryPlace, retry_batch
from registry.actions.keys.sealing import Vault
from registry.jobs.enqueue import enqueue_linking
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.store import extract, quarantine, runs
from registry.store.quarantine import Delivery
from registry.store.runs import IngestRun, Outcomes
from registry.store.session import Transaction

ROWS_AT_ONCE: Final = 500
RETRIES_AT_ONCE: Final = 50  # each may be as long as the longest line
PEOPLE_AT_ONCE: Final = 1000
BYTES_AT_ONCE: Final = 1 << 20
BATCH_BYTES: Final = 1 << 24  # rows that are endless lines end a batch before they fill the memory

Progress = Callable[[int], None]  # called with the number of rows just done
T = TypeVar("T")


def no_progress(_rows: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAccount:
    """What became of one file: its rows by outcome, the rules they broke, how it was read."""

    system: str
    file: str
    run_id: UUID
    outcomes: Outcomes
    encodings: Mapping[str, str]
    resumed: bool  # a run that was broken off went on
    retried: int = 0  # rows of earlier deliveries that waited for a newer mapping
    recovered: int = 0  # those of them that it could read


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How many rows that waited for a newer mapping were read again, and how many of them it could read."""

    retried: int
    recovered: int


class _DryRunDone(Exception):
    """Carries the account of a dry run out of the transaction that it rolls back."""

    def __init__(self, account: FileAccount) -> None:
        super().__init__()
        self.account = account


def today(installed: Installation) -> date:
    """Return the day in Viet Nam."""
    return installed.clock().astimezone(VIET_NAM).date()


def file_digest(vault: Vault, path: Path) -> bytes:
    """Return the keyed digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(BYTES_AT_ONCE):
            digest.update(piece)
    return vault.index.bytes_digest(digest.digest())


def ingest_file(
    installed: Installation, connector: FileReader, path: Path, *, progress: Progress = no_progress
) -> FileAccount:
    """Take in one delivered file; a run that was broken off goes on after its last stored batch.

    Rows of earlier deliveries that wait for a mapping as new as this connector's are retried afterwards.

    Raises:
        FileRefused: it cannot be read as a whole; nothing of it is stored.
    """
    reading = connector.open(path, surname_share)
    digest = file_digest(installed.vault, path)
    system = reading.format.system
    with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
        run = _open_run(transaction, reading, digest)
    progress(run.rows_done)
    for batch in _batches(enumerate(reading.rows), ROWS_AT_ONCE, skip=run.rows_done):
        with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
            ingest_batch(
                transaction,
                installed.vault,
                batch,
                file_format=reading.format,
                run_id=run.run_id,
                today=today(installed),
            )
        progress(len(batch))
    with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
        enqueue_linking(transaction)
        runs.close_ingest(transaction, run.run_id, at=transaction.access.at)
        account = _account(transaction, reading, path, run)
    retries = retry_waiting(installed, connector)
    return replace(account, retried=retries.retried, recovered=retries.recovered)


def retry_waiting(installed: Installation, connector: FileReader) -> Retries:
    """Read again every quarantined row that was last tried with a mapping older than the connector's.

    Each delivery's rows are a run of their own; killed anywhere, those that still wait are retried the next time.
    """
    form = connector.format
    with installed.store.begin(installed.engine(Purpose.INGEST), system=form.system) as transaction:
        deliveries = quarantine.deliveries_waiting(
            transaction, form.system, form.stream, below_mapping=form.mapping_version
        )
    done = [_retry(installed, connector, delivery) for delivery in deliveries]
    return Retries(
        retried=sum(outcomes.rows for outcomes in done),
        recovered=sum(outcomes.rows - outcomes.quarantined for outcomes in done),
    )


def _retry(installed: Installation, connector: FileReader, delivery: Delivery) -> Outcomes:
    system = connector.format.system
    with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
        wanted = replace(_new_run(connector.format, delivery.file_digest), retry_of=delivery.run_id)
        at = transaction.access.at
        run = runs.open_ingest(transaction, wanted, encodings=delivery.encodings, started_at=at)
    place: RetryPlace | None = RetryPlace(ordinal=run.rows_done)
    while place is not None:
        with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
            place = retry_batch(
                transaction,
                installed.vault,
                connector,
                delivery=delivery,
                run_id=run.run_id,
                place=place,
                today=today(installed),
                limit=RETRIES_AT_ONCE,
            )
    with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
        enqueue_linking(transaction)
        runs.close_ingest(transaction, run.run_id, at=transaction.access.at)
        return runs.outcomes(transaction, run.run_id)


def look_at_nothing(_transaction: Transaction, _account: FileAccount) -> None:
    """Look at nothing of a dry run but its account."""


def try_file(
    installed: Installation,
    connector: FileReader,
    path: Path,
    *,
    look: Callable[[Transaction, FileAccount], None] = look_at_nothing,
) -> FileAccount:
    """Say what would become of a file, and store nothing; rows of earlier deliveries are not retried.

    Args:
        look: sees the rows' verdicts before all is undone.

    Raises:
        FileRefused: it cannot be read as a whole.
    """
    reading = connector.open(path, surname_share)
    digest = file_digest(installed.vault, path)
    system = reading.format.system
    try:
        with installed.store.begin(installed.engine(Purpose.INGEST), system=system) as transaction:
            run = _open_run(transaction, reading, digest)
            for batch in _batches(enumerate(reading.rows), ROWS_AT_ONCE, skip=run.rows_done):
                ingest_batch(
                    transaction,
                    installed.vault,
                    batch,
                    file_format=reading.format,
                    run_id=run.run_id,
                    today=today(installed),
                )
            account = _account(transaction, reading, path, run)
            look(transaction, account)
            raise _DryRunDone(account)
    except _DryRunDone as done:
        return done.account


def load_population(installed: Installation, path: Path, *, progress: Progress = no_progress) -> Mapping[str, int]:
    """Load the population extract; return the number of people and of refused rows by rule.

    Raises:
        FileRefused: it cannot be read as a whole; nothing of it is stored.
    """
    rows = read_extract(path)
    digest = file_digest(installed.vault, path)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        batch = load_extract.open_load(transaction, installed.vault, digest)
    if batch.finished_at is None:
        progress(batch.rows_done)
        for people in _batches(enumerate(rows), PEOPLE_AT_ONCE, skip=batch.rows_done):
            with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
                load_extract.load_people(transaction, installed.vault, people, batch=batch, today=today(installed))
            progress(len(people))
        with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
            load_extract.finish_load(transaction, installed.vault, batch)
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        return {"people": extract.size(transaction), **extract.refused(transaction, batch.batch_id)}


def _open_run(transaction: Transaction, reading: Reading, digest: bytes) -> IngestRun:
    wanted = _new_run(reading.format, digest)
    return runs.open_ingest(transaction, wanted, encodings=reading.encodings, started_at=transaction.access.at)


def _new_run(form: FileFormat, digest: bytes) -> IngestRun:
    return IngestRun(
        run_id=uuid4(),
        system=form.system,
        stream=form.stream,
        file_digest=digest,
        mapping_version=form.mapping_version,
        rows_done=0,
    )


def _account(transaction: Transaction, reading: Reading, path: Path, run: IngestRun) -> FileAccount:
    return FileAccount(
        system=reading.format.system,
        file=path.name,
        run_id=run.run_id,
        outcomes=runs.outcomes(transaction, run.run_id),
        encodings=dict(reading.encodings),
        resumed=run.rows_done > 0,
    )


def _batches(elements: Iterable[tuple[int, T]], size: int, *, skip: int) -> Iterator[list[tuple[int, T]]]:
    """Yield consecutive elements in batches of a size that fits the memory, without those before the checkpoint."""
    batch: list[tuple[int, T]] = []
    kept = 0
    for ordinal, element in elements:
        if ordinal < skip:
            continue
        batch.append((ordinal, element))
        kept += len(element.raw) if isinstance(element, SourceRecord | Rejected) else 0
        if len(batch) == size or kept >= BATCH_BYTES:
            yield batch
            batch, kept = [], 0
    if batch:
        yield batch

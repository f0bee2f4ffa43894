"""Commands for sources: read one now, see how they stand, and decide what waits for a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import typer

from connectors.contract import ConnectorError
from connectors.listening import Failure
from registry.actions.sources import decide
from registry.actions.sources.decide import Because
from registry.actions.sources.overview import SourceView, overview
from registry.commands.console import AsJson, Bars, Data, Login, Sentence, answer, opened, operator, out, table
from registry.jobs import syncing
from registry.jobs.identity import permit
from registry.jobs.opening import Installation
from registry.model.access import Access, Purpose
from registry.model.errors import BadQuery
from registry.protect.authorize import Action
from registry.store import sync_runs
from registry.store.session import Transaction
from registry.store.sync_runs import SyncRun

sources_app = typer.Typer(help="The sources: how they stand, and what waits for a person.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The name of the source in the file of connections.")]
RUN_COUNTS = ("records", "accepted", "unchanged", "superseded", "quarantined", "conflicts", "drifts", "replayed")


class SyncFailed(ConnectorError):
    """A run did not come to its end, or waits for a person."""


def sync(
    source: Name,
    *,
    stream: Annotated[str | None, typer.Option(help="One stream of it alone.")] = None,
    full: Annotated[bool, typer.Option("--full", help="From the beginning, and compare what it lacks.")] = False,
    login: Login = None,
    sentence: Sentence = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Read a source to its end, now; broken off anywhere, the next run goes on there."""
    with opened(data) as installed, Bars(quiet=json) as bars:
        permit(installed, operator(login, sentence), Action.SYNC, Purpose.INGEST)
        connection = syncing.connection_of(installed, source)
        runs: list[SyncRun] = []
        with syncing.opened_source(source, connection) as open_source:
            streams = syncing.streams_of(open_source)
            if stream is not None and stream not in {one.name for one in streams}:
                raise BadQuery("stream", f"one of: {', '.join(one.name for one in streams)}")
            for one in streams:
                if stream in (None, one.name):
                    progress = bars.step(f"{source} {one.name}")
                    runs.append(
                        syncing.sync_stream(installed, open_source, one, full=full, sleep=time.sleep, progress=progress)
                    )
    if json:
        answer({"runs": [run_document(run) for run in runs]})
    else:
        _print_runs(runs)
    unfinished = [run for run in runs if run.state != "done"]
    if unfinished:
        raise SyncFailed("; ".join(_told(run) for run in unfinished))


def _told(run: SyncRun) -> str:
    if run.state == "stopped":
        return f"{run.source} {run.stream} stopped: records are missing, see `sources list`"
    where = f" at {run.failed_at_place}" if run.failed_at_place else ""
    return f"{run.source} {run.stream} {run.state}: {run.failure or 'another process reads it'}{where}"


def run_document(run: SyncRun) -> dict[str, Any]:
    """Return a run for JSON."""
    names = ("run_id", "run_no", "source", "stream", "full", "state", "started_at", "ended_at", "pages", *RUN_COUNTS)
    return {name: getattr(run, name) for name in (*names, "tries", "failure", "failed_at_place")}


def _print_runs(runs: list[SyncRun]) -> None:
    shown = ("run_no", "source", "stream", "state", *RUN_COUNTS[:5])
    rows = [(*(getattr(run, name) for name in shown), run.failure or "") for run in runs]
    table("Runs", ("run", *shown[1:], "failure"), rows)


@sources_app.command("list")
def list_sources(*, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """Show how the sources stand: lag, what waits in quarantine, drift, what waits for a person."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.SYNC, Purpose.INGEST)
        connected = sorted(syncing.connections_of(installed).sources)
        with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
            found = overview(transaction, connected)
    if json:
        answer({"sources": [_document(one) for one in found.sources]})
        return
    for one in found.sources:
        _print_source(one)


def _document(source: SourceView) -> dict[str, Any]:
    return {
        "source": source.name,
        "paused": None if source.paused is None else source.paused.because,
        "streams": [
            {
                "stream": one.state.stream,
                "done_at": one.state.done_at,
                "newest_at": one.state.newest_at,
                "waiting": one.waiting,
                "refused": [
                    {"rule": r.rule, "field": r.field, "rows": r.rows, "places": r.places} for r in one.refused
                ],
                "drift": [
                    {"field": d.field, "seen": d.seen, "expected": d.expected, "times": d.times} for d in one.drifts
                ],
                "proposal": None
                if one.proposal is None
                else {
                    "proposal_id": one.proposal.proposal_id,
                    "absent": one.proposal.absent,
                    "living": one.proposal.living,
                    "shrunk": one.proposal.shrunk,
                    "state": one.proposal.state,
                },
            }
            for one in source.streams
        ],
    }


def _print_source(source: SourceView) -> None:
    paused = f"  paused: {source.paused.because}" if source.paused else ""
    out.print(f"{source.name}{paused}", markup=False)
    for one in source.streams:
        done = "never" if one.state.done_at is None else one.state.done_at.isoformat(timespec="minutes")
        out.print(f"  {one.state.stream}: read to the end {done}, {one.waiting} in quarantine", markup=False)
        for rule in one.refused:
            where = ", ".join(map(str, rule.places))
            out.print(f"    {rule.rows} by {rule.rule} {rule.field or ''} (rows {where or '-'})", markup=False)
        for drift in one.drifts:
            out.print(f"    drift: {drift.field} is {drift.seen}, expected {drift.expected or 'nothing'}", markup=False)
        if one.proposal is not None:
            told = f"    {one.proposal.absent} of {one.proposal.living} records are missing: "
            out.print(f"{told}sources approve {one.proposal.proposal_id}", markup=False, soft_wrap=True)


@sources_app.command("runs")
def list_runs(
    source: Annotated[str | None, typer.Argument(help="One source alone.")] = None,
    *,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Show the newest runs."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.SYNC, Purpose.INGEST)
        with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
            runs = sync_runs.newest(transaction, source=source, limit=50)
    if json:
        answer({"runs": [run_document(run) for run in runs]})
    else:
        _print_runs(runs)


@contextmanager
def _deciding(
    installed: Installation, login: str | None, sentence: str | None, *, system: str | None = None
) -> Iterator[Transaction]:
    """Open a transaction in which somebody decides; the sentence goes into the access log, sealed."""
    staff_id = permit(installed, operator(login, sentence), Action.SYNC, Purpose.INGEST)
    access: Access = replace(installed.engine(Purpose.INGEST), staff_id=staff_id, reason=sentence)
    with installed.store.begin(access, system=system) as transaction:
        yield transaction


@sources_app.command("pause")
def pause(
    source: Name,
    *,
    because: Annotated[Because, typer.Option(help="Why, in a word.")] = Because.OTHER,
    login: Login = None,
    sentence: Sentence = None,
    data: Data = None,
) -> None:
    """Let nobody read a source until it is resumed."""
    with opened(data) as installed:
        syncing.connection_of(installed, source)
        with _deciding(installed, login, sentence) as transaction:
            decide.pause(transaction, installed.vault, source, because=because)
    out.print(f"{source} is paused")


@sources_app.command("resume")
def resume(source: Name, *, login: Login = None, sentence: Sentence = None, data: Data = None) -> None:
    """Let a source be read again."""
    with opened(data) as installed, _deciding(installed, login, sentence) as transaction:
        decide.resume(transaction, installed.vault, source)
    out.print(f"{source} is read again")


@sources_app.command("approve")
def approve(
    proposal: Annotated[UUID, typer.Argument(help="The id of the proposal, see `sources list`.")],
    *,
    refuse: Annotated[bool, typer.Option("--refuse", help="Withdraw nothing.")] = False,
    login: Login = None,
    sentence: Sentence = None,
    data: Data = None,
) -> None:
    """Agree that the records are withdrawn that a whole listing no longer holds, or refuse it."""
    with opened(data) as installed:
        with installed.store.begin(installed.engine(Purpose.INGEST)) as transaction:
            system = decide.find(transaction, proposal).system
        with _deciding(installed, login, sentence, system=system) as transaction:
            decided = decide.decide(transaction, installed.vault, proposal, approved=not refuse)
        number = syncing.withdraw_approved(installed, system=decided.system, proposal_id=proposal)
    out.print(f"{number} records withdrawn")


@sources_app.command("check")
def check(source: Name, *, login: Login = None, data: Data = None, json: AsJson = False) -> None:
    """Say whether a source answers and is as described; nothing is read of anybody."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.SYNC, Purpose.INGEST)
        with syncing.opened_source(source, syncing.connection_of(installed, source)) as open_source:
            report = open_source.listener.check()
    if isinstance(report, Failure):
        raise SyncFailed(f"{source}: {report.kind}{f' at {report.place}' if report.place else ''}")
    ok, faults = report.ok, list(report.faults)
    if json:
        answer({"source": source, "ok": ok, "faults": faults})
    elif ok:
        out.print(f"{source} can be read")
    if not ok:
        raise SyncFailed("; ".join(faults) or f"{source} cannot be read")


@sources_app.command("retry")
def retry(
    source: Name,
    *,
    login: Login = None,
    sentence: Sentence = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Read again what of a source waits in quarantine."""
    with opened(data) as installed:
        permit(installed, operator(login, sentence), Action.SYNC, Purpose.INGEST)
        connection = syncing.connection_of(installed, source)
        with syncing.opened_source(source, connection) as open_source:
            done = {
                stream.name: syncing.retry(installed, open_source, stream) for stream in syncing.streams_of(open_source)
            }
    if json:
        answer({"streams": done})
    else:
        rows = [(name, one["retried"], one["recovered"]) for name, one in done.items()]
        table("Read again", ("stream", "retried", "recovered"), rows)

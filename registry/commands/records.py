"""Commands for records: take files in, list their links."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors import plugins
from connectors.contract import FileReader
from registry.actions.linkage.export_links import LinkLine, list_links
from registry.commands.console import (
    AsJson,
    Bars,
    Data,
    Login,
    Sentence,
    answer,
    is_demo,
    opened,
    operator,
    out,
    private_csv,
    table,
)
from registry.jobs import intake
from registry.jobs.identity import permit
from registry.jobs.intake import FileAccount
from registry.jobs.opening import Installation
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.protect.authorize import Action
from registry.store import runs
from registry.store.session import Transaction


def ingest(
    system: Annotated[str, typer.Argument(help="The sending system, or 'population' for the extract.")],
    file: Annotated[Path, typer.Argument(help="The delivered file.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and store nothing.")] = False,
    verdicts: Annotated[
        Path | None, typer.Option(help="Write what became of each row to this CSV file, mode 0600.")
    ] = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Take in a delivered file: each row is accepted, unchanged, superseded or quarantined, and the counts add up."""
    connector = None if system == "population" else _connector(system)
    if connector is None and (dry_run or verdicts):
        raise BadQuery("system", "--dry-run and --verdicts are for the sectors' files, not for the population extract")
    with opened(data, may_create=is_demo(data)) as installed, Bars(quiet=json) as bars:
        permit(installed, operator(login), Action.INGEST, Purpose.INGEST)
        if connector is None:
            _ingest_population(installed, file, bars, json=json)
            return
        write = partial(_write_verdicts, path=verdicts) if verdicts else intake.look_at_nothing
        if dry_run:
            account = intake.try_file(installed, connector, file, look=write)
        else:
            account = intake.ingest_file(installed, connector, file, progress=bars.step(file.name))
            with installed.store.begin(installed.engine(Purpose.INGEST), system=account.system) as transaction:
                write(transaction, account)
    if json:
        answer({**file_document(account), "dry_run": dry_run})
    else:
        print_files([account])


def _ingest_population(installed: Installation, file: Path, bars: Bars, *, json: bool) -> None:
    counts = intake.load_population(installed, file, progress=bars.step(file.name))
    if json:
        answer({"system": "population", "file": file.name, **counts})
    else:
        table("Population extract", ("what", "number"), counts.items())


def _connector(system: str) -> FileReader:
    known = plugins.file_readers()
    if system not in known:
        raise BadQuery("system", f"one of: population, {', '.join(known)}")
    return known[system]


def _write_verdicts(transaction: Transaction, account: FileAccount, *, path: Path) -> None:
    with private_csv(path, ("row", "outcome", "rule", "field", "encodings")) as write:
        read_as = legacy_encodings(account)
        write(
            (one.row_number, one.outcome, one.rule or "", one.field or "", read_as)
            for one in runs.verdicts(transaction, account.run_id)
        )


def legacy_encodings(account: FileAccount) -> str:
    """Return what was decided for the columns that are in no Unicode encoding: 'HO_TEN=tcvn3 HO_TEN_ME=tcvn3'."""
    plain = {"ascii", "utf-8"}
    return " ".join(f"{column}={name}" for column, name in account.encodings.items() if name not in plain)


def links(
    *,
    file: Annotated[Path, typer.Option("--out", help="The CSV file to write, mode 0600.")],
    login: Login = None,
    sentence: Sentence = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Write the list of links: system, source key, personal number, decision, posterior."""
    with opened(data) as installed:
        permit(installed, operator(login, sentence), Action.EXPORT_LINKS, Purpose.LINKAGE)
        number = write_links(installed, file)
    if json:
        answer({"file": str(file), "lines": number})
    else:
        out.print(f"{number} lines written to {file}")


def write_links(installed: Installation, path: Path) -> int:
    """Write the list of links and return the number of lines."""
    with (
        installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction,
        private_csv(path, LinkLine._fields) as write,
    ):
        lines = [(*line[:-1], f"{line.score:.6f}") for line in list_links(transaction, installed.vault)]
        write(lines)
    return len(lines)


def file_document(account: FileAccount) -> dict[str, Any]:
    """Return the account of a file for JSON."""
    outcomes = account.outcomes
    return {
        "system": account.system,
        "file": account.file,
        "run": account.run_id,
        "resumed": account.resumed,
        "rows": outcomes.rows,
        "accepted": outcomes.accepted,
        "unchanged": outcomes.unchanged,
        "superseded": outcomes.superseded,
        "quarantined": outcomes.quarantined,
        "retried": account.retried,
        "recovered": account.recovered,
        "rules": dict(outcomes.rules),
        "encodings": dict(account.encodings),
    }


def print_files(accounts: list[FileAccount]) -> None:
    """Print the accounts of files, and the rules that quarantined rows broke."""
    table(
        "Files",
        ("system", "rows", "accepted", "unchanged", "superseded", "quarantined"),
        [
            (
                a.system,
                a.outcomes.rows,
                a.outcomes.accepted,
                a.outcomes.unchanged,
                a.outcomes.superseded,
                a.outcomes.quarantined,
            )
            for a in accounts
        ],
    )
    retried = [(a.system, a.retried, a.recovered) for a in accounts if a.retried]
    if retried:
        table("Rows of earlier deliveries read again", ("system", "retried", "recovered"), retried)
    decided = [(account.system, legacy_encodings(account)) for account in accounts if legacy_encodings(account)]
    if decided:
        table("Columns in older encodings", ("system", "read as"), decided)
    broken = [(a.system, rule, number) for a in accounts for rule, number in a.outcomes.rules.items()]
    if broken:
        table("Quarantined rows by rule", ("system", "rule", "rows"), broken)

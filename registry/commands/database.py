"""Commands for the installation itself: migrate, back up, restore, check."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from registry.actions.clock import check_clock
from registry.actions.keys.install import claim
from registry.actions.keys.prove import prove
from registry.actions.law.legal_bases import without_basis
from registry.actions.oversight.seal_log import seal_log
from registry.actions.oversight.verify_log import check_log
from registry.commands.console import AsJson, Data, Login, answer, now, opened, operator, out, table
from registry.jobs import queue
from registry.jobs.identity import permit
from registry.jobs.key_provider import open_keyring
from registry.jobs.opening import Installation, database, installation
from registry.jobs.rotating import carry_on_all, rebuild_missing
from registry.model.access import Purpose
from registry.model.errors import ClockBack, KeyUnavailable, WrongKeys
from registry.protect.authorize import Action
from registry.protect.keys.keyring_file import Domain
from registry.settings import Settings
from registry.store import erasures
from registry.store.server import backup as backups
from registry.store.server import key_copy
from registry.store.server import migrate as migrations
from registry.store.server.key_copy import LONGEST, KeyManifest
from registry.store.server.programs import wheel_bin_dir


def migrate(
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Print what an administrator must run; touch nothing.")] = False,
    data: Data = None,
) -> None:
    """Bring the database to the newest schema."""
    if sql:
        sys.stdout.write(migrations.script())
        return
    with database(Settings.load(data)) as (url, _):
        before = migrations.current(url)
        migrations.upgrade(url)
        after = migrations.current(url)
    out.print(f"schema {after}" if before == after else f"schema {before or 'none'} → {after}")


DataKeys = Annotated[
    Path | None, typer.Option("--data-keys", help="Where the copy of the data keys lies; else inside the backup.")
]


def backup(
    directory: Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")],
    *,
    data_keys: DataKeys = None,
    only: Annotated[bool, typer.Option("--data-keys-only", help="Copy the data keys alone into the folder.")] = False,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Back up the database, and its data keys apart: their copy expires. The key folder is never in it."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.BACKUP, Purpose.MAINTENANCE)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            check_clock(transaction)
        keyring = installed.vault.keyring
        stamp = backups.Stamp(
            program_version=version("child-registry"),
            keyring_id=str(keyring.keyring_id),
            mark=keyring.mark.value,
            made_at=now(),
        )
        wide, programs = _wide_url(installed), _programs(installed)
        if only:
            made: KeyManifest | backups.Manifest = key_copy.copy_keys(wide, programs, directory, stamp=stamp)
        else:
            made = backups.backup(wide, programs, directory, stamp=stamp, keys=data_keys)
    if json:
        answer({"directory": str(directory), "bytes": made.dump_bytes, "sha256": made.dump_sha256})
    elif only:
        out.print(
            f"copy of the data keys in {directory}; it is refused after {LONGEST.days} days: make a new one before"
        )
    else:
        out.print(f"backup of {made.dump_bytes:,} bytes in {directory}; keep the keys elsewhere")


def _wide_url(installed: Installation) -> str:
    return installed.server.superuser_url if installed.server else installed.url


def _programs(installed: Installation) -> Path:
    return installed.server.bin_dir if installed.server else wheel_bin_dir()


def restore(
    directory: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    *,
    data_keys: DataKeys = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Restore a backup into an empty database that has the same keys; whoever was erased since is erased again."""
    settings = Settings.load(data)
    manifest = backups.read_manifest(directory)
    folder = data_keys or directory / backups.DATA_KEYS
    keys = key_copy.read_key_manifest(folder)
    _see_that_they_fit(settings, manifest, keys, folder=folder)
    with database(settings) as (url, server):
        wide = server.superuser_url if server else url
        done = backups.restore(wide, server.bin_dir if server else wheel_bin_dir(), directory, keys=folder)
    with installation(settings, clock=now, may_create=True) as installed:  # erases again whom the ledger names
        erased = _erased_again(installed)
        rebuilt = rebuild_missing(installed)
        moved = carry_on_all(installed)  # the copy is older than a key that was rotated since
    if json:
        answer(
            {
                "directory": str(directory),
                "search_rows_rebuilt": rebuilt,
                "without_key": done.keyless,
                "erased_before": erased,
                "under_newer_keys": {account.domain.value: account.rows for account in moved},
            }
        )
        return
    out.print(f"restored from {directory}; {rebuilt:,} search rows rebuilt")
    for account in moved:
        out.print(f"{account.domain.value}: {account.rows:,} rows moved to version {account.version}, rotated since")
    if erased:
        out.print(f"{erased:,} identities are erased and stay so")
    if done.keyless:
        out.print(f"{done.keyless:,} children have no key in the copy of the data keys: nobody can open them any more")


def _see_that_they_fit(settings: Settings, manifest: backups.Manifest, keys: KeyManifest, *, folder: Path) -> None:
    """Refuse what could not be read afterwards, before anything is made."""
    keyring = open_keyring(settings, folder=settings.keys)
    for what, keyring_id in (("backup", manifest.keyring_id), ("copy of the data keys", keys.keyring_id)):
        if str(keyring.keyring_id) != keyring_id:
            raise WrongKeys(f"the {what} was sealed with another keyring", place=str(settings.keys))
    if keys.revision != manifest.revision:
        rule = "the copy of the data keys has another schema than the backup: bring one that was made with the same"
        raise backups.BackupRefused(rule, place=str(folder))
    if keys.expires < now():
        rule = (
            f"the copy of the data keys has expired on {keys.expires:%Y-%m-%d}: bring the current one with --data-keys"
        )
        raise backups.BackupRefused(rule, place=str(folder))
    for domain, versions in keys.epochs.items():
        for gone in set(versions) - set(keyring.usable(Domain(domain))):
            rule = "the copy of the data keys needs a key that is destroyed or unknown: bring the current copy"
            raise KeyUnavailable(f"{rule} with --data-keys", place=f"{domain}@{gone}")


def _erased_again(installed: Installation) -> int:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        return erasures.erased(transaction)


def check(
    *,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Open every sealed value and look everybody up; slow.")
    ] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Check database, keys, access log and jobs; the exit code is 1 if one of them is not well."""
    with opened(data) as installed:
        findings = [*_findings(installed), *(_proven(installed) if sealed else ())]
    if json:
        answer({name: {"ok": ok, "detail": detail} for name, ok, detail in findings})
    else:
        table("Check", ("what", "state", "detail"), [(n, "ok" if ok else "FAULT", d) for n, ok, d in findings])
    if not all(ok for _, ok, _ in findings):
        raise SystemExit(1)


def _findings(installed: Installation) -> list[tuple[str, bool, str]]:
    server = installed.store.answers()
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        claim(transaction, installed.vault)
        seal_log(transaction, installed.vault)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        log = check_log(transaction, installed.vault)
    jobs = queue.state(installed.url)
    return [
        ("database", True, f"PostgreSQL {server}, schema {migrations.current(installed.url)}"),
        _keys(installed),
        ("log", log.fault is None, log.fault or f"{log.leaves} leaves, {log.checkpoints} signed heads hold"),
        ("jobs", jobs.stalled == 0, f"{jobs.waiting} waiting, {jobs.failed} failed, {jobs.stalled} stalled"),
        _law(installed),
    ]


def _law(installed: Installation) -> tuple[str, bool, str]:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        missing = without_basis(transaction, installed.law)
    told = ", ".join(purpose.value for purpose in missing)
    return ("law", not missing, f"no law is entered for: {told}" if missing else "every purpose has a legal basis")


def _keys(installed: Installation) -> tuple[str, bool, str]:
    try:
        health = installed.vault.keyring.provider.health()
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            check_clock(transaction)
    except (WrongKeys, ClockBack) as error:
        return ("keys", False, str(error))
    return ("keys", True, f"{health.name}, version {health.version}; the keyring is this database's")


def _proven(installed: Installation) -> list[tuple[str, bool, str]]:
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        proof = prove(transaction, installed.vault)
    failed = "; ".join(f"{number:,} of {what}" for what, number in sorted(proof.failed.items()))
    detail = f"{sum(proof.opened.values()):,} values open and look-ups lead where they should"
    return [("sealed", proof.sound, f"cannot be read or found: {failed}" if failed else detail)]

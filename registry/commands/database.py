"""Commands for the installation itself: migrate, back up, restore, check."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from registry.actions.install import claim
from registry.actions.rebuild_search import rebuild_search
from registry.actions.seal_log import check_log, seal_log
from registry.commands.console import AsJson, Data, Login, answer, now, opened, operator, out, table
from registry.jobs import queue
from registry.jobs.identity import permit
from registry.jobs.opening import Installation, database, installation
from registry.model.access import Purpose
from registry.model.errors import WrongKeys
from registry.protect.authorize import Action
from registry.protect.keyring import Keyring
from registry.settings import Settings
from registry.store import backup as backups
from registry.store import migrate as migrations
from registry.store.programs import wheel_bin_dir


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


def backup(
    directory: Annotated[Path, typer.Argument(help="A folder that does not exist yet, or is empty.")],
    *,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Back up the database; the keys are never in it, and search tables are rebuilt after a restore."""
    with opened(data) as installed:
        permit(installed, operator(login), Action.BACKUP, Purpose.MAINTENANCE)
        keyring = installed.vault.keyring
        stamp = backups.Stamp(
            program_version=version("child-registry"),
            keyring_id=str(keyring.keyring_id),
            mark=keyring.mark.value,
            made_at=now(),
        )
        manifest = backups.backup(_wide_url(installed), _programs(installed), directory, stamp=stamp)
    if json:
        answer({"directory": str(directory), "bytes": manifest.dump_bytes, "sha256": manifest.dump_sha256})
    else:
        out.print(f"backup of {manifest.dump_bytes:,} bytes in {directory}; keep the keys elsewhere")


def _wide_url(installed: Installation) -> str:
    return installed.server.superuser_url if installed.server else installed.url


def _programs(installed: Installation) -> Path:
    return installed.server.bin_dir if installed.server else wheel_bin_dir()


def restore(
    directory: Annotated[Path, typer.Argument(help="The folder of a backup.")],
    *,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Restore a backup into an empty database that has the same keys, and rebuild the search tables."""
    settings = Settings.load(data)
    manifest = backups.read_manifest(directory)
    keyring = Keyring.open(settings.keys)
    if str(keyring.keyring_id) != manifest.keyring_id:
        raise WrongKeys("the backup was sealed with another keyring", place=str(settings.keys))
    with database(settings) as (url, server):
        wide = server.superuser_url if server else url
        backups.restore(wide, server.bin_dir if server else wheel_bin_dir(), directory)
    with installation(settings, clock=now, may_create=True) as installed:
        rebuilt = 0
        while True:
            with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
                number = rebuild_search(transaction, installed.vault)
            if number == 0:
                break
            rebuilt += number
    if json:
        answer({"directory": str(directory), "search_rows_rebuilt": rebuilt})
    else:
        out.print(f"restored from {directory}; {rebuilt:,} search rows rebuilt")


def check(*, data: Data = None, json: AsJson = False) -> None:
    """Check database, keys, access log and jobs; the exit code is 1 if one of them is not well."""
    with opened(data) as installed:
        findings = _findings(installed)
    if json:
        answer({name: {"ok": ok, "detail": detail} for name, ok, detail in findings})
    else:
        table("Check", ("what", "state", "detail"), [(n, "ok" if ok else "FAULT", d) for n, ok, d in findings])
    if not all(ok for _, ok, _ in findings):
        raise SystemExit(1)


def _findings(installed: Installation) -> list[tuple[str, bool, str]]:
    server = installed.store.answers()
    keys = installed.vault.keyring.provider.health()
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        claim(transaction, installed.vault)
        seal_log(transaction, installed.vault)
    with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
        log = check_log(transaction, installed.vault)
    jobs = queue.state(installed.url)
    return [
        ("database", True, f"PostgreSQL {server}, schema {migrations.current(installed.url)}"),
        ("keys", True, f"{keys.name}, version {keys.version}; the keyring is this database's"),
        ("log", log.fault is None, log.fault or f"{log.leaves} leaves, {log.checkpoints} signed heads hold"),
        ("jobs", jobs.stalled == 0, f"{jobs.waiting} waiting, {jobs.failed} failed, {jobs.stalled} stalled"),
    ]

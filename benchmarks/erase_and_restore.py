"""Erase a child, end the epoch of the keys, restore the oldest backup: nothing of her opens, and she is not found.

    python benchmarks/erase_and_restore.py [--children 150] [--json]

The data copy is the oldest there is. It is restored with the copy of the data keys that was made beside it, which must
be refused and open nothing, and with the current one, in which everybody else is there. The exit code is 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.actions.finding.find_child import FindQuery, find_child
from registry.actions.keys.prove import prove
from registry.actions.keys.sealing import open_group
from registry.demo.invention import invent
from registry.jobs.identity import access_on_demo
from registry.jobs.opening import Installation, installation
from registry.model.access import Purpose
from registry.model.errors import KeyUnavailable, RegistryError, Tampered
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import WrappedKey
from registry.protect.keys.key_binding import owner_binding
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.settings import Settings
from registry.store import children, grouping
from registry.store.server.embedded import EmbeddedServer

INVENTED_ON = date(2026, 10, 31)
WRAPPING: Final = ("identity_wrap", "case_wrap", "extract_wrap", "quarantine_wrap")
RAW_KEYS = "select domain, owner_id, generation, epoch, wrapped_key from {} order by owner_id"


@dataclass(slots=True)
class Findings:
    """What was found where nothing should be."""

    facts: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def note(self, what: str, value: object, *, wanted: object) -> None:
        """Keep a figure, and a fault if it is not as it should be."""
        self.facts[what] = value
        if value != wanted:
            self.faults.append(f"{what}: {value}, not {wanted}")


@dataclass(frozen=True, slots=True)
class Girl:
    """The child who is erased, and all by which somebody may look for her."""

    ids: tuple[UUID, ...]
    name: str = field(repr=False)
    year: str
    number: str = field(repr=False)


def command(data: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command on a data folder."""
    line = [sys.executable, "-m", "registry", *map(str, words), "--data", str(data)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def well(data: Path, *words: object) -> dict[str, Any]:
    """Run a command that is to end well, and return its document."""
    done = command(data, *words, "--json")
    if done.returncode != 0:
        raise SystemExit(f"{words[0]} did not end well: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def open_at(data: Path) -> AbstractContextManager[Installation]:
    """Open the installation of a data folder."""
    return installation(Settings(data=data), clock=lambda: datetime.now(UTC))


def choose(installed: Installation) -> Girl:
    """Choose a child whom several systems know, with a number."""
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        grant = authorize(transaction.access, Action.LINK)
        heads = children.heads_after(transaction, after=None, limit=5000)
        several = [head for head, many in children.members_of(transaction, heads).items() if len(many) > 1]
        for head in several:
            row = children.groups(transaction, grant, [head])[0]
            key = installed.vault.child_key(row)
            who = open_group(key, "identity", group="identity", row=head, token=row.sealed_identity)
            if who.get("number") and who.get("name") and who.get("birth"):
                ids = tuple(grouping.members(transaction, head))
                year = str(who["birth"]["year"])
                return Girl(ids=ids, name=who["name"]["written"], year=year, number=who["number"])
    raise SystemExit("there is no child of several records: invent more")


def hits(installed: Installation, girl: Girl) -> int:
    """Return how often she is found by name or number, by whoever may look."""
    found = 0
    for login in ("worker", "province"):
        access = access_on_demo(installed, login, Purpose.CASE_WORK)
        for text, born in ((girl.number, None), (girl.name, girl.year)):
            with installed.store.begin(access) as transaction:
                answer = find_child(transaction, installed.vault, FindQuery(text=text, born=born))
                found += sum(one.child_id in girl.ids for one in answer.found)
    return found


def in_tables(server: EmbeddedServer, girl: Girl) -> dict[str, int]:
    """Return the tables that name her, with the number of rows, beside her bare row and the ledger."""
    found = {}
    with connect(server) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (table,) in tables:
            if table in {"child", "erasure"}:
                continue
            query = f"select count(*) from {table} t where to_jsonb(t)::text like any (%s)"  # noqa: S608  catalogue
            named = [f"%{child}%" for child in girl.ids]
            number = connection.execute(query.encode(), [named]).fetchone()
            if number and number[0]:
                found[table] = int(number[0])
    return found


def connect(server: EmbeddedServer) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as somebody whom row security does not narrow."""
    return psycopg.connect(server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1))


def raw_keys(copy: Path, workshop: Path) -> list[tuple[str, UUID, int, int, bytes]]:
    """Read the wrapped keys out of a copy as a thief would: load its dump into tables without any rule."""
    thief = Path(tempfile.mkdtemp(prefix="thief-", dir=workshop))
    with EmbeddedServer(thief / "data", durable=False) as server, connect(server) as connection:
        connection.execute(
            "create table key_version (domain text, version smallint, state text,"
            " since timestamptz); create table child_key (child_id uuid, owner_id uuid, domain text, generation"
            " smallint, epoch smallint, wrapped_key bytea); create table shared_key (owner_id uuid, domain text,"
            " generation smallint, epoch smallint, wrapped_key bytea); create table erasure (child_id uuid, erased_at"
            " timestamptz, erased_by uuid); create table erased_record (key_digest bytea, erased_at timestamptz)"
        )
        connection.commit()
        address = server.superuser_url.replace("postgresql+psycopg://", "postgresql://", 1)
        program = str(server.bin_dir / "pg_restore")
        subprocess.run([program, "--data-only", "--no-owner", f"--dbname={address}", str(copy)], check=True)
        both = [connection.execute(RAW_KEYS.format(t).encode()).fetchall() for t in ("child_key", "shared_key")]
    return [(d, o, g, e, bytes(w)) for rows in both for d, o, g, e, w in rows]


def opening(keyring: Keyring, keys: Sequence[tuple[str, UUID, int, int, bytes]]) -> int:
    """Return how many wrapped keys open with any key of the keyring: as the program asks, and once more by hand."""
    every = [
        keyring.raw(entry.domain, entry.version)
        for entry in keyring.entries()
        if entry.version in keyring.usable(entry.domain)
    ]
    opened = 0
    for domain, owner, generation, epoch, wrapped in keys:
        named = [epoch, *keyring.usable(Domain(domain))]
        opened += any(_opens(keyring, domain, owner, generation, WrappedKey(one, wrapped)) for one in named)
        binding = owner_binding(Domain(domain), epoch, owner=owner, generation=generation)
        opened += any(_opens_raw(key, wrapped, binding) for key in every)
    return opened


def _opens(keyring: Keyring, domain: str, owner: UUID, generation: int, wrapped: WrappedKey) -> bool:
    try:
        keyring.open_data_key(Domain(domain), wrapped, owner, generation)
    except (Tampered, KeyUnavailable):
        return False
    return True


def _opens_raw(key: bytes, wrapped: bytes, binding: bytes) -> bool:
    try:
        AESGCM(key).decrypt(wrapped[:12], wrapped[12:], binding)
    except InvalidTag:
        return False
    return True


def run(workshop: Path, *, size: int) -> Findings:
    """Deliver, back up, erase, end the epoch, restore, and look for her everywhere."""
    told, data = Findings(), workshop / "data"
    invent(workshop / "drop", seed=5, children=size, on=INVENTED_ON)
    well(data, "demo", "--drop", workshop / "drop", "--no-serve", "--links", workshop / "links.csv")
    with open_at(data) as installed:
        girl = choose(installed)
        told.facts["found before"] = hits(installed, girl)
        others = _living(installed) - len(girl.ids)
    if not told.facts["found before"]:
        told.faults.append("she was not found before either: nothing is shown")
    well(data, "backup", workshop / "oldest")
    well(data, "erase", girl.ids[0], "--sentence", "benchmark")
    for domain in WRAPPING:
        well(data, "keys", "rotate", domain)
        well(data, "keys", "retire", domain, 1, "--destroy")
    well(data, "backup", workshop / "keys", "--data-keys-only")
    _with_its_own_keys(told, data, workshop)
    _with_current_keys(told, data, workshop, girl=girl, others=others)
    return told


def _living(installed: Installation) -> int:
    with installed.store.begin(installed.engine(Purpose.LINKAGE)) as transaction:
        query = "select count(*) from child where erased_at is null"
        return int(transaction.connection.exec_driver_sql(query).scalar() or 0)


def _folder(data: Path, new: Path) -> Path:
    new.mkdir(mode=0o700)
    shutil.copytree(data / "keys", new / "keys")
    return new


def _with_its_own_keys(told: Findings, data: Path, workshop: Path) -> None:
    refused = command(_folder(data, workshop / "own"), "restore", workshop / "oldest")
    told.facts["the oldest copy with its own keys"] = refused.stderr.strip()
    told.note("it is refused", refused.returncode, wanted=1)
    told.note("before anything is made", sorted(p.name for p in (workshop / "own").iterdir()), wanted=["keys"])
    keys = raw_keys(workshop / "oldest" / "data-keys" / "data-keys.dump", workshop)
    told.facts["wrapped keys in the oldest copy"] = len(keys)
    told.note("of these open with any key of the keyring", opening(Keyring.open(data / "keys"), keys), wanted=0)
    control = raw_keys(workshop / "keys" / "data-keys.dump", workshop)
    told.facts["wrapped keys in the current copy"] = len(control)
    told.note("of these open", opening(Keyring.open(data / "keys"), control), wanted=2 * len(control))


def _with_current_keys(told: Findings, data: Path, workshop: Path, *, girl: Girl, others: int) -> None:
    new = _folder(data, workshop / "new")
    restored = well(new, "restore", workshop / "oldest", "--data-keys", workshop / "keys")
    told.note("children without a key", restored["without_key"], wanted=0)
    with open_at(new) as installed:
        told.note("others who are there", _living(installed), wanted=others)
        told.note("she is found", hits(installed, girl), wanted=0)
        with installed.store.begin(installed.engine(Purpose.MAINTENANCE)) as transaction:
            proof = prove(transaction, installed.vault)
        told.facts["values opened and look-ups"] = sum(proof.opened.values())
        told.note("values or look-ups that fail", dict(proof.failed), wanted={})
        if installed.server is None:
            raise RegistryError
        told.note("tables that name her", in_tables(installed.server, girl), wanted={})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=150, help="of the invented province")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="erase-and-restore-") as folder:
        told = run(Path(folder), size=chosen.children)
    if chosen.json:
        print(json.dumps({"facts": told.facts, "faults": told.faults}, indent=2))
    else:
        for what, value in told.facts.items():
            print(f"{what}: {value}")
        print("\n".join(told.faults) or "nothing of her opens, and she is not found")
    return int(bool(told.faults))


if __name__ == "__main__":
    sys.exit(main())

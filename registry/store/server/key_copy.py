"""The copy of the wrapped data keys: apart from the data, short-lived, and of no use without the keyring.

Whoever is erased has no key in a newer copy; the older copies expire, and end for good when their wrapping key is
destroyed. The ledger of erasures goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import URL, make_url

from registry.store.server.dumps import (
    BackupRefused,
    Stamp,
    connected,
    digest,
    new_folder,
    read_document,
    see_whole,
    write_dump,
    write_manifest,
)

KIND: Final = "data keys"
FORMAT: Final = 1
DUMP: Final = "data-keys.dump"
MANIFEST: Final = "manifest.json"
LONGEST: Final = timedelta(days=90)  # a wrapping key lives no longer, and neither does a copy of what it wraps
APART: Final = ("key_version", "child_key", "shared_key", "erasure", "erased_record")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyManifest:
    """What a copy of the data keys is."""

    kind: str
    format: int
    program_version: str
    revision: str | None  # of the schema
    made_at: str  # ISO 8601, with zone, like `expires_at`
    expires_at: str
    mark: str
    keyring_id: str
    epochs: Mapping[str, tuple[int, ...]]  # the wrapping keys that open it, by domain
    dump_bytes: int
    dump_sha256: str

    @property
    def made(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self.made_at)

    @property
    def expires(self) -> datetime:
        """From when on it is refused, and ought to be gone."""
        return datetime.fromisoformat(self.expires_at)


def copy_keys(url: str, bin_dir: Path, directory: Path, *, stamp: Stamp) -> KeyManifest:
    """Write a copy of the data keys into the new folder `directory`, mode 0700, files 0600.

    Args: url: of an account that row security does not narrow.
    Raises: BackupRefused: the folder holds something, or the dump failed.
    """
    address = make_url(url)
    with new_folder(directory) as partial:
        manifest = _described(address, stamp)
        dump = partial / DUMP
        options = ["--data-only", *(f"--table=*.{table}" for table in APART)]
        write_dump(address, bin_dir, dump, options=options)
        manifest = replace(manifest, dump_bytes=dump.stat().st_size, dump_sha256=digest(dump))
        write_manifest(partial / MANIFEST, asdict(manifest))
    return manifest


def read_key_manifest(directory: Path) -> KeyManifest:
    """Read what a copy of the data keys says about itself, and see that its dump is whole.

    Raises: BackupRefused: there is none, it is of another format, or damaged.
    """
    place = str(directory)
    if not (directory / MANIFEST).is_file():
        raise BackupRefused("there is no copy of the data keys: say where one lies with --data-keys", place=place)
    kept = read_document(directory / MANIFEST)
    if kept.get("kind") != KIND or kept.get("format") != FORMAT:
        raise BackupRefused("this is no copy of data keys, or of a format that this version does not know", place=place)
    try:
        epochs = {domain: tuple(map(int, versions)) for domain, versions in kept["epochs"].items()}
        manifest = KeyManifest(**{**kept, "epochs": epochs})
        if manifest.made.tzinfo is None or manifest.expires.tzinfo is None:
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupRefused("the manifest of the copy of data keys is damaged", place=place) from None
    see_whole(directory / DUMP, size=manifest.dump_bytes, sha256=manifest.dump_sha256)
    return manifest


def _described(address: URL, stamp: Stamp) -> KeyManifest:
    with connected(address, BackupRefused) as connection:
        return KeyManifest(
            kind=KIND,
            format=FORMAT,
            program_version=stamp.program_version,
            revision=revision(connection),
            made_at=stamp.made_at.isoformat(),
            expires_at=(stamp.made_at + LONGEST).isoformat(),
            mark=stamp.mark,
            keyring_id=stamp.keyring_id,
            epochs=_epochs(connection),
            dump_bytes=0,
            dump_sha256="",
        )


def _epochs(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    query = "select domain, epoch from child_key union select domain, epoch from shared_key order by 1, 2"
    for domain, epoch in connection.execute(query):
        found[domain] = (*found.get(domain, ()), epoch)
    return found


def revision(connection: psycopg.Connection[Any]) -> str | None:
    """Return the revision of the schema; None: the database was never migrated."""
    known = connection.execute("select to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        return None
    found = connection.execute("select version_num from alembic_version").fetchone()
    return str(found[0]) if found is not None else None

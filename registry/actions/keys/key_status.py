"""How the keys stand: every version, what refers to it, and what somebody should do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from registry.actions.keys.rotate_keys import FIXED, WRAPPING
from registry.actions.keys.sealing import Vault
from registry.protect.authorize import Action, authorize
from registry.protect.keys.keyring_file import Domain, KeyEntry, KeyState
from registry.store import rotation
from registry.store.session import Transaction

EPOCH: Final = timedelta(days=90)  # a wrapping key older than this keeps what was erased alive in old copies
MOST_WRAPS: Final = 1 << 30  # of one key with random nonces
_NEAR: Final = MOST_WRAPS // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One version of one key."""

    domain: Domain
    version: int
    state: KeyState
    since: datetime | None
    rows: int
    advice: tuple[str, ...] = ()


def key_status(transaction: Transaction, vault: Vault) -> list[KeyLine]:
    """Return every version of every key, with what is to be done about it."""
    authorize(transaction.access, Action.CHECK)
    lines = []
    for domain in Domain:
        rows = rotation.referring(transaction, domain.value)
        for entry in sorted(vault.keyring.entries(), key=lambda entry: entry.version):
            if entry.domain is domain:
                number = rows.get(entry.version, 0)
                advice = _advice(vault, entry, number, at=transaction.access.at)
                lines.append(
                    KeyLine(
                        domain=domain,
                        version=entry.version,
                        state=entry.state,
                        since=entry.since,
                        rows=number,
                        advice=advice,
                    )
                )
    return lines


def _advice(vault: Vault, entry: KeyEntry, rows: int, *, at: datetime) -> tuple[str, ...]:
    said = []
    name = entry.domain.value
    if entry.state is KeyState.ACTIVE:
        if entry.domain in WRAPPING and entry.since is not None and at - entry.since > EPOCH:
            said.append(f"older than {EPOCH.days} days: keys rotate {name}")
        if entry.domain in WRAPPING and rows >= _NEAR:
            said.append(f"near its limit of {MOST_WRAPS:,} wraps: keys rotate {name}")
    elif rows:
        active = vault.keyring.active(entry.domain)
        said.append(f"rotation to version {active} unfinished, {rows:,} rows wait: keys rotate {name}")
    elif entry.domain not in FIXED and entry.state is not KeyState.DESTROYED:
        said.append(_end_of(entry))
    return tuple(word for word in said if word)


def _end_of(entry: KeyEntry) -> str:
    if entry.domain in {Domain.LOG_SIGN, Domain.LOG_SEAL, Domain.DUTY_SEAL}:
        return ""  # what it signed or sealed stays
    destroy = f"keys retire {entry.domain.value} {entry.version} --destroy"
    return f"no row needs it: {destroy}"

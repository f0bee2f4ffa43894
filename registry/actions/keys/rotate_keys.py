"""Rotates a key: makes its next version and moves what the older made, in batches that can stop anywhere.

What is left to do is told by the rows themselves, so whoever is killed is followed by whoever runs next. A version is
known to the database before the key file holds it, and retired there before the key file gives it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from registry.actions.clock import check_clock
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, KeyUnavailable, Tampered
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import WrappedKey
from registry.protect.keys.keyring_file import Domain, KeyState
from registry.protect.log.access_log import Event
from registry.store import keys, rotation
from registry.store.rotation import Place
from registry.store.session import Transaction

KEYS_AT_ONCE: Final = 2000
SEARCH_KEPT: Final = timedelta(hours=8)  # a session lasts no longer: nobody goes back to an older search

WRAPPING: Final = (
    *(Domain.IDENTITY_WRAP, Domain.CASE_WRAP, Domain.EXTRACT_WRAP, Domain.QUARANTINE_WRAP, Domain.STAFF_WRAP),
)
_EASY: Final = (Domain.SESSION_WRAP, Domain.LOG_SIGN, Domain.LOG_SEAL, Domain.DUTY_SEAL)
ROTATING: Final = (*WRAPPING, *_EASY, Domain.INDEX, Domain.SEARCH, Domain.BLOCK)
FIXED: Final[Mapping[Domain, str]] = {
    Domain.CONTENT: "every delivered row would look new, and erased records would come back",
    Domain.PSEUDONYM: "the access log could no longer tell that two of its leaves are of one child",
    Domain.RECORD_KEY: "published tables would change",
    Domain.CELL_KEY: "published tables would change",
    Domain.EXPORT_MARK: "files handed out could no longer be told from forged ones",
    Domain.KEYRING_SEAL: "it guards the keyring file and changes with the keyring alone",
}
_KEPT: Final[Mapping[Domain, str]] = {
    Domain.LOG_SIGN: "signed heads of the access log are checked with it",
    Domain.LOG_SEAL: "reasons in the access log are sealed with it",
    Domain.DUTY_SEAL: "legal holds and breach records are sealed with it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A rotation to be carried on. `continued`: the version was there, and is not finished."""

    domain: Domain
    version: int
    continued: bool


def may_rotate(domain: Domain) -> None:
    """Refuse a domain whose key is for ever.

    Raises:
        BadQuery: with the reason.
    """
    if domain in FIXED:
        raise BadQuery("domain", f"the key {domain.value} is not rotated: {FIXED[domain]}")


def begin(transaction: Transaction, vault: Vault, domain: Domain, *, anew: bool = False) -> Begun:
    """Decide on the next version and let the database know it, before `make` puts it into the key file.

    Args:
        anew: make another version although rows of an older one wait: those that cannot be read wait for ever.

    Raises:
        BadQuery: a key of this domain is for ever.
        ClockBack: the new key would seem older than the last.
    """
    authorize(transaction.access, Action.KEYS)
    may_rotate(domain)
    check_clock(transaction)
    vault.keyring.refresh()
    if not anew and unfinished(transaction, vault, domain):
        return Begun(domain=domain, version=vault.keyring.active(domain), continued=True)
    version = max(entry.version for entry in vault.keyring.entries() if entry.domain is domain) + 1
    keys.know(transaction, [(domain.value, version, KeyState.ACTIVE.value)], at=transaction.access.at)
    log(transaction, vault, Event(action="keys.rotate", groups=(domain.value,), counts={"version": version}))
    return Begun(domain=domain, version=version, continued=False)


def unfinished(transaction: Transaction, vault: Vault, domain: Domain) -> bool:
    """Say whether rows still wait to be moved to the active version of a key."""
    return rotation.has_older(transaction, domain.value, vault.keyring.active(domain))


def make(transaction: Transaction, vault: Vault, begun: Begun) -> None:
    """Put the new version into the key file, once the database knows it, and let both say the same of the older."""
    if not begun.continued:
        vault.keyring.rotate(begun.domain, at=transaction.access.at, only=begun.version)
    tell_states(transaction, vault)


def tell_states(transaction: Transaction, vault: Vault) -> None:
    """Let the database know what the key file says of each version, as far as it is ahead of the database.

    A version that no row needs any more in the database, and that the file still gives out, is retired in the file:
    somebody was stopped between the two.

    Raises:
        KeyUnavailable: rows need a version that the key file does not have, or has destroyed.
    """
    known = keys.versions(transaction)
    missing: list[tuple[str, int, str]] = []
    for entry in vault.keyring.entries():
        name = (entry.domain.value, entry.version)
        before = known.pop(name, None)
        if before is None:
            missing.append((*name, entry.state.value))
        elif before != entry.state.value:
            _agree(transaction, vault, entry.domain, entry.version, said=before, state=entry.state)
    if missing:
        keys.know(transaction, missing, at=transaction.access.at)
    for domain, version in known:
        if rotation.referring(transaction, domain).get(version):
            raise KeyUnavailable(
                "rows need a key that the keyring does not have: the keyring is older than the database, bring the"
                " newer copy of it",
                place=f"{domain}@{version}",
            )


_ORDER: Final = tuple(state.value for state in KeyState)  # active, decrypt only, retired, destroyed


def _agree(transaction: Transaction, vault: Vault, domain: Domain, version: int, *, said: str, state: KeyState) -> None:
    ahead = _ORDER.index(said) - _ORDER.index(state.value)
    if ahead < 0:
        if state in {KeyState.RETIRED, KeyState.DESTROYED} and rotation.referring(transaction, domain.value).get(
            version
        ):
            if state is KeyState.DESTROYED and domain in WRAPPING:
                raise KeyUnavailable(
                    "rows need a key that was destroyed: these data keys are older than the keyring",
                    place=f"{domain.value}@{version}",
                )
            return  # hashes that are about to go; the rotation says so when it has ended
        rotation.set_state(transaction, domain.value, version, state.value)
        return
    if said in {KeyState.RETIRED.value, KeyState.DESTROYED.value} and state is KeyState.DECRYPT_ONLY:
        vault.keyring.retire(domain, version)
    if said == KeyState.DESTROYED.value and state in {KeyState.DECRYPT_ONLY, KeyState.RETIRED}:
        vault.keyring.destroy(domain, version)


# -- data keys -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a batch came to."""

    rows: int
    unreadable: int = 0
    after: Any = None  # from where the next batch goes on; None: this pass is at its end


def rewrap_some(
    transaction: Transaction, vault: Vault, domain: Domain, *, after: Place | None, limit: int = KEYS_AT_ONCE
) -> Moved:
    """Wrap the next data keys anew under the active epoch; what they seal stays as it is."""
    authorize(transaction.access, Action.KEYS)
    epoch = vault.keyring.active(domain)
    found = rotation.older_keys(transaction, domain.value, epoch, after=after, limit=limit)
    made = []
    for key in found:
        try:
            wrapped = vault.keyring.rewrap(domain, WrappedKey(key.epoch, key.wrapped_key), key.owner_id, key.generation)
        except Tampered:
            continue  # it stays as it is, and is noted where its row is read
        made.append((key, wrapped.wrapped))
    moved = rotation.write_rewrapped(transaction, domain.value, epoch, keys=made) if made else 0
    last = (found[-1].child_id, found[-1].owner_id) if len(found) == limit else None
    return Moved(rows=moved, unreadable=len(found) - len(made), after=last)


def drop_searches(transaction: Transaction, vault: Vault) -> int:
    """Forget older searches sealed under an older key: those of sessions that have ended."""
    authorize(transaction.access, Action.KEYS)
    version = vault.keyring.active(Domain.SESSION_WRAP)
    return rotation.drop_searches(transaction, version, made_before=transaction.access.at - SEARCH_KEPT)


# -- the end of a version ------------------------------------------------------------------------------------------


def retire(transaction: Transaction, vault: Vault, domain: Domain, version: int) -> None:
    """Let the database give a version up, before `close` takes it from the key file.

    Raises:
        KeyInUse: rows still refer to it.
        BadQuery: it is the active one, or what it made is for ever.
        KeyUnavailable: there is no such version.
    """
    authorize(transaction.access, Action.KEYS)
    may_rotate(domain)
    check_clock(transaction)
    vault.keyring.refresh()
    place = f"{domain.value}@{version}"
    if domain in _KEPT:
        raise BadQuery("domain", f"an older key {domain.value} is never retired: {_KEPT[domain]}")
    states = {entry.version: entry.state for entry in vault.keyring.entries() if entry.domain is domain}
    if version not in states:
        raise KeyUnavailable("there is no such version", place=place)
    if states[version] is KeyState.ACTIVE:
        raise BadQuery("version", f"{place} is the active one: rotate first")
    left = rotation.referring(transaction, domain.value).get(version, 0)
    if left:
        raise KeyInUse(f"{left:,} rows still refer to it: run `child-registry keys rotate {domain.value}`", place=place)
    if keys.versions(transaction).get((domain.value, version)) in {KeyState.ACTIVE.value, KeyState.DECRYPT_ONLY.value}:
        rotation.set_state(transaction, domain.value, version, KeyState.RETIRED.value)
    log(transaction, vault, Event(action="keys.retire", groups=(domain.value,), counts={"version": version}))


class KeyInUse(Conflict):
    """Rows still need this version of a key."""

    title = "The key is still in use"


def close(transaction: Transaction, vault: Vault, domain: Domain, version: int, *, destroy: bool) -> KeyState:
    """Retire a version in the key file too, once the database has given it up; with `destroy`, delete its bytes."""
    authorize(transaction.access, Action.KEYS)
    state = _state(vault, domain, version)
    if state is KeyState.DECRYPT_ONLY:
        vault.keyring.retire(domain, version)
    if destroy and _state(vault, domain, version) is KeyState.RETIRED:
        log(transaction, vault, Event(action="keys.destroy", groups=(domain.value,), counts={"version": version}))
        rotation.set_state(transaction, domain.value, version, KeyState.DESTROYED.value)
        vault.keyring.destroy(domain, version)
    return _state(vault, domain, version)


def _state(vault: Vault, domain: Domain, version: int) -> KeyState:
    return next(one.state for one in vault.keyring.entries() if (one.domain, one.version) == (domain, version))

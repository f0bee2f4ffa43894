"""Notices searches that go through numbers or record keys one after the other.

The access log holds a search as a keyed fingerprint; the fingerprints of the numbers beside it tell whether the account
has just searched for one of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from registry.actions.finding.question import FindQuery
from registry.actions.keys.sealing import Vault
from registry.actions.oversight.alarms import AlarmKind, raise_once
from registry.protect.log.access_log import query_fingerprint
from registry.store import limits
from registry.store.session import Transaction

SUSPICIOUS: Final = 5  # searches in a row, each of a number next to one before
NEAR: Final = 3  # numbers so far apart count as one after the other
_HOUR: Final = timedelta(hours=1)
_IDENTIFIER: Final = re.compile(r"([\d .\-]*?|\S*?)(\d{2,})([^\d\s]{0,2})")


def words_of(query: FindQuery) -> str:
    """Return what the fingerprint of a search is made of."""
    return repr((" ".join(query.text.split()), query.born, query.mother, query.commune))


def steps_of(transaction: Transaction, vault: Vault, query: FindQuery) -> dict[str, int]:
    """Count the searches of the account that lead up to this one, number by number; many raise an alarm.

    Returns: the count as the log holds it; empty: there are none.
    """
    if transaction.access.staff_id is None:
        return {}
    beside = [query_fingerprint(vault.keyring, words_of(one)) for one in _beside(query)]
    if not beside:
        return {}
    steps = limits.steps_before(transaction, things=beside)
    if steps + 1 >= SUSPICIOUS:
        raise_once(transaction, vault, AlarmKind.IN_SEQUENCE, within=_HOUR)
    return {"steps": min(steps, SUSPICIOUS)} if steps else {}


def _beside(query: FindQuery) -> Iterator[FindQuery]:
    """Yield the searches for the numbers next to the one that is searched for; none where there is no number."""
    found = _IDENTIFIER.fullmatch(" ".join(query.text.split()))
    if found is None:
        return
    before, digits, after = found.groups()
    for step in range(-NEAR, NEAR + 1):
        number = int(digits) + step
        if step and 0 <= number < 10 ** len(digits):
            text = f"{before}{number:0{len(digits)}}{after}"
            yield FindQuery(text=text, born=query.born, mother=query.mother, commune=query.commune)

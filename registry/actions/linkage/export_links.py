"""The list of links, for those who asked for it: system, record key, personal number, decision, posterior."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from registry.actions.intake.load_extract import People
from registry.actions.keys.damage import Damage
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.oversight.decoys import Decoys
from registry.actions.oversight.log import log
from registry.protect.authorize import Action, authorize
from registry.protect.keys.data_key import DataKey, WrappedKey
from registry.protect.keys.keyring_file import Domain
from registry.protect.log.access_log import Event
from registry.store import links, reviews
from registry.store.session import Transaction

AT_ONCE = 2000  # rows opened at a time


class LinkLine(NamedTuple):
    """One line of the list. The number is empty for 'none'; a record under review has a line for each candidate."""

    system: str
    source_key: str
    personal_number: str
    decision: str
    score: float  # posterior: of the candidate, or of nobody for 'none'


def list_links(transaction: Transaction, vault: Vault) -> Iterator[LinkLine]:
    """Return the lines of all records that stand, by system and record key.

    Withdrawn records are left out, and those that cannot be read.
    """
    authorize(transaction.access, Action.EXPORT_LINKS)
    candidates = reviews.review_candidates(transaction)
    people = People(vault)
    persons = sorted({person for found in candidates.values() for person, _ in found})
    numbers = {
        person: identity.number or ""
        for start in range(0, len(persons), AT_ONCE)
        for person, identity in people.get(transaction, persons[start : start + AT_ONCE]).items()
    }
    decoys, met = Decoys(transaction, vault), Damage(transaction, vault)
    lines: list[LinkLine] = []
    rows = 0
    for row in links.decided(transaction):
        child_id: UUID = row["child_id"]
        if child_id in decoys:
            continue
        rows += 1
        candidates_known = [(numbers[one], chance) for one, chance in candidates.get(child_id, []) if one in numbers]
        lines += met.tried(child_id, partial(_lines, vault, row, candidates_known)) or []
    met.settle(of=rows)
    log(transaction, vault, Event(action=Action.EXPORT_LINKS, counts={"lines": len(lines)}))
    yield from sorted(lines)


def _lines(vault: Vault, row: Mapping[str, Any], candidates: Sequence[tuple[str, float]]) -> list[LinkLine]:
    """Return the lines of one record; args: candidates: numbers and posteriors of whom a person must decide about."""
    child_id: UUID = row["child_id"]
    wrapped = WrappedKey(epoch=row["key_epoch"], wrapped=row["wrapped_key"])
    key = vault.keyring.open_data_key(Domain.IDENTITY_WRAP, wrapped, child_id, row["key_generation"])
    source = open_group(key, "identity", group="source", row=child_id, token=row["sealed_source"])["key"]
    if row["decision"] == "link" and row["link_id"] is not None:
        number = _number(key, row["link_id"], row["sealed_number"])
        return [LinkLine(row["system"], source, number, "link", row["probability"])]
    if row["decision"] == "review":
        return [LinkLine(row["system"], source, number, "review", chance) for number, chance in candidates]
    return [LinkLine(row["system"], source, "", "none", row["nobody"])]


def _number(key: DataKey, link_id: UUID, sealed: bytes) -> str:
    number = open_group(key, "link", group="number", row=link_id, token=sealed)["number"]
    return number or ""

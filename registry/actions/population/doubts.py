"""Finds verified links that must be asked about again: confirmed too long ago, or something has changed since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import ChangeEvent, ChangePage
from matching.identity import Flag, Identity
from registry.actions.intake.load_extract import People
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity
from registry.actions.oversight.log import log
from registry.actions.population.budget import Terms
from registry.actions.population.facts import Facts, facts_of
from registry.model.link_state import Doubted, GrownOld, Happening, Why, after
from registry.protect.authorize import Action, authorize
from registry.protect.log.access_log import Event
from registry.store import link_states, population_calls
from registry.store.link_states import ChangedRecord, StoredState
from registry.store.session import Transaction

AT_ONCE: Final = 500  # links of a transaction
_CLOCKS_DIFFER: Final = timedelta(minutes=2)
DOUBTFUL: Final = frozenset({Flag.NUMBER_SEX_MISMATCH, Flag.NUMBER_YEAR_MISMATCH, Flag.NUMBER_OF_PARENT})


def doubt(transaction: Transaction, vault: Vault, terms: Terms, *, people: People) -> Mapping[str, int]:
    """Take some links from the verified ones for which time or newer records speak; return how many, by reason.

    Nothing is left to do once nothing is returned.
    """
    authorize(transaction.access, Action.VERIFY)
    aged = link_states.grown_old(transaction, lasts=terms.lasts, limit=AT_ONCE)
    _happen(transaction, terms, aged, GrownOld())
    changed = link_states.changed_records(transaction, limit=AT_ONCE)
    doubtful = _doubtful(transaction, vault, people, changed)
    link_states.looked_at(transaction, [one.state.key for one in changed])
    rivalled = link_states.rivalled(transaction, limit=AT_ONCE)
    flagged = list({state.key: state for state in (*doubtful, *rivalled)}.values())
    _happen(transaction, terms, flagged, Doubted(why=Why.FLAGGED))
    counts = Counter({"aged": len(aged), "flagged": len(flagged), "looked_at": len(changed)})
    if aged or flagged:
        children = [state.child_id for state in (*aged, *flagged)]
        told = {name: number for name, number in counts.items() if number}
        log(transaction, vault, Event(action=Action.VERIFY, children=children, counts=told))
    return +counts


def _happen(transaction: Transaction, terms: Terms, states: Sequence[StoredState], event: Happening) -> None:
    at = transaction.access.at
    standings = {
        state.key: after(state.standing, event, at=at, lasts=terms.lasts, link_id=state.link_id) for state in states
    }
    link_states.keep(transaction, standings, answered={})
    became = [state for state in states if standings[state.key].state is not state.standing.state]
    link_states.tell(transaction, [(state.child_id, "link.stale") for state in became])


def _doubtful(
    transaction: Transaction, vault: Vault, people: People, changed: Sequence[ChangedRecord]
) -> list[StoredState]:
    """Return the links whose record, as it came anew, fits the citizen less well."""
    states = [one.state for one in changed]
    facts = facts_of(transaction, vault, people, states)
    sealed = {one.state.key: one for one in changed}
    read = opened(transaction, vault, states, lambda state: _identity(vault, sealed[state.key]))
    return [state for state, record in read if state.link_id in facts and _is_doubtful(record, facts[state.link_id])]


def _identity(vault: Vault, one: ChangedRecord) -> Identity:
    state = one.state
    return open_identity(
        vault.child_key(state), state.child_id, sealed_identity=one.sealed_identity, sealed_family=one.sealed_family
    )


def _is_doubtful(record: Identity, facts: Facts) -> bool:
    other_number = record.number is not None and record.number != facts.number
    name = record.name.written.casefold() if record.name and not record.name.placeholder else None
    other_name = name is not None and facts.name is not None and name != facts.name.casefold()
    return other_number or other_name or not DOUBTFUL.isdisjoint(record.flags)


def take_in_changes(transaction: Transaction, vault: Vault, terms: Terms, page: ChangePage, *, connector: str) -> int:
    """Ask again about those whom a feed of changes names, and keep how far it was read; return how many links.

    A feed that has forgotten our place has us ask about everybody again. Feeds tell a change more than once: who was
    asked about since it was written down is left alone, or those would be asked about without end.
    """
    authorize(transaction.access, Action.VERIFY)
    service = population_calls.lock(transaction, connector=connector, agency=terms.agency_code)
    if page.reset_required:
        number = link_states.make_due(transaction)
    else:
        states = _not_asked_since(transaction, vault, page.events)
        _happen(transaction, terms, states, Doubted(why=Why.CHANGED))
        number = len(states)
    told = population_calls.with_cursor(service, None if page.reset_required else page.next)
    population_calls.keep(transaction, told, connector=connector, agency=terms.agency_code)
    log(transaction, vault, Event(action=Action.VERIFY, counts={"changes": len(page.events), "links": number}))
    return number


def _not_asked_since(transaction: Transaction, vault: Vault, events: Sequence[ChangeEvent]) -> list[StoredState]:
    """Return the links to those whom changes name, without those answered about after their change."""
    by_hour: dict[datetime | None, list[ChangeEvent]] = {}
    for event in events:
        hour = event.recorded.replace(minute=0, second=0, microsecond=0) if event.recorded else None
        by_hour.setdefault(hour, []).append(event)
    found: dict[link_states.Key, StoredState] = {}
    for some in by_hour.values():
        newest = max((event.recorded for event in some if event.recorded), default=None)
        for state in link_states.by_numbers(transaction, _indexes(vault, some)):
            answered = state.standing.answered_at
            if newest is None or answered is None or answered <= newest + _CLOCKS_DIFFER:
                found[state.key] = state
    return list(found.values())


def _indexes(vault: Vault, events: Iterable[ChangeEvent]) -> list[bytes]:
    numbers = {one for event in events for one in (event.personal_number, event.previous_number) if one}
    return [index for number in sorted(numbers) for index in vault.number_indexes(number)]

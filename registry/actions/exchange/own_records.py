"""What a system may know of its own records. A key of nobody, of another system or of a sealed child is the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from registry.actions.exchange.conditions import etag_of
from registry.actions.exchange.push_records import Stream
from registry.actions.intake.record_rows import OpenKeys, stored_keys
from registry.actions.keys.sealing import Vault, open_group
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, NotFound, Refused, Tampered
from registry.protect.authorize import Action, FieldGroup, authorize
from registry.protect.feed_names import FeedNames
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.protect.masking import masked_number
from registry.store import own_records, sources
from registry.store.own_records import OwnLink, OwnProposal
from registry.store.session import Transaction
from registry.store.sources import SourceState

NUMBER: Final = "number"  # rights of a client
PROPOSALS: Final = "proposals"
VERIFIED: Final = "verified"
REFUSALS: Final = ("checked_on_paper", "another_child", "cannot_be_changed", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A record of a system that stands, with the keys that open it."""

    state: SourceState
    keys: OpenKeys

    @property
    def etag(self) -> str:
        """The name of its version."""
        return etag_of(self.state.version_no, self.state.content_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A correction that is proposed for a record."""

    proposal_id: UUID
    about: str  # the field of the record
    before: Any = field(repr=False)
    proposed: Any = field(repr=False)
    proposed_at: datetime
    answered_at: datetime | None
    taken: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRecord:
    """What a client may know of a record of its system."""

    name: str  # by which events mean it
    key: str = field(repr=False)
    etag: str
    version: int | None  # the system's own number
    version_at: datetime | None
    withdrawn: bool
    link: OwnLink | None
    number_masked: str | None
    number: str | None = field(repr=False)  # None: not verified, or the client has not the right
    proposals: tuple[Proposal, ...] | None = field(repr=False)  # None: the client has not the right


def find_standing(transaction: Transaction, vault: Vault, stream: Stream, key: str) -> Standing | None:
    """Return what stands under a key of the transaction's own system, or None; a sealed child stands nowhere."""
    indexes = vault.source_key_indexes(stream.system, stream.stream, key)
    found = sources.states(transaction, indexes)
    state = next((found[index] for index in indexes if index in found), None)
    keys = None if state is None else stored_keys(vault, state)
    if state is None or keys is None or own_records.is_sealed(transaction, state.child_id):
        return None
    return Standing(state=state, keys=keys)


def written_of(transaction: Transaction, standing: Standing) -> Mapping[str, Any]:
    """Return the current version as it was written; nothing if it cannot be opened any more."""
    state = standing.state
    kept = own_records.written(transaction, state.child_id, state.version_no)
    if kept is None:
        return {}
    kind, token = kept
    in_case = kind == "case"
    key, owner = (standing.keys.case, state.case_id) if in_case else (standing.keys.child, state.child_id)
    if key is None or owner is None:
        return {}
    try:
        return open_group(key, "source_version", group=f"written:{state.version_no}", row=owner, token=token)
    except Tampered:
        return {}  # which fields differ cannot be told; the damage is noted where the record is opened


def read_own(transaction: Transaction, vault: Vault, stream: Stream, *, key: str, rights: Collection[str]) -> OwnRecord:
    """Return what a client may know of one record of its system.

    Args:
        rights: of the client.

    Raises:
        Refused: the access may not ask for states of links.
        NotFound: there is no such record of this system.
    """
    authorize(transaction.access, Action.LINK_STATE)
    standing = find_standing(transaction, vault, stream, key)
    if standing is None:
        raise NotFound
    state, child_key = standing.state, standing.keys.child
    link = own_records.link_of(transaction, state.child_id)
    number = _verified_number(transaction, child_key, link, rights=rights)
    proposals = _proposals(transaction, child_key, state.child_id) if PROPOSALS in rights else None
    groups = [FieldGroup.IDENTITY.value] if number is not None or proposals else []
    log(transaction, vault, Event(action=Action.LINK_STATE.value, children=[state.child_id], groups=groups))
    return OwnRecord(
        name=FeedNames(vault.keyring, stream.system).record(state.child_id),
        key=key,
        etag=standing.etag,
        version=state.said_version,
        version_at=state.version_at,
        withdrawn=state.withdrawn,
        link=link,
        number_masked=None if number is None else masked_number(number),
        number=number if NUMBER in rights else None,
        proposals=proposals,
    )


def answer_proposal(
    transaction: Transaction,
    vault: Vault,
    proposal_id: UUID,
    *,
    streams: Collection[str],
    taken: bool,
    rule: str | None,
) -> None:
    """Keep what a source says to a correction proposed for a record of its own.

    Args:
        streams: of the client's token.
        rule: why it is not taken, out of `REFUSALS`.

    Raises:
        Refused: the access may not read proposals.
        NotFound: no such correction stands for a record of this system.
        BadQuery: a refusal without a reason, or the other way round.
    """
    authorize(transaction.access, Action.PROPOSALS)
    if taken is not (rule is None) or (rule is not None and rule not in REFUSALS):
        raise BadQuery("body.rule", f"needed with a refusal alone, one of: {', '.join(REFUSALS)}")
    found = own_records.child_of_proposal(transaction, proposal_id)
    if found is None or found[1] not in streams or own_records.is_sealed(transaction, found[0]):
        raise NotFound
    own_records.answer(transaction, found[0], proposal_id, taken=taken, rule=rule)
    counts = {"taken" if taken else "refused": 1}
    log(transaction, vault, Event(action=Action.PROPOSALS.value, children=[found[0]], counts=counts))


def require_right(rights: Collection[str], right: str) -> None:
    """Refuse a client that has not a right, whatever it asks about.

    Raises:
        Refused: it has not.
    """
    if right not in rights:
        raise Refused(f"the client has not the right: {right}", place=Action.PROPOSALS.value)


def _verified_number(
    transaction: Transaction, key: DataKey, link: OwnLink | None, *, rights: Collection[str]
) -> str | None:
    """Return the number that the population database has confirmed; who has the right reads it whole."""
    if link is None or link.state != VERIFIED:
        return None
    if NUMBER in rights:
        authorize(transaction.access, Action.READ_NUMBER)
    document = open_group(key, "link", group="number", row=link.link_id, token=link.sealed_number)
    return str(document["number"])


def _proposals(transaction: Transaction, key: DataKey, child_id: UUID) -> tuple[Proposal, ...]:
    authorize(transaction.access, Action.PROPOSALS)
    return tuple(_proposal(key, one) for one in own_records.proposals(transaction, child_id))


def _proposal(key: DataKey, stored: OwnProposal) -> Proposal:
    document = open_group(
        key, "proposed_correction", group="correction", row=stored.correction_id, token=stored.sealed_correction
    )
    return Proposal(
        proposal_id=stored.correction_id,
        about=stored.about,
        before=document.get("from"),
        proposed=document.get("to"),
        proposed_at=stored.proposed_at,
        answered_at=stored.answered_at,
        taken=stored.taken,
    )

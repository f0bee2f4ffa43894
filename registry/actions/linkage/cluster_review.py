"""A person decides whether two records are one child, or takes a record out of a child. What was said binds for ever.

Records of different areas are decided by whoever may see both. What a person's word rearranges is worked out at once,
by the standard thresholds; the next run sees to those of the model in use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from matching.clustering import Rule
from registry.actions.keys.damage import refusing
from registry.actions.keys.sealing import Vault, open_group, open_identity, seal_group
from registry.actions.linkage.cluster_joins import settle_groups
from registry.actions.linkage.review import LONGEST_REASON, Says
from registry.actions.looking.views import EvidenceRow, JoinView, RecordPairView, SideView, evidence_rows, side_of
from registry.actions.oversight.log import log
from registry.model.errors import BadQuery, Conflict, NotFound
from registry.protect.authorize import Action, FieldGroup, Grant, authorize
from registry.protect.keys.data_key import DataKey
from registry.protect.log.access_log import Event
from registry.store import children, clusters, grouping, record_pairs
from registry.store.children import SealedChild
from registry.store.clusters import Pair, StoredPair, pair_of
from registry.store.session import Transaction

LEAST_WAITING: Final = 0.05  # probability from which a pair is worth a person's time
JOINS_SHOWN: Final = 50


def record_pair_queue(transaction: Transaction) -> tuple[int, Pair | None]:
    """Return how many pairs of records wait for a person in this area, and the most doubtful of them."""
    grant = authorize(transaction.access, Action.REVIEW)
    waiting = record_pairs.waiting(transaction, grant, least=LEAST_WAITING, limit=1)
    return record_pairs.waiting_count(transaction, grant, least=LEAST_WAITING), waiting[0] if waiting else None


def open_record_pair(transaction: Transaction, vault: Vault, one: UUID, other: UUID) -> RecordPairView:
    """Return two records that may be one child, side by side.

    Raises:
        NotFound: they were never found alike, or one is not in this area.
        Refused: this role reviews nothing.
    """
    grant = authorize(transaction.access, Action.REVIEW)
    pair, both = _stored(transaction, grant, pair_of(one, other))
    family = grant.may_open(FieldGroup.FAMILY)
    sides = [_side(transaction, vault, row, family=family) for row in both]
    with refusing(transaction, vault, pair.child_id):
        evidence = evidence_of(vault.child_key(both[0]), pair)
    heads = grouping.heads(transaction, pair.ids)
    groups = grant.field_groups | grant.masked
    log(transaction, vault, Event(action=Action.REVIEW, children=list(pair.ids), groups=groups))
    return RecordPairView(
        child_id=pair.child_id,
        other_id=pair.other_id,
        system=both[0].system,
        other_system=both[1].system,
        ours=sides[0],
        theirs=sides[1],
        probability=pair.probability,
        bits=pair.bits,
        evidence=evidence,
        joined=heads[pair.child_id] == heads[pair.other_id],
        linked=bool(grouping.citizens_of(transaction, pair.ids)),
    )


def _side(transaction: Transaction, vault: Vault, row: SealedChild, *, family: bool) -> SideView:
    with refusing(transaction, vault, row.child_id):
        identity = open_identity(
            vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
        )
    return side_of(identity, family=family)


def evidence_of(key: DataKey, pair: StoredPair) -> tuple[EvidenceRow, ...]:
    """Return the evidence of a pair, strongest first; args: key: of the first of the two."""
    group = f"evidence:{pair.other_id}"
    return evidence_rows(open_group(key, "record_pair", group=group, row=pair.child_id, token=pair.sealed_evidence))


def decide_record_pair(
    transaction: Transaction, vault: Vault, one: UUID, other: UUID, *, says: Says, reason: str
) -> None:
    """Keep what a person says of two records and act on it.

    'same' makes one child of the two and of all that is one child with either; 'different' keeps them apart for ever;
    'unsure' leaves the pair waiting.

    Raises:
        BadQuery: the reason is missing or too long.
        NotFound: they were never found alike, or one is not in this area.
        Conflict: somebody has decided it in the meantime, or the two have different citizens or were told apart.
    """
    grant = authorize(transaction.access, Action.REVIEW)
    sentence = _sentence(reason)
    clusters.take_turn(transaction)
    pair, both = _stored(transaction, grant, pair_of(one, other))
    decided = {
        verdict.ids for verdict in record_pairs.verdicts_among(transaction, pair.ids) if verdict.says != "unsure"
    }
    heads = grouping.heads(transaction, pair.ids)
    if decided or heads[pair.child_id] == heads[pair.other_id]:
        raise Conflict("somebody has decided it in the meantime")
    if says == "same" and _told_apart(transaction, pair.ids):
        raise Conflict("records of the two were told apart")
    with refusing(transaction, vault, pair.child_id):
        key = vault.child_key(both[0])
    _add_verdicts(transaction, {pair.ids: key}, says=says, reason=sentence)
    if says == "same":
        _settle(transaction, pair.ids)
        heads = grouping.heads(transaction, pair.ids)
        if heads[pair.child_id] != heads[pair.other_id]:
            raise Conflict("the two have different citizens, or records of theirs were told apart")
    log(transaction, vault, Event(action=Action.REVIEW, children=list(pair.ids), counts={says: 1}))


def undo_join(transaction: Transaction, vault: Vault, child_id: UUID, *, reason: str) -> None:
    """Take a record out of the child that it was joined to: it is none of the others', and never will be again.

    Raises:
        BadQuery: the reason is missing or too long.
        NotFound: the record was not joined to another, or is not in this area.
    """
    grant = authorize(transaction.access, Action.UNLINK)
    sentence = _sentence(reason)
    clusters.take_turn(transaction)
    if not children.some(transaction, grant, [child_id]) or not clusters.joins_among(transaction, [child_id]):
        raise NotFound
    group = _open_all(transaction, [child_id])
    known = {row.child_id: row for row in children.some(transaction, grant, group)}
    citizens = grouping.citizens_of(transaction, known)
    mine = citizens.get(child_id)
    others = [child for child in known if child != child_id and (mine is None or citizens.get(child) != mine)]
    pairs = {pair_of(child_id, child) for child in others}
    record_pairs.withdraw_verdicts(transaction, pairs)
    with refusing(transaction, vault, child_id):
        keys = {pair: vault.child_key(known[pair[0]]) for pair in pairs}
    _add_verdicts(transaction, keys, says="different", reason=sentence)
    _settle(transaction, [child_id])
    log(transaction, vault, Event(action=Action.UNLINK, children=[child_id]))


def recent_joins(transaction: Transaction) -> tuple[JoinView, ...]:
    """Return the newest joins of records in this area, without what they say: a list to look into."""
    grant = authorize(transaction.access, Action.REVIEW)
    found = clusters.newest_joins(transaction, grant, limit=JOINS_SHOWN)
    return tuple(
        JoinView(
            child_id=join.child_id,
            other_id=join.other_id,
            system=system,
            other_system=other_system,
            probability=join.probability,
            evidence=(),
            made_at=join.made_at,
            made_by_person=join.made_by is not None,
        )
        for join, system, other_system in found
    )


def _stored(transaction: Transaction, grant: Grant, ids: Pair) -> tuple[StoredPair, tuple[SealedChild, SealedChild]]:
    """Return a pair that this access may see on both sides."""
    known = {row.child_id: row for row in children.some(transaction, grant, ids)}
    pairs = clusters.pairs_among(transaction, ids)
    if len(known) < 2 or not pairs:
        raise NotFound
    return pairs[0], (known[ids[0]], known[ids[1]])


def _open_all(transaction: Transaction, child_ids: Iterable[UUID]) -> set[UUID]:
    """Let the transaction see all that is one child with some records: those outside the area are among them."""
    group = grouping.together_with(transaction, child_ids)
    transaction.open_to(group)
    return group


def _told_apart(transaction: Transaction, ids: Pair) -> bool:
    """Return whether a person has told apart any of what is one child with the first from any of the second's."""
    mine, theirs = (_open_all(transaction, [child]) for child in ids)
    apart = (
        verdict.ids
        for verdict in record_pairs.verdicts_among(transaction, mine | theirs)
        if verdict.says == "different"
    )
    return any((a in mine and b in theirs) or (a in theirs and b in mine) for a, b in apart)


def _settle(transaction: Transaction, child_ids: Collection[UUID]) -> None:
    """Work out who is one child: records that the reviewer does not see are among them."""
    with transaction.as_engine():
        settle_groups(transaction, [grouping.together_with(transaction, child_ids)], rule=Rule())


def _add_verdicts(transaction: Transaction, keys: Mapping[Pair, DataKey], *, says: Says, reason: str) -> None:
    """Keep what a person said of pairs, each sealed under the key of its first record."""
    access = transaction.access
    if access.staff_id is None:
        raise Conflict("only a person decides a pair")
    rows: list[Mapping[str, Any]] = []
    for pair, key in keys.items():
        verdict_id = uuid4()
        sealed = seal_group(key, "record_verdict", group="reason", row=verdict_id, document={"reason": reason})
        rows.append(
            {
                "child_id": pair[0],
                "verdict_id": verdict_id,
                "other_id": pair[1],
                "says": says,
                "staff_id": access.staff_id,
                "said_at": access.at,
                "sealed_reason": sealed,
            }
        )
    record_pairs.add_verdicts(transaction, rows)


def _sentence(reason: str) -> str:
    sentence = " ".join(reason.split())
    if not sentence or len(sentence) > LONGEST_REASON:
        raise BadQuery("reason", "one sentence is needed" if not sentence else "too long")
    return sentence

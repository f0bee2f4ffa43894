"""Finds children: by number, by record key, or by name in the area of whoever looks. One leaf of the log a search.

What is found is graded in words, with the reason. Children with equal evidence have equal rank, and a rank is shown
whole or not at all: more of them than fit is an answer, "add a detail", and never a list that was cut somewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final
from uuid import UUID

from connectors import plugins
from matching.identity import Identity
from registry.actions.finding.find_advice import advice_on
from registry.actions.finding.find_scope import Looked, Tier, look
from registry.actions.finding.grading import Grade, Graded
from registry.actions.finding.question import FindQuery, Question, understand
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity
from registry.actions.oversight.log import log
from registry.actions.oversight.sequence import steps_of, words_of
from registry.protect.authorize import Action, Grant, authorize, opening_area
from registry.protect.log.access_log import Event
from registry.protect.masking import masked_name
from registry.store import children, grouping
from registry.store.children import Place, SealedChild
from registry.store.session import Transaction

__all__ = ["LIMIT", "FindAnswer", "FindQuery", "Found", "Tier", "find_child"]

LIMIT: Final = 20  # children shown; more ask for a detail
MOST_GROUPED: Final = 1000  # hits whose records are joined to children before they are counted
SAME_NUMBER: Final = Graded(weight=2000, grade=Grade.CERTAIN, reasons=("the number or record key is the same",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A child that may be the one, with nothing sensitive before a reason is given."""

    child_id: UUID
    rank: int  # one more than the children with better evidence
    name: str = field(repr=False)
    birth_year: int | None = field(repr=False)  # None: not known
    sex: str | None = field(repr=False)
    commune: str | None  # today's code; None: not known exactly
    province: str | None
    mother_given_name: str | None = field(repr=False)  # None: not known, or the child is opened by others
    may_open: bool  # False: found, and opened by those of her commune or province
    grade: Grade
    reasons: tuple[str, ...]  # English sentences, the keys of their translations


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAnswer:
    """The children found, best first."""

    tier: Tier
    found: tuple[Found, ...]
    total: int
    too_many: bool  # some match and are not shown
    advice: str | None  # an English sentence; None: nothing to advise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    child_id: UUID  # of the child as people see it
    record_id: UUID  # of the record with the best evidence
    rank: int
    graded: Graded


def find_child(transaction: Transaction, vault: Vault, query: FindQuery) -> FindAnswer:
    """Return the children that `query` may mean, inside the area where the transaction's Access may find them.

    Raises:
        BadQuery: a field breaks a rule, or the search is too wide.
        ReasonNeeded: no purpose was given.
        Refused: this role does not look for children.
    """
    grant = authorize(transaction.access, Action.FIND)
    question = understand(query)
    known = _by_identifier(transaction, vault, grant, question=question)
    looked = Looked(Tier.IDENTIFIER, dict.fromkeys(known, SAME_NUMBER))
    if question.asked is not None and not known:
        looked = look(transaction, vault, grant, asked=question.asked, commune=question.commune)
    ranked, total = _ranked(transaction, looked.hits)
    best = _whole_ranks(ranked)
    found = _shown(transaction, vault, grant, hits=best, known=known)
    answer = FindAnswer(
        tier=looked.tier,
        found=found,
        total=total,
        too_many=total > len(best),
        advice=advice_on(question, looked.tier, wider=looked.wider, total=total, shown=len(best)),
    )
    log(
        transaction,
        vault,
        Event(
            action=Action.FIND,
            children=[one.child_id for one in answer.found],
            groups=sorted(group for group in grant.field_groups | grant.masked),
            counts={"hits": answer.total, "shown": len(answer.found), **steps_of(transaction, vault, query)},
            query=words_of(query),
        ),
    )
    return answer


def _by_identifier(
    transaction: Transaction, vault: Vault, grant: Grant, *, question: Question
) -> Mapping[UUID, SealedChild]:
    """Return the identities of a number or a record key, whichever version of the index key they stand under."""
    rows: Sequence[SealedChild] = ()
    if question.number is not None:
        rows = children.by_number(transaction, grant, vault.number_indexes(question.number))
    elif question.key is not None:
        formats = [connector.format for connector in plugins.file_readers().values()]
        rows = children.by_source_key(
            transaction,
            grant,
            [index for one in formats for index in vault.source_key_indexes(one.system, one.stream, question.key)],
        )
    return {row.child_id: row for row in rows}


def _ranked(transaction: Transaction, hits: Mapping[UUID, Graded]) -> tuple[list[_Hit], int]:
    """Join the records of one child, and return the children by their best evidence, and how many there are.

    Of very many hits only the best are joined: they are too many to be shown anyhow.
    """
    order = sorted(hits, key=lambda record: (-hits[record].weight, record))
    best = order[:MOST_GROUPED]
    heads = grouping.heads(transaction, best) if best else {}
    first: dict[UUID, UUID] = {}
    for record in best:
        first.setdefault(heads[record], record)
    ranked: list[_Hit] = []
    for _, same in groupby(first.items(), key=lambda item: hits[item[1]].weight):
        rank = len(ranked) + 1
        ranked += [
            _Hit(child_id=head, record_id=record, rank=rank, graded=hits[record]) for head, record in sorted(same)
        ]
    return ranked, len(ranked) + len(order) - len(best)


def _whole_ranks(ranked: Sequence[_Hit]) -> list[_Hit]:
    """Return the best ranks that fit, each whole."""
    shown: list[_Hit] = []
    for _, same in groupby(ranked, key=lambda hit: hit.rank):
        group = list(same)
        if len(shown) + len(group) > LIMIT:
            break
        shown += group
    return shown


def _shown(
    transaction: Transaction, vault: Vault, grant: Grant, *, hits: Iterable[_Hit], known: Mapping[UUID, SealedChild]
) -> tuple[Found, ...]:
    """Open what is shown of each; one whose record cannot be read is left out, and noted.

    Args:
        known: rows that were read already.
    """
    wanted = {hit.record_id: hit for hit in hits}
    rows = [known[record] for record in wanted if record in known]
    if len(rows) < len(wanted):
        rows += children.some(transaction, grant, wanted.keys() - known.keys())
    read = opened(transaction, vault, rows, lambda row: _identity(vault, row))
    own = _of_own_area(transaction, grant, [(wanted[row.child_id], row) for row, _ in read])
    shown = [
        _found(hit, row, identity, may_open=hit.child_id in own)
        for row, identity in read
        for hit in [wanted[row.child_id]]
    ]
    return tuple(sorted(shown, key=lambda one: (one.rank, one.child_id)))


def _of_own_area(transaction: Transaction, grant: Grant, read: Iterable[tuple[_Hit, SealedChild]]) -> set[UUID]:
    """Return the children of whom one record, found or not, is in the area where this access may open her."""
    area = opening_area(transaction.access)
    own, others = set(), []
    for hit, row in read:
        if Place(communes=tuple(row.communes), province=row.province_code).inside(area):
            own.add(hit.child_id)
        else:
            others.append(hit.child_id)
    if not others:
        return own
    members = children.members_of(transaction, others)
    places = children.places(transaction, grant, [one for group in members.values() for one in group])
    return own | {
        child for child, group in members.items() if any(one in places and places[one].inside(area) for one in group)
    }


def _identity(vault: Vault, row: SealedChild) -> Identity:
    return open_identity(
        vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
    )


def _found(hit: _Hit, row: SealedChild, identity: Identity, *, may_open: bool) -> Found:
    mother = identity.mother.name if identity.mother else None
    return Found(
        child_id=hit.child_id,
        rank=hit.rank,
        name=identity.name.written if identity.name else "",
        birth_year=identity.birth.year if identity.birth else None,
        sex=identity.sex.value if identity.sex else None,
        commune=row.communes[0] if len(row.communes) == 1 else None,
        province=row.province_code,
        mother_given_name=masked_name(mother.written) if mother and may_open else None,
        may_open=may_open,
        grade=hit.graded.grade,
        reasons=hit.graded.reasons,
    )

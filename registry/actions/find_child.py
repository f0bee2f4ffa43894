"""Finds children: by number, by record key, or by name in the area of whoever looks. One leaf of the log a search.

A commune is small: all of it is opened in memory, so that nothing is missed. A province is searched by keyed tokens,
and needs the year of birth. What is found is graded in words, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from connectors import plugins
from matching import dates, numbers, places
from matching.identity import BirthDate, Identity
from registry.actions.grading import Asked, Grade, compare
from registry.actions.log import log
from registry.actions.name_likeness import Sought
from registry.actions.sealing import Vault, open_identity
from registry.model.errors import BadQuery
from registry.protect.access_log import Event
from registry.protect.authorize import Action, Grant, authorize
from registry.protect.masking import masked_name
from registry.protect.search_tokens import SearchQuery, query_tokens
from registry.store import children, grouping
from registry.store.children import SealedChild
from registry.store.session import Transaction

LIMIT: Final = 20  # children shown; more ask for a detail
CANDIDATES: Final = 300  # opened and graded in a province: beyond them the answer is "add a detail" anyway
LONGEST_TEXT: Final = 200  # characters
LONGEST_RECORD_KEY: Final = 64

_NUMBER = re.compile(r"[\d .\-]{11,20}")
_KEY = re.compile(r"(?=.*\d)[^\s]{4,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindQuery:
    """What somebody knows of the child they look for."""

    text: str = field(repr=False)  # a name, with or without marks; a personal number; a record key or case number
    born: str | None = field(default=None, repr=False)  # a date, a month, or a year that may be one off
    mother: str | None = field(default=None, repr=False)
    commune: str | None = field(default=None, repr=False)  # its name or code


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A child that may be the one, with nothing sensitive before a reason is given."""

    child_id: UUID
    name: str = field(repr=False)
    birth_year: int | None = field(repr=False)  # None: not known
    sex: str | None = field(repr=False)
    commune: str | None  # today's code; None: not known exactly
    mother_given_name: str | None = field(repr=False)
    grade: Grade
    reasons: tuple[str, ...]  # English sentences, the keys of their translations


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAnswer:
    """The children found, best first."""

    found: tuple[Found, ...]
    total: int
    too_many: bool
    advice: str | None  # an English sentence; None: nothing to advise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    row: SealedChild
    identity: Identity = field(repr=False)
    rank: float
    grade: Grade
    reasons: tuple[str, ...]


def find_child(transaction: Transaction, vault: Vault, query: FindQuery) -> FindAnswer:
    """Return the children that `query` may mean, inside the area of the transaction's Access.

    Raises:
        BadQuery: a field breaks a rule, or the search is too wide.
        ReasonNeeded: no purpose was given.
        Refused: this role does not look for children.
    """
    grant = authorize(transaction.access, Action.FIND)
    text = " ".join(query.text.split())
    if not text or len(text) > LONGEST_TEXT:
        raise BadQuery("text", "a name or a number is needed" if not text else "too long")
    identified = _by_identifier(transaction, vault, text)
    if identified is None:
        asked = _asked(query, text)
        rows = _scope(transaction, vault, grant, query, asked)
        hits = [hit for row in rows if (hit := _compare(vault, row, asked)) is not None]
    else:
        hits = [_known(vault, row) for row in identified]
    answer = _answer(transaction, hits)
    log(
        transaction,
        vault,
        Event(
            action=Action.FIND,
            children=[found.child_id for found in answer.found],
            groups=sorted(group for group in grant.field_groups | grant.masked),
            counts={"hits": answer.total, "shown": len(answer.found)},
            query=repr((text, query.born, query.mother, query.commune)),
        ),
    )
    return answer


def _by_identifier(transaction: Transaction, vault: Vault, text: str) -> list[SealedChild] | None:
    """Return the identities of a number or a record key; None if the text is neither."""
    if _NUMBER.fullmatch(text):
        number, _ = numbers.read_number(text)
        if number is not None:
            return children.by_number(transaction, vault.number_index(number))
    if _KEY.fullmatch(text) and len(text) <= LONGEST_RECORD_KEY:
        formats = [connector.format for connector in plugins.sector_connectors().values()]
        keys = [vault.index.source_key(one.system, one.stream, text) for one in formats]
        return children.by_source_key(transaction, keys)
    return None


def _asked(query: FindQuery, text: str) -> Asked:
    sought = Sought.words(text)
    if not sought.parts:
        raise BadQuery("text", "no letters to look for")
    mother = Sought.words(query.mother) if query.mother and query.mother.strip() else None
    return Asked(sought=sought, born=_born(query.born), mother=mother if mother and mother.parts else None)


def _born(written: str | None) -> BirthDate | None:
    if written is None or not written.strip():
        return None
    try:
        born, _ = dates.read_birth_date(written)
    except (dates.ImpossibleDate, dates.UnreadableDate):
        raise BadQuery("born", "not a date or a year") from None
    return born


def _scope(
    transaction: Transaction, vault: Vault, grant: Grant, query: FindQuery, asked: Asked
) -> Sequence[SealedChild]:
    """Return the identities worth opening: a commune whole, a province by tokens; a nation never by name."""
    communes = _communes(query, grant)
    if communes:
        years = (asked.born.year - 1, asked.born.year + 1) if asked.born else None
        return children.in_communes(transaction, sorted(communes), years=years)
    provinces = sorted(grant.area.provinces)
    if not provinces:
        raise BadQuery("commune", "name a commune")
    if asked.born is None:
        raise BadQuery("born", "add the year of birth or a commune: a name alone is too wide")
    rows: dict[UUID, SealedChild] = {}
    for province in provinces:
        tokens = query_tokens(vault.keyring, _search_query(asked, asked.born, province))
        rows.update({row.child_id: row for row in children.by_tokens(transaction, tokens, limit=CANDIDATES)})
    return list(rows.values())


def _communes(query: FindQuery, grant: Grant) -> frozenset[str]:
    if query.commune is None or not query.commune.strip():
        return grant.area.communes
    named = frozenset(places.find_communes(query.commune))
    if not named:
        raise BadQuery("commune", "no commune of this name or code")
    inside = frozenset(code for code in named if grant.area.covers(province=places.province_of(code), commune=code))
    if not inside:
        raise BadQuery("commune", "outside your area")
    return inside


def _search_query(asked: Asked, born: BirthDate, province: str) -> SearchQuery:
    return SearchQuery(
        name_parts=asked.sought.parts,
        years=(born.year - 1, born.year, born.year + 1),
        birth_date=born.iso() if born.day else None,
        mother_parts=asked.mother.parts if asked.mother else (),
        province=province,
    )


def _opened(vault: Vault, row: SealedChild) -> Identity:
    return open_identity(
        vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
    )


def _known(vault: Vault, row: SealedChild) -> _Hit:
    reasons = ("the number or record key is the same",)
    return _Hit(row=row, identity=_opened(vault, row), rank=2.0, grade=Grade.CERTAIN, reasons=reasons)


def _compare(vault: Vault, row: SealedChild, asked: Asked) -> _Hit | None:
    identity = _opened(vault, row)
    graded = compare(asked, identity)
    if graded is None:
        return None
    return _Hit(row=row, identity=identity, rank=graded.rank, grade=graded.grade, reasons=graded.reasons)


def _answer(transaction: Transaction, hits: Iterable[_Hit]) -> FindAnswer:
    """Join the identities of one child, best evidence first."""
    all_hits = list(hits)
    heads = grouping.heads(transaction, [hit.row.child_id for hit in all_hits])
    best: dict[UUID, _Hit] = {}
    for hit in all_hits:
        head = heads[hit.row.child_id]
        if head not in best or hit.rank > best[head].rank:
            best[head] = hit
    ranked = sorted(best.items(), key=lambda item: (-item[1].rank, item[0]))
    too_many = len(ranked) > LIMIT
    return FindAnswer(
        found=tuple(_shown(head, hit) for head, hit in ranked[:LIMIT]),
        total=len(ranked),
        too_many=too_many,
        advice=_advice(len(ranked)),
    )


def _advice(number: int) -> str | None:
    if number == 0:
        return "Nobody found. Check the spelling and the order of the name, or try the mother's name."
    if number > LIMIT:
        return "More children match than are shown: add the birth date, the mother's name or the commune."
    return None


def _shown(head: UUID, hit: _Hit) -> Found:
    mother = hit.identity.mother.name if hit.identity.mother else None
    return Found(
        child_id=head,
        name=hit.identity.name.written if hit.identity.name else "",
        birth_year=hit.identity.birth.year if hit.identity.birth else None,
        sex=hit.identity.sex.value if hit.identity.sex else None,
        commune=hit.row.communes[0] if len(hit.row.communes) == 1 else None,
        mother_given_name=masked_name(mother.written) if mother else None,
        grade=hit.grade,
        reasons=hit.reasons,
    )

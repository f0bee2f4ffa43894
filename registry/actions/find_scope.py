"""Where a search looks, in three tiers: a commune is opened whole, a province by tokens, the nation by date and name.

A commune is small: all of it is opened in memory, so that nothing is missed. A province needs the year of birth and
is asked in waves, the rarest tokens first. The nation is never searched by a name alone: that would be fishing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import UUID

from matching import places
from matching.identity import BirthDate
from registry.actions.damage import Damage
from registry.actions.grading import Asked, Graded, compare, worth_reading
from registry.actions.meant import meant
from registry.actions.named_communes import MOST, communes_named
from registry.actions.sealing import Vault
from registry.actions.search_rows import GROUP, NO_PROVINCE, TABLE
from registry.model.access import Area
from registry.model.errors import BadQuery
from registry.model.finding import Finding
from registry.protect.column_opening import ColumnOpening
from registry.protect.keyring_file import Domain
from registry.protect.query_tokens import SearchQuery, query_tokens
from registry.store import search
from registry.store.search import SealedFacts
from registry.store.session import Transaction

CANDIDATES: Final = 300  # opened and graded for one wave of tokens
ENOUGH: Final = 60  # children looked at, after which no commoner token is asked while there is a clear hit
CLEAR: Final = 970  # weight of a whole name with one letter other, born a year beside the one given
MOST_PROVINCES: Final = 3  # searched one by one; an area of more is searched like the nation


class Tier(StrEnum):
    """How wide a search looked."""

    COMMUNE = "commune"
    PROVINCE = "province"
    NATION = "nation"
    IDENTIFIER = "identifier"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a search by name found: the hits by identity."""

    tier: Tier
    hits: Mapping[UUID, Graded] = field(repr=False)


def look(transaction: Transaction, vault: Vault, asked: Asked, *, area: Area, commune: str | None) -> Looked:
    """Return the identities like the one asked for, inside the area.

    Args:
        commune: as it was written; None: the whole area.

    Raises:
        BadQuery: the commune is unknown or outside, or the search is too wide for what is known.
    """
    looking = _Looking(transaction, vault, asked)
    communes = _communes(commune, area)
    if communes:
        years = (asked.born.year - 1, asked.born.year + 1) if asked.born else None
        looking.take(search.in_communes(transaction, sorted(communes), years=years))
        return Looked(Tier.COMMUNE, looking.settled())
    if not area.nation and not area.provinces:
        raise BadQuery("commune", "name a commune")
    if area.nation or len(area.provinces) > MOST_PROVINCES:
        looking.waves(_nation_query(asked, _provinces(area)))
        return Looked(Tier.NATION, looking.settled())
    if asked.born is None:
        raise BadQuery("born", "add the year of birth or a commune: a name alone is too wide")
    for province in sorted(area.provinces):
        looking.waves(_query(asked, asked.born, (province,)))
    return Looked(Tier.PROVINCE, looking.settled())


class _Looking:
    """The rows of one search, opened and graded as they come."""

    def __init__(self, transaction: Transaction, vault: Vault, asked: Asked) -> None:
        self._transaction = transaction
        self._vault = vault
        self._asked = asked
        self._opening = ColumnOpening(vault.keyring, TABLE, GROUP)
        self._damage = Damage(transaction, vault)
        self._seen: set[bytes] = set()
        self._hits: dict[UUID, Graded] = {}
        self._best = 0  # weight

    def take(self, rows: Sequence[SealedFacts]) -> None:
        """Open and grade rows; those that were met before, or cannot be read, are left out."""
        fresh = [row for row in rows if row[0] not in self._seen]
        self._seen.update(row[0] for row in fresh)
        asked, hits = self._asked, self._hits
        opened = self._opening.open(fresh, keep=partial(worth_reading, asked))
        for owner, raw in opened.cells:
            graded = compare(asked, Finding.from_bytes(raw))
            if graded is not None:
                hits[UUID(bytes=owner)] = graded
                self._best = max(self._best, graded.weight)
        for owner, error in opened.damaged:
            self._damage.note(UUID(bytes=owner), error)

    def waves(self, query: SearchQuery) -> None:
        """Look by tokens, and by commoner ones as long as few children were looked at or none is clearly meant."""
        tokens = query_tokens(self._vault.keyring, query, versions=self._vault.keyring.usable(Domain.SEARCH))
        before = len(self._seen)
        for wave in tokens.waves:
            self.take(search.by_tokens(self._transaction, wave, tokens.every, limit=CANDIDATES))
            if self._best >= CLEAR and len(self._seen) - before >= ENOUGH:
                break

    def settled(self) -> Mapping[UUID, Graded]:
        """Note what was damaged and return the hits."""
        self._damage.settle(of=len(self._seen))
        return self._hits


def _communes(commune: str | None, area: Area) -> frozenset[str]:
    if commune is None:
        return area.communes
    named = communes_named(commune, None)
    if not named:
        raise BadQuery("commune", "no commune of this name or code")
    inside = frozenset(code for code in named if area.covers(province=places.province_of(code), commune=code))
    if not inside:
        raise BadQuery("commune", "outside your area")
    if len(inside) > MOST:
        raise BadQuery("commune", "many communes are called so: write the whole name")
    return inside


def _provinces(area: Area) -> tuple[str, ...]:
    return (NO_PROVINCE, *places.provinces()) if area.nation else tuple(sorted(area.provinces))


def _nation_query(asked: Asked, provinces: tuple[str, ...]) -> SearchQuery:
    if asked.born is None or not asked.born.day:
        raise BadQuery("born", "add the whole birth date or a commune: a name alone is too wide")
    if asked.sought is None:
        raise BadQuery("text", "add the child's name or a commune")
    return _query(asked, asked.born, provinces)


def _query(asked: Asked, born: BirthDate, provinces: Iterable[str]) -> SearchQuery:
    return SearchQuery(
        names=meant(asked.sought.readings) if asked.sought else (),
        years=(born.year - 1, born.year, born.year + 1),
        birth_date=born.iso() if born.day else None,
        parents=meant(asked.mother.readings) if asked.mother else (),
        provinces=tuple(provinces),
    )

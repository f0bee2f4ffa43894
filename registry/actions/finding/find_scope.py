"""Where a search looks, in three tiers: a commune is opened whole, a province by tokens, the nation by date and name.

A commune is small: all of it is opened in memory, so that nothing is missed. A province needs the year of birth and
is asked in waves, the rarest tokens first. The nation is never searched by a name alone: that would be fishing.
Where children may be found and not opened, a search looks after it has looked at home.
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
from registry.actions.finding.grading import Asked, Graded, compare, worth_reading
from registry.actions.finding.meant import meant
from registry.actions.finding.named_communes import MOST, communes_named
from registry.actions.finding.search_rows import GROUP, NO_PROVINCE, TABLE
from registry.actions.keys.damage import Damage
from registry.actions.keys.sealing import Vault
from registry.model.access import Area
from registry.model.errors import BadQuery
from registry.model.finding import Finding
from registry.protect.authorize import Grant, opening_area
from registry.protect.column_opening import ColumnOpening
from registry.protect.keys.keyring_file import Domain
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

    tier: Tier  # how wide it looked
    hits: Mapping[UUID, Graded] = field(repr=False)
    wider: Tier | None = None  # how wide it would have looked, had more been known of the child


def look(transaction: Transaction, vault: Vault, grant: Grant, *, asked: Asked, commune: str | None) -> Looked:
    """Return the identities like the one asked for: in the area where they may be opened, then where they may be found.

    It looks beyond the own area if nobody there is clearly meant and enough is known of the child; and whoever is
    found out there is clearly meant: a faint likeness is no reason to learn of other people's children.

    Args:
        grant: to find.
        commune: as it was written; None: the whole area.

    Raises:
        BadQuery: the commune is unknown or outside, or the search is too wide for what is known.
    """
    looking = _Looking(transaction, vault, grant, asked)
    if commune is not None:
        looking.commune_tier(_named(commune, grant.area))
        return Looked(Tier.COMMUNE, looking.settled())
    own = opening_area(transaction.access)
    tier = _own_tier(looking, own)
    beyond = _beyond(own, grant.area)
    if beyond is not None and not looking.is_clear:
        if _is_known_enough(asked, beyond):
            looking.wider(beyond, own=own)
            tier, beyond = beyond, None
    else:
        beyond = None
    return Looked(tier, looking.settled(), beyond)


def _own_tier(looking: _Looking, own: Area) -> Tier:
    """Look where records may be opened; return how wide that is."""
    asked = looking.asked
    if own.communes:
        looking.commune_tier(own.communes)
        return Tier.COMMUNE
    if not own.nation and not own.provinces:
        raise BadQuery("commune", "name a commune")
    if own.nation or len(own.provinces) > MOST_PROVINCES:
        looking.waves(_nation_query(asked, _provinces(own)))
        return Tier.NATION
    if asked.born is None:
        raise BadQuery("born", "add the year of birth or a commune: a name alone is too wide")
    for province in sorted(own.provinces):
        looking.waves(_query(asked, asked.born, (province,)))
    return Tier.PROVINCE


def _beyond(own: Area, finding: Area) -> Tier | None:
    """Return how wide a search looks beyond the own area; None: nothing is beyond."""
    if own.nation:
        return None
    if finding.nation:
        return Tier.NATION
    return Tier.PROVINCE if finding.provinces - own.provinces else None


def _is_known_enough(asked: Asked, tier: Tier) -> bool:
    """Say whether a child is described so well that one may look for her so widely."""
    if asked.born is None:
        return False
    return tier is Tier.PROVINCE or (bool(asked.born.day) and asked.sought is not None)


class _Looking:
    """The rows of one search, opened and graded as they come."""

    def __init__(self, transaction: Transaction, vault: Vault, grant: Grant, asked: Asked) -> None:
        self.asked = asked
        self._transaction = transaction
        self._vault = vault
        self._grant = grant
        self._opening = ColumnOpening(vault.keyring, TABLE, GROUP)
        self._damage = Damage(transaction, vault)
        self._seen: set[bytes] = set()
        self._hits: dict[UUID, Graded] = {}
        self._best = 0  # weight
        self._least = 0  # of the hits that are kept

    @property
    def is_clear(self) -> bool:
        """Whether one of the hits is clearly meant."""
        return self._best >= CLEAR

    def commune_tier(self, communes: Iterable[str]) -> None:
        """Look through whole communes."""
        born = self.asked.born
        years = (born.year - 1, born.year + 1) if born else None
        self.take(search.in_communes(self._transaction, self._grant, sorted(communes), years=years))

    def wider(self, tier: Tier, *, own: Area) -> None:
        """Look beyond the own area, for those who are clearly meant."""
        self._least = CLEAR
        if tier is Tier.NATION:
            self.waves(_nation_query(self.asked, _provinces(self._grant.area)))
        elif self.asked.born is not None:
            for province in sorted(self._grant.area.provinces - own.provinces):
                self.waves(_query(self.asked, self.asked.born, (province,)))

    def take(self, rows: Sequence[SealedFacts]) -> None:
        """Open and grade rows; those that were met before, or cannot be read, are left out."""
        fresh = [row for row in rows if row[0] not in self._seen]
        self._seen.update(row[0] for row in fresh)
        asked, hits = self.asked, self._hits
        opened = self._opening.open(fresh, keep=partial(worth_reading, asked))
        for owner, raw in opened.cells:
            graded = compare(asked, Finding.from_bytes(raw))
            if graded is not None and graded.weight >= self._least:
                hits[UUID(bytes=owner)] = graded
                self._best = max(self._best, graded.weight)
        for owner, error in opened.damaged:
            self._damage.note(UUID(bytes=owner), error)

    def waves(self, query: SearchQuery) -> None:
        """Look by tokens, and by commoner ones as long as few children were looked at or none is clearly meant."""
        tokens = query_tokens(self._vault.keyring, query, versions=self._vault.keyring.usable(Domain.SEARCH))
        before = len(self._seen)
        for wave in tokens.waves:
            self.take(search.by_tokens(self._transaction, self._grant, wave, tokens.every, limit=CANDIDATES))
            if self.is_clear and len(self._seen) - before >= ENOUGH:
                break

    def settled(self) -> Mapping[UUID, Graded]:
        """Note what was damaged and return the hits."""
        self._damage.settle(of=len(self._seen))
        return self._hits


def _named(commune: str, area: Area) -> frozenset[str]:
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

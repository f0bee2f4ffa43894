"""Children drawn from a loaded store, opened as the engine does, and the questions that people ask about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from uuid import UUID, uuid4

import psycopg
from vault_dense import COMMUNE, PROVINCE
from vault_load import Loaded, engine, libpq, now
from vault_queries import typed

from registry.actions.finding.find_child import FindQuery
from registry.actions.keys.sealing import Vault, open_identity
from registry.model.access import Access, Area, Purpose, Role
from registry.store.links import SealedIdentity, living_identities
from registry.store.session import Store
from registry.store.tables.base import among
from registry.store.tables.children import ChildRow

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A stored child, and what somebody who looks for it may know."""

    child_id: UUID
    name: str = field(repr=False)
    born: int = field(repr=False)  # year
    mother: str | None = field(repr=False)
    number: str | None = field(repr=False)
    province: str
    commune: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of question: how many slips, and what is told beside the name."""

    label: str
    slips: int = 0
    mother: bool = False
    mother_slips: int = 0
    year: bool = True
    commune: bool = False  # whoever asks works in the commune, not in the province


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question about one child."""

    kind: Kind
    child: Known
    text: str = field(repr=False)
    year: int | None = field(repr=False)
    mother: str | None = field(repr=False)

    @property
    def query(self) -> FindQuery:
        """The question as the search form sends it."""
        return FindQuery(text=self.text, born=str(self.year) if self.year else None, mother=self.mother)


def drawn(loaded: Loaded, count: int, *, seed: int, commune: str | None = None) -> list[Known]:
    """Return so many children of the store that have a name and a mother's name, in an order of chance."""
    where = "WHERE communes && ARRAY[%s]" if commune else "WHERE %s::text IS NULL"
    query = f"SELECT child_id FROM child_search {where} ORDER BY md5(child_id::text || %s) LIMIT %s"  # noqa: S608  ours
    with psycopg.connect(libpq(loaded.server.superuser_url)) as connection:
        ids = [row[0] for row in connection.execute(query.encode(), [commune, str(seed), count * 5 // 4 + 50])]
    found = list(islice(known(loaded.store, loaded.vault, ids), count))
    Random(seed).shuffle(found)
    return found


def known(store: Store, vault: Vault, ids: Sequence[UUID]) -> Iterator[Known]:
    """Open stored children, leaving out those of whom too little is known to ask."""
    for start in range(0, len(ids), _AT_ONCE):
        with store.begin(engine(Purpose.LINKAGE)) as transaction:
            query = living_identities().where(among(ChildRow.child_id, ids[start : start + _AT_ONCE]))
            rows = [SealedIdentity(**dict(row)) for row in transaction.connection.execute(query).mappings()]
        for row in rows:
            child = opened(vault, row)
            if child is not None and child.mother is not None:
                yield child


def opened(vault: Vault, row: SealedIdentity) -> Known | None:
    """Return what is known of a stored child; None where it has no name, year or place."""
    key = vault.child_key(row)
    identity = open_identity(key, row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family)
    if identity.name is None or identity.birth is None or identity.unit is None or not identity.unit.province:
        return None
    mother = identity.mother.name if identity.mother else None
    return Known(
        child_id=row.child_id,
        name=identity.name.folded,
        born=identity.birth.year,
        mother=mother.folded if mother else None,
        number=identity.number,
        province=identity.unit.province,
        commune=identity.unit.communes[0] if identity.unit.communes else "",
    )


def questions(children: Iterable[Known], kinds: Sequence[Kind], *, seed: int) -> list[Asked]:
    """Ask about each child once, the kinds by turns; the year is one off, right, or one off the other way."""
    rng = Random(seed)
    asked = []
    for place, child in enumerate(children):
        kind = kinds[place % len(kinds)]
        asked.append(
            Asked(
                kind=kind,
                child=child,
                text=typed(rng, child.name, kind.slips),
                year=child.born + rng.choice((-1, 0, 1)) if kind.year else None,
                mother=typed(rng, child.mother, kind.mother_slips) if kind.mother and child.mother else None,
            )
        )
    return asked


def worker(area: Area) -> Access:
    """Return the access of somebody who looks for children in an area, for case work."""
    return Access(
        staff_id=uuid4(),
        login="benchmark",
        role=Role.COMMUNE_WORKER if area.communes else Role.PROVINCE_WORKER,
        area=area,
        office="benchmark",
        purpose=Purpose.CASE_WORK,
        reason=None,
        at=now(),
        session_ref=None,
        os_account=None,
        request_id=uuid4(),
    )


def area_of(asked: Asked, *, dense: bool = False) -> Area:
    """Return where the one who asks works; in the dense copy every child lives in one province."""
    if asked.kind.commune:
        return Area(communes=frozenset({COMMUNE if dense else asked.child.commune}))
    return Area(provinces=frozenset({PROVINCE if dense else asked.child.province}))

"""The rows of a list of children: one a child, in the values of the record that knows her best, as far as granted."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from uuid import UUID

from matching import places
from matching.identity import Identity
from registry.actions.keys.damage import opened
from registry.actions.keys.sealing import Vault, open_identity
from registry.actions.oversight.decoys import Decoys
from registry.exports.child_list import ListRow
from registry.model.access import Area
from registry.model.errors import BadQuery, TooMany
from registry.protect.authorize import FieldGroup, Grant
from registry.protect.canonical import compact_json
from registry.protect.keys.keyring import Keyring
from registry.protect.keys.keyring_file import Domain
from registry.protect.masking import masked_name, masked_number
from registry.store import children, exports, grouping, subject_requests
from registry.store.children import SealedChild
from registry.store.session import Transaction

MOST: Final = 2000  # children on one list
MOST_RECORDS: Final = 4 * MOST
_EARLIEST, _LATEST = 1990, 2100
_BEST: Final = ("civil_status", "education", "health", "social_aid", "protection")
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which children a list is to hold."""

    commune: str | None  # today's code; None: all of the own area
    first_year: int  # of birth
    last_year: int
    sex: str | None  # None: both, and those of whom it is not known

    def check(self) -> None:
        """Refuse what no list can answer.

        Raises: BadQuery: which field breaks a rule.
        """
        if not _EARLIEST <= self.first_year <= _LATEST:
            raise BadQuery("first_year", "a year of four digits")
        if not self.first_year <= self.last_year <= _LATEST:
            raise BadQuery("last_year", "a year of four digits, not before the first")
        if self.sex not in (None, "female", "male"):
            raise BadQuery("sex", "female, male, or nothing")

    def area(self, own: Area) -> Area:
        """Return where the children live.

        Raises: BadQuery: not in the own area.
        """
        if self.commune is None:
            return own
        if not own.covers(province=places.province_of(self.commune), commune=self.commune):
            raise BadQuery("commune", "a commune of your own area")
        return Area(communes=frozenset({self.commune}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a list, the identity that it is of, and a digest by which a change is seen."""

    child_id: UUID
    digest: bytes
    values: ListRow = field(repr=False)


def find_rows(transaction: Transaction, vault: Vault, grant: Grant, question: Question) -> list[Row]:
    """Return the rows of the children that a question asks for.

    Raises:
        BadQuery: the question breaks a rule.
        TooMany: more children than a list may hold.
    """
    question.check()
    ids = exports.children_of(
        transaction,
        grant,
        area=question.area(grant.area),
        years=(question.first_year, question.last_year),
        sex=question.sex,
        limit=MOST_RECORDS + 1,
    )
    if len(ids) > MOST_RECORDS:
        raise TooMany(field="commune")
    heads = grouping.heads(transaction, ids) if ids else {}
    hidden = hidden_among(transaction, heads)
    kept = [row for row in read_rows(transaction, vault, grant, ids) if heads[row.child_id] not in hidden]
    best = best_of(kept, heads)
    if len(best) > MOST:
        raise TooMany(field="commune")
    return _rows(transaction, vault, grant, best)


def rows_again(
    transaction: Transaction, vault: Vault, grant: Grant, *, digests: Mapping[UUID, bytes], question: Question
) -> list[Row]:
    """Return those rows of a list that are still what they were when it was asked for.

    A child who has moved away, was sealed, restricted or erased meanwhile is not among them, nor one whose values have
    changed.
    """
    area = question.area(grant.area)
    heads = grouping.heads(transaction, list(digests)) if digests else {}
    hidden = hidden_among(transaction, heads)
    found = [
        row
        for row in read_rows(transaction, vault, grant, [child for child in digests if heads[child] not in hidden])
        if area.nation or row.province_code in area.provinces or not area.communes.isdisjoint(row.communes)
    ]
    return [row for row in _rows(transaction, vault, grant, found) if row.digest == digests[row.child_id]]


def hidden_among(transaction: Transaction, heads: Mapping[UUID, UUID]) -> set[UUID]:
    """Return the children who stand on no list: sealed, or their processing was restricted at the family's request.

    Args:
        heads: identity → the identity that stands for the child.
    """
    if not heads:
        return set()
    restricted = subject_requests.restricted_among(transaction, {*heads, *heads.values()})
    return set(exports.sealed_among(transaction, set(heads.values()))) | {heads.get(one, one) for one in restricted}


def list_digest(keyring: Keyring, digests: Mapping[UUID, bytes]) -> bytes:
    """Return what an approval is bound to: the children of a list and their values."""
    told = b"".join(child.bytes + digests[child] for child in sorted(digests))
    return hmac.digest(keyring.derived(Domain.EXPORT_MARK, b"list"), told, "sha256")


def read_rows(transaction: Transaction, vault: Vault, grant: Grant, ids: Collection[UUID]) -> list[SealedChild]:
    """Return identities of the area of the grant; decoys stand on no list."""
    decoys = Decoys(transaction, vault)
    return decoys.without(children.some(transaction, grant, list(ids))) if ids else []


def best_of(rows: Iterable[SealedChild], heads: Mapping[UUID, UUID]) -> list[SealedChild]:
    """Return one record for each child: of the system that knows best."""
    order = {system: place for place, system in enumerate(_BEST)}
    best: dict[UUID, SealedChild] = {}
    for row in sorted(rows, key=lambda row: (order.get(row.system, len(order)), row.child_id)):
        best.setdefault(heads[row.child_id], row)
    return list(best.values())


def _rows(transaction: Transaction, vault: Vault, grant: Grant, stored: Sequence[SealedChild]) -> list[Row]:
    key = vault.keyring.derived(Domain.EXPORT_MARK, b"row")
    found = []
    for row, identity in opened(transaction, vault, stored, lambda one: _identity(vault, one)):
        values = _values(row, identity, family=grant.may_open(FieldGroup.FAMILY))
        told: dict[str, Any] = {"child": str(row.child_id), **asdict(values)}
        digest = hmac.digest(key, compact_json(told), "sha256")[:_DIGEST_BYTES]
        found.append(Row(child_id=row.child_id, digest=digest, values=values))
    return found


def _identity(vault: Vault, row: SealedChild) -> Identity:
    return open_identity(
        vault.child_key(row), row.child_id, sealed_identity=row.sealed_identity, sealed_family=row.sealed_family
    )


def _values(row: SealedChild, identity: Identity, *, family: bool) -> ListRow:
    mother = identity.mother.name if family and identity.mother else None
    commune = row.communes[0] if len(row.communes) == 1 else None
    return ListRow(
        name=identity.name.written if identity.name else None,
        birth=identity.birth.iso() if identity.birth else None,
        sex=identity.sex.value if identity.sex else None,
        commune=(commune and places.commune_name(commune)) or commune,
        number=masked_number(identity.number) if identity.number else None,
        mother=masked_name(mother.written) if mother else None,
    )

"""How often the child that is meant stands among the first twenty, by the kind of question.

The rank is one more than the children with strictly better evidence: namesakes with equal evidence share a rank. A
child counts as found if its rank is at most 20. The search shows a rank whole or asks for a detail, so a child of a
rank that does not fit is found and not shown: how many were shown at once stands beside the figure. Such a rank, which
no answer carries, is counted from the same hits that `find_child` grades. A child that no token reached is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vault_figures import Figure, load, lower_bound
from vault_load import Loaded
from vault_sample import Asked, Kind, area_of, drawn, questions, worker
from vault_search import dense_store, find

from registry.actions.finding.find_child import LIMIT
from registry.actions.finding.find_scope import look
from registry.actions.finding.question import understand
from registry.actions.keys.sealing import Vault
from registry.protect.authorize import Action, authorize
from registry.store.session import Store

ASKED: Final = 2_000  # children a row
KINDS: Final = (
    (Kind(label="name, year +-1, no slip"), 0.99),
    (Kind(label="name, year +-1, 1 slip", slips=1), 0.945),
    (Kind(label="name, year +-1, 2 slips", slips=2), 0.86),
    (Kind(label="name with 1 slip, year +-1, mother's name", slips=1, mother=True), 0.985),
    (Kind(label="name with 1 slip, year +-1, mother's name with 1 slip", slips=1, mother=True, mother_slips=1), None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the children that were asked for."""

    ranked: int  # their rank is at most 20
    shown: int  # they stand in the answer
    asked: int


def figures(loaded: Loaded) -> list[Figure]:
    """Measure every kind of question where the children live, then where all of them live in one province."""
    children = drawn(loaded, ASKED, seed=loaded.seed + 2)
    rows = [
        _figure(kind.label, goal, tally(loaded.store, loaded.vault, questions(children, (kind,), seed=loaded.seed)))
        for kind, goal in KINDS
    ]
    with dense_store(loaded) as store:
        rows += [
            _figure(
                f"{kind.label}; all in one province",
                None,
                tally(store, loaded.vault, questions(children, (kind,), seed=loaded.seed), dense=True),
            )
            for kind, _ in KINDS
        ]
    return rows


def tally(store: Store, vault: Vault, asked: Sequence[Asked], *, dense: bool = False) -> Tally:
    """Ask every question once and count where the child stands."""
    ranked = shown = 0
    for one in asked:
        answer = find(store, vault, one, dense=dense)
        rank = next((hit.rank for hit in answer.found if hit.child_id == one.child.child_id), None)
        shown += rank is not None
        if rank is None and answer.too_many:
            rank = _rank_not_shown(store, vault, one, dense=dense)
        ranked += rank is not None and rank <= LIMIT
    return Tally(ranked=ranked, shown=shown, asked=len(asked))


def _rank_not_shown(store: Store, vault: Vault, asked: Asked, *, dense: bool) -> int | None:
    """Return the rank of a child among the hits; None: it is no hit."""
    area = area_of(asked, dense=dense)
    question = understand(asked.query)
    if question.asked is None:
        return None
    with store.begin(worker(area)) as transaction:
        grant = authorize(transaction.access, Action.FIND)
        hits = look(transaction, vault, grant, asked=question.asked, commune=None).hits
    own = hits.get(asked.child.child_id)
    if own is None:
        return None
    return 1 + sum(graded.weight > own.weight for graded in hits.values())


def _figure(label: str, goal: float | None, told: Tally) -> Figure:
    bound = lower_bound(told.ranked, told.asked)
    share, shown = told.ranked / told.asked, told.shown / told.asked
    return Figure(
        name=f"child among the first 20: {label}",
        goal=f"lower bound >= {goal}" if goal else "reported",
        measured=f"{share:.4f} (lower bound {bound:.4f}); shown at once {shown:.4f}",
        n=told.asked,
        how="rank = 1 + strictly better; a tied rank too large to show counts by its rank; Wilson bound of 95 %",
        met=None if goal is None else bound >= goal,
        load=load(),
    )

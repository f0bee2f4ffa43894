"""The two records under a nickname, among all pairs that wait."""

from __future__ import annotations

from uuid import UUID

from registry.actions.linkage.cluster_review import LEAST_WAITING, open_record_pair
from registry.model.access import Purpose, Role
from registry.protect.authorize import Action, authorize
from registry.store import record_pairs
from tests.web import invented
from tests.web.world import World


def nickname_pair(world: World) -> tuple[UUID, UUID]:
    """Return the two records that only a person can tell to be one child."""
    with world.services.store.begin(world.access(Role.REVIEWER, Purpose.REVIEW)) as transaction:
        grant = authorize(transaction.access, Action.REVIEW)
        for one, other in record_pairs.waiting(transaction, grant, least=LEAST_WAITING, limit=20):
            shown = open_record_pair(transaction, world.services.vault, one, other)
            if shown.ours.name == shown.theirs.name == invented.NICKNAME:
                return one, other
    raise AssertionError("the two records do not wait")

"""A worker of the commune next door: in the province of the invented child, and not where she lives."""

from __future__ import annotations

from uuid import UUID

from connectors.sectors.education import Education
from registry.actions.accounts.staff import name_supervisor
from registry.model.access import Area, Purpose, Role
from registry.store import sources
from tests.web import invented
from tests.web.world import PASSWORD, World

NEXT_DOOR = "01840"


def hire(world: World, login: str, *, supervised: bool = True) -> str:
    """Add a worker next door, whom the province worker supervises, and return the login."""
    area = Area(communes=frozenset({NEXT_DOOR}))
    world.choose_password(login, world.add_account(login, Role.COMMUNE_WORKER, area), PASSWORD)
    if supervised:
        access = world.access(Role.ADMINISTRATOR, Purpose.ADMINISTRATION)
        with world.services.store.begin(access) as transaction:
            name_supervisor(transaction, world.services.vault, login=login, supervisor="province")
    return login


def the_child(world: World, key: str = invented.CHILD_KEY) -> UUID:
    """Return the invented child, or the one of another record of the schools."""
    form = Education.format
    indexes = world.services.vault.source_key_indexes(form.system, form.stream, key)
    with world.services.store.begin(world.access(Role.ENGINE, Purpose.LINKAGE)) as transaction:
        (state,) = sources.states(transaction, indexes).values()
    return state.child_id

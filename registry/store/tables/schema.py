"""All tables in one place, for the migrations and for the tests of the catalogue."""

from registry.store.tables import (
    children,
    clients,
    emergencies,
    exchange,
    keys,
    law,
    limits,
    link_states,
    log,
    pairs,
    problems,
    rights,
    seals,
    sign_in,
    sources,
    supporting,
)
from registry.store.tables.base import Base

METADATA = Base.metadata

_OF_A_CHILD = {module.__name__ for module in (children, pairs, seals, rights, emergencies, link_states, problems)}
CHILD_OWNED = tuple(
    sorted(mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__module__ in _OF_A_CHILD)
)

__all__ = [
    "CHILD_OWNED",
    "METADATA",
    "children",
    "clients",
    "emergencies",
    "exchange",
    "keys",
    "law",
    "limits",
    "link_states",
    "log",
    "pairs",
    "problems",
    "rights",
    "seals",
    "sign_in",
    "sources",
    "supporting",
]

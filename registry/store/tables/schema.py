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
    population,
    problems,
    proposal_answers,
    rights,
    seals,
    sign_in,
    source_listings,
    sources,
    supporting,
)
from registry.store.tables.base import Base

METADATA = Base.metadata

_OWNED = (children, pairs, seals, rights, emergencies, link_states, problems, proposal_answers, source_listings)
_OF_A_CHILD = {module.__name__ for module in _OWNED}
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
    "population",
    "problems",
    "proposal_answers",
    "rights",
    "seals",
    "sign_in",
    "source_listings",
    "sources",
    "supporting",
]

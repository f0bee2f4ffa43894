"""All tables in one place, for the migrations and for the tests of the catalogue."""

from registry.store import (
    client_tables,
    emergency_tables,
    key_tables,
    law_tables,
    limit_tables,
    log_tables,
    pair_tables,
    rights_tables,
    seal_tables,
    sign_in_tables,
    supporting_tables,
    tables,
)
from registry.store.base import Base

METADATA = Base.metadata

_OF_A_CHILD = {
    *(tables.__name__, pair_tables.__name__, seal_tables.__name__),
    *(rights_tables.__name__, emergency_tables.__name__),
}
CHILD_OWNED = tuple(
    sorted(mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__module__ in _OF_A_CHILD)
)

__all__ = [
    "CHILD_OWNED",
    "METADATA",
    "client_tables",
    "emergency_tables",
    "key_tables",
    "law_tables",
    "limit_tables",
    "log_tables",
    "pair_tables",
    "rights_tables",
    "seal_tables",
    "sign_in_tables",
    "supporting_tables",
    "tables",
]

"""All tables in one place, for the migrations and for the tests of the catalogue."""

from registry.store import key_tables, pair_tables, supporting_tables, tables
from registry.store.base import Base

METADATA = Base.metadata

_OF_A_CHILD = {tables.__name__, pair_tables.__name__}
CHILD_OWNED = tuple(
    sorted(mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__module__ in _OF_A_CHILD)
)

__all__ = ["CHILD_OWNED", "METADATA", "key_tables", "pair_tables", "supporting_tables", "tables"]

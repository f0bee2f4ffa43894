"""All tables in one place, for the migrations and for the tests of the catalogue."""

from registry.store import supporting_tables, tables
from registry.store.base import Base

METADATA = Base.metadata

CHILD_OWNED = tuple(
    sorted(
        mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__module__ == tables.__name__
    )
)

__all__ = ["CHILD_OWNED", "METADATA", "supporting_tables", "tables"]

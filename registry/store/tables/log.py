"""What stands behind the access log: where a child's leaves are, and the cosignatures of witnesses."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, BigNumber


class LeafChildRow(Base):
    """Finds the leaves about a child; what a leaf says of her stands in its content alone."""

    __tablename__ = "leaf_child"

    pseudonym: Mapped[bytes] = mapped_column(
        primary_key=True, comment="keyed hash of the child's id, as the leaf names her"
    )
    leaf_id: Mapped[BigNumber] = mapped_column(primary_key=True, autoincrement=False)


class CosignatureRow(Base):
    """What a witness outside has signed: that a head of the log follows from all heads it has seen before."""

    __tablename__ = "cosignature"

    tree_size: Mapped[BigNumber] = mapped_column(primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(primary_key=True, comment="verifier key of the witness")
    line: Mapped[str] = mapped_column(comment="C2SP signature line, cosignature/v1")
    signed_at: Mapped[datetime] = mapped_column(comment="when the witness says it signed")

"""Every table of a child: what stands in clear, what is sealed, what points to what.

Each of these tables has `child_id` in its primary key and in every unique constraint, so that the
schema can be distributed by it. A look-up by another key is a small table of its own whose column says `leads_to`.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, BigNumber, SmallNumber


class ChildRow(Base):
    """One identity: a child as one source record describes it. Its id names it for ever; only codes stand in clear."""

    __tablename__ = "child"
    __table_args__ = (
        CheckConstraint("(commune_code IS NULL) = (commune_scheme IS NULL)", name="unit_has_scheme"),
        CheckConstraint("commune_scheme IN ('2024', '2025')", name="scheme_known"),
        CheckConstraint("sex IN ('male', 'female')", name="sex_known"),
        Index("ix_child_communes", "communes", postgresql_using="gin"),
        Index("ix_child_province_code", "province_code"),
        Index("ix_child_system", "system"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(comment="the sector system whose record opened this identity")
    commune_code: Mapped[str | None] = mapped_column(comment="as the source gave it")
    commune_scheme: Mapped[str | None] = mapped_column(comment="list of the code: 2024 or 2025")
    communes: Mapped[list[str]] = mapped_column(comment="today's communes it may be: one if exact, none if unknown")
    province_code: Mapped[str | None] = mapped_column(comment="today's province")
    sex: Mapped[str | None] = mapped_column(comment="male, female, or not known")
    birth_year: Mapped[SmallNumber | None]
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None] = mapped_column(comment="the source withdrew its record")
    erased_at: Mapped[datetime | None]


class IdentityRow(Base):
    """What was understood of a child, sealed by group under the child's own key."""

    __tablename__ = "identity"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    sealed_identity: Mapped[bytes] = mapped_column(comment="sealed: name, birth date, number, ethnicity, unit, flags")
    sealed_family: Mapped[bytes] = mapped_column(comment="sealed: parents and carer")
    sealed_contact: Mapped[bytes] = mapped_column(comment="sealed: address")
    sealed_services: Mapped[bytes] = mapped_column(comment="sealed: school, doses, allowance")
    sealed_welfare: Mapped[bytes] = mapped_column(comment="sealed: groups of special circumstances")
    sealed_source: Mapped[bytes] = mapped_column(comment="sealed: the record's key in its system")
    mapping_version: Mapped[SmallNumber]
    row_version: Mapped[int] = mapped_column(comment="counts the writes of this row")
    updated_at: Mapped[datetime]


class SourceRecordRow(Base):
    """The state of a source record: which version is the current one."""

    __tablename__ = "source_record"
    __table_args__ = (
        Index("ix_source_record_source_stream", "source", "stream", postgresql_where=text("source IS NOT NULL")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    system: Mapped[str]
    stream: Mapped[str]
    version_no: Mapped[int] = mapped_column(comment="number of the current version")
    version_at: Mapped[datetime | None] = mapped_column(comment="the source's own time stamp")
    content_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the row as written")
    run_id: Mapped[uuid.UUID] = mapped_column(comment="the run that delivered the current version")
    row_number: Mapped[int]
    withdrawn: Mapped[bool]
    seen_at: Mapped[datetime]
    said_version: Mapped[BigNumber | None] = mapped_column(comment="the source's own number of the current version")
    source: Mapped[str | None] = mapped_column(comment="the connection that delivered it; null: a file or a form")


class SourceVersionRow(Base):
    """Each version of a source record as it was written there, for ever, sealed."""

    __tablename__ = "source_version"
    __table_args__ = (
        Index("uq_source_version_content", "child_id", "content_digest", unique=True),
        CheckConstraint("key_kind IN ('child', 'case')", name="key_kind_known"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    version_no: Mapped[int] = mapped_column(primary_key=True)
    version_at: Mapped[datetime | None]
    content_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the row as written")
    key_kind: Mapped[str] = mapped_column(comment="whose key seals it: the child's or the case's")
    sealed_written: Mapped[bytes] = mapped_column(comment="sealed: the whole row as delivered")
    run_id: Mapped[uuid.UUID]
    row_number: Mapped[int]


class SourceKeyLookupRow(Base):
    """Finds the identity of a source's record without holding its key."""

    __tablename__ = "source_key_lookup"
    __table_args__ = (Index("ix_source_key_lookup_leads_to", "leads_to"),)

    key_index: Mapped[bytes] = mapped_column(primary_key=True, comment="keyed hash of system, stream and record key")
    leads_to: Mapped[uuid.UUID]
    key_version: Mapped[SmallNumber] = mapped_column(server_default=text("1"), comment="version of the index key")


class IdentifierLookupRow(Base):
    """Finds identities by a number without holding it. Several may claim one number."""

    __tablename__ = "identifier_lookup"
    __table_args__ = (Index("ix_identifier_lookup_leads_to", "leads_to"),)

    number_index: Mapped[bytes] = mapped_column(
        primary_key=True, comment="keyed hash of a personal number, or of another number that a source gave"
    )
    leads_to: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True, comment="claimed by the source, or linked")
    key_version: Mapped[SmallNumber] = mapped_column(server_default=text("1"), comment="version of the index key")


class ChildBlockRow(Base):
    """Keyed tokens by which a child meets the citizens and the other records worth comparing with."""

    __tablename__ = "child_block"
    __table_args__ = (Index("ix_child_block_kind_token", "kind", "token"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[BigNumber] = mapped_column(primary_key=True, comment="keyed hash of a block key, 64 bits")
    key_version: Mapped[SmallNumber] = mapped_column(
        server_default=text("1"), comment="version of the key of block tokens"
    )


class ChildSearchRow(Base):
    """What the search needs of one living identity: rebuilt from the sealed rows, never backed up."""

    __tablename__ = "child_search"
    __table_args__ = (
        Index("ix_child_search_tokens", "tokens", postgresql_using="gin", postgresql_ops={"tokens": "gin__int_ops"}),
        Index("ix_child_search_communes", "communes", postgresql_using="gin"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    tokens: Mapped[list[int]] = mapped_column(comment="keyed hashes, padded to one length")
    key_version: Mapped[SmallNumber] = mapped_column(comment="version of the search key")
    province_code: Mapped[str | None] = mapped_column(comment="as in child")
    communes: Mapped[list[str]] = mapped_column(comment="as in child")
    birth_year: Mapped[SmallNumber | None] = mapped_column(comment="as in child")
    sealed_finding: Mapped[bytes] = mapped_column(comment="sealed: what a search compares")


class DamagedValueRow(Base):
    """A sealed value whose tag failed: left out of every answer until its source delivers the record again."""

    __tablename__ = "damaged_value"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)
    group_name: Mapped[str] = mapped_column(primary_key=True)
    noticed_at: Mapped[datetime]


class ProtectionCaseRow(Base):
    """A child-protection case, sealed under a key of its own that identity services never load."""

    __tablename__ = "protection_case"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sealed_case: Mapped[bytes] = mapped_column(comment="sealed: groups, harm, form, measures, status")
    sealed_case_notes: Mapped[bytes] = mapped_column(comment="sealed: free text")
    sealed_reporter: Mapped[bytes] = mapped_column(comment="sealed: who reported; a right of its own")
    sealed_suspect: Mapped[bytes | None] = mapped_column(
        comment="sealed: who is suspected; a right of its own; null: nobody is named"
    )
    row_version: Mapped[int]
    updated_at: Mapped[datetime]


class MatchResultRow(Base):
    """What linkage last decided about an identity."""

    __tablename__ = "match_result"
    __table_args__ = (
        CheckConstraint("decision IN ('link', 'review', 'none')", name="decision_known"),
        CheckConstraint("held_person_id IS NULL OR decision = 'review'", name="held_in_review"),
        Index("ix_match_result_decision", "decision"),
        Index("ix_match_result_run_id", "run_id"),
        Index(
            "ix_match_result_waiting",
            text("information DESC"),
            "child_id",
            postgresql_where=text("decision = 'review'"),
        ),
        Index(
            "ix_match_result_held_person_id",
            "held_person_id",
            postgresql_where=text("held_person_id IS NOT NULL"),
        ),
        Index("ix_match_result_pattern", "pattern", postgresql_where=text("decided_by IS NOT NULL")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    decision: Mapped[str]
    nobody: Mapped[float] = mapped_column(comment="posterior that the child is nobody in the population")
    version_no: Mapped[int] = mapped_column(comment="the version of the source record that was compared")
    model_version: Mapped[str]
    run_id: Mapped[uuid.UUID]
    matched_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(comment="the person who decided; null: the engine")
    held_person_id: Mapped[uuid.UUID | None] = mapped_column(
        comment="whom the engine would link, were it not for another record of a source with one record per child;"
        " null: not held"
    )
    pattern: Mapped[bytes | None] = mapped_column(
        comment="keyed: how the likeliest candidate agrees, where the model was in doubt; null: it was not"
    )
    information: Mapped[float] = mapped_column(
        server_default=text("0"), comment="bits that a person's decision is expected to tell: the most comes first"
    )


class CandidateRow(Base):
    """A citizen whom an identity may be, with the evidence field by field."""

    __tablename__ = "candidate"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    rank: Mapped[SmallNumber]
    probability: Mapped[float]
    bits: Mapped[float]
    sealed_evidence: Mapped[bytes] = mapped_column(comment="sealed: level, reason and bits of each field")
    run_id: Mapped[uuid.UUID]


class LinkRow(Base):
    """A link of an identity to a citizen: with its evidence, its maker, and how it was undone."""

    __tablename__ = "link"
    __table_args__ = (
        Index("uq_link_standing", "child_id", unique=True, postgresql_where=text("undone_at IS NULL")),
        Index("ix_link_person_id", "person_id"),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    link_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID]
    probability: Mapped[float]
    sealed_number: Mapped[bytes] = mapped_column(comment="sealed: the citizen's personal number when linked")
    sealed_evidence: Mapped[bytes] = mapped_column(comment="sealed: level, reason and bits of each field")
    model_version: Mapped[str]
    run_id: Mapped[uuid.UUID | None] = mapped_column(comment="null: a person made the link")
    made_at: Mapped[datetime]
    made_by: Mapped[uuid.UUID | None] = mapped_column(comment="null: the engine")
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[uuid.UUID | None]
    sealed_undo_reason: Mapped[bytes | None] = mapped_column(comment="sealed: why it was undone")


class VerdictRow(Base):
    """What a person said about a pair. 'different' binds for ever, unless a person withdraws it."""

    __tablename__ = "verdict"
    __table_args__ = (CheckConstraint("says IN ('same', 'different', 'unsure')", name="says_known"),)

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    verdict_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID]
    says: Mapped[str]
    staff_id: Mapped[uuid.UUID]
    said_at: Mapped[datetime]
    sealed_reason: Mapped[bytes] = mapped_column(comment="sealed: one sentence")
    withdrawn_at: Mapped[datetime | None]


class VerificationRow(Base):
    """What the population database said about a link, and as of when."""

    __tablename__ = "verification"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('match', 'mismatch', 'not_found', 'ambiguous', 'inactive', 'unknown')", name="outcome_known"
        ),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    verification_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    link_id: Mapped[uuid.UUID]
    outcome: Mapped[str]
    connector: Mapped[str]
    source_ref: Mapped[str] = mapped_column(comment="our request id, to find the call at the provider")
    as_of: Mapped[datetime]


class PointerRow(Base):
    """Which identity stands for the child that people see: each one linked or joined points to the first of them."""

    __tablename__ = "pointer"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    head_id: Mapped[uuid.UUID]
    person_id: Mapped[uuid.UUID | None] = mapped_column(
        comment="the citizen whom this identity is linked to; null: none, it was joined to others"
    )
    since: Mapped[datetime]


class MemberRow(Base):
    """The pointers read backwards: all identities of the child whose first identity is `child_id`."""

    __tablename__ = "member"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    member_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class PersonLookupRow(Base):
    """Finds the identities linked to one citizen."""

    __tablename__ = "person_lookup"

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    leads_to: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class OpeningRow(Base):
    """A reason given for opening a child: asked once, good for the working day."""

    __tablename__ = "opening"

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    opening_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[uuid.UUID]
    purpose: Mapped[str]
    opened_at: Mapped[datetime]


class OutboxEventRow(Base):
    """A thin event, written in the transaction of what it tells: ids and kinds, no names."""

    __tablename__ = "outbox_event"
    __table_args__ = (
        Index("ix_outbox_event_system_position", "system", "position"),
        Index("ix_outbox_event_unnumbered", "event_id", postgresql_where=text("position IS NULL")),
    )

    child_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("child.child_id"), primary_key=True)
    event_id: Mapped[BigNumber] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    system: Mapped[str | None] = mapped_column(comment="whose record it tells of; null: not numbered yet")
    position: Mapped[BigNumber | None] = mapped_column(
        comment="place in the feed of the system, in the order of commits; null: not numbered yet"
    )

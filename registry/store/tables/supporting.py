"""The tables that belong to no child: the installation, runs, the extract, staff, the access log, frames."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.tables.base import Base, BigNumber, SmallNumber


class InstallationRow(Base):
    """The one row that says whose database this is."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("one = 1", name="one_row"),
        CheckConstraint("mark IN ('demo', 'real')", name="mark_known"),
    )

    one: Mapped[SmallNumber] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    mark: Mapped[str] = mapped_column(comment="demo data and demo keys refuse a real database")
    keyring_id: Mapped[uuid.UUID] = mapped_column(comment="the keyring that sealed the rows")
    created_at: Mapped[datetime]
    drop_digest: Mapped[bytes | None] = mapped_column(comment="keyed digest of the drop folder of the demo job")


class SourceSystemRow(Base):
    """A sector system, with the key that seals what it sent and we could not read."""

    __tablename__ = "source_system"

    system: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(comment="names the key in shared_key and in its associated data")
    created_at: Mapped[datetime]


class IngestRunRow(Base):
    """One reading of one delivered file, or of its quarantined rows; its checkpoint is the number of rows done."""

    __tablename__ = "ingest_run"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'done')", name="state_known"),
        Index("uq_ingest_run_open", "system", "stream", unique=True, postgresql_where=text("state = 'running'")),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    system: Mapped[str]
    stream: Mapped[str]
    file_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the file")
    mapping_version: Mapped[SmallNumber]
    state: Mapped[str]
    rows_done: Mapped[BigNumber] = mapped_column(comment="elements of the reading that are stored")
    encodings: Mapped[dict[str, Any]] = mapped_column(comment="column: encoding decided for it")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    retry_of: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("ingest_run.run_id"), comment="the run whose quarantined rows are read again; null: the file is read"
    )


class IngestRowRow(Base):
    """What became of each row of a file: exactly one outcome."""

    __tablename__ = "ingest_row"
    __table_args__ = (
        CheckConstraint("outcome IN ('accepted', 'unchanged', 'superseded', 'quarantined')", name="outcome_known"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ingest_run.run_id"), primary_key=True)
    ordinal: Mapped[BigNumber] = mapped_column(primary_key=True, comment="place in the reading, from 0")
    row_number: Mapped[int] = mapped_column(comment="place in the file as a person counts it")
    outcome: Mapped[str]
    rule: Mapped[str | None]
    field: Mapped[str | None]


class QuarantineRow(Base):
    """A row that broke a rule: its bytes sealed, its rule and place in clear; retried when the mapping changes."""

    __tablename__ = "quarantine"
    __table_args__ = (
        CheckConstraint("(sealed_raw IS NULL) = (resolved_at IS NOT NULL)", name="resolved_without_bytes"),
        Index("uq_quarantine_row", "system", "stream", "row_digest", unique=True),
        Index("ix_quarantine_run_id", "run_id", postgresql_where=text("resolved_at IS NULL")),
    )

    quarantine_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    system: Mapped[str]
    stream: Mapped[str]
    run_id: Mapped[uuid.UUID] = mapped_column(comment="the run that first delivered it")
    row_number: Mapped[int]
    rule: Mapped[str]
    field: Mapped[str | None]
    mapping_version: Mapped[SmallNumber] = mapped_column(comment="of the last attempt")
    attempts: Mapped[SmallNumber]
    row_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the bytes")
    sealed_raw: Mapped[bytes | None] = mapped_column(
        comment="sealed under the source's key: the row as delivered; null once its record holds it"
    )
    first_seen_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]


class ExtractBatchRow(Base):
    """One load of the population extract: its people share a key."""

    __tablename__ = "extract_batch"

    batch_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    file_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the file")
    rows_done: Mapped[BigNumber]
    refused: Mapped[dict[str, Any]] = mapped_column(comment="rule: number of rows refused")
    sealed_frequencies: Mapped[bytes | None] = mapped_column(comment="sealed: name and date frequencies; set when done")
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ExtractPersonRow(Base):
    """A citizen of the population extract, sealed under the key of the batch."""

    __tablename__ = "extract_person"

    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("extract_batch.batch_id"))
    content_digest: Mapped[bytes] = mapped_column(comment="keyed digest of the row as written")
    sealed_person: Mapped[bytes] = mapped_column(comment="sealed: the citizen as written and as understood")


class ExtractNumberLookupRow(Base):
    """Finds a citizen by a current or a cancelled number without holding it."""

    __tablename__ = "extract_number_lookup"
    __table_args__ = (
        Index("uq_extract_number_current", "number_index", unique=True, postgresql_where=text("NOT former")),
        Index("ix_extract_number_lookup_person_id", "person_id"),
    )

    number_index: Mapped[bytes] = mapped_column(primary_key=True, comment="keyed hash of the personal number")
    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    former: Mapped[bool]
    key_version: Mapped[SmallNumber] = mapped_column(server_default=text("1"), comment="version of the index key")


class ExtractBlockRow(Base):
    """Keyed tokens by which a citizen is met by records worth comparing with."""

    __tablename__ = "extract_block"
    __table_args__ = (Index("ix_extract_block_person_id", "person_id"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[BigNumber] = mapped_column(primary_key=True, comment="keyed hash of a block key, 64 bits")
    person_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    key_version: Mapped[SmallNumber] = mapped_column(
        server_default=text("1"), comment="version of the key of block tokens"
    )


class MatchRunRow(Base):
    """One run of the linkage."""

    __tablename__ = "match_run"

    run_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    since_run: Mapped[uuid.UUID | None]
    model_version: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    changes: Mapped[BigNumber] = mapped_column(
        server_default=text("0"), comment="identities whose decision or citizen this run has changed so far"
    )


class ModelReplayRow(Base):
    """One replay of a model over what stands: what it would change, before anything is changed."""

    __tablename__ = "model_replay"
    __table_args__ = (Index("ix_model_replay_model_digest", "model_digest"),)

    replay_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    model_digest: Mapped[bytes] = mapped_column(comment="SHA-256 of the content of the model")
    model_version: Mapped[str]
    since_run: Mapped[uuid.UUID | None] = mapped_column(
        comment="only records that came since that run began; null: all"
    )
    changes_before: Mapped[BigNumber] = mapped_column(comment="what all runs of the linkage had changed when it began")
    identities: Mapped[BigNumber] = mapped_column(server_default=text("0"), comment="compared with what stands")
    changed: Mapped[BigNumber] = mapped_column(
        server_default=text("0"), comment="of these, how many the model would decide otherwise"
    )
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class LinkageModelRow(Base):
    """A model of the linkage that this installation has adopted; a model holds nobody's values."""

    __tablename__ = "linkage_model"
    __table_args__ = (Index("ix_linkage_model_version", "version"),)

    adoption_no: Mapped[BigNumber] = mapped_column(
        Identity(always=True), primary_key=True, comment="the highest is the model in use"
    )
    model_digest: Mapped[bytes] = mapped_column(comment="SHA-256 of the content of the model")
    name: Mapped[str]
    version: Mapped[str]
    document: Mapped[str] = mapped_column(comment="the model file: numbers of the method, nobody's values")
    replay_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("model_replay.replay_id"), comment="the replay that was looked at before"
    )
    adopted_at: Mapped[datetime]
    adopted_by: Mapped[uuid.UUID | None] = mapped_column(comment="the account; null: whoever ran the command on a demo")


class StaffRow(Base):
    """An account. Area and role say what it may see; the password is an argon2id hash."""

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("supervisor_id <> staff_id", name="supervised_by_another"),)

    staff_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    office: Mapped[str]
    nation: Mapped[bool]
    provinces: Mapped[list[str]]
    communes: Mapped[list[str]]
    rights: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="field groups that are shown to accounts with a right of their own only"
    )
    password_hash: Mapped[str]
    password_is_one_time: Mapped[bool] = mapped_column(comment="good for one sign-in, then a new one is chosen")
    failed_sign_ins: Mapped[SmallNumber] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None]
    code_enrolled_at: Mapped[datetime | None] = mapped_column(
        comment="since when signing in takes a one-time code too; null: it does not"
    )
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    supervisor_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("staff.staff_id"),
        comment="who is told of emergencies and judges them; null: nobody, so the account breaks no glass",
    )
    suspended_at: Mapped[datetime | None] = mapped_column(comment="locked until an emergency is reviewed that was due")


class StaffSessionRow(Base):
    """A signed-in browser: the token itself is never stored."""

    __tablename__ = "staff_session"
    __table_args__ = (
        CheckConstraint(
            "method IN ('password', 'password_and_code', 'recovery_code', 'provider')", name="method_known"
        ),
    )

    token_digest: Mapped[bytes] = mapped_column(primary_key=True, comment="SHA-256 of the cookie")
    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.staff_id"))
    csrf_token: Mapped[str]
    started_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    proven_at: Mapped[datetime | None] = mapped_column(comment="when its holder last proved who they are")
    method: Mapped[str] = mapped_column(server_default=text("'password'"), comment="how its holder proved who they are")
    provider_session: Mapped[str | None] = mapped_column(comment="name of the session at the identity provider")
    ended_at: Mapped[datetime | None]


class SearchMemoRow(Base):
    """A search somebody made, sealed, so that its address holds no name and 'back' works."""

    __tablename__ = "search_memo"

    search_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("staff.staff_id"))
    sealed_query: Mapped[bytes] = mapped_column(comment="sealed: what was searched")
    made_at: Mapped[datetime]


class AccessLeafRow(Base):
    """One leaf of the access log: who did what, when and why; children by pseudonym only."""

    __tablename__ = "access_leaf"
    __table_args__ = (Index("ix_access_leaf_unsealed", "leaf_id", postgresql_where=text("tree_index IS NULL")),)

    leaf_id: Mapped[BigNumber] = mapped_column(Identity(always=True), primary_key=True)
    tree_index: Mapped[BigNumber | None] = mapped_column(unique=True, comment="place in the sealed tree, free of gaps")
    content: Mapped[bytes] = mapped_column(comment="canonical content, no names")
    leaf_hash: Mapped[bytes] = mapped_column(comment="RFC 6962 leaf hash of the content")


class CheckpointRow(Base):
    """A signed head of the tree of the access log."""

    __tablename__ = "checkpoint"

    tree_size: Mapped[BigNumber] = mapped_column(primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(comment="C2SP signed note")
    compact_range: Mapped[bytes] = mapped_column(comment="hashes from which the next leaves go on")
    signed_at: Mapped[datetime]


class FrameRow(Base):
    """A frame: the facts from which tables are counted, as of one day."""

    __tablename__ = "frame"

    frame_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    as_of: Mapped[date]
    built_at: Mapped[datetime]
    finished: Mapped[bool]


class FrameFactRow(Base):
    """One child of a frame under a pseudonym of this frame alone: coded facts, no dates, no names."""

    __tablename__ = "frame_fact"
    __table_args__ = (CheckConstraint("age BETWEEN 0 AND 15", name="age_of_a_child"),)

    frame_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("frame.frame_id"), primary_key=True)
    pseudonym: Mapped[bytes] = mapped_column(
        primary_key=True, comment="keyed hash of the child's id, of this frame alone"
    )
    record_key: Mapped[BigNumber] = mapped_column(comment="64 keyed bits for cell keys")
    province: Mapped[str | None]
    age: Mapped[SmallNumber]
    sex: Mapped[str | None]

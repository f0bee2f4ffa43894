-- The tables of the registry, first version.

CREATE TABLE access_leaf (
    leaf_id BIGINT GENERATED ALWAYS AS IDENTITY,
    tree_index BIGINT,
    content BYTEA NOT NULL,
    leaf_hash BYTEA NOT NULL,
    CONSTRAINT pk_access_leaf PRIMARY KEY (leaf_id),
    CONSTRAINT uq_access_leaf_tree_index UNIQUE (tree_index)
);
COMMENT ON COLUMN access_leaf.tree_index IS 'place in the sealed tree, free of gaps';
COMMENT ON COLUMN access_leaf.content IS 'canonical content, no names';
COMMENT ON COLUMN access_leaf.leaf_hash IS 'RFC 6962 leaf hash of the content';

CREATE TABLE checkpoint (
    tree_size BIGINT NOT NULL,
    note TEXT NOT NULL,
    compact_range BYTEA NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_checkpoint PRIMARY KEY (tree_size)
);
COMMENT ON COLUMN checkpoint.note IS 'C2SP signed note';
COMMENT ON COLUMN checkpoint.compact_range IS 'hashes from which the next leaves go on';

CREATE TABLE child (
    child_id UUID NOT NULL,
    system TEXT NOT NULL,
    commune_code TEXT,
    commune_scheme TEXT,
    communes TEXT[] NOT NULL,
    province_code TEXT,
    sex TEXT,
    birth_year SMALLINT,
    wrapped_key BYTEA,
    key_epoch SMALLINT NOT NULL,
    key_generation SMALLINT DEFAULT 1 NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    erased_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_child PRIMARY KEY (child_id),
    CONSTRAINT ck_child_unit_has_scheme CHECK ((commune_code IS NULL) = (commune_scheme IS NULL)),
    CONSTRAINT ck_child_scheme_known CHECK (commune_scheme IN ('2024', '2025')),
    CONSTRAINT ck_child_sex_known CHECK (sex IN ('male', 'female')),
    CONSTRAINT ck_child_erased_without_key CHECK ((wrapped_key IS NULL) = (erased_at IS NOT NULL))
);
CREATE INDEX ix_child_communes ON child USING gin (communes);
CREATE INDEX ix_child_province_code ON child (province_code);
CREATE INDEX ix_child_system ON child (system);
COMMENT ON COLUMN child.system IS 'the sector system whose record opened this identity';
COMMENT ON COLUMN child.commune_code IS 'as the source gave it';
COMMENT ON COLUMN child.commune_scheme IS 'list of the code: 2024 or 2025';
COMMENT ON COLUMN child.communes IS 'today''s communes it may be: one if exact, none if unknown';
COMMENT ON COLUMN child.province_code IS 'today''s province';
COMMENT ON COLUMN child.sex IS 'male, female, or not known';
COMMENT ON COLUMN child.wrapped_key IS 'data key under identity-wrap; null once erased';
COMMENT ON COLUMN child.key_epoch IS 'epoch of the wrapping key';
COMMENT ON COLUMN child.withdrawn_at IS 'the source withdrew its record';

CREATE TABLE extract_batch (
    batch_id UUID NOT NULL,
    wrapped_key BYTEA NOT NULL,
    key_epoch SMALLINT NOT NULL,
    file_digest BYTEA NOT NULL,
    rows_done BIGINT NOT NULL,
    refused JSONB NOT NULL,
    sealed_frequencies BYTEA,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_extract_batch PRIMARY KEY (batch_id)
);
COMMENT ON COLUMN extract_batch.wrapped_key IS 'data key under extract-wrap';
COMMENT ON COLUMN extract_batch.file_digest IS 'keyed digest of the file';
COMMENT ON COLUMN extract_batch.refused IS 'rule: number of rows refused';
COMMENT ON COLUMN extract_batch.sealed_frequencies IS 'sealed: name and date frequencies; set when done';

CREATE TABLE extract_block (
    kind TEXT NOT NULL,
    token BIGINT NOT NULL,
    person_id UUID NOT NULL,
    CONSTRAINT pk_extract_block PRIMARY KEY (kind, token, person_id)
);
CREATE INDEX ix_extract_block_person_id ON extract_block (person_id);
COMMENT ON COLUMN extract_block.token IS 'keyed hash of a block key, 64 bits';

CREATE TABLE extract_number_lookup (
    number_index BYTEA NOT NULL,
    person_id UUID NOT NULL,
    former BOOLEAN NOT NULL,
    CONSTRAINT pk_extract_number_lookup PRIMARY KEY (number_index, person_id)
);
CREATE UNIQUE INDEX uq_extract_number_current ON extract_number_lookup (number_index) WHERE NOT former;
COMMENT ON COLUMN extract_number_lookup.number_index IS 'keyed hash of the personal number';

CREATE TABLE frame (
    frame_id UUID NOT NULL,
    as_of DATE NOT NULL,
    built_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished BOOLEAN NOT NULL,
    CONSTRAINT pk_frame PRIMARY KEY (frame_id)
);

CREATE TABLE identifier_lookup (
    number_index BYTEA NOT NULL,
    leads_to UUID NOT NULL,
    kind TEXT NOT NULL,
    CONSTRAINT pk_identifier_lookup PRIMARY KEY (number_index, leads_to, kind)
);
CREATE INDEX ix_identifier_lookup_leads_to ON identifier_lookup (leads_to);
COMMENT ON COLUMN identifier_lookup.number_index IS 'keyed hash of a personal number, or of another number that a source gave';
COMMENT ON COLUMN identifier_lookup.kind IS 'claimed by the source, or linked';

CREATE TABLE ingest_run (
    run_id UUID NOT NULL,
    system TEXT NOT NULL,
    stream TEXT NOT NULL,
    file_digest BYTEA NOT NULL,
    mapping_version SMALLINT NOT NULL,
    state TEXT NOT NULL,
    rows_done BIGINT NOT NULL,
    encodings JSONB NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    retry_of UUID,
    CONSTRAINT pk_ingest_run PRIMARY KEY (run_id),
    CONSTRAINT ck_ingest_run_state_known CHECK (state IN ('running', 'done')),
    CONSTRAINT fk_ingest_run_retry_of FOREIGN KEY(retry_of) REFERENCES ingest_run (run_id)
);
CREATE UNIQUE INDEX uq_ingest_run_open ON ingest_run (system, stream) WHERE state = 'running';
COMMENT ON COLUMN ingest_run.file_digest IS 'keyed digest of the file';
COMMENT ON COLUMN ingest_run.rows_done IS 'elements of the reading that are stored';
COMMENT ON COLUMN ingest_run.encodings IS 'column: encoding decided for it';
COMMENT ON COLUMN ingest_run.retry_of IS 'the run whose quarantined rows are read again; null: the file is read';

CREATE TABLE installation (
    one SMALLINT DEFAULT 1 NOT NULL,
    mark TEXT NOT NULL,
    keyring_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    drop_digest BYTEA,
    CONSTRAINT pk_installation PRIMARY KEY (one),
    CONSTRAINT ck_installation_one_row CHECK (one = 1),
    CONSTRAINT ck_installation_mark_known CHECK (mark IN ('demo', 'real'))
);
COMMENT ON COLUMN installation.mark IS 'demo data and demo keys refuse a real database';
COMMENT ON COLUMN installation.keyring_id IS 'the keyring that sealed the rows';
COMMENT ON COLUMN installation.drop_digest IS 'keyed digest of the drop folder of the demo job';

CREATE TABLE match_run (
    run_id UUID NOT NULL,
    since_run UUID,
    model_version TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_match_run PRIMARY KEY (run_id)
);

CREATE TABLE person_lookup (
    person_id UUID NOT NULL,
    leads_to UUID NOT NULL,
    CONSTRAINT pk_person_lookup PRIMARY KEY (person_id, leads_to)
);

CREATE TABLE quarantine (
    quarantine_id UUID NOT NULL,
    system TEXT NOT NULL,
    stream TEXT NOT NULL,
    run_id UUID NOT NULL,
    row_number INTEGER NOT NULL,
    rule TEXT NOT NULL,
    field TEXT,
    mapping_version SMALLINT NOT NULL,
    attempts SMALLINT NOT NULL,
    row_digest BYTEA NOT NULL,
    sealed_raw BYTEA,
    first_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    resolved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_quarantine PRIMARY KEY (quarantine_id),
    CONSTRAINT ck_quarantine_resolved_without_bytes CHECK ((sealed_raw IS NULL) = (resolved_at IS NOT NULL))
);
CREATE UNIQUE INDEX uq_quarantine_row ON quarantine (system, stream, row_digest);
CREATE INDEX ix_quarantine_run_id ON quarantine (run_id) WHERE resolved_at IS NULL;
COMMENT ON COLUMN quarantine.run_id IS 'the run that first delivered it';
COMMENT ON COLUMN quarantine.mapping_version IS 'of the last attempt';
COMMENT ON COLUMN quarantine.row_digest IS 'keyed digest of the bytes';
COMMENT ON COLUMN quarantine.sealed_raw IS 'sealed under the source''s key: the row as delivered; null once its record holds it';

CREATE TABLE source_key_lookup (
    key_index BYTEA NOT NULL,
    leads_to UUID NOT NULL,
    CONSTRAINT pk_source_key_lookup PRIMARY KEY (key_index)
);
COMMENT ON COLUMN source_key_lookup.key_index IS 'keyed hash of system, stream and record key';

CREATE TABLE source_system (
    system TEXT NOT NULL,
    owner_id UUID NOT NULL,
    wrapped_key BYTEA NOT NULL,
    key_epoch SMALLINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_source_system PRIMARY KEY (system)
);
COMMENT ON COLUMN source_system.wrapped_key IS 'data key under quarantine-wrap';
COMMENT ON COLUMN source_system.owner_id IS 'names the key in its associated data';

CREATE TABLE staff (
    staff_id UUID NOT NULL,
    login TEXT NOT NULL,
    role TEXT NOT NULL,
    office TEXT NOT NULL,
    nation BOOLEAN NOT NULL,
    provinces TEXT[] NOT NULL,
    communes TEXT[] NOT NULL,
    password_hash TEXT NOT NULL,
    password_is_one_time BOOLEAN NOT NULL,
    failed_sign_ins SMALLINT DEFAULT 0 NOT NULL,
    locked_until TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_staff PRIMARY KEY (staff_id),
    CONSTRAINT uq_staff_login UNIQUE (login)
);
COMMENT ON COLUMN staff.password_is_one_time IS 'good for one sign-in, then a new one is chosen';

CREATE TABLE candidate (
    child_id UUID NOT NULL,
    person_id UUID NOT NULL,
    rank SMALLINT NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    bits DOUBLE PRECISION NOT NULL,
    sealed_evidence BYTEA NOT NULL,
    run_id UUID NOT NULL,
    CONSTRAINT pk_candidate PRIMARY KEY (child_id, person_id),
    CONSTRAINT fk_candidate_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN candidate.sealed_evidence IS 'sealed: level, reason and bits of each field';

CREATE TABLE child_block (
    child_id UUID NOT NULL,
    kind TEXT NOT NULL,
    token BIGINT NOT NULL,
    CONSTRAINT pk_child_block PRIMARY KEY (child_id, kind, token),
    CONSTRAINT fk_child_block_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN child_block.token IS 'keyed hash of a block key, 64 bits';

CREATE TABLE child_search (
    child_id UUID NOT NULL,
    tokens INTEGER[] NOT NULL,
    CONSTRAINT pk_child_search PRIMARY KEY (child_id),
    CONSTRAINT fk_child_search_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_child_search_tokens ON child_search USING gin (tokens gin__int_ops);
COMMENT ON COLUMN child_search.tokens IS 'keyed hashes, padded to one length';

CREATE TABLE extract_person (
    person_id UUID NOT NULL,
    batch_id UUID NOT NULL,
    content_digest BYTEA NOT NULL,
    sealed_person BYTEA NOT NULL,
    CONSTRAINT pk_extract_person PRIMARY KEY (person_id),
    CONSTRAINT fk_extract_person_batch_id FOREIGN KEY(batch_id) REFERENCES extract_batch (batch_id)
);
COMMENT ON COLUMN extract_person.content_digest IS 'keyed digest of the row as written';
COMMENT ON COLUMN extract_person.sealed_person IS 'sealed: the citizen as written and as understood';

CREATE TABLE frame_fact (
    frame_id UUID NOT NULL,
    pseudonym BYTEA NOT NULL,
    record_key BIGINT NOT NULL,
    province TEXT,
    age SMALLINT NOT NULL,
    sex TEXT,
    CONSTRAINT pk_frame_fact PRIMARY KEY (frame_id, pseudonym),
    CONSTRAINT ck_frame_fact_age_of_a_child CHECK (age BETWEEN 0 AND 15),
    CONSTRAINT fk_frame_fact_frame_id FOREIGN KEY(frame_id) REFERENCES frame (frame_id)
);
COMMENT ON COLUMN frame_fact.pseudonym IS 'keyed hash of the child''s id, of this frame alone';
COMMENT ON COLUMN frame_fact.record_key IS '64 keyed bits for cell keys';

CREATE TABLE identity (
    child_id UUID NOT NULL,
    sealed_identity BYTEA NOT NULL,
    sealed_family BYTEA NOT NULL,
    sealed_contact BYTEA NOT NULL,
    sealed_services BYTEA NOT NULL,
    sealed_welfare BYTEA NOT NULL,
    sealed_source BYTEA NOT NULL,
    mapping_version SMALLINT NOT NULL,
    row_version INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_identity PRIMARY KEY (child_id),
    CONSTRAINT fk_identity_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN identity.sealed_identity IS 'sealed: name, birth date, number, ethnicity, unit, flags';
COMMENT ON COLUMN identity.sealed_family IS 'sealed: parents and carer';
COMMENT ON COLUMN identity.sealed_contact IS 'sealed: address';
COMMENT ON COLUMN identity.sealed_services IS 'sealed: school, doses, allowance';
COMMENT ON COLUMN identity.sealed_welfare IS 'sealed: groups of special circumstances';
COMMENT ON COLUMN identity.sealed_source IS 'sealed: the record''s key in its system';
COMMENT ON COLUMN identity.row_version IS 'counts the writes of this row';

CREATE TABLE ingest_row (
    run_id UUID NOT NULL,
    ordinal BIGINT NOT NULL,
    row_number INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    rule TEXT,
    field TEXT,
    CONSTRAINT pk_ingest_row PRIMARY KEY (run_id, ordinal),
    CONSTRAINT ck_ingest_row_outcome_known CHECK (outcome IN ('accepted', 'unchanged', 'superseded', 'quarantined')),
    CONSTRAINT fk_ingest_row_run_id FOREIGN KEY(run_id) REFERENCES ingest_run (run_id)
);
COMMENT ON COLUMN ingest_row.ordinal IS 'place in the reading, from 0';
COMMENT ON COLUMN ingest_row.row_number IS 'place in the file as a person counts it';

CREATE TABLE link (
    child_id UUID NOT NULL,
    link_id UUID NOT NULL,
    person_id UUID NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    sealed_number BYTEA NOT NULL,
    sealed_evidence BYTEA NOT NULL,
    model_version TEXT NOT NULL,
    run_id UUID,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by UUID,
    undone_at TIMESTAMP WITH TIME ZONE,
    undone_by UUID,
    sealed_undo_reason BYTEA,
    CONSTRAINT pk_link PRIMARY KEY (child_id, link_id),
    CONSTRAINT fk_link_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_link_person_id ON link (person_id);
CREATE UNIQUE INDEX uq_link_standing ON link (child_id) WHERE undone_at IS NULL;
COMMENT ON COLUMN link.sealed_number IS 'sealed: the citizen''s personal number when linked';
COMMENT ON COLUMN link.sealed_evidence IS 'sealed: level, reason and bits of each field';
COMMENT ON COLUMN link.run_id IS 'null: a person made the link';
COMMENT ON COLUMN link.made_by IS 'null: the engine';
COMMENT ON COLUMN link.sealed_undo_reason IS 'sealed: why it was undone';

CREATE TABLE match_result (
    child_id UUID NOT NULL,
    decision TEXT NOT NULL,
    nobody DOUBLE PRECISION NOT NULL,
    version_no INTEGER NOT NULL,
    model_version TEXT NOT NULL,
    run_id UUID NOT NULL,
    matched_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    CONSTRAINT pk_match_result PRIMARY KEY (child_id),
    CONSTRAINT ck_match_result_decision_known CHECK (decision IN ('link', 'review', 'none')),
    CONSTRAINT fk_match_result_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_match_result_decision ON match_result (decision);
CREATE INDEX ix_match_result_run_id ON match_result (run_id);
COMMENT ON COLUMN match_result.nobody IS 'posterior that the child is nobody in the population';
COMMENT ON COLUMN match_result.version_no IS 'the version of the source record that was compared';
COMMENT ON COLUMN match_result.decided_by IS 'the person who decided; null: the engine';

CREATE TABLE member (
    child_id UUID NOT NULL,
    member_id UUID NOT NULL,
    CONSTRAINT pk_member PRIMARY KEY (child_id, member_id),
    CONSTRAINT fk_member_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);

CREATE TABLE opening (
    child_id UUID NOT NULL,
    opening_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_opening PRIMARY KEY (child_id, opening_id),
    CONSTRAINT fk_opening_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);

CREATE TABLE outbox_event (
    child_id UUID NOT NULL,
    event_id BIGINT GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_outbox_event PRIMARY KEY (child_id, event_id),
    CONSTRAINT fk_outbox_event_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);

CREATE TABLE pointer (
    child_id UUID NOT NULL,
    head_id UUID NOT NULL,
    person_id UUID NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_pointer PRIMARY KEY (child_id),
    CONSTRAINT fk_pointer_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);

CREATE TABLE protection_case (
    child_id UUID NOT NULL,
    case_id UUID NOT NULL,
    wrapped_key BYTEA,
    key_epoch SMALLINT NOT NULL,
    key_generation SMALLINT DEFAULT 1 NOT NULL,
    sealed_case BYTEA NOT NULL,
    sealed_case_notes BYTEA NOT NULL,
    sealed_reporter BYTEA NOT NULL,
    row_version INTEGER NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_protection_case PRIMARY KEY (child_id, case_id),
    CONSTRAINT fk_protection_case_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN protection_case.wrapped_key IS 'data key under case-wrap; null once erased';
COMMENT ON COLUMN protection_case.sealed_case IS 'sealed: groups, harm, form, measures, status';
COMMENT ON COLUMN protection_case.sealed_case_notes IS 'sealed: free text';
COMMENT ON COLUMN protection_case.sealed_reporter IS 'sealed: who reported; a right of its own';

CREATE TABLE search_memo (
    search_id UUID NOT NULL,
    staff_id UUID NOT NULL,
    sealed_query BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_search_memo PRIMARY KEY (search_id),
    CONSTRAINT fk_search_memo_staff_id FOREIGN KEY(staff_id) REFERENCES staff (staff_id)
);
COMMENT ON COLUMN search_memo.sealed_query IS 'sealed: what was searched';

CREATE TABLE source_record (
    child_id UUID NOT NULL,
    system TEXT NOT NULL,
    stream TEXT NOT NULL,
    version_no INTEGER NOT NULL,
    version_at TIMESTAMP WITH TIME ZONE,
    content_digest BYTEA NOT NULL,
    run_id UUID NOT NULL,
    row_number INTEGER NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_source_record PRIMARY KEY (child_id),
    CONSTRAINT fk_source_record_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN source_record.version_no IS 'number of the current version';
COMMENT ON COLUMN source_record.version_at IS 'the source''s own time stamp';
COMMENT ON COLUMN source_record.content_digest IS 'keyed digest of the row as written';
COMMENT ON COLUMN source_record.run_id IS 'the run that delivered the current version';

CREATE TABLE source_version (
    child_id UUID NOT NULL,
    version_no INTEGER NOT NULL,
    version_at TIMESTAMP WITH TIME ZONE,
    content_digest BYTEA NOT NULL,
    key_kind TEXT NOT NULL,
    sealed_written BYTEA NOT NULL,
    run_id UUID NOT NULL,
    row_number INTEGER NOT NULL,
    CONSTRAINT pk_source_version PRIMARY KEY (child_id, version_no),
    CONSTRAINT ck_source_version_key_kind_known CHECK (key_kind IN ('child', 'case')),
    CONSTRAINT fk_source_version_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE UNIQUE INDEX uq_source_version_content ON source_version (child_id, content_digest);
COMMENT ON COLUMN source_version.content_digest IS 'keyed digest of the row as written';
COMMENT ON COLUMN source_version.key_kind IS 'whose key seals it: the child''s or the case''s';
COMMENT ON COLUMN source_version.sealed_written IS 'sealed: the whole row as delivered';

CREATE TABLE staff_session (
    token_digest BYTEA NOT NULL,
    staff_id UUID NOT NULL,
    csrf_token TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_staff_session PRIMARY KEY (token_digest),
    CONSTRAINT fk_staff_session_staff_id FOREIGN KEY(staff_id) REFERENCES staff (staff_id)
);
COMMENT ON COLUMN staff_session.token_digest IS 'SHA-256 of the cookie';

CREATE TABLE verdict (
    child_id UUID NOT NULL,
    verdict_id UUID NOT NULL,
    person_id UUID NOT NULL,
    says TEXT NOT NULL,
    staff_id UUID NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sealed_reason BYTEA NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_verdict PRIMARY KEY (child_id, verdict_id),
    CONSTRAINT ck_verdict_says_known CHECK (says IN ('same', 'different', 'unsure')),
    CONSTRAINT fk_verdict_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN verdict.sealed_reason IS 'sealed: one sentence';

CREATE TABLE verification (
    child_id UUID NOT NULL,
    verification_id UUID NOT NULL,
    link_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    connector TEXT NOT NULL,
    source_ref TEXT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_verification PRIMARY KEY (child_id, verification_id),
    CONSTRAINT ck_verification_outcome_known CHECK (outcome IN ('match', 'mismatch', 'not_found', 'ambiguous', 'inactive', 'unknown')),
    CONSTRAINT fk_verification_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN verification.source_ref IS 'our request id, to find the call at the provider';


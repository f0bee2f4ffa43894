-- Sources, how far their streams are read, the runs, and what was seen of drift.

ALTER TABLE source_record ADD COLUMN said_version BIGINT, ADD COLUMN source TEXT;
CREATE INDEX ix_source_record_source_stream ON source_record (source, stream) WHERE source IS NOT NULL;
COMMENT ON COLUMN source_record.said_version IS 'the source''s own number of the current version';
COMMENT ON COLUMN source_record.source IS 'the connection that delivered it; null: a file or a form';

CREATE TABLE source_stream (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    system TEXT NOT NULL,
    cursor TEXT,
    more BOOLEAN DEFAULT false NOT NULL,
    pages BIGINT DEFAULT 0 NOT NULL,
    whole_pass BOOLEAN DEFAULT false NOT NULL,
    pass_began_at TIMESTAMP WITH TIME ZONE,
    passed_from TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    newest_at TIMESTAMP WITH TIME ZONE,
    living_before BIGINT DEFAULT 0 NOT NULL,
    deliveries BIGINT DEFAULT 0 NOT NULL,
    delivered JSONB DEFAULT '{}' NOT NULL,
    mapping_version SMALLINT DEFAULT 0 NOT NULL,
    replayed_to UUID,
    CONSTRAINT pk_source_stream PRIMARY KEY (source, stream)
);
COMMENT ON COLUMN source_stream.source IS 'name of the connection';
COMMENT ON COLUMN source_stream.cursor IS 'the connector''s own; null: from the beginning';
COMMENT ON COLUMN source_stream.more IS 'a pass is not at its end';
COMMENT ON COLUMN source_stream.pages IS 'landed so far: whose turn it is';
COMMENT ON COLUMN source_stream.whole_pass IS 'this pass began at the beginning, and its end is compared';
COMMENT ON COLUMN source_stream.passed_from IS 'when the last pass began that came to its end';
COMMENT ON COLUMN source_stream.done_at IS 'when a pass last came to its end';
COMMENT ON COLUMN source_stream.newest_at IS 'the newest time of the source that was seen';
COMMENT ON COLUMN source_stream.living_before IS 'records that stood as a whole pass or a delivery began';
COMMENT ON COLUMN source_stream.deliveries IS 'closed so far';
COMMENT ON COLUMN source_stream.delivered IS 'outcome: number of records of the delivery that is being read';
COMMENT ON COLUMN source_stream.mapping_version IS 'the mapping by which all kept records were read again';
COMMENT ON COLUMN source_stream.replayed_to IS 'how far they are being read again; null: not begun';

CREATE TABLE sync_run (
    run_id UUID NOT NULL,
    run_no BIGINT GENERATED ALWAYS AS IDENTITY,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    "full" BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    pages INTEGER DEFAULT 0 NOT NULL,
    records BIGINT DEFAULT 0 NOT NULL,
    accepted BIGINT DEFAULT 0 NOT NULL,
    unchanged BIGINT DEFAULT 0 NOT NULL,
    superseded BIGINT DEFAULT 0 NOT NULL,
    quarantined BIGINT DEFAULT 0 NOT NULL,
    conflicts BIGINT DEFAULT 0 NOT NULL,
    drifts BIGINT DEFAULT 0 NOT NULL,
    replayed BIGINT DEFAULT 0 NOT NULL,
    tries SMALLINT DEFAULT 0 NOT NULL,
    failure TEXT,
    failed_at_place TEXT,
    CONSTRAINT pk_sync_run PRIMARY KEY (run_id),
    CONSTRAINT ck_sync_run_state_known CHECK (state IN ('running', 'done', 'failed', 'stopped')),
    CONSTRAINT ck_sync_run_ended CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX ix_sync_run_source_stream_run_no ON sync_run (source, stream, run_no);
CREATE UNIQUE INDEX uq_sync_run_open ON sync_run (source, stream) WHERE state = 'running';
CREATE UNIQUE INDEX uq_sync_run_run_no ON sync_run (run_no);
COMMENT ON COLUMN sync_run."full" IS 'asked to read from the beginning';
COMMENT ON COLUMN sync_run.conflicts IS 'records with the version of another content';
COMMENT ON COLUMN sync_run.drifts IS 'times that a field was not as agreed';
COMMENT ON COLUMN sync_run.replayed IS 'records read again by a newer mapping';
COMMENT ON COLUMN sync_run.tries IS 'failed tries in a row';
COMMENT ON COLUMN sync_run.failure IS 'kind of the last failure';
COMMENT ON COLUMN sync_run.failed_at_place IS 'place or rule of it, nobody''s value';

CREATE TABLE sync_refusal (
    run_id UUID NOT NULL,
    ordinal BIGINT NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    delivery_no BIGINT NOT NULL,
    row_number INTEGER NOT NULL,
    rule TEXT NOT NULL,
    field TEXT,
    CONSTRAINT pk_sync_refusal PRIMARY KEY (run_id, ordinal),
    CONSTRAINT fk_sync_refusal_run_id FOREIGN KEY (run_id) REFERENCES sync_run (run_id)
);
CREATE INDEX ix_sync_refusal_source_stream_delivery_no ON sync_refusal (source, stream, delivery_no);
COMMENT ON COLUMN sync_refusal.ordinal IS 'place in the run, from 0';
COMMENT ON COLUMN sync_refusal.delivery_no IS 'deliveries of the stream that were closed before';
COMMENT ON COLUMN sync_refusal.row_number IS 'place in the page or file as a person counts it; 0: none';

CREATE TABLE source_drift (
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    field TEXT NOT NULL,
    seen TEXT NOT NULL,
    expected TEXT,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    times BIGINT NOT NULL,
    CONSTRAINT pk_source_drift PRIMARY KEY (source, stream, field, seen)
);
COMMENT ON COLUMN source_drift.seen IS 'kind of value, never the value';
COMMENT ON COLUMN source_drift.expected IS 'kind of value; null: the mapping does not know the field';

CREATE TABLE source_pause (
    source TEXT NOT NULL,
    because TEXT NOT NULL,
    paused_at TIMESTAMP WITH TIME ZONE NOT NULL,
    paused_by UUID,
    CONSTRAINT pk_source_pause PRIMARY KEY (source)
);
COMMENT ON COLUMN source_pause.because IS 'a word out of a closed list';
COMMENT ON COLUMN source_pause.paused_by IS 'the account; null: a demo''s command line';

CREATE TABLE source_tick (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_source_tick PRIMARY KEY (source, kind)
);
COMMENT ON COLUMN source_tick.kind IS 'of the schedule: read or compare; of a person, until it is begun: now, full or retry';

CREATE TABLE withdrawal_proposal (
    proposal_id UUID NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    system TEXT NOT NULL,
    run_id UUID NOT NULL,
    delivery TEXT,
    living BIGINT NOT NULL,
    absent BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    shrunk BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by UUID,
    CONSTRAINT pk_withdrawal_proposal PRIMARY KEY (proposal_id),
    CONSTRAINT ck_withdrawal_proposal_state_known CHECK (state IN ('waiting', 'approved', 'refused', 'overtaken', 'done')),
    CONSTRAINT ck_withdrawal_proposal_decided CHECK ((state IN ('waiting', 'overtaken')) = (decided_at IS NULL)),
    CONSTRAINT fk_withdrawal_proposal_run_id FOREIGN KEY (run_id) REFERENCES sync_run (run_id)
);
CREATE UNIQUE INDEX uq_withdrawal_proposal_waiting ON withdrawal_proposal (source, stream) WHERE state = 'waiting';
COMMENT ON COLUMN withdrawal_proposal.delivery IS 'the delivery that lacks them; null: a whole pass';
COMMENT ON COLUMN withdrawal_proposal.living IS 'records that stood before';
COMMENT ON COLUMN withdrawal_proposal.absent IS 'of these, how many are missing';
COMMENT ON COLUMN withdrawal_proposal.refused IS 'records that could not be read, and may be among them';
COMMENT ON COLUMN withdrawal_proposal.shrunk IS 'more are missing than the connection allows: nothing is read till then';
COMMENT ON COLUMN withdrawal_proposal.decided_by IS 'the account; null: nobody yet, or a demo''s command line';

CREATE TABLE listing_seen (
    child_id UUID NOT NULL,
    source TEXT NOT NULL,
    stream TEXT NOT NULL,
    CONSTRAINT pk_listing_seen PRIMARY KEY (child_id, source, stream),
    CONSTRAINT fk_listing_seen_child_id FOREIGN KEY (child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_listing_seen_source_stream ON listing_seen (source, stream);

CREATE TABLE withdrawal_candidate (
    child_id UUID NOT NULL,
    proposal_id UUID NOT NULL,
    CONSTRAINT pk_withdrawal_candidate PRIMARY KEY (child_id, proposal_id),
    CONSTRAINT fk_withdrawal_candidate_child_id FOREIGN KEY (child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_withdrawal_candidate_proposal_id ON withdrawal_candidate (proposal_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['source_stream', 'sync_run', 'sync_refusal', 'source_drift', 'source_pause', 'source_tick',
                                'withdrawal_proposal']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING (registry_purpose() IS NOT NULL)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['listing_seen', 'withdrawal_candidate']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_the_child ON %I TO child_registry_sector_system
            USING (EXISTS (SELECT FROM child WHERE child.child_id = %I.child_id))', name, name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING (registry_purpose() IS NOT NULL)', name);
    END LOOP;
END
$$;

-- what is read is written as the system's own, see the purposes that have a database role of their own
GRANT SELECT, INSERT, UPDATE ON source_stream, sync_run, sync_refusal, source_drift, withdrawal_proposal, source_tick
    TO child_registry_sector_system;
GRANT SELECT, INSERT, DELETE ON source_pause, listing_seen, withdrawal_candidate TO child_registry_sector_system;
GRANT DELETE ON source_tick TO child_registry_sector_system;
GRANT SELECT, DELETE ON listing_seen, withdrawal_candidate TO child_registry_engine;
GRANT SELECT ON source_stream, sync_run, sync_refusal, source_drift, withdrawal_proposal, source_pause, source_tick
    TO child_registry_engine;

-- What is known of each link from the population database: its state, what waits to be asked, what was found.

CREATE TABLE link_state (
    child_id UUID NOT NULL,
    link_id UUID NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    connector TEXT,
    asked_at TIMESTAMP WITH TIME ZONE,
    looked_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    priority SMALLINT NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    failure TEXT,
    request_id TEXT,
    question_digest BYTEA,
    lease UUID,
    leased_until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_link_state PRIMARY KEY (child_id, link_id),
    CONSTRAINT ck_link_state_state_known CHECK (state IN ('candidate', 'verified', 'mismatch', 'unreachable', 'stale', 'revoked')),
    CONSTRAINT ck_link_state_asked_again_unless_revoked CHECK ((due_at IS NULL) = (state = 'revoked')),
    CONSTRAINT ck_link_state_lease_is_whole CHECK ((lease IS NULL) = (leased_until IS NULL)),
    CONSTRAINT ck_link_state_question_is_whole CHECK ((request_id IS NULL) = (question_digest IS NULL)),
    CONSTRAINT ck_link_state_verified_as_of CHECK (state <> 'verified' OR confirmed_at IS NOT NULL),
    CONSTRAINT fk_link_state_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_link_state_due ON link_state (priority, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_link_state_state ON link_state (state, confirmed_at);
COMMENT ON COLUMN link_state.reason IS 'code: why it is in this state';
COMMENT ON COLUMN link_state.since IS 'of the state';
COMMENT ON COLUMN link_state.confirmed_at IS 'as of when it was last confirmed; null: never';
COMMENT ON COLUMN link_state.answered_at IS 'as of when anything was last answered; null: never';
COMMENT ON COLUMN link_state.connector IS 'by what it was last answered; null: never';
COMMENT ON COLUMN link_state.asked_at IS 'the last time; null: never';
COMMENT ON COLUMN link_state.looked_at IS 'as of when the record was looked at for doubts';
COMMENT ON COLUMN link_state.due_at IS 'from then on it is asked about; null: revoked';
COMMENT ON COLUMN link_state.priority IS 'the lowest is asked about first';
COMMENT ON COLUMN link_state.attempts IS 'failures in a row';
COMMENT ON COLUMN link_state.failure IS 'kind of the last failure; null: it was answered since';
COMMENT ON COLUMN link_state.request_id IS 'of the question that has no answer yet; null: none';
COMMENT ON COLUMN link_state.question_digest IS 'keyed digest of that question';
COMMENT ON COLUMN link_state.lease IS 'the batch that is asking; null: none';

CREATE TABLE population_service (
    connector TEXT NOT NULL,
    agency TEXT NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    failure TEXT,
    failed_at TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    open_until TIMESTAMP WITH TIME ZONE,
    probing_until TIMESTAMP WITH TIME ZONE,
    paced_until TIMESTAMP WITH TIME ZONE,
    changes_cursor TEXT,
    CONSTRAINT pk_population_service PRIMARY KEY (connector, agency)
);
COMMENT ON COLUMN population_service.failures IS 'in a row';
COMMENT ON COLUMN population_service.failure IS 'kind of the last failure; null: none since the last answer';
COMMENT ON COLUMN population_service.answered_at IS 'when anything was last answered; null: never';
COMMENT ON COLUMN population_service.open_until IS 'until then nobody asks; null: the breaker is closed';
COMMENT ON COLUMN population_service.probing_until IS 'one question tries whether it answers; null: none';
COMMENT ON COLUMN population_service.paced_until IS 'from then on the rate lets the next question through';
COMMENT ON COLUMN population_service.changes_cursor IS 'how far its feed of changes was read; null: not yet';

CREATE TABLE population_day (
    connector TEXT NOT NULL,
    agency TEXT NOT NULL,
    on_day DATE NOT NULL,
    asked INTEGER DEFAULT 0 NOT NULL,
    again INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_population_day PRIMARY KEY (connector, agency, on_day)
);
COMMENT ON COLUMN population_day.on_day IS 'in Viet Nam';
COMMENT ON COLUMN population_day.again IS 'of these, about what was confirmed before';

CREATE TABLE finding (
    child_id UUID NOT NULL,
    finding_id UUID NOT NULL,
    link_id UUID,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    said_digest BYTEA NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    connector TEXT NOT NULL,
    source_ref TEXT NOT NULL,
    sealed_finding BYTEA NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by UUID,
    sealed_decision BYTEA,
    undone_at TIMESTAMP WITH TIME ZONE,
    undone_by UUID,
    sealed_undoing BYTEA,
    CONSTRAINT pk_finding PRIMARY KEY (child_id, finding_id),
    CONSTRAINT ck_finding_kind_known CHECK (kind IN ('number_replaced', 'number_given', 'name', 'sex', 'birth', 'died', 'moved', 'parents')),
    CONSTRAINT ck_finding_state_known CHECK (state IN ('open', 'accepted', 'refused', 'undone', 'outdated')),
    CONSTRAINT ck_finding_decided_by_somebody CHECK ((decided_at IS NULL) = (state IN ('open', 'outdated')) AND (decided_at IS NULL) = (decided_by IS NULL)),
    CONSTRAINT ck_finding_undone_once_accepted CHECK ((undone_at IS NULL) = (state <> 'undone')),
    CONSTRAINT fk_finding_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_finding_open ON finding (found_at, child_id) WHERE state = 'open';
COMMENT ON COLUMN finding.link_id IS 'null: of a record without a link';
COMMENT ON COLUMN finding.said_digest IS 'keyed: what is said; the same is not found twice';
COMMENT ON COLUMN finding.as_of IS 'when it was said';
COMMENT ON COLUMN finding.connector IS 'who says it: a population database, or the police''s list';
COMMENT ON COLUMN finding.source_ref IS 'of the call, or the list, that told it';
COMMENT ON COLUMN finding.sealed_finding IS 'sealed: what stood before, what is said, the answer''s part';
COMMENT ON COLUMN finding.sealed_decision IS 'sealed: the sentence of whoever decided';
COMMENT ON COLUMN finding.sealed_undoing IS 'sealed: why the decision was taken back';

CREATE TABLE proposed_correction (
    child_id UUID NOT NULL,
    correction_id UUID NOT NULL,
    finding_id UUID NOT NULL,
    field TEXT NOT NULL,
    sealed_correction BYTEA NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    answer TEXT,
    answer_rule TEXT,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_proposed_correction PRIMARY KEY (child_id, correction_id),
    CONSTRAINT ck_proposed_correction_field_known CHECK (field IN ('number', 'name', 'sex', 'birth', 'moved', 'parents', 'died')),
    CONSTRAINT ck_proposed_correction_answer_known CHECK (answer IN ('taken', 'refused')),
    CONSTRAINT ck_proposed_correction_answered_at_a_time CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CONSTRAINT fk_proposed_correction_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_proposed_correction_standing ON proposed_correction (child_id) WHERE withdrawn_at IS NULL;
COMMENT ON COLUMN proposed_correction.finding_id IS 'the finding that was accepted';
COMMENT ON COLUMN proposed_correction.sealed_correction IS 'sealed: what the record says, what it is to say';
COMMENT ON COLUMN proposed_correction.withdrawn_at IS 'the decision was taken back; null: it stands';
COMMENT ON COLUMN proposed_correction.answer IS 'of the source: taken or refused; null: none yet';
COMMENT ON COLUMN proposed_correction.answer_rule IS 'code: why the source refused';
COMMENT ON COLUMN proposed_correction.answered_at IS 'null: the source has not answered';

CREATE TABLE number_history (
    child_id UUID NOT NULL,
    history_id UUID NOT NULL,
    finding_id UUID NOT NULL,
    status TEXT NOT NULL,
    sealed_number BYTEA NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_to TIMESTAMP WITH TIME ZONE,
    source TEXT NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_number_history PRIMARY KEY (child_id, history_id),
    CONSTRAINT ck_number_history_status_known CHECK (status IN ('current', 'replaced', 'wrong')),
    CONSTRAINT ck_number_history_current_until_further_notice CHECK ((status = 'current') = (valid_to IS NULL)),
    CONSTRAINT fk_number_history_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN number_history.finding_id IS 'the finding that was accepted';
COMMENT ON COLUMN number_history.sealed_number IS 'sealed: the personal number';
COMMENT ON COLUMN number_history.valid_from IS 'null: not known';
COMMENT ON COLUMN number_history.source IS 'who says so';

CREATE TABLE child_mark (
    child_id UUID NOT NULL,
    mark TEXT NOT NULL,
    finding_id UUID NOT NULL,
    marked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_child_mark PRIMARY KEY (child_id, mark),
    CONSTRAINT ck_child_mark_mark_known CHECK (mark IN ('died')),
    CONSTRAINT fk_child_mark_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN child_mark.finding_id IS 'the finding that was accepted';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['link_state', 'finding', 'proposed_correction', 'number_history', 'child_mark']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_the_child ON %I
            TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer, child_registry_sector_system
            USING (EXISTS (SELECT FROM child WHERE child.child_id = %I.child_id))', name, name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING ((SELECT registry_purpose()) IS NOT NULL)', name);
        EXECUTE format('CREATE TRIGGER erased_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased()', name);
        EXECUTE format('GRANT SELECT ON %I TO child_registry_commune_worker, child_registry_province_worker,
            child_registry_reviewer', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO child_registry_engine', name);
    END LOOP;
    -- counts and times of no child
    FOREACH name IN ARRAY ARRAY['population_service', 'population_day']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING ((SELECT registry_purpose()) IS NOT NULL)', name);
        EXECUTE format('GRANT SELECT ON %I TO child_registry_steward, child_registry_reviewer', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO child_registry_engine', name);
    END LOOP;
END
$$;

-- whoever decides pairs makes and undoes links, and decides what was found
GRANT INSERT, UPDATE ON link_state, finding, proposed_correction, number_history TO child_registry_reviewer;
GRANT INSERT, DELETE ON child_mark TO child_registry_reviewer;

-- a link is asked about from the transaction that makes it, until one undoes it: whoever writes links cannot forget it
CREATE FUNCTION link_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO link_state (child_id, link_id, state, reason, since, due_at, priority)
    SELECT w.child_id, w.link_id, 'candidate', 'made', w.made_at, w.made_at, 1 FROM written w WHERE w.undone_at IS NULL;
    RETURN NULL;
END
$$;
CREATE TRIGGER state_of_made AFTER INSERT ON link REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION link_made();
CREATE FUNCTION link_undone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE link_state s SET state = 'revoked', reason = 'undone', since = w.undone_at, due_at = NULL, attempts = 0,
        failure = NULL, request_id = NULL, question_digest = NULL, lease = NULL, leased_until = NULL
    FROM written w JOIN removed r USING (child_id, link_id)
    WHERE r.undone_at IS NULL AND w.undone_at IS NOT NULL AND s.child_id = w.child_id AND s.link_id = w.link_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER state_of_undone AFTER UPDATE ON link REFERENCING OLD TABLE AS removed NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION link_undone();

-- the links that stand already, with what was answered about them
DO $$
BEGIN
    ALTER TABLE link NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE verification NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE link_state NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE erasure NO FORCE ROW LEVEL SECURITY;
    INSERT INTO link_state (child_id, link_id, state, reason, since, confirmed_at, answered_at, connector, due_at, priority)
    SELECT l.child_id, l.link_id,
        CASE WHEN l.undone_at IS NOT NULL THEN 'revoked' WHEN v.outcome = 'match' THEN 'verified'
             WHEN v.outcome IN ('mismatch', 'not_found', 'inactive') THEN 'mismatch' ELSE 'candidate' END,
        CASE WHEN l.undone_at IS NOT NULL THEN 'undone' ELSE coalesce(v.outcome, 'made') END,
        coalesce(l.undone_at, v.as_of, l.made_at),
        CASE WHEN v.outcome = 'match' THEN v.as_of END, v.as_of, v.connector,
        CASE WHEN l.undone_at IS NULL THEN coalesce(v.as_of + interval '180 days', l.made_at) END, 1
    FROM link l LEFT JOIN LATERAL (
        SELECT f.outcome, f.as_of, f.connector FROM verification f
        WHERE f.child_id = l.child_id AND f.link_id = l.link_id AND f.outcome <> 'unknown'
        ORDER BY f.as_of DESC LIMIT 1) AS v ON true;
    ALTER TABLE erasure FORCE ROW LEVEL SECURITY;
    ALTER TABLE link_state FORCE ROW LEVEL SECURITY;
    ALTER TABLE verification FORCE ROW LEVEL SECURITY;
    ALTER TABLE link FORCE ROW LEVEL SECURITY;
END
$$;

-- every write of a sealed row leaves its digest in the access log, as for the tables before
DO $$
DECLARE
    watched record;
BEGIN
    FOR watched IN
        SELECT c.relname AS name,
               (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_index i
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
                WHERE i.indrelid = c.oid AND i.indisprimary) AS keys,
               (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND NOT a.attisdropped AND a.attname LIKE 'sealed\_%') AS columns
        FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
          AND c.relname IN ('finding', 'proposed_correction', 'number_history')
    LOOP
        EXECUTE format('CREATE TRIGGER log_rows_in AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L, %L)', watched.name, watched.keys, watched.columns);
        EXECUTE format('CREATE TRIGGER log_rows_changed AFTER UPDATE ON %I
            REFERENCING OLD TABLE AS removed NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L, %L)', watched.name, watched.keys, watched.columns);
        EXECUTE format('CREATE TRIGGER log_rows_out AFTER DELETE ON %I REFERENCING OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L, %L)', watched.name, watched.keys, watched.columns);
        EXECUTE format('CREATE POLICY read_to_check ON %I FOR SELECT TO child_registry_engine
            USING (registry_purpose() = ''maintenance'')', watched.name);
    END LOOP;
END
$$;

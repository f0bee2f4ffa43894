-- Lists of children whose number is missing or wrong, as they went to the police and came back.

CREATE TABLE problem (
    child_id UUID NOT NULL,
    list_id UUID NOT NULL,
    place INTEGER NOT NULL,
    problems TEXT[] NOT NULL,
    handed_digest BYTEA NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_problem PRIMARY KEY (child_id, list_id),
    CONSTRAINT fk_problem_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_problem_list_id ON problem (list_id, place);
COMMENT ON COLUMN problem.list_id IS 'the list, as it stands in export';
COMMENT ON COLUMN problem.place IS 'of the row in its list; its code in the file names it';
COMMENT ON COLUMN problem.problems IS 'codes';
COMMENT ON COLUMN problem.handed_digest IS 'keyed digest of what was handed out about her';
COMMENT ON COLUMN problem.answered_at IS 'null: nothing came back yet';

CREATE TABLE problem_answer (
    child_id UUID NOT NULL,
    answer_id UUID NOT NULL,
    list_id UUID NOT NULL,
    says TEXT NOT NULL,
    said_digest BYTEA NOT NULL,
    signed_on DATE NOT NULL,
    taken_in_at TIMESTAMP WITH TIME ZONE NOT NULL,
    taken_in_by UUID,
    sealed_answer BYTEA NOT NULL,
    CONSTRAINT pk_problem_answer PRIMARY KEY (child_id, answer_id),
    CONSTRAINT ck_problem_answer_says_known CHECK (says IN ('confirmed', 'other', 'none')),
    CONSTRAINT fk_problem_answer_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE UNIQUE INDEX uq_problem_answer_said ON problem_answer (child_id, said_digest);
COMMENT ON COLUMN problem_answer.says IS 'the number is confirmed, is another, or there is none';
COMMENT ON COLUMN problem_answer.said_digest IS 'keyed: what is said; the same is taken in once';
COMMENT ON COLUMN problem_answer.sealed_answer IS 'sealed: number, corrections, officer, who signed';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['problem', 'problem_answer']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_the_child ON %I
            TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
            USING (EXISTS (SELECT FROM child WHERE child.child_id = %I.child_id))', name, name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING ((SELECT registry_purpose()) IS NOT NULL)', name);
        EXECUTE format('CREATE TRIGGER erased_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased()', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO child_registry_commune_worker, child_registry_province_worker', name);
        EXECUTE format('GRANT SELECT, DELETE ON %I TO child_registry_engine', name);
    END LOOP;
END
$$;
GRANT UPDATE (answered_at) ON problem TO child_registry_commune_worker, child_registry_province_worker;

-- every write of a sealed row leaves its digest in the access log, as elsewhere
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
          AND c.relname IN ('problem_answer')
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

-- Records that are one child without a citizen: comparisons, pairs, verdicts, joins. Only new, empty tables are made;
-- the index and the column that change meet rows that a running service may go on reading.

CREATE INDEX ix_child_block_kind_token ON child_block (kind, token);
ALTER TABLE pointer ALTER COLUMN person_id DROP NOT NULL;
COMMENT ON COLUMN pointer.person_id IS 'the citizen whom this identity is linked to; null: none, it was joined to others';

CREATE TABLE record_comparison (
    child_id UUID NOT NULL,
    version_no INTEGER NOT NULL,
    decision TEXT NOT NULL,
    model_version TEXT NOT NULL,
    run_id UUID NOT NULL,
    compared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    settled BOOLEAN NOT NULL,
    CONSTRAINT pk_record_comparison PRIMARY KEY (child_id),
    CONSTRAINT ck_record_comparison_decision_known CHECK (decision IN ('review', 'none')),
    CONSTRAINT fk_record_comparison_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_record_comparison_unsettled ON record_comparison (child_id) WHERE NOT settled;
COMMENT ON COLUMN record_comparison.version_no IS 'the version of the source record that was compared';
COMMENT ON COLUMN record_comparison.decision IS 'what linkage had decided when it was compared';
COMMENT ON COLUMN record_comparison.settled IS 'whether its joins were worked out since';

CREATE TABLE record_join (
    child_id UUID NOT NULL,
    join_id UUID NOT NULL,
    other_id UUID NOT NULL,
    reason TEXT NOT NULL,
    probability DOUBLE PRECISION,
    compared INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by UUID,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_because TEXT,
    ended_by UUID,
    CONSTRAINT pk_record_join PRIMARY KEY (child_id, join_id),
    CONSTRAINT ck_record_join_smaller_first CHECK (child_id < other_id),
    CONSTRAINT ck_record_join_reason_known CHECK (reason IN ('evidence', 'person')),
    CONSTRAINT ck_record_join_ended_because_known CHECK (ended_because IN ('evidence', 'linked', 'undone', 'withdrawn')),
    CONSTRAINT ck_record_join_ended_because_of_something CHECK ((ended_at IS NULL) = (ended_because IS NULL)),
    CONSTRAINT fk_record_join_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE UNIQUE INDEX uq_record_join_standing ON record_join (child_id, other_id) WHERE ended_at IS NULL;
CREATE INDEX ix_record_join_other_id ON record_join (other_id);
COMMENT ON COLUMN record_join.reason IS 'evidence, or a person said so';
COMMENT ON COLUMN record_join.probability IS
    'of the mean log odds over all pairs between the two groups; null: a person said so';
COMMENT ON COLUMN record_join.compared IS 'pairs between the two groups that were compared';
COMMENT ON COLUMN record_join.missing IS 'pairs between the two groups that were not';
COMMENT ON COLUMN record_join.made_by IS 'null: the engine';
COMMENT ON COLUMN record_join.ended_because IS
    'other evidence, a citizen was found for one, a person undid it, or a source withdrew its record';
COMMENT ON COLUMN record_join.ended_by IS 'null: the engine';

CREATE TABLE record_pair (
    child_id UUID NOT NULL,
    other_id UUID NOT NULL,
    probability DOUBLE PRECISION NOT NULL,
    bits DOUBLE PRECISION NOT NULL,
    held BOOLEAN NOT NULL,
    sealed_evidence BYTEA NOT NULL,
    model_version TEXT NOT NULL,
    run_id UUID NOT NULL,
    CONSTRAINT pk_record_pair PRIMARY KEY (child_id, other_id),
    CONSTRAINT ck_record_pair_smaller_first CHECK (child_id < other_id),
    CONSTRAINT fk_record_pair_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_record_pair_other_id ON record_pair (other_id);
COMMENT ON COLUMN record_pair.probability IS 'that the two are one child; below the least shown it is 0';
COMMENT ON COLUMN record_pair.held IS 'however probable, a person must look before it counts as one child';
COMMENT ON COLUMN record_pair.sealed_evidence IS 'sealed: level, reason and bits of each field';

CREATE TABLE record_verdict (
    child_id UUID NOT NULL,
    verdict_id UUID NOT NULL,
    other_id UUID NOT NULL,
    says TEXT NOT NULL,
    staff_id UUID NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sealed_reason BYTEA NOT NULL,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_record_verdict PRIMARY KEY (child_id, verdict_id),
    CONSTRAINT ck_record_verdict_smaller_first CHECK (child_id < other_id),
    CONSTRAINT ck_record_verdict_says_known CHECK (says IN ('same', 'different', 'unsure')),
    CONSTRAINT fk_record_verdict_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_record_verdict_other_id ON record_verdict (other_id);
COMMENT ON COLUMN record_verdict.sealed_reason IS 'sealed: one sentence';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['record_comparison', 'record_join', 'record_pair', 'record_verdict']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['record_comparison', 'record_pair', 'record_verdict']
    LOOP
        EXECUTE format('CREATE POLICY with_the_child ON %I
            TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
            USING (EXISTS (SELECT FROM child WHERE child.child_id = %I.child_id))', name, name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING (registry_purpose() IS NOT NULL)', name);
    END LOOP;
END
$$;
-- ids only; what they lead to is guarded where it stands
CREATE POLICY with_a_purpose ON record_join USING (registry_purpose() IS NOT NULL);

GRANT SELECT ON record_pair, record_join
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer;
GRANT SELECT, INSERT, UPDATE ON record_verdict TO child_registry_reviewer;
GRANT INSERT, UPDATE ON record_join TO child_registry_reviewer;
GRANT SELECT, INSERT, UPDATE, DELETE ON record_comparison, record_pair, record_join TO child_registry_engine;
GRANT SELECT ON record_verdict TO child_registry_engine;

-- Models of the linkage, replayed before they are adopted; what a run changed; what a review is worth.

CREATE TABLE model_replay (
    replay_id UUID NOT NULL,
    model_digest BYTEA NOT NULL,
    model_version TEXT NOT NULL,
    since_run UUID,
    changes_before BIGINT NOT NULL,
    identities BIGINT DEFAULT 0 NOT NULL,
    changed BIGINT DEFAULT 0 NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_model_replay PRIMARY KEY (replay_id)
);
CREATE INDEX ix_model_replay_model_digest ON model_replay (model_digest);
COMMENT ON COLUMN model_replay.model_digest IS 'SHA-256 of the content of the model';
COMMENT ON COLUMN model_replay.since_run IS 'only records that came since that run began; null: all';
COMMENT ON COLUMN model_replay.changes_before IS 'what all runs of the linkage had changed when it began';
COMMENT ON COLUMN model_replay.identities IS 'compared with what stands';
COMMENT ON COLUMN model_replay.changed IS 'of these, how many the model would decide otherwise';

CREATE TABLE linkage_model (
    adoption_no BIGINT GENERATED ALWAYS AS IDENTITY,
    model_digest BYTEA NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    document TEXT NOT NULL,
    replay_id UUID NOT NULL,
    adopted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    adopted_by UUID,
    CONSTRAINT pk_linkage_model PRIMARY KEY (adoption_no),
    CONSTRAINT fk_linkage_model_replay_id FOREIGN KEY(replay_id) REFERENCES model_replay (replay_id)
);
CREATE INDEX ix_linkage_model_version ON linkage_model (version);
COMMENT ON COLUMN linkage_model.adoption_no IS 'the highest is the model in use';
COMMENT ON COLUMN linkage_model.model_digest IS 'SHA-256 of the content of the model';
COMMENT ON COLUMN linkage_model.document IS 'the model file: numbers of the method, nobody''s values';
COMMENT ON COLUMN linkage_model.replay_id IS 'the replay that was looked at before';
COMMENT ON COLUMN linkage_model.adopted_by IS 'the account; null: whoever ran the command on a demo';

ALTER TABLE match_run ADD COLUMN changes BIGINT DEFAULT 0 NOT NULL;
COMMENT ON COLUMN match_run.changes IS 'identities whose decision or citizen this run has changed so far';

ALTER TABLE match_result
    ADD COLUMN held_person_id UUID,
    ADD COLUMN pattern BYTEA,
    ADD COLUMN information DOUBLE PRECISION DEFAULT 0 NOT NULL,
    ADD CONSTRAINT ck_match_result_held_in_review CHECK (held_person_id IS NULL OR decision = 'review');
COMMENT ON COLUMN match_result.held_person_id IS
    'whom the engine would link, were it not for another record of a source with one record per child; null: not held';
COMMENT ON COLUMN match_result.pattern IS 'keyed: how the likeliest candidate agrees, where the model was in doubt; null: it was not';
COMMENT ON COLUMN match_result.information IS 'bits that a person''s decision is expected to tell: the most comes first';
CREATE INDEX ix_match_result_waiting ON match_result (information DESC, child_id) WHERE decision = 'review';
CREATE INDEX ix_match_result_held_person_id ON match_result (held_person_id) WHERE held_person_id IS NOT NULL;
CREATE INDEX ix_match_result_pattern ON match_result (pattern) WHERE decided_by IS NOT NULL;

-- how records are compared is the engine's own matter
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['model_replay', 'linkage_model']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING (registry_purpose() IS NOT NULL)', name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE ON model_replay TO child_registry_engine;
GRANT SELECT, INSERT ON linkage_model TO child_registry_engine;

-- A child opened beyond the own area in an emergency, and what the supervisor said of it.

ALTER TABLE staff ADD COLUMN supervisor_id UUID;
ALTER TABLE staff ADD COLUMN suspended_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE staff ADD CONSTRAINT fk_staff_supervisor_id FOREIGN KEY(supervisor_id) REFERENCES staff (staff_id);
ALTER TABLE staff ADD CONSTRAINT ck_staff_supervised_by_another CHECK (supervisor_id <> staff_id);
COMMENT ON COLUMN staff.supervisor_id IS 'who is told of emergencies and judges them; null: nobody, so the account breaks no glass';
COMMENT ON COLUMN staff.suspended_at IS 'locked until an emergency is reviewed that was due';

CREATE TABLE emergency (
    child_id UUID NOT NULL,
    emergency_id UUID NOT NULL,
    kind TEXT NOT NULL,
    staff_id UUID NOT NULL,
    login TEXT NOT NULL,
    office TEXT NOT NULL,
    supervisor_id UUID,
    sealed_reason BYTEA,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    review_due_at TIMESTAMP WITH TIME ZONE,
    locked_at TIMESTAMP WITH TIME ZONE,
    reviewed_at TIMESTAMP WITH TIME ZONE,
    reviewed_by UUID,
    verdict TEXT,
    sealed_note BYTEA,
    CONSTRAINT pk_emergency PRIMARY KEY (child_id, emergency_id),
    CONSTRAINT ck_emergency_kind_known CHECK (kind IN ('break_glass', 'own_area')),
    CONSTRAINT ck_emergency_verdict_known CHECK (verdict IN ('justified', 'not_justified')),
    CONSTRAINT ck_emergency_reviewed_whole
        CHECK ((verdict IS NULL) = (reviewed_at IS NULL) AND (reviewed_by IS NULL) = (reviewed_at IS NULL)),
    CONSTRAINT ck_emergency_reviewed_by_another CHECK (reviewed_by <> staff_id),
    CONSTRAINT ck_emergency_told_to_another CHECK (supervisor_id <> staff_id),
    CONSTRAINT ck_emergency_glass_has_an_end CHECK (kind <> 'break_glass'
        OR (ends_at IS NOT NULL AND review_due_at IS NOT NULL AND supervisor_id IS NOT NULL)),
    CONSTRAINT fk_emergency_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_emergency_staff_id ON emergency (staff_id, review_due_at)
    WHERE reviewed_at IS NULL AND kind = 'break_glass';
CREATE INDEX ix_emergency_supervisor_id ON emergency (supervisor_id, began_at);
CREATE INDEX ix_emergency_began_at ON emergency (staff_id, began_at);
COMMENT ON COLUMN emergency.kind IS 'break_glass: beyond the own area; own_area: the supervisor is told alone';
COMMENT ON COLUMN emergency.login IS 'the account, as the supervisor reads it';
COMMENT ON COLUMN emergency.supervisor_id IS 'who is told and judges; null: the account has none';
COMMENT ON COLUMN emergency.sealed_reason IS 'sealed: the sentence; null: none was asked, or erased';
COMMENT ON COLUMN emergency.ends_at IS 'null: the own area, where nothing ends';
COMMENT ON COLUMN emergency.last_used_at IS 'a clock that stands before it opens nothing';
COMMENT ON COLUMN emergency.closed_at IS 'ended before its time, or found ended; for ever';
COMMENT ON COLUMN emergency.locked_at IS 'the account was locked for want of a review';
COMMENT ON COLUMN emergency.sealed_note IS 'sealed: what the supervisor wrote';

ALTER TABLE emergency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- whoever broke the glass, and whoever judges it
CREATE POLICY own_or_supervised ON emergency FOR SELECT
    TO child_registry_commune_worker, child_registry_province_worker
    USING ((SELECT registry_purpose()) IS NOT NULL
        AND (SELECT nullif(current_setting('app.staff', true), '')::uuid) IN (staff_id, supervisor_id));
CREATE POLICY changed_by_either ON emergency FOR UPDATE
    TO child_registry_commune_worker, child_registry_province_worker
    USING ((SELECT registry_purpose()) IS NOT NULL
        AND (SELECT nullif(current_setting('app.staff', true), '')::uuid) IN (staff_id, supervisor_id));
CREATE POLICY begun_by_oneself ON emergency FOR INSERT TO child_registry_commune_worker, child_registry_province_worker
    WITH CHECK ((SELECT registry_purpose()) IS NOT NULL
        AND staff_id = (SELECT nullif(current_setting('app.staff', true), '')::uuid));
CREATE POLICY engine_by_purpose ON emergency TO child_registry_engine USING (registry_purpose() IS NOT NULL);
CREATE POLICY functions_with_a_purpose ON emergency TO CURRENT_USER USING (registry_purpose() IS NOT NULL);
CREATE TRIGGER erased_inserted AFTER INSERT ON emergency REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased();

GRANT SELECT, INSERT ON emergency TO child_registry_commune_worker, child_registry_province_worker;
GRANT UPDATE (last_used_at, closed_at, reviewed_at, reviewed_by, verdict, sealed_note) ON emergency
    TO child_registry_commune_worker, child_registry_province_worker;
GRANT SELECT, UPDATE ON emergency TO child_registry_engine;

-- what is judged is judged once, and by another than who did it
CREATE FUNCTION refuse_own_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.reviewed_at IS NOT NULL AND (NEW.reviewed_at, NEW.reviewed_by, NEW.verdict)
            IS DISTINCT FROM (OLD.reviewed_at, OLD.reviewed_by, OLD.verdict)
        OR OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at
        OR NEW.last_used_at < OLD.last_used_at
        OR OLD.reviewed_at IS NULL AND NEW.reviewed_at IS NOT NULL
            AND (NEW.reviewed_by IS DISTINCT FROM OLD.supervisor_id
                OR NEW.reviewed_by IS DISTINCT FROM nullif(current_setting('app.staff', true), '')::uuid)
    THEN
        RAISE EXCEPTION 'emergency_settled' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER settled BEFORE UPDATE ON emergency FOR EACH ROW EXECUTE FUNCTION refuse_own_review();

-- the doors know of an account whether a review of it is overdue, and of no child
CREATE FUNCTION review_due(of_staff uuid) RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = public, pg_temp
    RETURN (SELECT min(review_due_at) FROM emergency
            WHERE staff_id = of_staff AND reviewed_at IS NULL AND kind = 'break_glass');
COMMENT ON FUNCTION review_due(uuid) IS 'the earliest review that an account waits for; null: none';
REVOKE ALL ON FUNCTION review_due(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION review_due(uuid) TO child_registry_door, child_registry_administrator, child_registry_engine,
    child_registry_commune_worker, child_registry_province_worker;

-- a review lifts the lock that its absence laid, if no other is overdue
CREATE FUNCTION lift_suspension(of_staff uuid, at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM emergency e WHERE e.staff_id = of_staff AND e.reviewed_at IS NULL AND e.kind = 'break_glass'
               AND (e.locked_at IS NOT NULL OR e.review_due_at <= at)) THEN
        RETURN false;
    END IF;
    UPDATE staff SET suspended_at = NULL WHERE staff_id = of_staff AND suspended_at IS NOT NULL;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION lift_suspension(uuid, timestamptz) IS 'true: the account was locked, and is so no longer';
REVOKE ALL ON FUNCTION lift_suspension(uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lift_suspension(uuid, timestamptz) TO child_registry_commune_worker,
    child_registry_province_worker;

-- what waits for one supervisor waits for the next; the administrator who names them sees no child
CREATE FUNCTION pass_reviews(of_staff uuid, to_staff uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER
    SET search_path = public, pg_temp
    BEGIN ATOMIC
        WITH passed AS (
            UPDATE emergency SET supervisor_id = to_staff WHERE staff_id = of_staff AND reviewed_at IS NULL RETURNING 1)
        SELECT count(*) FROM passed;
    END;
COMMENT ON FUNCTION pass_reviews(uuid, uuid) IS 'how many waiting emergencies of an account the new supervisor has';
REVOKE ALL ON FUNCTION pass_reviews(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pass_reviews(uuid, uuid) TO child_registry_administrator;

-- whether there is a supervisor who can judge: not who, and of nobody else
CREATE FUNCTION own_supervisor() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    RETURN (SELECT above.staff_id FROM staff own JOIN staff above ON above.staff_id = own.supervisor_id
            WHERE own.staff_id = nullif(current_setting('app.staff', true), '')::uuid
            AND above.disabled_at IS NULL AND above.suspended_at IS NULL);
COMMENT ON FUNCTION own_supervisor() IS 'of whoever asks; null: there is none whose account is open';
REVOKE ALL ON FUNCTION own_supervisor() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION own_supervisor() TO child_registry_commune_worker, child_registry_province_worker;

-- the engine locks accounts whose emergencies nobody judged, and writes what a commune writes by hand
GRANT SELECT (staff_id, login, suspended_at, disabled_at), UPDATE (suspended_at) ON staff TO child_registry_engine;
GRANT SELECT (staff_id, ended_at), UPDATE (ended_at) ON staff_session TO child_registry_engine;
GRANT INSERT ON ingest_run, ingest_row, protection_case TO child_registry_engine;
GRANT UPDATE ON ingest_run, ingest_row TO child_registry_engine;
GRANT INSERT ON record_verdict TO child_registry_engine;

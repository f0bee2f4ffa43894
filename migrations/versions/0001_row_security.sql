-- Grants and row-level security, first version.
--
-- The login role owns the tables, yet sees nothing: row-level security is forced
-- on every table and each policy asks for a context that only a transaction with an Access sets (SET LOCAL app.*).
-- An empty context sees nothing.

CREATE FUNCTION registry_purpose() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.purpose', true), '');
COMMENT ON FUNCTION registry_purpose() IS 'why this transaction looks; null without a context';

-- every table: forced, so that the owner too sees nothing without a policy
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname = current_schema() AND c.relname <> 'alembic_version'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END
$$;

-- the child itself: people by area or by what was opened to them, systems by themselves, the engine by its purpose
CREATE POLICY people_by_area ON child
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
    USING (registry_purpose() IS NOT NULL AND (
        current_setting('app.nation', true) = 'on'
        OR communes && string_to_array(current_setting('app.communes', true), ',')
        OR province_code = ANY (string_to_array(current_setting('app.provinces', true), ','))
        OR child_id = ANY (string_to_array(current_setting('app.opened', true), ',')::uuid[])));
CREATE POLICY system_by_itself ON child TO child_registry_sector_system
    USING (registry_purpose() = 'ingest' AND system = current_setting('app.system', true));
CREATE POLICY engine_by_purpose ON child TO child_registry_engine USING (registry_purpose() IS NOT NULL);

-- what belongs to a child is seen by whoever sees the child
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['identity', 'source_record', 'source_version', 'protection_case', 'child_block', 'child_search',
                                'match_result', 'candidate', 'link', 'verdict', 'verification', 'opening', 'outbox_event']
    LOOP
        EXECUTE format('CREATE POLICY with_the_child ON %I
            TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer, child_registry_sector_system
            USING (EXISTS (SELECT FROM child WHERE child.child_id = %I.child_id))', name, name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING (registry_purpose() IS NOT NULL)', name);
    END LOOP;
    -- ids and keyed hashes only; what they lead to is guarded where it stands
    FOREACH name IN ARRAY ARRAY['pointer', 'member', 'person_lookup', 'source_key_lookup', 'identifier_lookup', 'installation',
                                'source_system', 'ingest_run', 'ingest_row', 'quarantine', 'extract_batch', 'extract_person',
                                'extract_number_lookup', 'extract_block', 'match_run', 'staff', 'staff_session', 'search_memo',
                                'checkpoint', 'frame', 'frame_fact']
    LOOP
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING (registry_purpose() IS NOT NULL)', name);
    END LOOP;
END
$$;
CREATE POLICY read_with_a_purpose ON access_leaf FOR SELECT USING (registry_purpose() IS NOT NULL);
CREATE POLICY append_with_a_purpose ON access_leaf FOR INSERT WITH CHECK (registry_purpose() IS NOT NULL);
CREATE POLICY number_by_engine ON access_leaf FOR UPDATE TO child_registry_engine
    USING (registry_purpose() IS NOT NULL AND tree_index IS NULL) WITH CHECK (tree_index IS NOT NULL);

-- the log is appended to by a function alone; nobody may change or delete a leaf's content
CREATE FUNCTION append_access_leaf(new_content bytea, new_hash bytea) RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = public, pg_temp
    BEGIN ATOMIC
        INSERT INTO access_leaf (content, leaf_hash) VALUES (new_content, new_hash);
    END;
REVOKE ALL ON FUNCTION append_access_leaf(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_access_leaf(bytea, bytea) TO child_registry_commune_worker, child_registry_province_worker,
    child_registry_reviewer, child_registry_steward, child_registry_sector_system, child_registry_statistician,
    child_registry_auditor, child_registry_custodian, child_registry_administrator, child_registry_engine, child_registry_door;

-- not even the owner, who could give the right back to itself, does it by mistake
REVOKE UPDATE, DELETE, TRUNCATE ON access_leaf, checkpoint FROM CURRENT_USER;

GRANT SELECT ON installation TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer,
    child_registry_steward, child_registry_sector_system, child_registry_statistician, child_registry_auditor,
    child_registry_custodian, child_registry_administrator, child_registry_engine, child_registry_door;
GRANT INSERT, UPDATE ON installation TO child_registry_engine;

-- those who look for a child and open her
GRANT SELECT ON child, identity, source_record, source_version, protection_case, child_search, match_result, link, verification,
    pointer, member, person_lookup, source_key_lookup, identifier_lookup
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer;
GRANT SELECT, INSERT ON opening, search_memo
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer;

-- the reviewer decides pairs
GRANT SELECT ON candidate, verdict, extract_person, extract_batch, extract_number_lookup TO child_registry_reviewer;
GRANT INSERT ON verdict, link, match_result, pointer, member, person_lookup, identifier_lookup, outbox_event
    TO child_registry_reviewer;
GRANT UPDATE ON verdict, link, match_result, pointer TO child_registry_reviewer;
GRANT DELETE ON pointer, member, person_lookup, identifier_lookup TO child_registry_reviewer;

-- a sector's system brings its own records
GRANT SELECT, INSERT, UPDATE ON child, identity, source_record, source_version, protection_case, source_system, ingest_run,
    ingest_row, quarantine TO child_registry_sector_system;
GRANT SELECT, INSERT, DELETE ON source_key_lookup, identifier_lookup, child_block, child_search TO child_registry_sector_system;
GRANT UPDATE ON child_search TO child_registry_sector_system;
GRANT INSERT ON outbox_event TO child_registry_sector_system;

-- the engine links, verifies, counts, seals the log
GRANT SELECT ON child, identity, source_record, source_version, source_system, ingest_run, ingest_row, quarantine, child_block,
    child_search, source_key_lookup, verdict, outbox_event, access_leaf TO child_registry_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON identifier_lookup, extract_batch, extract_person, extract_number_lookup, extract_block,
    match_run, match_result, candidate, link, verification, pointer, member, person_lookup, frame, frame_fact
    TO child_registry_engine;
GRANT INSERT, UPDATE, DELETE ON child_search, child_block TO child_registry_engine;
GRANT INSERT ON outbox_event TO child_registry_engine;
GRANT SELECT, INSERT ON checkpoint TO child_registry_engine;
GRANT UPDATE (tree_index) ON access_leaf TO child_registry_engine;

-- the others see no child
GRANT SELECT ON ingest_run, ingest_row, source_system TO child_registry_steward;
GRANT SELECT (quarantine_id, system, stream, run_id, row_number, rule, field, mapping_version, attempts, first_seen_at, resolved_at)
    ON quarantine TO child_registry_steward;
GRANT SELECT ON frame, frame_fact TO child_registry_statistician;
GRANT SELECT ON access_leaf, checkpoint TO child_registry_auditor;
GRANT SELECT (staff_id, login, role, office) ON staff TO child_registry_auditor;
GRANT SELECT, INSERT, UPDATE ON staff TO child_registry_administrator;
GRANT SELECT, UPDATE ON staff_session TO child_registry_administrator;
GRANT SELECT ON checkpoint TO child_registry_custodian;

-- the door reads accounts and keeps sessions, before anybody is known
GRANT SELECT, UPDATE ON staff TO child_registry_door;
GRANT SELECT, INSERT, UPDATE ON staff_session TO child_registry_door;

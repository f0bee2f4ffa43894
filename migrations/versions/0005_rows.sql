-- Every write of a sealed row leaves its digest in the access log, so that a row put back to an older state is seen.
--
-- Not watched is what is made again from other rows or files: search rows, candidates, pairs, the population extract,
-- rows in quarantine, what somebody searched a while ago.

DO $$
DECLARE
    watched record;
    entries text[];
BEGIN
    FOR watched IN
        SELECT c.relname AS name,
               (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_index i
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
                WHERE i.indrelid = c.oid AND i.indisprimary) AS keys,
               (SELECT string_agg(a.attname, ', ' ORDER BY a.attname) FROM pg_attribute a
                WHERE a.attrelid = c.oid AND NOT a.attisdropped
                  AND (a.attname LIKE 'sealed\_%' OR a.attname = 'wrapped_key')) AS columns
        FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
          AND c.relname NOT IN ('candidate', 'record_pair', 'child_search', 'search_memo', 'quarantine',
                                'extract_batch', 'extract_person')
    LOOP
        CONTINUE WHEN watched.columns IS NULL;
        EXECUTE format('CREATE TRIGGER log_rows_in AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L, %L)', watched.name, watched.keys, watched.columns);
        EXECUTE format('CREATE TRIGGER log_rows_changed AFTER UPDATE ON %I
            REFERENCING OLD TABLE AS removed NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L, %L)', watched.name, watched.keys, watched.columns);
        EXECUTE format('CREATE TRIGGER log_rows_out AFTER DELETE ON %I REFERENCING OLD TABLE AS removed
            FOR EACH STATEMENT EXECUTE FUNCTION log_rows(%L, %L)', watched.name, watched.keys, watched.columns);
        -- the engine compares them as they stand with what the log says
        EXECUTE format('GRANT SELECT (%s) ON %I TO child_registry_engine', watched.keys || ', ' || watched.columns, watched.name);
        EXECUTE format('CREATE POLICY read_to_check ON %I FOR SELECT TO child_registry_engine
            USING (registry_purpose() = ''maintenance'')', watched.name);
        -- what stood before is logged as it stands
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', watched.name);
        EXECUTE format('SELECT array_agg(row_entry(%L, ROW(%s)::text, ROW(%s)::text)) FROM %I',
                       watched.name, watched.keys, watched.columns, watched.name) INTO entries;
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', watched.name);
        IF entries IS NOT NULL THEN
            PERFORM set_config('app.purpose', 'maintenance', true);
            PERFORM append_row_leaves(watched.name, entries);
        END IF;
    END LOOP;
END
$$;

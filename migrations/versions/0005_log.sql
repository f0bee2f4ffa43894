-- What stands behind the access log: who looked at a child, cosignatures of witnesses, and each write of a sealed row.

-- whom a leaf is about: the content alone says it truly, this finds it
CREATE TABLE leaf_child (
    pseudonym BYTEA NOT NULL,
    leaf_id BIGINT NOT NULL,
    CONSTRAINT pk_leaf_child PRIMARY KEY (pseudonym, leaf_id)
);
COMMENT ON COLUMN leaf_child.pseudonym IS 'keyed hash of the child''s id, as the leaf names her';

CREATE TABLE cosignature (
    tree_size BIGINT NOT NULL,
    witness TEXT NOT NULL,
    line TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_cosignature PRIMARY KEY (tree_size, witness)
);
COMMENT ON COLUMN cosignature.witness IS 'verifier key of the witness';
COMMENT ON COLUMN cosignature.line IS 'C2SP signature line, cosignature/v1';
COMMENT ON COLUMN cosignature.signed_at IS 'when the witness says it signed';

ALTER TABLE leaf_child ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE cosignature ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY with_a_purpose ON leaf_child USING (registry_purpose() IS NOT NULL);
CREATE POLICY with_a_purpose ON cosignature USING (registry_purpose() IS NOT NULL);
REVOKE UPDATE, DELETE, TRUNCATE ON leaf_child, cosignature FROM CURRENT_USER;
GRANT SELECT ON leaf_child TO child_registry_engine;
GRANT SELECT, INSERT ON cosignature TO child_registry_engine;
GRANT SELECT ON cosignature TO child_registry_auditor;
GRANT SELECT ON checkpoint TO child_registry_commune_worker, child_registry_province_worker;

-- the sealer looks for what is not numbered yet, among all that is
CREATE INDEX ix_access_leaf_unsealed ON access_leaf (leaf_id) WHERE tree_index IS NULL;

INSERT INTO leaf_child (pseudonym, leaf_id)
    SELECT DISTINCT decode(name, 'hex'), leaf_id
    FROM access_leaf, jsonb_array_elements_text(convert_from(content, 'UTF8')::jsonb -> 'children') AS name;

DROP FUNCTION append_access_leaf(bytea, bytea);
CREATE FUNCTION append_access_leaf(new_content bytea, new_hash bytea, new_children bytea[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        WITH leaf AS (INSERT INTO access_leaf (content, leaf_hash) VALUES (new_content, new_hash) RETURNING leaf_id)
        INSERT INTO leaf_child (pseudonym, leaf_id) SELECT DISTINCT name, leaf_id FROM leaf, unnest(new_children) AS name;
    END;
REVOKE ALL ON FUNCTION append_access_leaf(bytea, bytea, bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION append_access_leaf(bytea, bytea, bytea[]) TO child_registry_commune_worker,
    child_registry_province_worker, child_registry_reviewer, child_registry_steward, child_registry_sector_system,
    child_registry_statistician, child_registry_auditor, child_registry_custodian, child_registry_administrator,
    child_registry_engine, child_registry_door;

-- whoever knows the keyed names of a child may ask who looked at her; nobody else can know them
CREATE FUNCTION leaves_about(names bytea[]) RETURNS TABLE (leaf_id bigint, tree_index bigint, content bytea, leaf_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    BEGIN ATOMIC
        SELECT l.leaf_id, l.tree_index, l.content, l.leaf_hash FROM access_leaf l
        WHERE l.leaf_id IN (SELECT c.leaf_id FROM leaf_child c WHERE c.pseudonym = ANY (names)) ORDER BY l.leaf_id;
    END;
REVOKE ALL ON FUNCTION leaves_about(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION leaves_about(bytea[]) TO child_registry_commune_worker, child_registry_province_worker,
    child_registry_auditor;

-- appends leaves that say of rows of one table: this is what was written last
CREATE FUNCTION append_row_leaves(relation text, entries text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told text[] := string_to_array(current_setting('app.request', true), ' ');
    acting text := coalesce(substring(current_setting('role', true) FROM '^child_registry_([a-z_]+)$'), 'database');
    purpose text := coalesce(substring(registry_purpose() FROM '^[a-z_]+$'), 'none');
    stamp text := to_char(coalesce(told[2]::timestamptz, clock_timestamp()) AT TIME ZONE 'UTC',
                          'YYYY-MM-DD"T"HH24:MI:SS.US+00:00');
    request uuid := coalesce(told[1]::uuid, '00000000-0000-0000-0000-000000000000');
    first int := 1;
    part text[];
    leaf bytea;
BEGIN
    WHILE first <= coalesce(cardinality(entries), 0) LOOP
        part := entries[first : first + 1999];
        leaf := convert_to(format(
            '{"action":"rows","at":"%s","children":[],"counts":{"%s":%s},"event_id":"%s","format":1,"groups":[],'
            '"office":"registry","os_account":null,"outcome":"done","purpose":"%s","query":null,"request_id":"%s",'
            '"role":"%s","row_digests":["%s"],"sealed_reason":null,"session_ref":null,"staff_id":null}',
            stamp, relation, cardinality(part), gen_random_uuid(), purpose, request, acting,
            array_to_string(part, '","')), 'UTF8');
        INSERT INTO access_leaf (content, leaf_hash) VALUES (leaf, sha256('\x00'::bytea || leaf));
        first := first + 2000;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION append_row_leaves(text, text[]) FROM PUBLIC;

-- an entry names a row (the first half) and what is sealed in it (the second half; noughts: the row is gone)
CREATE FUNCTION row_entry(relation text, row_key text, row_state text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp
    RETURN encode(substr(sha256(convert_to(relation || row_key, 'UTF8')), 1, 16)
                  || substr(sha256(convert_to(row_state, 'UTF8')), 1, 16), 'hex');

CREATE FUNCTION log_rows() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET bytea_output = hex SET datestyle = iso
    SET timezone = utc AS $$
DECLARE
    entries text[];
    entry text := format('row_entry(%L, ROW(%s)::text, ROW(%s)::text)', TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]);
BEGIN
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('SELECT array_agg(%s) FROM written', entry) INTO entries;
    ELSIF TG_OP = 'UPDATE' THEN
        EXECUTE format('SELECT array_agg(e) FROM (SELECT %1$s FROM written EXCEPT SELECT %1$s FROM removed) AS s (e)',
                       entry) INTO entries;
    ELSE
        EXECUTE format('SELECT array_agg(left(%s, 32) || repeat(''0'', 32)) FROM removed', entry) INTO entries;
    END IF;
    PERFORM append_row_leaves(TG_TABLE_NAME, entries);
    RETURN NULL;
END
$$;

-- Data keys leave the rows they open, so that they are copied apart, wrapped anew quickly and shredded for good.
-- Search rows are emptied and built again: they carry more than before.

CREATE TABLE key_version (
    domain TEXT NOT NULL,
    version SMALLINT NOT NULL,
    state TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_key_version PRIMARY KEY (domain, version),
    CONSTRAINT ck_key_version_state_known CHECK (state IN ('active', 'decrypt_only', 'retired', 'destroyed'))
);
COMMENT ON COLUMN key_version.domain IS 'what the key is for';
COMMENT ON COLUMN key_version.since IS 'when this database first heard of it';

-- No key refers to `child`: a copy of this table is newer than the rows it is restored beside.
CREATE TABLE child_key (
    child_id UUID NOT NULL,
    owner_id UUID NOT NULL,
    domain TEXT NOT NULL,
    generation SMALLINT NOT NULL,
    epoch SMALLINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    CONSTRAINT pk_child_key PRIMARY KEY (child_id, owner_id),
    CONSTRAINT ck_child_key_domain_known CHECK (domain IN ('identity_wrap', 'case_wrap')),
    CONSTRAINT fk_child_key_domain_epoch FOREIGN KEY(domain, epoch) REFERENCES key_version (domain, version)
);
CREATE INDEX ix_child_key_domain_epoch ON child_key (domain, epoch);
COMMENT ON COLUMN child_key.owner_id IS 'whose key it is: the identity itself, or its protection case';
COMMENT ON COLUMN child_key.generation IS 'counts the data keys of the owner; tokens carry it';
COMMENT ON COLUMN child_key.epoch IS 'version of the wrapping key';
COMMENT ON COLUMN child_key.wrapped_key IS 'data key under the wrapping key of its domain and epoch';

CREATE TABLE shared_key (
    owner_id UUID NOT NULL,
    domain TEXT NOT NULL,
    generation SMALLINT NOT NULL,
    epoch SMALLINT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    CONSTRAINT pk_shared_key PRIMARY KEY (owner_id),
    CONSTRAINT ck_shared_key_domain_known CHECK (domain IN ('extract_wrap', 'quarantine_wrap')),
    CONSTRAINT fk_shared_key_domain_epoch FOREIGN KEY(domain, epoch) REFERENCES key_version (domain, version)
);
COMMENT ON COLUMN shared_key.owner_id IS 'a load of the extract, or a source system';
COMMENT ON COLUMN shared_key.generation IS 'counts the data keys of the owner; tokens carry it';
COMMENT ON COLUMN shared_key.epoch IS 'version of the wrapping key';
COMMENT ON COLUMN shared_key.wrapped_key IS 'data key under the wrapping key of its domain and epoch';

CREATE TABLE erasure (
    child_id UUID NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE NOT NULL,
    erased_by UUID,
    CONSTRAINT pk_erasure PRIMARY KEY (child_id)
);
COMMENT ON COLUMN erasure.erased_by IS 'the account; null: whoever ran the command on a demo';

CREATE TABLE erased_record (
    key_digest BYTEA NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_erased_record PRIMARY KEY (key_digest)
);
COMMENT ON COLUMN erased_record.key_digest IS 'keyed digest of system, stream and record key: it leads to nobody';

CREATE TABLE decoy (
    pseudonym BYTEA NOT NULL,
    planted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_decoy PRIMARY KEY (pseudonym)
);
COMMENT ON COLUMN decoy.pseudonym IS 'keyed: the table does not tell which child it is';

CREATE TABLE alarm (
    alarm_id UUID NOT NULL,
    kind TEXT NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE NOT NULL,
    staff_id UUID,
    login TEXT,
    child_pseudonym BYTEA,
    place TEXT,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    acknowledged_by UUID,
    CONSTRAINT pk_alarm PRIMARY KEY (alarm_id),
    CONSTRAINT ck_alarm_acknowledged_by_somebody CHECK (acknowledged_by IS NULL OR acknowledged_at IS NOT NULL)
);
CREATE INDEX ix_alarm_waiting ON alarm (raised_at) WHERE acknowledged_at IS NULL;
COMMENT ON COLUMN alarm.login IS 'the account that did it; null: background work';
COMMENT ON COLUMN alarm.child_pseudonym IS 'keyed, as in the access log; null: no child';
COMMENT ON COLUMN alarm.place IS 'table and group of a value, or the domain of a key';

CREATE TABLE damaged_value (
    child_id UUID NOT NULL,
    table_name TEXT NOT NULL,
    group_name TEXT NOT NULL,
    noticed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_damaged_value PRIMARY KEY (child_id, table_name, group_name),
    CONSTRAINT fk_damaged_value_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);

-- what stands already: the owner reads its own rows for as long as they move
ALTER TABLE child NO FORCE ROW LEVEL SECURITY;
ALTER TABLE protection_case NO FORCE ROW LEVEL SECURITY;
ALTER TABLE extract_batch NO FORCE ROW LEVEL SECURITY;
ALTER TABLE source_system NO FORCE ROW LEVEL SECURITY;
INSERT INTO key_version
    SELECT domain, epoch, 'active', now() FROM (
        SELECT 'identity_wrap' AS domain, key_epoch AS epoch FROM child WHERE wrapped_key IS NOT NULL
        UNION SELECT 'case_wrap', key_epoch FROM protection_case WHERE wrapped_key IS NOT NULL
        UNION SELECT 'extract_wrap', key_epoch FROM extract_batch
        UNION SELECT 'quarantine_wrap', key_epoch FROM source_system) AS used;
INSERT INTO child_key
    SELECT child_id, child_id, 'identity_wrap', key_generation, key_epoch, wrapped_key FROM child
    WHERE wrapped_key IS NOT NULL
    UNION ALL
    SELECT child_id, case_id, 'case_wrap', key_generation, key_epoch, wrapped_key FROM protection_case
    WHERE wrapped_key IS NOT NULL;
INSERT INTO shared_key
    SELECT batch_id, 'extract_wrap', 1, key_epoch, wrapped_key FROM extract_batch
    UNION ALL
    SELECT owner_id, 'quarantine_wrap', 1, key_epoch, wrapped_key FROM source_system;
ALTER TABLE child FORCE ROW LEVEL SECURITY;
ALTER TABLE protection_case FORCE ROW LEVEL SECURITY;
ALTER TABLE extract_batch FORCE ROW LEVEL SECURITY;
ALTER TABLE source_system FORCE ROW LEVEL SECURITY;

ALTER TABLE child DROP CONSTRAINT ck_child_erased_without_key;
ALTER TABLE child DROP COLUMN wrapped_key, DROP COLUMN key_epoch, DROP COLUMN key_generation;
ALTER TABLE protection_case DROP COLUMN wrapped_key, DROP COLUMN key_epoch, DROP COLUMN key_generation;
ALTER TABLE extract_batch DROP COLUMN wrapped_key, DROP COLUMN key_epoch;
ALTER TABLE source_system DROP COLUMN wrapped_key, DROP COLUMN key_epoch;
COMMENT ON COLUMN source_system.owner_id IS 'names the key in shared_key and in its associated data';

-- hashes say which version of their key made them, so that two can be alive while an index is built anew
ALTER TABLE identifier_lookup ADD COLUMN key_version SMALLINT DEFAULT 1 NOT NULL;
ALTER TABLE source_key_lookup ADD COLUMN key_version SMALLINT DEFAULT 1 NOT NULL;
ALTER TABLE extract_number_lookup ADD COLUMN key_version SMALLINT DEFAULT 1 NOT NULL;
ALTER TABLE child_block ADD COLUMN key_version SMALLINT DEFAULT 1 NOT NULL;
ALTER TABLE extract_block ADD COLUMN key_version SMALLINT DEFAULT 1 NOT NULL;
CREATE INDEX ix_source_key_lookup_leads_to ON source_key_lookup (leads_to);
CREATE INDEX ix_extract_number_lookup_person_id ON extract_number_lookup (person_id);
COMMENT ON COLUMN identifier_lookup.key_version IS 'version of the index key';
COMMENT ON COLUMN source_key_lookup.key_version IS 'version of the index key';
COMMENT ON COLUMN extract_number_lookup.key_version IS 'version of the index key';
COMMENT ON COLUMN child_block.key_version IS 'version of the key of block tokens';
COMMENT ON COLUMN extract_block.key_version IS 'version of the key of block tokens';

-- a search row holds all that finding needs, and its own place: row security asks no other table
TRUNCATE child_search;
ALTER TABLE child_search
    ADD COLUMN key_version SMALLINT NOT NULL,
    ADD COLUMN province_code TEXT,
    ADD COLUMN communes TEXT[] NOT NULL,
    ADD COLUMN birth_year SMALLINT,
    ADD COLUMN sealed_finding BYTEA NOT NULL;
CREATE INDEX ix_child_search_communes ON child_search USING gin (communes);
COMMENT ON COLUMN child_search.key_version IS 'version of the search key';
COMMENT ON COLUMN child_search.province_code IS 'as in child';
COMMENT ON COLUMN child_search.communes IS 'as in child';
COMMENT ON COLUMN child_search.birth_year IS 'as in child';
COMMENT ON COLUMN child_search.sealed_finding IS 'sealed: what a search compares';
DROP POLICY with_the_child ON child_search;
-- people see what a search of theirs names, inside their area: the index serves a policy, and it serves no condition of
-- a query behind one, for the operators of arrays are not leakproof
CREATE POLICY people_by_search ON child_search
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer
    USING ((SELECT registry_purpose()) IS NOT NULL
        AND (tokens && (SELECT nullif(current_setting('app.tokens', true), '')::int4[])
            OR communes && (SELECT nullif(current_setting('app.looked_in', true), '')::text[]))
        AND ((SELECT current_setting('app.nation', true)) = 'on'
            OR communes && (SELECT string_to_array(current_setting('app.communes', true), ','))
            OR province_code = ANY ((SELECT string_to_array(current_setting('app.provinces', true), ','))::text[])));
CREATE POLICY with_the_child ON child_search TO child_registry_sector_system
    USING (EXISTS (SELECT FROM child WHERE child.child_id = child_search.child_id));

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['key_version', 'child_key', 'shared_key', 'erasure', 'erased_record', 'decoy', 'alarm']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        -- wrapped keys, keyed hashes and ids: what they open or lead to is guarded where it stands
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING ((SELECT registry_purpose()) IS NOT NULL)', name);
    END LOOP;
END
$$;

ALTER TABLE damaged_value ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY with_the_child ON damaged_value
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer, child_registry_sector_system
    USING (EXISTS (SELECT FROM child WHERE child.child_id = damaged_value.child_id));
CREATE POLICY engine_by_purpose ON damaged_value TO child_registry_engine USING (registry_purpose() IS NOT NULL);
CREATE POLICY noted_with_a_purpose ON damaged_value FOR INSERT WITH CHECK (registry_purpose() IS NOT NULL);

-- a key that a row still needs can be neither retired nor destroyed, whoever asks
CREATE FUNCTION refuse_key_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM child_key k WHERE k.domain = NEW.domain AND k.epoch = NEW.version)
        OR EXISTS (SELECT FROM shared_key k WHERE k.domain = NEW.domain AND k.epoch = NEW.version)
        OR NEW.domain = 'index' AND (
            EXISTS (SELECT FROM identifier_lookup l WHERE l.key_version = NEW.version)
            OR EXISTS (SELECT FROM source_key_lookup l WHERE l.key_version = NEW.version)
            OR EXISTS (SELECT FROM extract_number_lookup l WHERE l.key_version = NEW.version))
        OR NEW.domain = 'search' AND EXISTS (SELECT FROM child_search s WHERE s.key_version = NEW.version)
        OR NEW.domain = 'block' AND (
            EXISTS (SELECT FROM child_block b WHERE b.key_version = NEW.version)
            OR EXISTS (SELECT FROM extract_block b WHERE b.key_version = NEW.version))
        OR NEW.domain = 'session_wrap' AND EXISTS (
            SELECT FROM search_memo m WHERE get_byte(m.sealed_query, 2) * 256 + get_byte(m.sealed_query, 3) = NEW.version)
    THEN
        RAISE EXCEPTION 'key_in_use' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER key_in_use BEFORE UPDATE OF state ON key_version FOR EACH ROW
    WHEN (NEW.state IN ('retired', 'destroyed')) EXECUTE FUNCTION refuse_key_in_use();

-- whoever holds an old copy of the keyring makes nothing new with a key that is gone
CREATE FUNCTION refuse_key_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM written w JOIN key_version v ON v.domain = w.domain AND v.version = w.epoch
               WHERE v.state IN ('retired', 'destroyed')) THEN
        RAISE EXCEPTION 'key_gone' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER key_gone_inserted AFTER INSERT ON child_key REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_key_gone();
CREATE TRIGGER key_gone_updated AFTER UPDATE ON child_key REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_key_gone();
CREATE TRIGGER key_gone_inserted AFTER INSERT ON shared_key REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_key_gone();
CREATE TRIGGER key_gone_updated AFTER UPDATE ON shared_key REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_key_gone();

-- the same for keyed hashes: the version is held for the transaction, so that none retires it in between
CREATE FUNCTION refuse_hash_of_key_gone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    made_with smallint[] := ARRAY(SELECT DISTINCT key_version FROM written);
BEGIN
    PERFORM FROM key_version v WHERE v.domain = TG_ARGV[0] AND v.version = ANY (made_with) FOR KEY SHARE;
    IF EXISTS (SELECT FROM key_version v WHERE v.domain = TG_ARGV[0] AND v.version = ANY (made_with)
               AND v.state IN ('retired', 'destroyed')) THEN
        RAISE EXCEPTION 'key_gone' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    of_table text;
    of_domain text;
BEGIN
    FOR of_table, of_domain IN VALUES ('identifier_lookup', 'index'), ('source_key_lookup', 'index'),
        ('extract_number_lookup', 'index'), ('child_search', 'search'), ('child_block', 'block'), ('extract_block', 'block')
    LOOP
        EXECUTE format('CREATE TRIGGER key_gone_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_hash_of_key_gone(%L)', of_table, of_domain);
    END LOOP;
END
$$;

-- whoever had opened a child before she was erased writes nothing of her afterwards
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM written w JOIN erasure e ON e.child_id = w.child_id) THEN
        RAISE EXCEPTION 'erased' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    of_table text;
BEGIN
    FOREACH of_table IN ARRAY ARRAY['match_result', 'candidate', 'link', 'verdict', 'verification', 'opening', 'child_search',
        'record_comparison', 'record_pair', 'record_verdict', 'record_join']
    LOOP
        EXECUTE format('CREATE TRIGGER erased_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased()', of_table);
    END LOOP;
END
$$;

-- every role may raise an alarm, and none may unsay one
CREATE FUNCTION raise_alarm(new_id uuid, new_kind text, new_at timestamptz, new_staff uuid, new_login text,
                            new_pseudonym bytea, new_place text) RETURNS void LANGUAGE sql SECURITY DEFINER
    SET search_path = public, pg_temp
    BEGIN ATOMIC
        INSERT INTO alarm (alarm_id, kind, raised_at, staff_id, login, child_pseudonym, place)
        VALUES (new_id, new_kind, new_at, new_staff, new_login, new_pseudonym, new_place);
    END;
REVOKE ALL ON FUNCTION raise_alarm(uuid, text, timestamptz, uuid, text, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION raise_alarm(uuid, text, timestamptz, uuid, text, bytea, text)
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer, child_registry_steward,
    child_registry_sector_system, child_registry_statistician, child_registry_auditor, child_registry_custodian,
    child_registry_administrator, child_registry_engine, child_registry_door;
REVOKE DELETE, TRUNCATE ON alarm FROM CURRENT_USER;

-- whoever meets a damaged value notes it, and changes nothing else
CREATE FUNCTION note_damage(of_child uuid, in_table text, in_group text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO damaged_value (child_id, table_name, group_name, noticed_at) VALUES (of_child, in_table, in_group, at);
    RETURN true;
EXCEPTION WHEN unique_violation THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION note_damage(uuid, text, text, timestamptz) IS 'true: nobody had noted it before';
REVOKE ALL ON FUNCTION note_damage(uuid, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION note_damage(uuid, text, text, timestamptz)
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer,
    child_registry_sector_system, child_registry_engine;

GRANT SELECT ON key_version TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer,
    child_registry_sector_system, child_registry_custodian, child_registry_engine;
GRANT INSERT, UPDATE ON key_version TO child_registry_engine;
GRANT SELECT ON child_key TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer;
GRANT SELECT, INSERT ON child_key, shared_key TO child_registry_sector_system;
GRANT SELECT ON shared_key TO child_registry_reviewer;
GRANT SELECT, INSERT, UPDATE, DELETE ON child_key, shared_key TO child_registry_engine;
GRANT SELECT, INSERT ON erasure, erased_record TO child_registry_engine;
GRANT SELECT ON erased_record TO child_registry_sector_system;
GRANT SELECT ON decoy TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer,
    child_registry_engine, child_registry_sector_system;
GRANT INSERT, DELETE ON decoy TO child_registry_engine;
GRANT SELECT ON alarm TO child_registry_auditor, child_registry_administrator, child_registry_custodian, child_registry_engine;
GRANT UPDATE (acknowledged_at, acknowledged_by) ON alarm TO child_registry_auditor, child_registry_engine;
GRANT SELECT ON damaged_value TO child_registry_commune_worker, child_registry_province_worker,
    child_registry_reviewer;
GRANT SELECT, DELETE ON damaged_value TO child_registry_sector_system, child_registry_engine;

-- the engine erases: it alone may take away what stands sealed
GRANT UPDATE ON child, identity, source_record, source_key_lookup TO child_registry_engine;
GRANT INSERT ON child, identity, source_record, source_version, source_key_lookup TO child_registry_engine;
GRANT DELETE ON identity, source_record, source_version, source_key_lookup, verdict, record_verdict, outbox_event
    TO child_registry_engine;
GRANT SELECT, UPDATE, DELETE ON protection_case, opening TO child_registry_engine;
GRANT SELECT, DELETE ON search_memo TO child_registry_engine;

-- Limits of looking, and lists of children that two persons let out.

-- what an account looked at: an index of the access log, made of each leaf in the transaction that appends it
CREATE TABLE look (
    on_day DATE NOT NULL,
    staff_id UUID NOT NULL,
    kind TEXT NOT NULL,
    thing BYTEA NOT NULL,
    role TEXT NOT NULL,
    purpose TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    times INTEGER DEFAULT 1 NOT NULL,
    steps SMALLINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_look PRIMARY KEY (on_day, staff_id, kind, thing),
    CONSTRAINT ck_look_kind_known CHECK (kind IN ('opened', 'searched', 'missed'))
);
COMMENT ON COLUMN look.on_day IS 'in Viet Nam';
COMMENT ON COLUMN look.thing IS 'keyed: a child or a search, as in the access log';
COMMENT ON COLUMN look.purpose IS 'of the last time';
COMMENT ON COLUMN look.steps IS 'searches before this one whose numbers it goes on from';

CREATE TABLE staff_person (
    staff_id UUID NOT NULL,
    sealed_person BYTEA NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_staff_person PRIMARY KEY (staff_id),
    CONSTRAINT fk_staff_person_staff_id FOREIGN KEY (staff_id) REFERENCES staff (staff_id)
);
COMMENT ON COLUMN staff_person.sealed_person IS 'sealed: name, commune and address';

CREATE TABLE export (
    export_id UUID NOT NULL,
    short_id INTEGER NOT NULL,
    asked_by UUID NOT NULL,
    login TEXT NOT NULL,
    office TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    purpose TEXT NOT NULL,
    children INTEGER NOT NULL,
    list_digest BYTEA NOT NULL,
    needs_second BOOLEAN NOT NULL,
    provinces TEXT[] NOT NULL,
    mark_version SMALLINT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    approved BOOLEAN,
    fetches INTEGER DEFAULT 0 NOT NULL,
    fetched_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_export PRIMARY KEY (export_id),
    CONSTRAINT uq_export_short_id UNIQUE (short_id),
    CONSTRAINT ck_export_decided_by_another CHECK (decided_by IS NULL OR decided_by <> asked_by),
    CONSTRAINT ck_export_decided_by_somebody CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_export_decided_one_way CHECK ((decided_by IS NULL) = (approved IS NULL)),
    CONSTRAINT ck_export_fetched_as_approved CHECK (fetches = 0 OR NOT needs_second OR approved IS TRUE),
    CONSTRAINT ck_export_expires_later CHECK (expires_at > asked_at)
);
CREATE INDEX ix_export_asked_by ON export (asked_by, asked_at);
COMMENT ON COLUMN export.short_id IS 'random, for the codes in its rows';
COMMENT ON COLUMN export.login IS 'the account, as it stands on every page of the file';
COMMENT ON COLUMN export.children IS 'how many are on the list';
COMMENT ON COLUMN export.list_digest IS 'keyed digest of the children and their values';
COMMENT ON COLUMN export.needs_second IS 'another person must approve it';
COMMENT ON COLUMN export.provinces IS 'where its children live, for those who may approve it';
COMMENT ON COLUMN export.mark_version IS 'version of the key of the marks';
COMMENT ON COLUMN export.fetched_at IS 'the last time';

CREATE TABLE export_list (
    export_id UUID NOT NULL,
    sealed_list BYTEA NOT NULL,
    sealed_answer BYTEA,
    CONSTRAINT pk_export_list PRIMARY KEY (export_id),
    CONSTRAINT fk_export_list_export_id FOREIGN KEY (export_id) REFERENCES export (export_id)
);
COMMENT ON COLUMN export_list.sealed_list IS 'sealed: question, sentence, ids and digests of the rows';
COMMENT ON COLUMN export_list.sealed_answer IS 'sealed: the sentence of whoever decided';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['look', 'staff_person', 'export', 'export_list']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        -- keyed hashes, sealed values and counts: none of it is of a child who could be seen here
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING ((SELECT registry_purpose()) IS NOT NULL)', name);
    END LOOP;
END
$$;

-- a leaf of somebody's look is counted where it is appended; nobody writes here but through the log
CREATE FUNCTION count_look() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told jsonb := convert_from(NEW.content, 'UTF8')::jsonb;
    looked_at timestamptz := told ->> 'at';
    done boolean := told ->> 'outcome' = 'done';
BEGIN
    IF told ->> 'staff_id' IS NULL OR told ->> 'action' NOT IN ('find', 'open', 'open_case', 'review', 'break_glass') THEN
        RETURN NULL;  -- background work has no limits
    END IF;
    INSERT INTO look AS l (on_day, staff_id, kind, thing, role, purpose, first_at, last_at, steps)
    VALUES (
        (looked_at AT TIME ZONE 'UTC' + interval '7 hours')::date,
        (told ->> 'staff_id')::uuid,
        CASE WHEN NOT done THEN 'missed' WHEN told ->> 'action' = 'find' THEN 'searched' ELSE 'opened' END,
        decode(coalesce(CASE WHEN told ->> 'action' <> 'find' THEN told -> 'children' ->> 0 ELSE told ->> 'query' END,
                        md5(told ->> 'event_id')), 'hex'),
        told ->> 'role', told ->> 'purpose', looked_at, looked_at, coalesce((told -> 'counts' ->> 'steps')::smallint, 0))
    ON CONFLICT (on_day, staff_id, kind, thing) DO UPDATE
    SET last_at = greatest(l.last_at, excluded.last_at), times = l.times + 1, purpose = excluded.purpose,
        steps = greatest(l.steps, excluded.steps);
    RETURN NULL;
END
$$;
CREATE TRIGGER look_counted AFTER INSERT ON access_leaf FOR EACH ROW
    WHEN (substr(NEW.content, 1, 16) IN ('{"action":"find"', '{"action":"open"', '{"action":"open_', '{"action":"revie',
                                         '{"action":"break'))
    EXECUTE FUNCTION count_look();

-- how many other children an account opened within an hour and a day, and whether it had opened this one
CREATE FUNCTION looks_before(of_staff uuid, now_at timestamptz, at_thing bytea,
                             OUT in_hour integer, OUT in_day integer, OUT known_in_hour boolean, OUT known_in_day boolean,
                             OUT oldest_in_hour timestamptz, OUT oldest_in_day timestamptz, OUT person bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(DISTINCT l.thing) FILTER (WHERE l.thing <> at_thing AND l.last_at > now_at - interval '1 hour'),
        count(DISTINCT l.thing) FILTER (WHERE l.thing <> at_thing),
        coalesce(bool_or(l.thing = at_thing AND l.last_at > now_at - interval '1 hour'), false),
        coalesce(bool_or(l.thing = at_thing), false),
        min(l.last_at) FILTER (WHERE l.last_at > now_at - interval '1 hour'),
        min(l.last_at),
        (SELECT p.sealed_person FROM staff_person p WHERE p.staff_id = of_staff)
    FROM look l
    WHERE l.staff_id = of_staff AND l.kind = 'opened' AND l.last_at > now_at - interval '1 day' AND l.last_at <= now_at
        AND l.on_day IN ((now_at AT TIME ZONE 'UTC' + interval '7 hours')::date,
                         (now_at AT TIME ZONE 'UTC' - interval '17 hours')::date)
$$;

-- the longest run of searches within an hour that ended with one of these
CREATE FUNCTION steps_before(of_staff uuid, now_at timestamptz, things bytea[]) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(max(l.steps) + 1, 0) FROM look l
    WHERE l.staff_id = of_staff AND l.kind = 'searched' AND l.thing = ANY (things) AND l.last_at > now_at - interval '1 hour'
        AND l.on_day IN ((now_at AT TIME ZONE 'UTC' + interval '7 hours')::date,
                         (now_at AT TIME ZONE 'UTC' + interval '6 hours')::date)
$$;

-- an alarm of one kind is raised once for an account in a while, however often its cause comes
CREATE FUNCTION raise_alarm_once(new_id uuid, new_kind text, new_at timestamptz, of_staff uuid, new_pseudonym bytea,
                                 new_place text, within interval) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(new_kind || of_staff::text, 0));
    IF EXISTS (SELECT FROM alarm a WHERE a.kind = new_kind AND a.staff_id = of_staff AND a.raised_at > new_at - within) THEN
        RETURN false;
    END IF;
    INSERT INTO alarm (alarm_id, kind, raised_at, staff_id, login, child_pseudonym, place)
    VALUES (new_id, new_kind, new_at, of_staff, (SELECT s.login FROM staff s WHERE s.staff_id = of_staff), new_pseudonym,
            new_place);
    RETURN true;
END
$$;
CREATE INDEX ix_alarm_of_account ON alarm (staff_id, kind, raised_at);

DO $$
DECLARE
    signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY['looks_before(uuid, timestamptz, bytea)', 'steps_before(uuid, timestamptz, bytea[])',
        'raise_alarm_once(uuid, text, timestamptz, uuid, bytea, text, interval)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO child_registry_commune_worker, child_registry_province_worker,
            child_registry_reviewer, child_registry_engine', signature);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION count_look() FROM PUBLIC;

-- the key of a list that stands is needed
CREATE FUNCTION refuse_key_of_export() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM export_list e WHERE get_byte(e.sealed_list, 2) * 256 + get_byte(e.sealed_list, 3) = NEW.version)
    THEN
        RAISE EXCEPTION 'key_in_use' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER key_of_export BEFORE UPDATE OF state ON key_version FOR EACH ROW
    WHEN (NEW.domain = 'session_wrap' AND NEW.state IN ('retired', 'destroyed')) EXECUTE FUNCTION refuse_key_of_export();
REVOKE ALL ON FUNCTION refuse_key_of_export() FROM PUBLIC;

GRANT SELECT, DELETE ON look TO child_registry_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_person TO child_registry_administrator;
GRANT SELECT, INSERT ON export, export_list TO child_registry_commune_worker, child_registry_province_worker;
GRANT UPDATE (fetches, fetched_at) ON export TO child_registry_commune_worker, child_registry_province_worker;
GRANT UPDATE (decided_by, decided_at, approved) ON export TO child_registry_province_worker, child_registry_auditor;
GRANT UPDATE (sealed_answer) ON export_list TO child_registry_province_worker, child_registry_auditor;
GRANT SELECT ON export, export_list TO child_registry_auditor;
GRANT SELECT ON export TO child_registry_engine;
GRANT SELECT, DELETE ON export_list TO child_registry_engine;

-- What is read and written at every look at a child, as functions: their plans are kept from one call to the next.
-- Each runs as whoever calls it, under row security; none sees more than its caller. The general plan is asked for, as
-- the server prefers to plan anew for a list as short as the identities of one child, which takes longer than to run it.

-- the child of whom an identity is one: the identity that stands for her, and all that are her
CREATE FUNCTION identities_of(asked uuid, OUT head uuid, OUT members uuid[]) LANGUAGE plpgsql STABLE
    SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    head := coalesce((SELECT p.head_id FROM pointer p WHERE p.child_id = asked), asked);
    members := coalesce((SELECT array_agg(m.member_id ORDER BY m.member_id) FROM member m WHERE m.child_id = head),
                        ARRAY[head]);
END
$$;

-- where identities live, as far as they are seen
CREATE FUNCTION places_of(children uuid[])
    RETURNS TABLE (child_id uuid, communes text[], province_code text, sealed boolean)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT c.child_id, c.communes, c.province_code, EXISTS (SELECT FROM child_seal s WHERE s.child_id = c.child_id)
    FROM child c WHERE c.child_id = ANY (children) AND c.withdrawn_at IS NULL AND c.erased_at IS NULL;
END
$$;

-- lets the transaction see an area, and of a child who lives in it all identities; no head: she is not seen
CREATE FUNCTION reach_child(asked uuid, in_communes text, in_provinces text, of_nation text,
                            OUT head uuid, OUT members uuid[], OUT sealed boolean)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM set_config('app.communes', in_communes, true), set_config('app.provinces', in_provinces, true),
        set_config('app.nation', of_nation, true);
    SELECT i.head, i.members INTO head, members FROM identities_of(asked) i;
    SELECT bool_or(p.sealed) INTO sealed FROM places_of(members) p;
    IF sealed IS NULL THEN
        head := NULL;
        members := NULL;
    ELSE
        PERFORM set_config('app.opened', array_to_string(members, ','), true);
    END IF;
END
$$;

-- all that is sealed of identities, the oldest first
CREATE FUNCTION groups_of(children uuid[]) RETURNS TABLE (
        child_id uuid, system text, commune_code text, commune_scheme text, communes text[], province_code text,
        wrapped_key bytea, key_epoch smallint, key_generation smallint,
        sealed_identity bytea, sealed_family bytea, sealed_contact bytea, sealed_services bytea, sealed_welfare bytea,
        sealed_source bytea, version_at timestamptz, seen_at timestamptz)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT c.child_id, c.system, c.commune_code, c.commune_scheme, c.communes, c.province_code,
        k.wrapped_key, k.epoch, k.generation, i.sealed_identity, i.sealed_family, i.sealed_contact, i.sealed_services,
        i.sealed_welfare, i.sealed_source, s.version_at, s.seen_at
    FROM child c
    JOIN identity i ON i.child_id = c.child_id
    JOIN child_key k ON k.child_id = c.child_id AND k.owner_id = c.child_id
    JOIN source_record s ON s.child_id = c.child_id
    WHERE c.child_id = ANY (children) AND c.withdrawn_at IS NULL AND c.erased_at IS NULL
    ORDER BY c.created_at, c.child_id;
END
$$;

-- the protection cases of identities
CREATE FUNCTION cases_of(children uuid[]) RETURNS TABLE (
        child_id uuid, case_id uuid, wrapped_key bytea, key_epoch smallint, key_generation smallint,
        sealed_case bytea, sealed_case_notes bytea, sealed_reporter bytea, sealed_suspect bytea)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT p.child_id, p.case_id, k.wrapped_key, k.epoch, k.generation, p.sealed_case, p.sealed_case_notes,
        p.sealed_reporter, p.sealed_suspect
    FROM protection_case p JOIN child_key k ON k.child_id = p.child_id AND k.owner_id = p.case_id
    WHERE p.child_id = ANY (children);
END
$$;

-- the links that stand of identities, with the last answer about each; an answer goes before silence
CREATE FUNCTION links_of(children uuid[]) RETURNS TABLE (
        child_id uuid, link_id uuid, person_id uuid, probability float8, sealed_number bytea, sealed_evidence bytea,
        model_version text, made_at timestamptz, made_by uuid, outcome text, as_of timestamptz)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT l.child_id, l.link_id, l.person_id, l.probability, l.sealed_number, l.sealed_evidence, l.model_version,
        l.made_at, l.made_by, v.outcome, v.as_of
    FROM link l LEFT JOIN LATERAL (
        SELECT f.outcome, f.as_of FROM verification f WHERE f.child_id = l.child_id AND f.link_id = l.link_id
        ORDER BY f.outcome <> 'unknown' DESC, f.as_of DESC LIMIT 1) AS v ON true
    WHERE l.child_id = ANY (children) AND l.undone_at IS NULL
    ORDER BY l.made_at, l.child_id;
END
$$;

-- the pairs and the joins among identities
CREATE FUNCTION pairs_of(children uuid[]) RETURNS TABLE (
        child_id uuid, other_id uuid, probability float8, bits float8, held boolean, sealed_evidence bytea,
        model_version text)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT p.child_id, p.other_id, p.probability, p.bits, p.held, p.sealed_evidence, p.model_version
        FROM record_pair p WHERE p.child_id = ANY (children) AND p.other_id = ANY (children);
END
$$;
CREATE FUNCTION joins_of(children uuid[]) RETURNS TABLE (
        child_id uuid, join_id uuid, other_id uuid, reason text, probability float8, made_at timestamptz, made_by uuid)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT j.child_id, j.join_id, j.other_id, j.reason, j.probability, j.made_at, j.made_by
        FROM record_join j
        WHERE (j.child_id = ANY (children) OR j.other_id = ANY (children)) AND j.ended_at IS NULL
        ORDER BY j.made_at, j.join_id;
END
$$;

-- which of these keyed names are decoys'
CREATE FUNCTION decoys_of(names bytea[]) RETURNS TABLE (pseudonym bytea)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT d.pseudonym FROM decoy d WHERE d.pseudonym = ANY (names);
END
$$;

-- a reason given for opening a child
CREATE FUNCTION note_opening(of_child uuid, new_id uuid, of_staff uuid, with_purpose text, now_at timestamptz) RETURNS void
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    INSERT INTO opening (child_id, opening_id, staff_id, purpose, opened_at)
        VALUES (of_child, new_id, of_staff, with_purpose, now_at);
END
$$;

DO $$
DECLARE
    signature text;
BEGIN
    FOREACH signature IN ARRAY ARRAY['identities_of(uuid)', 'places_of(uuid[])', 'reach_child(uuid, text, text, text)',
        'groups_of(uuid[])', 'cases_of(uuid[])', 'links_of(uuid[])', 'pairs_of(uuid[])', 'joins_of(uuid[])', 'decoys_of(bytea[])',
        'note_opening(uuid, uuid, uuid, text, timestamptz)']
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO child_registry_commune_worker, child_registry_province_worker,
            child_registry_reviewer, child_registry_engine', signature);
    END LOOP;
END
$$;
GRANT EXECUTE ON FUNCTION groups_of(uuid[]) TO child_registry_sector_system;  -- its own records, where decoys hide

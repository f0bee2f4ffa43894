-- One database role per application role, and everything else in the name of the database's owner.
--
-- The owner is the application's login. An administrator who runs this in its stead makes what it may not make itself,
-- then goes on as the owner, so that the tables are the owner's whoever has run the script.

CREATE EXTENSION IF NOT EXISTS intarray;

DO $$
DECLARE
    name text;
    owner text := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
BEGIN
    IF NOT pg_has_role(current_user, owner, 'MEMBER') THEN
        owner := current_user;  -- an account with rights in somebody else's database
    END IF;
    FOREACH name IN ARRAY ARRAY['commune_worker', 'province_worker', 'reviewer', 'steward', 'sector_system', 'statistician',
                                'auditor', 'custodian', 'administrator', 'engine', 'door']
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'child_registry_' || name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', 'child_registry_' || name);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another installation on this server made it in the same moment
        END;
        IF NOT pg_has_role(owner, 'child_registry_' || name, 'USAGE') THEN
            EXECUTE format('GRANT %I TO %I', 'child_registry_' || name, owner);
        END IF;
    END LOOP;
    IF owner <> current_user THEN
        EXECUTE format('ALTER TABLE alembic_version OWNER TO %I', owner);
        EXECUTE format('SET LOCAL ROLE %I', owner);
    END IF;
END
$$;

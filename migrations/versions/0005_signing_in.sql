-- Proofs of who somebody is: one-time codes, an identity provider, and when it was last proved.

ALTER TABLE staff ADD COLUMN code_enrolled_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN staff.code_enrolled_at IS 'since when signing in takes a one-time code too; null: it does not';

ALTER TABLE staff_session ADD COLUMN proven_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE staff_session ADD COLUMN method TEXT DEFAULT 'password' NOT NULL;
ALTER TABLE staff_session ADD COLUMN provider_session TEXT;
ALTER TABLE staff_session ADD CONSTRAINT ck_staff_session_method_known
    CHECK (method IN ('password', 'password_and_code', 'recovery_code', 'provider'));
COMMENT ON COLUMN staff_session.proven_at IS 'when its holder last proved who they are';
COMMENT ON COLUMN staff_session.method IS 'how its holder proved who they are';
COMMENT ON COLUMN staff_session.provider_session IS 'name of the session at the identity provider';

CREATE TABLE second_step (
    staff_id UUID NOT NULL,
    sealed_secret BYTEA,
    sealed_proposal BYTEA,
    last_step BIGINT DEFAULT '0' NOT NULL,
    recovery_digests TEXT[] NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_second_step PRIMARY KEY (staff_id),
    CONSTRAINT fk_second_step_staff_id FOREIGN KEY(staff_id) REFERENCES staff (staff_id)
);
COMMENT ON COLUMN second_step.sealed_secret IS 'sealed: what the codes are made from';
COMMENT ON COLUMN second_step.sealed_proposal IS 'sealed: the next secret, until a code of it was shown';
COMMENT ON COLUMN second_step.last_step IS 'the half minute of the last code that was accepted: none is accepted twice';
COMMENT ON COLUMN second_step.recovery_digests IS 'SHA-256 of the codes for a lost device, each good for once';

CREATE TABLE provider_account (
    staff_id UUID NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT,
    invited_as TEXT,
    bound_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_provider_account PRIMARY KEY (staff_id),
    CONSTRAINT ck_provider_account_someone CHECK ((subject IS NULL) <> (invited_as IS NULL)),
    CONSTRAINT fk_provider_account_staff_id FOREIGN KEY(staff_id) REFERENCES staff (staff_id),
    CONSTRAINT uq_provider_account_issuer_subject UNIQUE (issuer, subject),
    CONSTRAINT uq_provider_account_issuer_invited_as UNIQUE (issuer, invited_as)
);
COMMENT ON COLUMN provider_account.subject IS 'whom the identity provider means; null: not bound yet';
COMMENT ON COLUMN provider_account.invited_as IS 'the name that an administrator invited; null: bound';

CREATE TABLE provider_question (
    state_digest BYTEA NOT NULL,
    browser_digest BYTEA NOT NULL,
    session_digest BYTEA,
    next_page TEXT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_provider_question PRIMARY KEY (state_digest)
);
COMMENT ON COLUMN provider_question.state_digest IS 'SHA-256 of the state sent along';
COMMENT ON COLUMN provider_question.browser_digest IS 'SHA-256 of the cookie of the browser that asked';
COMMENT ON COLUMN provider_question.session_digest IS 'the session whose holder is to prove again who they are';
COMMENT ON COLUMN provider_question.next_page IS 'where to go on: one of our own pages';

CREATE TABLE provider_logout (
    token_digest BYTEA NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_provider_logout PRIMARY KEY (token_digest)
);
COMMENT ON COLUMN provider_logout.token_digest IS 'SHA-256 of issuer and number of a token: none is taken twice';

-- an account's secret is sealed under a key of its own; the door sees no other keys
ALTER TABLE shared_key DROP CONSTRAINT ck_shared_key_domain_known;
ALTER TABLE shared_key ADD CONSTRAINT ck_shared_key_domain_known
    CHECK (domain IN ('extract_wrap', 'quarantine_wrap', 'staff_wrap'));
COMMENT ON COLUMN shared_key.owner_id IS 'a load of the extract, a source system, or an account';
CREATE POLICY keys_of_accounts ON shared_key AS RESTRICTIVE TO child_registry_door 
    USING ((SELECT registry_purpose()) IS NOT NULL AND domain = 'staff_wrap');

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['second_step', 'provider_account', 'provider_question', 'provider_logout']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING ((SELECT registry_purpose()) IS NOT NULL)', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT ON shared_key TO child_registry_door;
GRANT SELECT ON key_version TO child_registry_door;
GRANT SELECT, INSERT, UPDATE ON second_step, provider_question TO child_registry_door;
GRANT SELECT, INSERT ON provider_logout TO child_registry_door;
GRANT SELECT, UPDATE ON provider_account TO child_registry_door;
GRANT SELECT, INSERT, UPDATE, DELETE ON provider_account TO child_registry_administrator;

-- the engine proves that all that is sealed opens, and sweeps away what nobody needs any more
GRANT SELECT ON second_step TO child_registry_engine;
GRANT SELECT, DELETE ON staff_session, provider_question, provider_logout TO child_registry_engine;

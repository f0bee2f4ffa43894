-- Duties of the law: legal bases, consents, requests of families, retention, breaches, and a guardian who is the suspect.

ALTER TABLE protection_case ADD COLUMN sealed_suspect BYTEA;
COMMENT ON COLUMN protection_case.sealed_suspect IS 'sealed: who is suspected; a right of its own; null: nobody is named';

CREATE TABLE legal_basis (
    basis_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    law TEXT NOT NULL,
    article TEXT NOT NULL,
    wording TEXT NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entered_by UUID,
    ended_by UUID,
    CONSTRAINT pk_legal_basis PRIMARY KEY (basis_id),
    CONSTRAINT ck_legal_basis_valid_for_a_time CHECK (valid_to IS NULL OR valid_to >= valid_from)
);
COMMENT ON COLUMN legal_basis.purpose IS 'code of the purpose that it allows';
COMMENT ON COLUMN legal_basis.wording IS 'what it says, in the words of whoever entered it';
COMMENT ON COLUMN legal_basis.valid_to IS 'last day; null: until further notice';
COMMENT ON COLUMN legal_basis.entered_by IS 'the account; null: it came with the program';
COMMENT ON COLUMN legal_basis.ended_by IS 'the account that set the last day; null: nobody did';

CREATE TABLE consent_text (
    text_digest BYTEA NOT NULL,
    use_code TEXT NOT NULL,
    version TEXT NOT NULL,
    language TEXT NOT NULL,
    wording TEXT NOT NULL,
    kept_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_consent_text PRIMARY KEY (text_digest)
);
COMMENT ON COLUMN consent_text.text_digest IS 'SHA-256 of the wording';
COMMENT ON COLUMN consent_text.use_code IS 'what is consented to';
COMMENT ON COLUMN consent_text.kept_at IS 'when somebody first signed it';

CREATE TABLE consent (
    child_id UUID NOT NULL,
    consent_id UUID NOT NULL,
    use_code TEXT NOT NULL,
    text_digest BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_by UUID,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    withdrawn_by UUID,
    sealed_withdrawal BYTEA,
    CONSTRAINT pk_consent PRIMARY KEY (child_id, consent_id),
    CONSTRAINT ck_consent_use_known CHECK (use_code IN ('disclosure', 'research', 'media', 'services')),
    CONSTRAINT ck_consent_withdrawal_is_whole CHECK ((withdrawn_at IS NULL) = (sealed_withdrawal IS NULL)),
    CONSTRAINT fk_consent_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN consent.use_code IS 'what is consented to';
COMMENT ON COLUMN consent.text_digest IS 'SHA-256 of the text that was signed';
COMMENT ON COLUMN consent.made_by IS 'the account that took it down';
COMMENT ON COLUMN consent.withdrawn_by IS 'the account that took the withdrawal down';
COMMENT ON COLUMN consent.sealed_withdrawal IS 'sealed: who withdrew it, and how; null: it stands';

CREATE TABLE consent_signature (
    child_id UUID NOT NULL,
    consent_id UUID NOT NULL,
    signer TEXT NOT NULL,
    method TEXT NOT NULL,
    signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL,
    taken_by UUID,
    sealed_signature BYTEA NOT NULL,
    CONSTRAINT pk_consent_signature PRIMARY KEY (child_id, consent_id, signer),
    CONSTRAINT ck_consent_signature_signer_known CHECK (signer IN ('child', 'representative')),
    CONSTRAINT ck_consent_signature_method_known CHECK (method IN ('paper', 'electronic', 'oral')),
    CONSTRAINT fk_consent_signature_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN consent_signature.method IS 'how it was given; oral: before a witness';
COMMENT ON COLUMN consent_signature.taken_by IS 'the account that took it down';
COMMENT ON COLUMN consent_signature.sealed_signature IS 'sealed: who signed, as what, before whom';

CREATE TABLE subject_request (
    child_id UUID NOT NULL,
    request_id UUID NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    third_party BOOLEAN NOT NULL,
    with_province BOOLEAN NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    answer_by DATE NOT NULL,
    done_by DATE NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    extended_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    taken_by UUID,
    told_at TIMESTAMP WITH TIME ZONE,
    sealed_request BYTEA NOT NULL,
    sealed_extension BYTEA,
    sealed_outcome BYTEA,
    CONSTRAINT pk_subject_request PRIMARY KEY (child_id, request_id),
    CONSTRAINT ck_subject_request_kind_known CHECK (kind IN ('access', 'who_looked', 'correction', 'deletion', 'restriction',
        'objection', 'withdrawal', 'complaint')),
    CONSTRAINT ck_subject_request_state_known CHECK (state IN ('received', 'answered', 'closed')),
    CONSTRAINT ck_subject_request_outcome_known CHECK (outcome IN ('granted', 'partly', 'refused')),
    CONSTRAINT ck_subject_request_closed_is_whole CHECK ((state = 'closed') = (closed_at IS NOT NULL)
        AND (closed_at IS NULL) = (outcome IS NULL) AND (closed_at IS NULL) = (sealed_outcome IS NULL)),
    CONSTRAINT ck_subject_request_extension_is_whole CHECK ((extended_at IS NULL) = (sealed_extension IS NULL)),
    CONSTRAINT fk_subject_request_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
CREATE INDEX ix_subject_request_waiting ON subject_request (done_by) WHERE state <> 'closed';
COMMENT ON COLUMN subject_request.kind IS 'what the family asks for';
COMMENT ON COLUMN subject_request.third_party IS 'a processor or another office must act too';
COMMENT ON COLUMN subject_request.with_province IS 'the province answers it, for whichever reason';
COMMENT ON COLUMN subject_request.answer_by IS 'last day for the first answer';
COMMENT ON COLUMN subject_request.done_by IS 'last day for the whole, with an extension if there was one';
COMMENT ON COLUMN subject_request.taken_by IS 'the account that took it down';
COMMENT ON COLUMN subject_request.told_at IS 'when an alarm was raised that it is overdue';
COMMENT ON COLUMN subject_request.sealed_request IS 'sealed: who asks, as what, and in which words';
COMMENT ON COLUMN subject_request.sealed_extension IS 'sealed: why more time is needed; null: not extended';
COMMENT ON COLUMN subject_request.sealed_outcome IS 'sealed: what was done, and why; null: not closed';

CREATE TABLE subject_correction (
    child_id UUID NOT NULL,
    correction_id UUID NOT NULL,
    request_id UUID NOT NULL,
    field_code TEXT NOT NULL,
    system TEXT NOT NULL,
    passed_on_at TIMESTAMP WITH TIME ZONE NOT NULL,
    passed_on_by UUID,
    sealed_correction BYTEA NOT NULL,
    CONSTRAINT pk_subject_correction PRIMARY KEY (child_id, correction_id),
    CONSTRAINT fk_subject_correction_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN subject_correction.field_code IS 'which field is wrong';
COMMENT ON COLUMN subject_correction.system IS 'the source that was told to correct its record';
COMMENT ON COLUMN subject_correction.sealed_correction IS 'sealed: what stood there, what is right, by which paper';

CREATE TABLE legal_hold (
    hold_id UUID NOT NULL,
    held_id UUID NOT NULL,
    of_case BOOLEAN NOT NULL,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    placed_by UUID,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by UUID,
    sealed_sentence BYTEA NOT NULL,
    sealed_lifting BYTEA,
    CONSTRAINT pk_legal_hold PRIMARY KEY (hold_id),
    CONSTRAINT ck_legal_hold_lifting_is_whole CHECK ((lifted_at IS NULL) = (sealed_lifting IS NULL))
);
CREATE INDEX ix_legal_hold_held_id ON legal_hold (held_id) WHERE lifted_at IS NULL;
COMMENT ON COLUMN legal_hold.held_id IS 'the identity or the protection case that must be kept';
COMMENT ON COLUMN legal_hold.placed_by IS 'the account; null: whoever ran the command on a demo';
COMMENT ON COLUMN legal_hold.sealed_sentence IS 'sealed: why it must be kept';
COMMENT ON COLUMN legal_hold.sealed_lifting IS 'sealed: why it need not be kept any more; null: it holds';

CREATE TABLE breach (
    breach_id UUID NOT NULL,
    discovered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    notified_at TIMESTAMP WITH TIME ZONE,
    warned_at TIMESTAMP WITH TIME ZONE,
    told_late_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_breach PRIMARY KEY (breach_id),
    CONSTRAINT ck_breach_after_it_was_seen CHECK (notified_at IS NULL OR notified_at >= discovered_at)
);
COMMENT ON COLUMN breach.notified_at IS 'when the authority was told; null: not yet';
COMMENT ON COLUMN breach.warned_at IS 'when an alarm was raised that the time runs out';
COMMENT ON COLUMN breach.told_late_at IS 'when an alarm was raised that the time has run out';

CREATE TABLE breach_version (
    breach_id UUID NOT NULL,
    version_no SMALLINT NOT NULL,
    entered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    entered_by UUID,
    sealed_breach BYTEA NOT NULL,
    CONSTRAINT pk_breach_version PRIMARY KEY (breach_id, version_no),
    CONSTRAINT fk_breach_version_breach_id FOREIGN KEY(breach_id) REFERENCES breach (breach_id)
);
COMMENT ON COLUMN breach_version.version_no IS 'counts what was added later, from 1';
COMMENT ON COLUMN breach_version.entered_by IS 'the account; null: whoever ran the command on a demo';
COMMENT ON COLUMN breach_version.sealed_breach IS 'sealed: what happened, which values, how many children, what is done';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['consent', 'consent_signature', 'subject_request', 'subject_correction']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_the_child ON %I TO child_registry_commune_worker, child_registry_province_worker
            USING (EXISTS (SELECT FROM child WHERE child.child_id = %I.child_id))', name, name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING ((SELECT registry_purpose()) IS NOT NULL)', name);
        EXECUTE format('CREATE TRIGGER erased_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased()', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO child_registry_commune_worker, child_registry_province_worker', name);
        EXECUTE format('GRANT SELECT, DELETE ON %I TO child_registry_engine', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['legal_basis', 'consent_text', 'legal_hold', 'breach', 'breach_version']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY with_a_purpose ON %I USING ((SELECT registry_purpose()) IS NOT NULL)', name);
        EXECUTE format('GRANT SELECT ON %I TO child_registry_auditor, child_registry_engine', name);
    END LOOP;
END
$$;

GRANT UPDATE (withdrawn_at, withdrawn_by, sealed_withdrawal) ON consent
    TO child_registry_commune_worker, child_registry_province_worker;
GRANT UPDATE (state, with_province, done_by, answered_at, extended_at, closed_at, outcome, sealed_extension, sealed_outcome)
    ON subject_request TO child_registry_commune_worker, child_registry_province_worker;
GRANT UPDATE (told_at) ON subject_request TO child_registry_engine;
GRANT SELECT, INSERT ON consent_text TO child_registry_commune_worker, child_registry_province_worker;
GRANT SELECT ON legal_basis TO child_registry_administrator;
GRANT INSERT, UPDATE (valid_to, ended_by) ON legal_basis TO child_registry_auditor;
GRANT INSERT, UPDATE (lifted_at, lifted_by, sealed_lifting) ON legal_hold TO child_registry_auditor;
GRANT INSERT ON breach, breach_version TO child_registry_auditor;
GRANT UPDATE (notified_at) ON breach TO child_registry_auditor;
GRANT UPDATE (warned_at, told_late_at) ON breach TO child_registry_engine;

-- the engine takes away what was kept long enough; of an alarm the people, not the alarm
GRANT DELETE ON quarantine TO child_registry_engine;
GRANT UPDATE (staff_id, login, child_pseudonym) ON alarm TO child_registry_engine;

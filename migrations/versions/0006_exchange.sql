-- What systems push to us and fetch from us: batches, the feed of events, subscriptions, deliveries.

ALTER TABLE client ADD COLUMN rights TEXT[] DEFAULT '{}' NOT NULL;
COMMENT ON COLUMN client.rights IS 'what it may read of its own records beyond their states: number, proposals';

-- an event has its place in the feed of its system once its transaction is committed, never before
ALTER TABLE outbox_event ADD COLUMN system TEXT;
ALTER TABLE outbox_event ADD COLUMN position BIGINT;
CREATE INDEX ix_outbox_event_system_position ON outbox_event (system, position);
CREATE INDEX ix_outbox_event_unnumbered ON outbox_event (event_id) WHERE position IS NULL;
COMMENT ON COLUMN outbox_event.system IS 'whose record it tells of; null: not numbered yet';
COMMENT ON COLUMN outbox_event.position IS 'place in the feed of the system, in the order of commits; null: not numbered yet';

CREATE TABLE push_batch (
    batch_id UUID NOT NULL,
    client_id UUID NOT NULL,
    system TEXT NOT NULL,
    stream TEXT NOT NULL,
    key_digest BYTEA,
    body_digest BYTEA NOT NULL,
    run_id UUID NOT NULL,
    results JSONB NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    linked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_push_batch PRIMARY KEY (batch_id),
    CONSTRAINT fk_push_batch_client_id FOREIGN KEY(client_id) REFERENCES client (client_id)
);
CREATE UNIQUE INDEX uq_push_batch_client_id_key_digest ON push_batch (client_id, key_digest);
CREATE INDEX ix_push_batch_received_at ON push_batch (received_at);
CREATE INDEX ix_push_batch_unlinked ON push_batch (system) WHERE linked_at IS NULL;
COMMENT ON COLUMN push_batch.key_digest IS 'keyed digest of the idempotency key; null: a single record, which needs none';
COMMENT ON COLUMN push_batch.body_digest IS 'keyed digest of what was sent: the same key means the same';
COMMENT ON COLUMN push_batch.results IS 'outcome, rule and field of each record, by its place';
COMMENT ON COLUMN push_batch.linked_at IS 'when the linkage was asked for; null: it waits';

CREATE TABLE feed (
    system TEXT NOT NULL,
    last_position BIGINT NOT NULL,
    forgotten BIGINT NOT NULL,
    CONSTRAINT pk_feed PRIMARY KEY (system)
);
COMMENT ON COLUMN feed.forgotten IS 'positions up to this one are kept no longer';

CREATE TABLE subscription (
    subscription_id UUID NOT NULL,
    client_id UUID NOT NULL,
    system TEXT NOT NULL,
    address TEXT NOT NULL,
    kinds TEXT[] NOT NULL,
    sealed_secret BYTEA NOT NULL,
    sealed_former BYTEA,
    former_until TIMESTAMP WITH TIME ZONE,
    position BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    disabled_why TEXT,
    CONSTRAINT pk_subscription PRIMARY KEY (subscription_id),
    CONSTRAINT fk_subscription_client_id FOREIGN KEY(client_id) REFERENCES client (client_id)
);
CREATE INDEX ix_subscription_system ON subscription (system) WHERE disabled_at IS NULL;
COMMENT ON COLUMN subscription.address IS 'https, as the client gave it';
COMMENT ON COLUMN subscription.kinds IS 'kinds of events; empty: all';
COMMENT ON COLUMN subscription.sealed_secret IS 'sealed under the source''s key: what signs the deliveries';
COMMENT ON COLUMN subscription.sealed_former IS 'sealed under the source''s key: the secret before, which signs as well for a while';
COMMENT ON COLUMN subscription.position IS 'events up to this one were made deliveries';

CREATE TABLE delivery (
    subscription_id UUID NOT NULL,
    position BIGINT NOT NULL,
    system TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts SMALLINT NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_status SMALLINT,
    last_fault TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_delivery PRIMARY KEY (subscription_id, position),
    CONSTRAINT ck_delivery_state_known CHECK (state IN ('waiting', 'dead')),
    CONSTRAINT fk_delivery_subscription_id FOREIGN KEY(subscription_id) REFERENCES subscription (subscription_id)
);
CREATE INDEX ix_delivery_due_at ON delivery (due_at) WHERE state = 'waiting';
COMMENT ON COLUMN delivery.position IS 'of the event in the feed of its system';
COMMENT ON COLUMN delivery.due_at IS 'not before; while it is sent, when it may be taken up again';
COMMENT ON COLUMN delivery.last_status IS 'of HTTP; null: no answer';
COMMENT ON COLUMN delivery.last_fault IS 'name of what went wrong last';

-- a system sees what is its own, the engine what there is
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['push_batch', 'feed', 'subscription', 'delivery']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY system_by_itself ON %I TO child_registry_sector_system
            USING ((SELECT registry_purpose()) = ''ingest'' AND system = (SELECT current_setting(''app.system'', true)))', name);
        EXECUTE format('CREATE POLICY engine_by_purpose ON %I TO child_registry_engine
            USING ((SELECT registry_purpose()) IS NOT NULL)', name);
    END LOOP;
END
$$;

GRANT SELECT, INSERT ON push_batch TO child_registry_sector_system;
GRANT SELECT ON feed TO child_registry_sector_system;
GRANT SELECT, INSERT, UPDATE ON subscription TO child_registry_sector_system;
GRANT SELECT, DELETE ON delivery TO child_registry_sector_system;
GRANT SELECT ON outbox_event, link TO child_registry_sector_system;

GRANT SELECT (batch_id, system, received_at, linked_at), UPDATE (linked_at), DELETE ON push_batch TO child_registry_engine;
GRANT SELECT, INSERT, UPDATE ON feed TO child_registry_engine;
GRANT UPDATE (system, position) ON outbox_event TO child_registry_engine;
GRANT SELECT, UPDATE ON subscription TO child_registry_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery TO child_registry_engine;

-- a secret put back to an older one is seen
CREATE TRIGGER log_rows_in AFTER INSERT ON subscription REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION log_rows('subscription_id', 'sealed_former, sealed_secret');
CREATE TRIGGER log_rows_changed AFTER UPDATE ON subscription REFERENCING OLD TABLE AS removed NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION log_rows('subscription_id', 'sealed_former, sealed_secret');
CREATE TRIGGER log_rows_out AFTER DELETE ON subscription REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION log_rows('subscription_id', 'sealed_former, sealed_secret');

-- the answer of a source to a proposed correction
CREATE TABLE proposal_answer (
    child_id UUID NOT NULL,
    correction_id UUID NOT NULL,
    taken BOOLEAN NOT NULL,
    rule TEXT,
    client_id UUID NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_proposal_answer PRIMARY KEY (child_id, correction_id),
    CONSTRAINT ck_proposal_answer_refused_for_a_reason CHECK (taken OR rule IS NOT NULL),
    CONSTRAINT fk_proposal_answer_child_id FOREIGN KEY(child_id) REFERENCES child (child_id)
);
COMMENT ON COLUMN proposal_answer.taken IS 'the source says the same from now on';
COMMENT ON COLUMN proposal_answer.rule IS 'name of why it does not; null: taken';
COMMENT ON COLUMN proposal_answer.client_id IS 'which program answered';
ALTER TABLE proposal_answer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY with_the_child ON proposal_answer
    TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer, child_registry_sector_system
    USING (EXISTS (SELECT FROM child WHERE child.child_id = proposal_answer.child_id));
CREATE POLICY engine_by_purpose ON proposal_answer TO child_registry_engine USING ((SELECT registry_purpose()) IS NOT NULL);
CREATE TRIGGER erased_inserted AFTER INSERT ON proposal_answer REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased();
GRANT SELECT ON proposal_answer TO child_registry_commune_worker, child_registry_province_worker, child_registry_reviewer;
GRANT SELECT, INSERT, UPDATE ON proposal_answer TO child_registry_sector_system;
GRANT SELECT, DELETE ON proposal_answer TO child_registry_engine;

-- of its own records a system reads their states, and what is proposed for them
GRANT SELECT ON link_state, proposed_correction TO child_registry_sector_system;

-- the engine sends to a client what its streams let it know
GRANT SELECT (client_id, name, streams, disabled_at) ON client TO child_registry_engine;

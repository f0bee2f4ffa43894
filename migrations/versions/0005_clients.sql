-- Sector systems sign in with keys or certificates of their own: public halves only, no secret is shared.

CREATE TABLE client (
    client_id UUID NOT NULL,
    system TEXT NOT NULL,
    name TEXT NOT NULL,
    streams TEXT[] NOT NULL,
    keys JSONB NOT NULL,
    certificates TEXT[] NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    keys_changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    disabled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_client PRIMARY KEY (client_id)
);
COMMENT ON COLUMN client.system IS 'the sector system it speaks for';
COMMENT ON COLUMN client.streams IS 'what it may ask a token for';
COMMENT ON COLUMN client.keys IS 'public keys by name, each with its one algorithm';
COMMENT ON COLUMN client.certificates IS 'SHA-256 of each certificate it may show';
COMMENT ON COLUMN client.keys_changed_at IS 'tokens given before are worth nothing';

CREATE TABLE client_token (
    token_digest BYTEA NOT NULL,
    client_id UUID NOT NULL,
    streams TEXT[] NOT NULL,
    certificate TEXT,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_client_token PRIMARY KEY (token_digest),
    CONSTRAINT fk_client_token_client_id FOREIGN KEY(client_id) REFERENCES client (client_id)
);
CREATE INDEX ix_client_token_expires_at ON client_token (expires_at);
CREATE INDEX ix_client_token_client_id ON client_token (client_id, issued_at);
COMMENT ON COLUMN client_token.token_digest IS 'SHA-256 of the token';
COMMENT ON COLUMN client_token.certificate IS 'SHA-256 of the certificate that must be shown with it; null: none';

CREATE TABLE client_assertion (
    client_id UUID NOT NULL,
    assertion_digest BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_client_assertion PRIMARY KEY (client_id, assertion_digest),
    CONSTRAINT fk_client_assertion_client_id FOREIGN KEY(client_id) REFERENCES client (client_id)
);
CREATE INDEX ix_client_assertion_expires_at ON client_assertion (expires_at);
COMMENT ON COLUMN client_assertion.assertion_digest IS 'SHA-256 of the name of an assertion that was used';

ALTER TABLE client ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE client_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE client_assertion ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY with_a_purpose ON client USING (registry_purpose() IS NOT NULL);
CREATE POLICY with_a_purpose ON client_token USING (registry_purpose() IS NOT NULL);
CREATE POLICY with_a_purpose ON client_assertion USING (registry_purpose() IS NOT NULL);

GRANT SELECT, INSERT, UPDATE ON client TO child_registry_administrator;
GRANT SELECT (client_id, issued_at), DELETE ON client_token TO child_registry_administrator;
GRANT SELECT (client_id, system, name, disabled_at) ON client TO child_registry_auditor;

-- the door reads keys, gives tokens, and remembers which assertions were used
GRANT SELECT ON client TO child_registry_door;
GRANT SELECT, INSERT, DELETE ON client_token, client_assertion TO child_registry_door;

-- +goose Up
-- Passkeys of agents: public keys with what tells a copied one. id is the authenticator's own, in base64url.
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    agent_id TEXT NOT NULL,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX passkeys_agent ON passkeys (agent_id, created_at);

-- +goose Down
DROP TABLE passkeys;

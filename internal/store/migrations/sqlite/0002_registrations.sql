-- +goose Up
ALTER TABLE agents ADD COLUMN sip_secret BLOB NOT NULL DEFAULT x''; -- sealed: what telephones register with

-- Telephones that are registered, so that they ring after a restart too. source is where they spoke from.
CREATE TABLE registrations (
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    instance TEXT NOT NULL,
    transport TEXT NOT NULL,
    source TEXT NOT NULL,
    nat BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (account, name)
);

-- +goose Down
DROP TABLE registrations;
ALTER TABLE agents DROP COLUMN sip_secret;

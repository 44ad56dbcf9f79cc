-- +goose Up
-- Letters that leave the house by mail or SMS. body (sealed) holds address, subject, text and files until the letter is done;
-- shown is the address, masked. due_at of one that is being tried is when it may be tried again, whatever became of the try.
CREATE TABLE outbox (
    id TEXT NOT NULL PRIMARY KEY,
    letter_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    shown TEXT NOT NULL,
    body BYTEA NOT NULL,
    subscriber_id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    given_up_at BIGINT NOT NULL,
    trouble TEXT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at = 0 AND given_up_at = 0;
CREATE INDEX outbox_callback ON outbox (callback_id, id);
CREATE INDEX outbox_begun ON outbox (subscriber_id, kind, begun_at);
CREATE INDEX outbox_given_up ON outbox (given_up_at) WHERE given_up_at > 0;

-- Links to one call's page, for agents who have no desk.
CREATE TABLE companions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    callback_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX companions_created ON companions (created_at);

-- Where an agent's letters go.
ALTER TABLE agents ADD COLUMN notify TEXT NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE agents DROP COLUMN notify;
DROP TABLE companions;
DROP TABLE outbox;

-- +goose Up
-- What people agreed to and took back: records that are only added, each chained to the one before it. salt, person and
-- number_hash are what an erasure takes away; the chain holds a commitment to them. A chain belongs to one writer.
CREATE TABLE consent_records (
    chain BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    id TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    act TEXT NOT NULL,
    route TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    at BIGINT NOT NULL,
    erases TEXT NOT NULL,
    salt BYTEA NOT NULL,
    person TEXT NOT NULL,
    number_hash TEXT NOT NULL,
    commitment BYTEA NOT NULL,
    prev BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX consent_records_number ON consent_records (number_hash) WHERE number_hash <> '';
CREATE INDEX consent_records_callback ON consent_records (callback_id) WHERE callback_id <> '';

CREATE TABLE consent_texts (
    hash TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    language TEXT NOT NULL,
    words TEXT NOT NULL
);

-- Where each chain ends; proof is made with a key that is not in the database.
CREATE TABLE consent_heads (
    chain BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    proof BYTEA NOT NULL
);

-- A block that the person asked for: no seed takes it away.
ALTER TABLE blocks ADD COLUMN own_wish BIGINT NOT NULL DEFAULT 0;

-- Records of before are taken over at the next start: they are chained as they come.

-- +goose Down
ALTER TABLE blocks DROP COLUMN own_wish;
DROP TABLE consent_heads;
DROP TABLE consent_texts;
DROP TABLE consent_records;

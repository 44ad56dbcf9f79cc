-- +goose Up
-- Who is signed in at a desk. password_mark is of the password she came in with: with another password it opens nothing.
CREATE TABLE sessions (
    token_hash TEXT NOT NULL PRIMARY KEY,
    agent_id TEXT NOT NULL,
    password_mark TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_seen ON sessions (seen_at);

-- What people write about a callback, and the one code they give it afterwards.
CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX notes_callback ON notes (callback_id, id);
CREATE TABLE dispositions (
    callback_id TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL,
    code TEXT NOT NULL,
    note TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
) WITHOUT ROWID;

ALTER TABLE agents ADD COLUMN supervisor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscribers ADD COLUMN dispositions TEXT NOT NULL DEFAULT 'null';
ALTER TABLE subscribers ADD COLUMN screen_pop TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE subscribers DROP COLUMN screen_pop;
ALTER TABLE subscribers DROP COLUMN dispositions;
ALTER TABLE agents DROP COLUMN supervisor;
DROP TABLE dispositions;
DROP TABLE notes;
DROP TABLE sessions;

-- +goose Up
-- Recorded talks. A file's key is sealed and goes with the row: without it nobody can hear the file, wherever copies of it are.
CREATE TABLE recordings (
    id TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    first_party TEXT NOT NULL,
    sealed_key BYTEA NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    length_us BIGINT NOT NULL,
    delete_at BIGINT NOT NULL
);
CREATE INDEX recordings_callback ON recordings (callback_id);
CREATE INDEX recordings_subscriber ON recordings (subscriber_id, id);
CREATE INDEX recordings_delete ON recordings (delete_at);

-- Who heard or deleted what, and when; it outlives the recording.
CREATE TABLE recording_audit (
    recording_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL
);
CREATE INDEX recording_audit_recording ON recording_audit (recording_id, at);

ALTER TABLE subscribers ADD COLUMN recording TEXT NOT NULL DEFAULT '{}';
ALTER TABLE buttons ADD COLUMN recording TEXT NOT NULL DEFAULT '';
ALTER TABLE legs ADD COLUMN notice_played BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE legs DROP COLUMN notice_played;
ALTER TABLE buttons DROP COLUMN recording;
ALTER TABLE subscribers DROP COLUMN recording;
DROP TABLE recording_audit;
DROP TABLE recordings;

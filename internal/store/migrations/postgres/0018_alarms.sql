-- +goose Up
-- What the operator was told: that money runs out, that somebody abuses the service, what was stopped against it. One of each key.
CREATE TABLE alarms (
    id TEXT NOT NULL PRIMARY KEY,
    alarm_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    what TEXT NOT NULL,
    says TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX alarms_at ON alarms (at);
-- How often a visitor was refused of late.
CREATE INDEX refusals_visitor ON refusals (visitor_hash, at) WHERE visitor_hash <> '';

-- +goose Down
DROP INDEX refusals_visitor;
DROP TABLE alarms;

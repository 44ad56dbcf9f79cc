-- +goose Up
-- Times are microseconds since 1970 in UTC, 0 = none. Money is micro-units with its currency.
-- Rows of a call hold no foreign keys: they outlive what is set up, and a check a row costs more than it finds.

CREATE TABLE callbacks (
    id TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    subscriber_id TEXT NOT NULL,
    button_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    interaction_id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    fence BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    talk_us BIGINT NOT NULL,
    call_order TEXT NOT NULL,
    number TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    number_hash TEXT NOT NULL,
    destination TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    tries BIGINT NOT NULL,
    max_talk_us BIGINT NOT NULL,
    confirm TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    topic TEXT NOT NULL,
    fields TEXT NOT NULL,
    page TEXT NOT NULL,
    language TEXT NOT NULL,
    metadata TEXT NOT NULL,
    asked TEXT NOT NULL,
    wall TEXT NOT NULL,
    zone TEXT NOT NULL
);
CREATE UNIQUE INDEX callbacks_live_number ON callbacks (number_hash) WHERE state <> 'ended';
CREATE UNIQUE INDEX callbacks_token ON callbacks (token_hash);
CREATE INDEX callbacks_due ON callbacks (due_at) WHERE state <> 'ended';
CREATE INDEX callbacks_line ON callbacks (subscriber_id) WHERE state = 'queued';
CREATE INDEX callbacks_of ON callbacks (subscriber_id, id);

CREATE TABLE attempts (
    callback_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    agent_id TEXT NOT NULL,
    representation_id TEXT NOT NULL,
    device BIGINT NOT NULL,
    result TEXT NOT NULL,
    rang_visitor BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (callback_id, n)
);

CREATE TABLE legs (
    callback_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    ord BIGINT NOT NULL,
    id TEXT NOT NULL,
    party TEXT NOT NULL,
    kind TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    trunk_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    switch_ref BYTEA NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    ended_by TEXT NOT NULL,
    sip_code BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    ringing_at BIGINT NOT NULL,
    answered_at BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    bridged_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    PRIMARY KEY (callback_id, n, ord)
);
CREATE INDEX legs_live ON legs (callback_id) WHERE state <> 'ended';

CREATE TABLE journal (
    callback_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    from_state TEXT NOT NULL,
    event TEXT NOT NULL,
    to_state TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (callback_id, seq)
);

-- The outbox: what screens, webhooks and feeds are fed from.
CREATE TABLE events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- Sequence numbers become visible out of order; a reader stays below the oldest transaction that still runs.
    xact XID8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE TABLE contacts (
    subscriber_id TEXT NOT NULL,
    id TEXT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, id)
);
CREATE UNIQUE INDEX contacts_number ON contacts (subscriber_id, number) WHERE number <> '';

CREATE TABLE interactions (
    subscriber_id TEXT NOT NULL,
    id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, id)
);
CREATE INDEX interactions_contact ON interactions (subscriber_id, contact_id, last_at);

CREATE TABLE consents (
    subscriber_id TEXT NOT NULL,
    id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    text_version TEXT NOT NULL,
    text TEXT NOT NULL,
    act TEXT NOT NULL,
    page TEXT NOT NULL,
    address_hash TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, id)
);

CREATE TABLE refusals (
    id TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL,
    button_id TEXT NOT NULL,
    code TEXT NOT NULL,
    masked TEXT NOT NULL,
    page TEXT NOT NULL,
    visitor_hash TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- One row an event that counts towards a limit; counted within sliding windows.
CREATE TABLE velocity (
    key TEXT NOT NULL,
    at BIGINT NOT NULL,
    cause TEXT NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (key, at, cause)
);
CREATE INDEX velocity_until ON velocity (until_at);

CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL, -- 0: in progress, by owner
    owner TEXT NOT NULL,
    resource TEXT NOT NULL,
    answer BYTEA NOT NULL, -- sealed
    at BIGINT NOT NULL,
    PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_at ON idempotency (at);

-- What is set up rather than lived.

CREATE TABLE subscribers (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    name TEXT NOT NULL,
    regions TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    hours TEXT NOT NULL,
    caller_id TEXT NOT NULL,
    destination TEXT NOT NULL,
    prompts TEXT NOT NULL,
    concurrent BIGINT NOT NULL,
    max_talk_us BIGINT NOT NULL,
    spend_micro BIGINT NOT NULL,
    currency CHAR(3) NOT NULL,
    suspended BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE buttons (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    origins TEXT NOT NULL,
    call_order TEXT NOT NULL,
    confirm TEXT NOT NULL,
    channels TEXT NOT NULL,
    proof TEXT NOT NULL,
    tries BIGINT NOT NULL,
    fields TEXT NOT NULL,
    closed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX buttons_subscriber ON buttons (subscriber_id);

CREATE TABLE agents (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    name TEXT NOT NULL,
    devices TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    begins_ready BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    presence TEXT NOT NULL,
    reason TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    callback_id TEXT NOT NULL,
    idle_from_at BIGINT NOT NULL
);

CREATE TABLE representations (
    id TEXT NOT NULL PRIMARY KEY,
    agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    subscriber_id TEXT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    display_name TEXT NOT NULL,
    greeting TEXT NOT NULL,
    whisper TEXT NOT NULL,
    script TEXT NOT NULL,
    skills TEXT NOT NULL,
    languages TEXT NOT NULL,
    priority BIGINT NOT NULL,
    caller_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (agent_id, subscriber_id)
);
CREATE INDEX representations_subscriber ON representations (subscriber_id);

CREATE TABLE trunks (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    priority BIGINT NOT NULL,
    address TEXT NOT NULL,
    settings BYTEA NOT NULL, -- sealed: a carrier's password is among them
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    role TEXT NOT NULL,
    subscriber_id TEXT REFERENCES subscribers (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE INDEX keys_subscriber ON keys (subscriber_id);

CREATE TABLE blocks (
    id TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT REFERENCES subscribers (id) ON DELETE CASCADE,
    number_hash TEXT NOT NULL,
    masked TEXT NOT NULL,
    reason TEXT NOT NULL,
    until_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX blocks_number ON blocks (number_hash, coalesce(subscriber_id, ''));
CREATE INDEX blocks_subscriber ON blocks (subscriber_id);

-- Nobody writes these yet; they are here so that their keys fit the rest.

CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL,
    name TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL
);

CREATE TABLE reservations (
    id TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL,
    callback_id TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    held_micro BIGINT NOT NULL,
    currency CHAR(3) NOT NULL,
    created_at BIGINT NOT NULL,
    released_at BIGINT NOT NULL
);
CREATE INDEX reservations_subscriber ON reservations (subscriber_id, created_at);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    role TEXT NOT NULL,
    subscriber_id TEXT REFERENCES subscribers (id) ON DELETE CASCADE,
    agent_id TEXT REFERENCES agents (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE logins (
    token_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE logins;
DROP TABLE users;
DROP TABLE reservations;
DROP TABLE nodes;
DROP TABLE blocks;
DROP TABLE keys;
DROP TABLE trunks;
DROP TABLE representations;
DROP TABLE agents;
DROP TABLE buttons;
DROP TABLE subscribers;
DROP TABLE idempotency;
DROP TABLE velocity;
DROP TABLE refusals;
DROP TABLE consents;
DROP TABLE interactions;
DROP TABLE contacts;
DROP TABLE events;
DROP TABLE journal;
DROP TABLE legs;
DROP TABLE attempts;
DROP TABLE callbacks;

-- +goose Up
-- What calls cost. charges: a record of each leg to the telephone network that is over; holds: what is put aside for a callback
-- while it is under way. Amounts are micro-units; day is that of the business, 20261125; prefix is of the visitor's number, '' = it
-- was no visitor's.
CREATE TABLE charges (
    leg_id        TEXT NOT NULL PRIMARY KEY,
    callback_id   TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    day           INTEGER NOT NULL,
    prefix        TEXT NOT NULL,
    at            BIGINT NOT NULL,
    seconds       BIGINT NOT NULL,
    talked        SMALLINT NOT NULL,
    micro         BIGINT NOT NULL,
    currency      TEXT NOT NULL
);
CREATE INDEX charges_day ON charges (day, subscriber_id);
CREATE INDEX charges_prefix ON charges (prefix, at) WHERE prefix <> '';
CREATE INDEX charges_at ON charges (at);
CREATE TABLE holds (
    callback_id   TEXT NOT NULL PRIMARY KEY,
    subscriber_id TEXT NOT NULL,
    day           INTEGER NOT NULL,
    micro         BIGINT NOT NULL,
    currency      TEXT NOT NULL
);
CREATE INDEX holds_day ON holds (day, subscriber_id);

-- +goose Down
DROP TABLE holds;
DROP TABLE charges;

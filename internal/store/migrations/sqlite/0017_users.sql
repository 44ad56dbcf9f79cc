-- +goose Up
-- People of businesses, in place of a table that nobody has written to. subscribers: the ids of theirs, in JSON; invite_hash: of
-- the token of a letter that lets them choose a password.
DROP TABLE logins;
DROP TABLE users;
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    subscribers TEXT NOT NULL DEFAULT '[]',
    password_hash TEXT NOT NULL,
    invite_hash TEXT NOT NULL DEFAULT '',
    invite_until BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE users;
CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY);
CREATE TABLE logins (token_hash TEXT NOT NULL PRIMARY KEY);

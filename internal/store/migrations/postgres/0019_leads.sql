-- +goose Up
-- Where a business hears of visitors who were missed, and of its day.
ALTER TABLE subscribers ADD COLUMN notify TEXT NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE subscribers DROP COLUMN notify;

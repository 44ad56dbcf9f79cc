-- +goose Up
-- The language that a business's visitors hear when they did not say theirs, such as de; '' = English.
ALTER TABLE subscribers ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE subscribers DROP COLUMN language;

-- +goose Up
ALTER TABLE legs ADD COLUMN quality TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE legs DROP COLUMN quality;

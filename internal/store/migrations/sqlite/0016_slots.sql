-- +goose Up
-- When a business calls. holidays: days on which it is closed; slots: the times that visitors choose from; hours: of a button,
-- within those of its business. The index finds what is promised for a slot.
ALTER TABLE subscribers ADD COLUMN holidays TEXT NOT NULL DEFAULT 'null';
ALTER TABLE subscribers ADD COLUMN slots TEXT NOT NULL DEFAULT '{}';
ALTER TABLE buttons ADD COLUMN hours TEXT NOT NULL DEFAULT 'null';
CREATE INDEX callbacks_promised ON callbacks (subscriber_id, due_at) WHERE state = 'scheduled';

-- +goose Down
DROP INDEX callbacks_promised;
ALTER TABLE buttons DROP COLUMN hours;
ALTER TABLE subscribers DROP COLUMN slots;
ALTER TABLE subscribers DROP COLUMN holidays;

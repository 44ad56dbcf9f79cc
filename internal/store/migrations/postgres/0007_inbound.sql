-- +goose Up
-- Calls that come in. inbound: it began with a call of theirs; resumes: the callback that its caller was waiting for or
-- had missed. A business's numbers are what its callers may dial, besides caller_id.
ALTER TABLE callbacks ADD COLUMN inbound BIGINT NOT NULL DEFAULT 0;
ALTER TABLE callbacks ADD COLUMN resumes TEXT NOT NULL DEFAULT '';
CREATE INDEX callbacks_number ON callbacks (number_hash, id);
ALTER TABLE subscribers ADD COLUMN numbers TEXT NOT NULL DEFAULT 'null';

-- +goose Down
ALTER TABLE subscribers DROP COLUMN numbers;
DROP INDEX callbacks_number;
ALTER TABLE callbacks DROP COLUMN resumes;
ALTER TABLE callbacks DROP COLUMN inbound;

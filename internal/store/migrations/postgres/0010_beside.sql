-- +goose Up
-- What a leg is beside the agent who talks with the visitor: asked by the agent, third in the talk, or how a supervisor is in it.
ALTER TABLE legs ADD COLUMN role TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE legs DROP COLUMN role;

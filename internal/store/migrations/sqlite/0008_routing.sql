-- +goose Up
-- Who gets the call. routing: a business's strategy, wrap-up, last agent, escalation; skills: what a button asks for; hours:
-- when a representation answers; ring, pause_after: an agent's telephones together, and the offers she may let pass; missed:
-- how many she has let pass in a row; talked_us: how long she has talked since she signed in. Of a callback: priority, moved
-- to the front by staff, for whom it is kept. Of a leg: which agent it rings.
ALTER TABLE subscribers ADD COLUMN routing TEXT NOT NULL DEFAULT '{}';
ALTER TABLE buttons ADD COLUMN skills TEXT NOT NULL DEFAULT 'null';
ALTER TABLE buttons ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
ALTER TABLE representations ADD COLUMN hours TEXT NOT NULL DEFAULT 'null';
ALTER TABLE agents ADD COLUMN ring TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN pause_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN missed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN talked_us BIGINT NOT NULL DEFAULT 0;
ALTER TABLE callbacks ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
ALTER TABLE callbacks ADD COLUMN front_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE callbacks ADD COLUMN wanted_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE callbacks ADD COLUMN wanted_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE legs ADD COLUMN agent_id TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE legs DROP COLUMN agent_id;
ALTER TABLE callbacks DROP COLUMN wanted_until;
ALTER TABLE callbacks DROP COLUMN wanted_agent;
ALTER TABLE callbacks DROP COLUMN front_at;
ALTER TABLE callbacks DROP COLUMN priority;
ALTER TABLE agents DROP COLUMN talked_us;
ALTER TABLE agents DROP COLUMN missed;
ALTER TABLE agents DROP COLUMN pause_after;
ALTER TABLE agents DROP COLUMN ring;
ALTER TABLE representations DROP COLUMN hours;
ALTER TABLE buttons DROP COLUMN priority;
ALTER TABLE buttons DROP COLUMN skills;
ALTER TABLE subscribers DROP COLUMN routing;

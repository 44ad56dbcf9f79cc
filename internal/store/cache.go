package store

import (
	"maps"
	"slices"
	"sync"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/id"
)

// maxCached is how many callbacks are kept in memory; beyond it any is dropped.
const maxCached = 16384

// cache is what the last commits left: callbacks whose life or legs go on, and the status of agents. Only committed values are
// in it, and nobody changes one: who wants to takes a Clone.
//
// On SQLite this process is the only writer and the cache is the truth. On PostgreSQL it is a first guess for a step,
// which the version in UPDATE … WHERE proves or not; nothing else is answered from it there.
type cache struct {
	mu        sync.RWMutex
	callbacks map[id.Callback]*callback.Callback
	agents    map[id.Agent]agent.Status
	chains    map[int64]consent.Head // of consents; where others write too they are read each time
	texts     map[string]bool        // of consents, by hash
}

func (c *cache) callback(cb id.Callback) *callback.Callback {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.callbacks[cb]
}

func (c *cache) statuses() map[id.Agent]agent.Status {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return maps.Clone(c.agents)
}

func (c *cache) setAgents(m map[id.Agent]agent.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agents = m
}

// merge takes over what was committed.
func (c *cache) merge(p *pending, withAgents bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.callbacks == nil {
		c.callbacks = map[id.Callback]*callback.Callback{}
	}
	for k, v := range p.callbacks {
		c.put(k, v)
	}
	c.mergeConsents(p, withAgents)
	if withAgents && c.agents != nil {
		for k, v := range p.agents {
			if delete(c.agents, k); v != nil {
				c.agents[k] = *v
			}
		}
	}
}

func (c *cache) put(k id.Callback, v *callback.Callback) {
	if !stillMoves(v) {
		delete(c.callbacks, k)
		return
	}
	if _, known := c.callbacks[k]; !known && len(c.callbacks) >= maxCached {
		for other := range c.callbacks {
			delete(c.callbacks, other)
			break
		}
	}
	c.callbacks[k] = v
}

// stillMoves says whether steps are to be expected: it is not ended, or a leg of it is not.
func stillMoves(c *callback.Callback) bool {
	return c.Live() || slices.ContainsFunc(c.Attempts, func(a callback.Attempt) bool {
		return slices.ContainsFunc(a.Legs, func(l callback.Leg) bool { return l.State != cti.Ended })
	})
}

// status of an agent, as far as it is known here without asking.
func (t *tx) status(a id.Agent) *agent.Status {
	for _, p := range []*pending{&t.unit, &t.batch} {
		if s, ok := p.agents[a]; ok {
			return s
		}
	}
	c := &t.c.db.cache
	c.mu.RLock()
	defer c.mu.RUnlock()
	if s, ok := c.agents[a]; ok {
		return &s
	}
	return nil
}

// clear forgets everything; what is asked for next is read from the database.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callbacks, c.agents, c.chains, c.texts = nil, nil, nil, nil
}

package setup

import (
	"maps"
	"slices"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/subscriber"
)

// prune removes what the setup does not name.
func (p *planner) prune() {
	named := maps.Clone(p.have.Blocks)
	maps.DeleteFunc(named, func(_ id.Block, b *subscriber.Block) bool { return !b.Seeded() }) // no seed knows what people ask of us
	pruneKind(p, directory.Block, named)
	pruneKind(p, directory.Key, p.have.Keys)
	pruneKind(p, directory.User, p.have.Users)
	pruneKind(p, directory.Representation, p.have.Representations)
	pruneKind(p, directory.Button, p.have.Buttons)
	pruneKind(p, directory.Agent, p.have.Agents)
	pruneKind(p, directory.Subscriber, p.have.Subscribers)
	pruneKind(p, directory.Trunk, p.have.Trunks)
}

func pruneKind[K ~string, T any](p *planner, k directory.Kind, things map[K]*T) {
	for _, id := range slices.Sorted(maps.Keys(things)) {
		if !p.seen[k][string(id)] {
			p.remove(k, string(id))
		}
	}
}

// remove takes a thing away after what stands on it.
func (p *planner) remove(k directory.Kind, gone string) {
	if slices.ContainsFunc(p.plan.Writes, func(w Write) bool { return w.Kind == k && w.ID == gone && w.Value == nil }) {
		return
	}
	switch k {
	case directory.Subscriber:
		removeOf(p, directory.Button, p.have.Buttons, func(i id.Button) bool { return string(p.have.Buttons[i].Subscriber) == gone })
		removeOf(p, directory.Representation, p.have.Representations, func(i id.Representation) bool { return string(p.have.Representations[i].Subscriber) == gone })
		removeOf(p, directory.Key, p.have.Keys, func(i id.Key) bool { return string(p.have.Keys[i].Subscriber) == gone })
		removeOf(p, directory.Block, p.have.Blocks, func(i id.Block) bool { return string(p.have.Blocks[i].Subscriber) == gone })
		p.leave(id.Subscriber(gone))
	case directory.Agent:
		removeOf(p, directory.Representation, p.have.Representations, func(i id.Representation) bool { return string(p.have.Representations[i].Agent) == gone })
	}
	p.plan.Changes = append(p.plan.Changes, directory.Change{Verb: "deleted", Kind: k, ID: gone, Slug: p.slugOf(k, gone)})
	p.plan.Writes = append(p.plan.Writes, Write{Kind: k, ID: gone})
}

func removeOf[K ~string, T any](p *planner, k directory.Kind, things map[K]*T, stands func(K) bool) {
	for _, id := range slices.Sorted(maps.Keys(things)) {
		if stands(id) {
			p.remove(k, string(id))
		}
	}
}

func (p *planner) slugOf(k directory.Kind, gone string) string {
	switch k {
	case directory.Subscriber:
		return p.have.Subscribers[id.Subscriber(gone)].Slug
	case directory.Button:
		return p.have.Buttons[id.Button(gone)].Slug
	case directory.Agent:
		return p.have.Agents[id.Agent(gone)].Slug
	case directory.Trunk:
		return p.have.Trunks[id.Trunk(gone)].Slug
	case directory.Key:
		return p.have.Keys[id.Key(gone)].Slug
	case directory.User:
		return p.have.Users[id.User(gone)].Slug
	}
	return ""
}

// StillCalls is the fault of removing a business or an agent whose calls are not over.
func StillCalls(k directory.Kind, name string) error {
	return fault.New(fault.TooLate, "The %s %q has calls that are not over. Cancel them, or try again when they are.", k, name)
}

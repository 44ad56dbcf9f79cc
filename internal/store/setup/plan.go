// Package setup decides what Apply and Delete do to what is set up: purely, so that every store does the same.
package setup

import (
	"encoding/json"
	"fmt"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/subscriber"
)

// Plan is what is to be written, in order, and what is told about it.
type Plan struct {
	Changes []directory.Change
	Writes  []Write
}

// Write is one thing that is put (Value is a pointer to it, with its final ids) or, with a nil Value, deleted.
type Write struct {
	Kind  directory.Kind
	ID    string
	Value any
	New   bool
}

// Apply compares what is wanted with what is there. References are resolved to ids; one that leads nowhere is a fault
// with a sentence, and so is a name that is taken.
func Apply(have *directory.Directory, want directory.Setup, o directory.Options, mint *id.Mint, now time.Time) (Plan, error) {
	p := &planner{now: now.UTC().Truncate(time.Microsecond), mint: mint, have: have, seen: map[directory.Kind]map[string]bool{}, slugs: map[directory.Kind]map[string]string{}}
	p.prunes = o.Prune
	p.know()
	for _, step := range []func() error{
		func() error { return reconcile(p, p.trunks(), byString(have.Trunks), want.Trunks) },
		func() error { return reconcile(p, p.subscribers(), byString(have.Subscribers), want.Subscribers) },
		func() error { return reconcile(p, p.buttons(), byString(have.Buttons), want.Buttons) },
		func() error { return reconcile(p, p.agents(), byString(have.Agents), want.Agents) },
		func() error {
			return reconcile(p, p.representations(), byString(have.Representations), want.Representations)
		},
		func() error { return reconcile(p, p.keys(), byString(have.Keys), want.Keys) },
		func() error { return reconcile(p, p.blocks(), byString(have.Blocks), want.Blocks) },
		func() error { return reconcile(p, p.users(), byString(have.Users), want.Users) },
	} {
		if err := step(); err != nil {
			return Plan{}, err
		}
	}
	if o.Prune {
		p.prune()
	}
	return p.plan, nil
}

// Delete plans the removal of one thing, by id or slug, and of what stands on it.
func Delete(have *directory.Directory, k directory.Kind, idOrSlug string) (Plan, error) {
	found := have.ID(k, idOrSlug)
	if found == "" {
		return Plan{}, fault.New(fault.NotFound, "There is no such %s.", k)
	}
	p := &planner{have: have}
	p.remove(k, found)
	return p.plan, nil
}

type planner struct {
	now    time.Time
	mint   *id.Mint
	have   *directory.Directory
	plan   Plan
	prunes bool
	seen   map[directory.Kind]map[string]bool   // ids that the setup names
	slugs  map[directory.Kind]map[string]string // slug to id, of what is there and what is named
}

// thing is how the planner handles one kind.
type thing[T any] struct {
	kind  directory.Kind
	names func(*T) (id, slug string)
	name  func(*T, string) // sets the id
	mint  func() string
	check func(*T) error  // resolves references, in place
	same  func(*T) string // the id of what is there under another key than id and slug; "" = none. May be nil
	adopt func(v, was *T) // takes over what an Apply does not change; was is nil for a new one
	bare  func(T) T       // without what does not count as a change
}

func reconcile[T any](p *planner, k thing[T], have map[string]*T, want []T) error {
	for i := range want {
		v := want[i]
		_, slug := k.names(&v)
		if err := k.check(&v); err != nil {
			return err
		}
		was, err := find(p, k, have, &v)
		if err != nil {
			return err
		}
		if got, _ := k.names(&v); got == "" {
			k.name(&v, k.mint())
		}
		k.adopt(&v, was)
		id, _ := k.names(&v)
		if err := p.claim(k.kind, id, slug); err != nil {
			return err
		}
		put(p, k, was, &v)
	}
	return nil
}

// find returns what is there under v's id, slug or other key, and gives v its id; nil when v is new.
func find[T any](p *planner, k thing[T], have map[string]*T, v *T) (*T, error) {
	id, slug := k.names(v)
	if slug != "" {
		if err := checkSlug(k.kind, slug); err != nil {
			return nil, err
		}
	}
	if have[id] == nil {
		if known := p.slugs[k.kind][slug]; known != "" && slug != "" {
			id = known
		} else if k.same != nil && k.same(v) != "" {
			id = k.same(v)
		}
	}
	was := have[id]
	if was != nil {
		k.name(v, id)
		if _, old := k.names(was); old != "" && old != slug {
			delete(p.slugs[k.kind], old) // renamed
		}
	}
	return was, nil
}

func put[T any](p *planner, k thing[T], was, v *T) {
	id, slug := k.names(v)
	verb := "created"
	if was != nil {
		if verb = "updated"; equal(k.bare(*was), k.bare(*v)) {
			verb = "unchanged"
		}
	}
	p.plan.Changes = append(p.plan.Changes, directory.Change{Verb: verb, Kind: k.kind, ID: id, Slug: slug})
	if verb != "unchanged" {
		p.plan.Writes = append(p.plan.Writes, Write{Kind: k.kind, ID: id, Value: v, New: was == nil})
	}
}

// equal compares as the store keeps: in JSON, where an empty list and none are told apart by nothing that counts.
func equal(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// claim notes that the setup names a thing; twice is a mistake.
func (p *planner) claim(k directory.Kind, id, slug string) error {
	name := slug
	if name == "" {
		name = id
	}
	if p.seen[k] == nil {
		p.seen[k] = map[string]bool{}
	}
	if p.seen[k][id] {
		return fault.At("id", fault.WrongType, "The %s %q is named twice.", k, name)
	}
	p.seen[k][id] = true
	if slug == "" {
		return nil
	}
	if other := p.slugs[k][slug]; other != "" && other != id {
		return fault.At("slug", fault.WrongType, "The id %q is taken by another %s.", slug, k)
	}
	p.slugs[k][slug] = id
	return nil
}

// know notes the slugs of what is there.
func (p *planner) know() {
	note(p, directory.Trunk, p.have.Trunks, func(v *cti.Trunk) string { return v.Slug })
	note(p, directory.Subscriber, p.have.Subscribers, func(v *subscriber.Subscriber) string { return v.Slug })
	note(p, directory.Button, p.have.Buttons, func(v *subscriber.Button) string { return v.Slug })
	note(p, directory.Agent, p.have.Agents, func(v *agent.Agent) string { return v.Slug })
	note(p, directory.Key, p.have.Keys, func(v *login.Key) string { return v.Slug })
	note(p, directory.User, p.have.Users, func(v *login.User) string { return v.Slug })
}

func note[K ~string, T any](p *planner, k directory.Kind, things map[K]*T, slug func(*T) string) {
	p.slugs[k] = map[string]string{}
	for id, v := range things {
		if s := slug(v); s != "" {
			p.slugs[k][s] = string(id)
		}
	}
}

// resolve turns an id or slug into the id of something that is there or that the setup names before.
func (p *planner) resolve(of string, k directory.Kind, idOrSlug string) (string, error) {
	id := p.slugs[k][idOrSlug]
	if id == "" && (p.seen[k][idOrSlug] || p.have.ID(k, idOrSlug) == idOrSlug) {
		id = idOrSlug
	}
	if id != "" && (p.seen[k][id] || !p.prunes) { // what will be pruned cannot be stood on
		return id, nil
	}
	if idOrSlug == "" {
		return "", fault.At(string(k), fault.FieldRequired, "%s needs %s %s.", of, article(k), k)
	}
	return "", fault.At(string(k), fault.NotFound, "%s names the %s %q, which does not exist.", of, k, idOrSlug)
}

func article(k directory.Kind) string {
	if k == directory.Agent {
		return "an"
	}
	return "a"
}

func checkSlug(k directory.Kind, slug string) error {
	if err := id.CheckSlug(slug); err != nil {
		return fault.At("slug", fault.WrongType, "%s: %v.", k, err)
	}
	return nil
}

func byString[K ~string, T any](m map[K]*T) map[string]*T {
	out := make(map[string]*T, len(m))
	for k, v := range m {
		out[string(k)] = v
	}
	return out
}

func called(k directory.Kind, id, slug string) string {
	if slug == "" {
		slug = id
	}
	return fmt.Sprintf("The %s %q", k, slug)
}

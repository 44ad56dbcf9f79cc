// Package directory is everything that is set up rather than lived: businesses, buttons, agents, representations,
// trunks, keys, blocks, users. It is read once into memory and replaced whole when something changes.
package directory

import (
	"context"
	"slices"
	"strings"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// Directory is a snapshot; nobody changes it. Its maps hold every thing by id.
type Directory struct {
	Subscribers     map[id.Subscriber]*subscriber.Subscriber
	Buttons         map[id.Button]*subscriber.Button
	Agents          map[id.Agent]*agent.Agent // their Status is not kept up to date here
	Representations map[id.Representation]*agent.Representation
	Trunks          map[id.Trunk]*cti.Trunk
	Keys            map[id.Key]*login.Key
	Blocks          map[id.Block]*subscriber.Block
	Users           map[id.User]*login.User

	bySlug   map[Kind]map[string]string
	bySecret map[string]*login.Key
	byMail   map[string]*login.User
	byInvite map[string]*login.User
	byNumber map[string][]*subscriber.Block
	own      map[phone.Number]bool
	inbound  map[phone.Number]*subscriber.Subscriber   // by numbers of theirs
	dialled  map[phone.Number][]*subscriber.Subscriber // by caller ID
	answers  map[id.Subscriber][]*agent.Representation
	serves   map[id.Agent][]*agent.Representation
}

// Kind names what a seed line or a route is about.
type Kind string

const (
	Trunk          Kind = "trunk"
	Subscriber     Kind = "subscriber"
	Button         Kind = "button"
	Agent          Kind = "agent"
	Representation Kind = "representation"
	Key            Kind = "key"
	Block          Kind = "block"
	User           Kind = "user"
)

// Setup is what a seed file or a keyed request wants to be there. In Setup, references may be slugs: Button.Subscriber,
// Representation.Agent and .Subscriber, Key.Subscriber,
// User.Subscribers; ids that are empty are minted on creation.
type Setup struct {
	Trunks          []cti.Trunk
	Subscribers     []subscriber.Subscriber
	Buttons         []subscriber.Button
	Agents          []agent.Agent
	Representations []agent.Representation
	Keys            []login.Key
	Blocks          []subscriber.Block
	Users           []login.User
}

// Change tells what became of one thing: created, updated, unchanged, deleted.
type Change struct {
	Verb string `json:"verb"`
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`   // minted id
	Slug string `json:"slug"` // "" where it has none
}

// Book keeps the directory. Apply is one transaction and idempotent: things are found again by id or slug
// (representations by agent and subscriber, blocks by number and subscriber). Prune deletes what the setup does not name.
// With DryRun nothing is written.
type Book interface {
	Directory(ctx context.Context) (*Directory, error)
	Apply(ctx context.Context, s Setup, o Options) ([]Change, error)
	// Delete removes one thing; what stands on it goes too (buttons of a subscriber). Unknown: fault.NotFound.
	Delete(ctx context.Context, k Kind, id string) error
}

// Options of Apply.
type Options struct {
	DryRun, Prune bool
}

// Index builds the look-ups; call it once, after the maps are filled.
func (d *Directory) Index() {
	d.bySlug = map[Kind]map[string]string{}
	d.bySecret = map[string]*login.Key{}
	d.byMail, d.byInvite = map[string]*login.User{}, map[string]*login.User{}
	d.byNumber = map[string][]*subscriber.Block{}
	d.own = map[phone.Number]bool{}
	d.inbound, d.dialled = map[phone.Number]*subscriber.Subscriber{}, map[phone.Number][]*subscriber.Subscriber{}
	d.answers, d.serves = map[id.Subscriber][]*agent.Representation{}, map[id.Agent][]*agent.Representation{}
	slug := func(k Kind, s, id string) {
		if d.bySlug[k] == nil {
			d.bySlug[k] = map[string]string{}
		}
		d.bySlug[k][s] = id
	}
	own := func(e cti.Endpoint) {
		if n := e.Number(); n != "" {
			d.own[phone.Number(n)] = true
		}
	}
	for _, s := range d.Subscribers {
		slug(Subscriber, s.Slug, string(s.ID))
		own(s.Destination)
		if s.CallerID != "" {
			d.own[s.CallerID] = true
			d.dialled[s.CallerID] = append(d.dialled[s.CallerID], s)
		}
		for _, n := range s.Numbers {
			d.own[n] = true
			d.inbound[n] = s
		}
	}
	for _, b := range d.Buttons {
		slug(Button, b.Slug, string(b.ID))
	}
	for _, a := range d.Agents {
		slug(Agent, a.Slug, string(a.ID))
		for _, dev := range a.Devices {
			own(dev.To)
		}
	}
	for _, r := range d.Representations {
		d.answers[r.Subscriber] = append(d.answers[r.Subscriber], r)
		d.serves[r.Agent] = append(d.serves[r.Agent], r)
		if r.CallerID != "" {
			d.own[r.CallerID] = true
		}
	}
	for _, t := range d.Trunks {
		slug(Trunk, t.Slug, string(t.ID))
	}
	for _, k := range d.Keys {
		slug(Key, k.Slug, string(k.ID))
		d.bySecret[k.SecretHash] = k
	}
	for _, u := range d.Users {
		slug(User, u.Slug, string(u.ID))
		d.byMail[u.Email] = u
		if u.InviteHash != "" {
			d.byInvite[u.InviteHash] = u
		}
	}
	for _, b := range d.Blocks {
		d.byNumber[b.NumberHash] = append(d.byNumber[b.NumberHash], b)
	}
}

// ID resolves an id or slug of a kind to the id; "" when there is none.
func (d *Directory) ID(k Kind, idOrSlug string) string {
	if s, ok := d.bySlug[k][idOrSlug]; ok {
		return s
	}
	known := false
	switch k {
	case Subscriber:
		_, known = d.Subscribers[id.Subscriber(idOrSlug)]
	case Button:
		_, known = d.Buttons[id.Button(idOrSlug)]
	case Agent:
		_, known = d.Agents[id.Agent(idOrSlug)]
	case Representation:
		_, known = d.Representations[id.Representation(idOrSlug)]
	case Trunk:
		_, known = d.Trunks[id.Trunk(idOrSlug)]
	case Key:
		_, known = d.Keys[id.Key(idOrSlug)]
	case Block:
		_, known = d.Blocks[id.Block(idOrSlug)]
	case User:
		_, known = d.Users[id.User(idOrSlug)]
	}
	if known {
		return idOrSlug
	}
	return ""
}

// Button by id or slug, with its business; nil when there is none.
func (d *Directory) Button(idOrSlug string) (*subscriber.Button, *subscriber.Subscriber) {
	b := d.Buttons[id.Button(d.ID(Button, idOrSlug))]
	if b == nil {
		return nil, nil
	}
	return b, d.Subscribers[b.Subscriber]
}

// Region is the country by whose rules a number without a country code is read: that of a button (id or slug), else the one
// that all businesses have in common; "" = none.
func (d *Directory) Region(button string) string {
	if _, s := d.Button(button); s != nil {
		return s.Region()
	}
	common := ""
	for _, s := range d.Subscribers {
		if common != "" && common != s.Region() {
			return ""
		}
		common = s.Region()
	}
	return common
}

// KeyBySecret finds a key by the hash of its secret.
func (d *Directory) KeyBySecret(hash string) *login.Key { return d.bySecret[hash] }

// BlocksOf lists the blocks of a number, by its keyed hash.
func (d *Directory) BlocksOf(numberHash string) []*subscriber.Block { return d.byNumber[numberHash] }

// Own says whether the number is a caller ID, a destination or an agent's telephone.
func (d *Directory) Own(n phone.Number) bool { return d.own[n] }

// Called is the business that a number belongs to: it stands among its numbers, or is the caller ID of it alone. nil =
// nobody's.
func (d *Directory) Called(n phone.Number) *subscriber.Subscriber {
	if s := d.inbound[n]; s != nil {
		return s
	}
	if all := d.dialled[n]; len(all) == 1 {
		return all[0]
	}
	return nil
}

// Representatives of a business.
func (d *Directory) Representatives(s id.Subscriber) []*agent.Representation { return d.answers[s] }

// Serves lists what an agent answers as, by the names of the businesses.
func (d *Directory) Serves(a id.Agent) []*agent.Representation {
	all := slices.Clone(d.serves[a])
	slices.SortFunc(all, func(x, y *agent.Representation) int {
		return strings.Compare(d.nameOf(x.Subscriber), d.nameOf(y.Subscriber))
	})
	return all
}

func (d *Directory) nameOf(s id.Subscriber) string {
	if sub := d.Subscribers[s]; sub != nil {
		return sub.Name + " " + string(s)
	}
	return string(s)
}

// Agent by id or slug; nil when there is none.
func (d *Directory) Agent(idOrSlug string) *agent.Agent {
	return d.Agents[id.Agent(d.ID(Agent, idOrSlug))]
}

package setup

import (
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/subscriber"
)

func (p *planner) trunks() thing[cti.Trunk] {
	return thing[cti.Trunk]{
		kind:  directory.Trunk,
		names: func(t *cti.Trunk) (string, string) { return string(t.ID), t.Slug },
		name:  func(t *cti.Trunk, s string) { t.ID = id.Trunk(s) },
		mint:  func() string { return string(p.mint.Trunk()) },
		check: func(t *cti.Trunk) error {
			t.Prefixes, t.Codecs, t.AcceptFrom = list(t.Prefixes), list(t.Codecs), list(t.AcceptFrom)
			return nil
		},
		adopt: func(v, was *cti.Trunk) {},
		bare:  func(t cti.Trunk) cti.Trunk { return t },
	}
}

func (p *planner) subscribers() thing[subscriber.Subscriber] {
	return thing[subscriber.Subscriber]{
		kind:  directory.Subscriber,
		names: func(s *subscriber.Subscriber) (string, string) { return string(s.ID), s.Slug },
		name:  func(s *subscriber.Subscriber, v string) { s.ID = id.Subscriber(v) },
		mint:  func() string { return string(p.mint.Subscriber()) },
		check: func(s *subscriber.Subscriber) error {
			s.Regions, s.Dispositions = list(s.Regions), list(s.Dispositions)
			s.Limits.MaxTalk = s.Limits.MaxTalk.Truncate(time.Microsecond)
			s.Routing, s.Slots = s.Routing.Bare(), s.Slots.Bare()
			var err error
			s.Holidays, err = s.Holidays.Bare()
			return err
		},
		adopt: func(v, was *subscriber.Subscriber) {
			v.CreatedAt, v.UpdatedAt = p.now, p.now
			if was != nil {
				v.CreatedAt = was.CreatedAt
			}
		},
		bare: func(s subscriber.Subscriber) subscriber.Subscriber {
			s.CreatedAt, s.UpdatedAt = time.Time{}, time.Time{}
			return s
		},
	}
}

func (p *planner) buttons() thing[subscriber.Button] {
	return thing[subscriber.Button]{
		kind:  directory.Button,
		names: func(b *subscriber.Button) (string, string) { return string(b.ID), b.Slug },
		name:  func(b *subscriber.Button, v string) { b.ID = id.Button(v) },
		mint:  func() string { return string(p.mint.Button()) },
		check: func(b *subscriber.Button) (err error) {
			b.Origins, b.Channels, b.Fields = list(b.Origins), list(b.Channels), list(b.Fields)
			if len(b.Skills) == 0 {
				b.Skills = nil
			}
			b.Subscriber, err = owner(p, called(directory.Button, string(b.ID), b.Slug), b.Subscriber)
			return err
		},
		adopt: func(v, was *subscriber.Button) {
			v.CreatedAt, v.UpdatedAt = p.now, p.now
			if was != nil {
				v.CreatedAt = was.CreatedAt
			}
		},
		bare: func(b subscriber.Button) subscriber.Button {
			b.CreatedAt, b.UpdatedAt = time.Time{}, time.Time{}
			return b
		},
	}
}

// agents keep their status; a new one begins as signed out, or as ready if she has a telephone and no desk.
func (p *planner) agents() thing[agent.Agent] {
	return thing[agent.Agent]{
		kind:  directory.Agent,
		names: func(a *agent.Agent) (string, string) { return string(a.ID), a.Slug },
		name:  func(a *agent.Agent, v string) { a.ID = id.Agent(v) },
		mint:  func() string { return string(p.mint.Agent()) },
		check: func(a *agent.Agent) error {
			a.Devices = list(a.Devices)
			if a.PauseAfter == agent.DefaultPauseAfter {
				a.PauseAfter = 0
			}
			return nil
		},
		adopt: func(v, was *agent.Agent) {
			v.CreatedAt, v.UpdatedAt = p.now, p.now
			v.OpenDesk()
			if was != nil {
				v.CreatedAt, v.Status = was.CreatedAt, was.Status
				return
			}
			v.Status = agent.Status{Presence: agent.SignedOut, Since: p.now}
			if v.Ready {
				v.Presence, v.IdleFrom = agent.Ready, p.now
			}
		},
		bare: func(a agent.Agent) agent.Agent {
			a.CreatedAt, a.UpdatedAt, a.Status = time.Time{}, time.Time{}, agent.Status{}
			return a
		},
	}
}

func (p *planner) representations() thing[agent.Representation] {
	return thing[agent.Representation]{
		kind:  directory.Representation,
		names: func(r *agent.Representation) (string, string) { return string(r.ID), "" },
		name:  func(r *agent.Representation, v string) { r.ID = id.Representation(v) },
		mint:  func() string { return string(p.mint.Representation()) },
		check: func(r *agent.Representation) (err error) {
			r.Languages = list(r.Languages)
			if len(r.Skills) == 0 {
				r.Skills = nil
			}
			of := called(directory.Representation, string(r.ID), r.DisplayName)
			a, err := p.resolve(of, directory.Agent, string(r.Agent))
			if err != nil {
				return err
			}
			r.Agent = id.Agent(a)
			r.Subscriber, err = owner(p, of, r.Subscriber)
			return err
		},
		same: func(r *agent.Representation) string {
			for _, h := range p.have.Representations {
				if h.Agent == r.Agent && h.Subscriber == r.Subscriber {
					return string(h.ID)
				}
			}
			return ""
		},
		adopt: func(v, was *agent.Representation) {
			v.CreatedAt, v.UpdatedAt = p.now, p.now
			if was != nil {
				v.CreatedAt = was.CreatedAt
			}
		},
		bare: func(r agent.Representation) agent.Representation {
			r.CreatedAt, r.UpdatedAt = time.Time{}, time.Time{}
			return r
		},
	}
}

func (p *planner) keys() thing[login.Key] {
	return thing[login.Key]{
		kind:  directory.Key,
		names: func(k *login.Key) (string, string) { return string(k.ID), k.Slug },
		name:  func(k *login.Key, v string) { k.ID = id.Key(v) },
		mint:  func() string { return string(p.mint.Key()) },
		check: func(k *login.Key) (err error) {
			of := called(directory.Key, string(k.ID), k.Slug)
			switch k.Role {
			case login.Operator:
				if k.Subscriber != "" {
					return fault.At("subscriber", fault.WrongType, "%s is an operator's and belongs to no subscriber.", of)
				}
			case login.Subscriber:
				k.Subscriber, err = owner(p, of, k.Subscriber)
			default:
				return fault.At("role", fault.WrongType, "%s has the role %q; write operator or subscriber.", of, k.Role)
			}
			return err
		},
		same: func(k *login.Key) string {
			if h := p.have.KeyBySecret(k.SecretHash); h != nil && k.Slug == "" {
				return string(h.ID)
			}
			return ""
		},
		adopt: func(v, was *login.Key) {
			v.CreatedAt = p.now
			if was != nil {
				v.CreatedAt = was.CreatedAt
				if v.SecretHash == "" {
					v.SecretHash = was.SecretHash
				}
			}
		},
		bare: func(k login.Key) login.Key { k.CreatedAt = time.Time{}; return k },
	}
}

func (p *planner) blocks() thing[subscriber.Block] {
	return thing[subscriber.Block]{
		kind:  directory.Block,
		names: func(b *subscriber.Block) (string, string) { return string(b.ID), "" },
		name:  func(b *subscriber.Block, v string) { b.ID = id.Block(v) },
		mint:  func() string { return string(p.mint.Block()) },
		check: func(b *subscriber.Block) (err error) {
			b.Until = b.Until.UTC().Truncate(time.Microsecond)
			if b.Subscriber != "" {
				b.Subscriber, err = owner(p, called(directory.Block, string(b.ID), b.Masked), b.Subscriber)
			}
			return err
		},
		same: func(b *subscriber.Block) string {
			for _, h := range p.have.BlocksOf(b.NumberHash) {
				if h.Subscriber == b.Subscriber {
					return string(h.ID)
				}
			}
			return ""
		},
		adopt: func(v, was *subscriber.Block) {
			v.CreatedAt = p.now
			if was != nil {
				v.CreatedAt = was.CreatedAt
				v.OwnWish = v.OwnWish || was.OwnWish
			}
			if v.OwnWish {
				v.Until = time.Time{} // for ever is for ever
			}
		},
		bare: func(b subscriber.Block) subscriber.Block { b.CreatedAt = time.Time{}; return b },
	}
}

func owner(p *planner, of string, idOrSlug id.Subscriber) (id.Subscriber, error) {
	s, err := p.resolve(of, directory.Subscriber, string(idOrSlug))
	return id.Subscriber(s), err
}

// list makes an empty list none: the two are kept alike.
func list[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

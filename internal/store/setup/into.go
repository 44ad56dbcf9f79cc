package setup

import (
	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/subscriber"
)

// Into carries the write out on a directory in memory, whose maps are not nil. Index it afterwards.
func (w Write) Into(d *directory.Directory) {
	switch w.Kind {
	case directory.Trunk:
		into[id.Trunk, cti.Trunk](d.Trunks, w)
	case directory.Subscriber:
		into[id.Subscriber, subscriber.Subscriber](d.Subscribers, w)
	case directory.Button:
		into[id.Button, subscriber.Button](d.Buttons, w)
	case directory.Agent:
		into[id.Agent, agent.Agent](d.Agents, w)
	case directory.Representation:
		into[id.Representation, agent.Representation](d.Representations, w)
	case directory.Key:
		into[id.Key, login.Key](d.Keys, w)
	case directory.Block:
		into[id.Block, subscriber.Block](d.Blocks, w)
	case directory.User:
		into[id.User, login.User](d.Users, w)
	}
}

func into[K ~string, T any](m map[K]*T, w Write) {
	if w.Value == nil {
		delete(m, K(w.ID))
		return
	}
	m[K(w.ID)] = w.Value.(*T)
}

package api

import (
	"net/http"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// KeyDoc is what is written of a key.
type KeyDoc struct {
	Slug       string     `json:"slug"`
	Role       login.Role `json:"role"`
	Subscriber string     `json:"subscriber,omitempty"`

	secret string // made, not written
}

// Key opens the API.
type Key struct {
	ID             string     `json:"id"`
	Slug           string     `json:"slug"`
	Role           string     `json:"role"`
	Subscriber     *string    `json:"subscriber"`
	SubscriberSlug *string    `json:"subscriber_slug"`
	CreatedAt      door.Stamp `json:"created_at"`
}

// NewKey is a key with its secret, which is shown this once.
type NewKey struct {
	Key
	Secret string `json:"secret"`
}

func (a *API) keys() thing[KeyDoc, Key] {
	return thing[KeyDoc, Key]{
		kind: directory.Key, prefix: "key_",
		ids:   func(d *directory.Directory) []string { return keysOf(d.Keys) },
		whose: func(d *directory.Directory, i string) id.Subscriber { return d.Keys[id.Key(i)].Subscriber },
		view:  func(d *directory.Directory, i string) Key { return keyView(d, d.Keys[id.Key(i)]) },
		check: a.checkKey,
		first: func(v Key, doc *KeyDoc) any { return NewKey{v, doc.secret} },
		out:   NewKey{},
	}
}

func keyView(d *directory.Directory, k *login.Key) Key {
	v := Key{ID: string(k.ID), Slug: k.Slug, Role: string(k.Role), Subscriber: door.Opt(k.Subscriber), CreatedAt: door.Stamp(k.CreatedAt)}
	if s := d.Subscribers[k.Subscriber]; s != nil {
		v.SubscriberSlug = &s.Slug
	}
	return v
}

func (a *API) checkKey(r *http.Request, d *directory.Directory, self string, in *KeyDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if err := freeSlug(d, directory.Key, self, in.Slug); err != nil {
		return none, err
	}
	if err := oneOf("role", in.Role, login.Operator, login.Subscriber); err != nil {
		return none, err
	}
	k := login.Key{ID: id.Key(self), Slug: in.Slug, Role: in.Role}
	switch {
	case in.Role == login.Operator && in.Subscriber != "":
		return none, bad("subscriber", "An operator's key sees every subscriber; leave subscriber out.")
	case in.Role == login.Subscriber:
		sub, err := business(d, door.Principal(r.Context()), in.Subscriber)
		if err != nil {
			return none, err
		}
		k.Subscriber = sub
	}
	in.secret = a.Mint.Token(id.SecretKey)
	k.SecretHash = id.TokenHash(in.secret)
	return directory.Setup{Keys: []login.Key{k}}, nil
}

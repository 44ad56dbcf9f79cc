package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// thing is one kind of what is set up, as the keyed API reads and writes it. D is the document that a program writes,
// V what it reads.
type thing[D, V any] struct {
	kind   directory.Kind
	prefix string // of its ids
	ids    func(*directory.Directory) []string
	whose  func(d *directory.Directory, id string) id.Subscriber // "" = the operator's, or everybody's
	view   func(d *directory.Directory, id string) V
	doc    func(d *directory.Directory, id string) D // as it could have been written
	blank  D                                         // what a new one is where nothing is said
	// check reads a document into what the book understands; self is "" for a new thing. It must not let a principal
	// write what belongs to somebody else.
	check func(r *http.Request, d *directory.Directory, self string, doc *D) (directory.Setup, error)
	// first is the answer to a creation where that is more than the view.
	first func(v V, doc *D) any
	out   any // a zero value of first's answer
}

// crud are the rows of a kind: who may write it; whoever may write or holds a key that sees it may read it, but what
// only operators write and no business owns only operators read.
func crud[D, V any](a *API, path, name string, t thing[D, V], who door.Who) []door.Route {
	read := who
	if t.kind == directory.Subscriber || t.kind == directory.Representation {
		read = door.Keyed
	}
	created := t.out
	if created == nil {
		created = *new(V)
	}
	one := path + "/{id}"
	article := "a "
	if name[0] == 'a' {
		article = "an "
	}
	return []door.Route{
		{Method: "GET", Pattern: path, Who: read, Summary: "List " + name + "s", Query: append([]string{"subscriber"}, paging...), Out: door.List[V]{}, Handle: t.list(a)},
		{Method: "POST", Pattern: path, Who: who, Summary: "Make " + article + name, In: *new(D), Out: created, Status: http.StatusCreated, Handle: t.create(a, path)},
		{Method: "GET", Pattern: one, Who: read, Summary: "One " + name, Out: *new(V), Handle: t.one(a)},
		{Method: "PATCH", Pattern: one, Who: who, Summary: "Change " + article + name + " (JSON merge patch)", In: *new(D), Out: *new(V), Handle: t.change(a)},
		{Method: "DELETE", Pattern: one, Who: who, Summary: "Delete " + article + name, Status: http.StatusNoContent, Handle: t.remove(a)},
	}
}

func (t thing[D, V]) list(a *API) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		after, limit, err := page(r, t.prefix)
		if err != nil {
			return err
		}
		sub, err := a.narrowed(r)
		if err != nil {
			return err
		}
		d := a.Conductor.Directory()
		ids := slices.DeleteFunc(t.ids(d), func(i string) bool {
			return after != "" && i >= after || sub != "" && t.whose(d, i) != sub
		})
		slices.SortFunc(ids, func(a, b string) int { return -compare(a, b) }) // ids begin with their time
		out := door.List[V]{Data: []V{}}
		if len(ids) > limit {
			ids = ids[:limit]
			out.Next = cursor(ids[limit-1])
		}
		for _, i := range ids {
			out.Data = append(out.Data, t.view(d, i))
		}
		return door.JSON(w, http.StatusOK, out)
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// find resolves the id or slug in the path, within what the key may see.
func (t thing[D, V]) find(a *API, r *http.Request) (*directory.Directory, string, error) {
	d := a.Conductor.Directory()
	i := d.ID(t.kind, r.PathValue("id"))
	if i == "" || !sees(door.Principal(r.Context()), t.whose(d, i)) {
		return nil, "", missing(t.kind)
	}
	return d, i, nil
}

func (t thing[D, V]) one(a *API) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		d, i, err := t.find(a, r)
		if err != nil {
			return err
		}
		return door.JSON(w, http.StatusOK, t.view(d, i))
	}
}

func (t thing[D, V]) create(a *API, path string) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		doc, err := copyOf(t.blank)
		if err != nil {
			return err
		}
		if err := door.Strict(r, doc); err != nil {
			return err
		}
		if n, ok := any(doc).(slugged); ok && *n.slug() == "" {
			*n.slug() = a.newSlug(t.kind)
		}
		setup, err := t.check(r, a.Conductor.Directory(), "", doc)
		if err != nil {
			return err
		}
		i, err := a.apply(r.Context(), t.kind, setup)
		if err != nil {
			return err
		}
		v := t.view(a.Conductor.Directory(), i)
		if t.first != nil {
			return door.Created(w, Base+path+"/"+i, t.first(v, doc))
		}
		return door.Created(w, Base+path+"/"+i, v)
	}
}

// copyOf keeps the maps and lists of a blank from being written into.
func copyOf[D any](blank D) (*D, error) {
	b, err := json.Marshal(blank)
	if err != nil {
		return nil, err
	}
	out := new(D)
	return out, json.Unmarshal(b, out)
}

func (t thing[D, V]) change(a *API) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		d, i, err := t.find(a, r)
		if err != nil {
			return err
		}
		patch, err := door.Body(r)
		if err != nil {
			return err
		}
		before, err := json.Marshal(t.doc(d, i))
		if err != nil {
			return err
		}
		merged, err := merge(before, patch)
		if err != nil {
			return err
		}
		doc, err := copyOf(t.blank) // what the patch takes away is as if it had never been said
		if err != nil {
			return err
		}
		if err := door.Decode(merged, doc, true); err != nil {
			return err
		}
		setup, err := t.check(r, d, i, doc)
		if err != nil {
			return err
		}
		if _, err := a.apply(r.Context(), t.kind, setup); err != nil {
			return err
		}
		return door.JSON(w, http.StatusOK, t.view(a.Conductor.Directory(), i))
	}
}

func (t thing[D, V]) remove(a *API) door.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		_, i, err := t.find(a, r)
		if err != nil {
			return err
		}
		if err := a.Book.Delete(r.Context(), t.kind, i); err != nil {
			return err
		}
		if err := a.Conductor.Reload(r.Context()); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// apply writes one thing and brings it into force.
func (a *API) apply(ctx context.Context, k directory.Kind, s directory.Setup) (string, error) {
	changes, err := a.Book.Apply(ctx, s, directory.Options{})
	if err != nil {
		return "", err
	}
	if err := a.Conductor.Reload(ctx); err != nil {
		return "", err
	}
	for _, c := range changes {
		if c.Kind == k {
			return c.ID, nil
		}
	}
	return "", missing(k)
}

// slugged is a document of what people name.
type slugged interface{ slug() *string }

func (d *SubscriberDoc) slug() *string { return &d.Slug }
func (d *ButtonDoc) slug() *string     { return &d.Slug }
func (d *AgentDoc) slug() *string      { return &d.Slug }
func (d *TrunkDoc) slug() *string      { return &d.Slug }
func (d *KeyDoc) slug() *string        { return &d.Slug }

// newSlug names what was not given a name: button-4f2k9x7q1a.
func (a *API) newSlug(k directory.Kind) string {
	fresh := string(a.Mint.Request())
	return string(k) + "-" + fresh[len(fresh)-10:]
}

// freeSlug checks the name of a thing: well formed, and not another's.
func freeSlug(d *directory.Directory, k directory.Kind, self, slug string) error {
	if err := id.CheckSlug(slug); err != nil {
		return bad("slug", "%v.", err)
	}
	if other := d.ID(k, slug); other != "" && other != self {
		return bad("slug", "There is a %s called %s already. PATCH it, or take another slug.", k, slug)
	}
	return nil
}

// business resolves the business that a document names; a subscriber's key may leave it out and may name only its own.
func business(d *directory.Directory, p login.Principal, named string) (id.Subscriber, error) {
	if named == "" && p.Sees != "" {
		return p.Sees, nil
	}
	if named == "" {
		return "", required("subscriber")
	}
	sub := id.Subscriber(d.ID(directory.Subscriber, named))
	if sub == "" || !sees(p, sub) {
		return "", missing(directory.Subscriber)
	}
	return sub, nil
}

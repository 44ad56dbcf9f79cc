package server

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/ladder"
	"ringback/internal/phone"
	"ringback/internal/store"
	"ringback/internal/subscriber"
	"ringback/internal/web/api"
)

// people are whoever was called, each known by her telephone: what is kept of one is shown, and taken away.
type people struct{ *App }

func (a *App) people() people { return people{a} }

// who is a person within what may be seen.
func (p people) who(sub id.Subscriber, to cti.Endpoint) store.Person {
	return store.Person{Telephone: to, NumberHash: callback.HashNumber(p.keys.hash, to), Subscriber: sub}
}

// Dossier reads all that is kept of a person; sub "" = by all businesses.
func (p people) Dossier(ctx context.Context, sub id.Subscriber, to cti.Endpoint) (*callback.Dossier, error) {
	who := p.who(sub, to)
	d, err := p.Store.Dossier(ctx, who)
	if err != nil {
		return nil, err
	}
	dir, err := p.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	d.Blocks = blocksOf(dir, who)
	return d, nil
}

func blocksOf(dir *directory.Directory, who store.Person) []*subscriber.Block {
	all := slices.Clone(dir.BlocksOf(who.NumberHash))
	return slices.DeleteFunc(all, func(b *subscriber.Block) bool { return who.Subscriber != "" && b.Subscriber != who.Subscriber })
}

// Erase takes away all that tells who a person is: her recordings, the messages of her calls, and what is in the database. by is
// whoever asked for it, as the record of recordings names her.
func (p people) Erase(ctx context.Context, sub id.Subscriber, to cti.Endpoint, by string) (did callback.Erasure, err error) {
	if did, err = p.erase(ctx, sub, to, by); err == nil && did != (callback.Erasure{NeverAgain: did.NeverAgain}) {
		err = p.noteErased(erasedLine{p.who(sub, to).NumberHash, sub, time.Now().UTC()})
	}
	return did, err
}

func (p people) erase(ctx context.Context, sub id.Subscriber, to cti.Endpoint, by string) (did callback.Erasure, err error) {
	who := p.who(sub, to)
	dir, err := p.Store.Directory(ctx)
	if err != nil {
		return did, err
	}
	if ours(dir, to) {
		return did, fault.At("number", fault.NumberOwn, "This telephone is one of yours: an agent, a business or a line has it. Take it out of what is set up first.")
	}
	own, others, err := p.Store.CallsOf(ctx, who)
	if err != nil {
		return did, err
	}
	if err := p.over(ctx, slices.Concat(own, others)); err != nil {
		return did, err
	}
	if did.Recordings, err = p.unrecord(ctx, own, by); err != nil {
		return did, err
	}
	gone, err := p.Store.ErasePerson(ctx, who, time.Now().UTC())
	did.Callbacks, did.Contacts, did.Consents = gone.Callbacks, gone.Contacts, gone.Consents
	if err != nil {
		return did, err
	}
	if did.Messages, err = p.forget(slices.Concat(own, others)); err != nil {
		return did, err
	}
	if dir, err = p.told(ctx); err != nil {
		return did, err
	}
	did.NeverAgain = slices.ContainsFunc(dir.BlocksOf(who.NumberHash), func(b *subscriber.Block) bool { return b.OwnWish })
	p.log.InfoContext(ctx, "a person was erased", "by", by, "subscriber", sub, "callbacks", did.Callbacks, "recordings", did.Recordings)
	return did, nil
}

// over refuses while a call is under way: nothing of it is taken away under the hands of who talks.
func (p people) over(ctx context.Context, all []id.Callback) error {
	for _, cb := range all {
		c, err := p.Store.Callback(ctx, "", cb)
		if err != nil {
			return err
		}
		if c.Live() {
			return fault.New(fault.TooLate, "A call of this person is under way or promised (%s). Cancel it, or wait until it is over.", cb)
		}
	}
	return nil
}

// unrecord deletes the sound of her talks.
func (p people) unrecord(ctx context.Context, own []id.Callback, by string) (n int, err error) {
	for _, cb := range own {
		const slice = 100
		for {
			found, err := p.recorded.Recordings(ctx, "", callback.RecordingFilter{Callbacks: []id.Callback{cb}, Limit: slice})
			if err != nil {
				return n, err
			}
			for i := range found {
				if err := p.recorded.Destroy(ctx, &found[i], by); err != nil {
					return n, err
				}
				n++
			}
			if len(found) < slice {
				break
			}
		}
	}
	return n, nil
}

// forget takes the messages of her calls away, numbers of which are masked but for three digits.
func (p people) forget(all []id.Callback) (int, error) {
	if p.ladder != nil {
		return p.ladder.Forget(all)
	}
	return ladder.Forget(ladderDir(p.Config), all)
}

// told lets everybody know how blocks are shown now, also the list beside the database.
func (p people) told(ctx context.Context) (*directory.Directory, error) {
	if p.Conductor != nil {
		if err := p.Conductor.Reload(ctx); err != nil {
			return nil, err
		}
	}
	dir, err := p.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	list := p.never
	if list == nil { // no service runs
		list = &neverList{path: filepath.Join(p.Config.Data, "never"), log: p.log}
		if _, err := os.Stat(list.path); errors.Is(err, os.ErrNotExist) {
			return dir, nil
		}
	}
	list.keep(dir)
	return dir, nil
}

// ours says whether a telephone is one of those that are set up.
func ours(dir *directory.Directory, to cti.Endpoint) bool {
	if n := to.Number(); n != "" {
		return dir.Own(phone.Number(n))
	}
	for _, a := range dir.Agents {
		for _, d := range a.Devices {
			if d.To == to {
				return true
			}
		}
	}
	for _, s := range dir.Subscribers {
		if s.Destination == to {
			return true
		}
	}
	return false
}

// PersonOrder is what `ringback person` asks of a running service.
type PersonOrder struct{ Telephone cti.Endpoint }

// Person renders all that is kept of somebody.
func (a *App) Person(ctx context.Context, to cti.Endpoint) (*api.Person, error) {
	d, err := a.people().Dossier(ctx, "", to)
	if err != nil {
		return nil, err
	}
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return nil, err
	}
	out := api.RenderPerson(d, dir, a.Config.URL)
	return &out, nil
}

// byCommand is who deletes when the operator does, on the machine itself: the word in the audit.
const byCommand = "command"

// personRoutes are those of the control socket.
func (s *Service) personRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /person/export", func(w http.ResponseWriter, r *http.Request) {
		o, err := order[PersonOrder](r)
		var out *api.Person
		if err == nil {
			out, err = s.Person(r.Context(), o.Telephone)
		}
		reply(w, out, err)
	})
	mux.HandleFunc("POST /person/erase", func(w http.ResponseWriter, r *http.Request) {
		o, err := order[PersonOrder](r)
		var did callback.Erasure
		if err == nil {
			did, err = s.people().Erase(r.Context(), "", o.Telephone, byCommand)
		}
		reply(w, did, err)
	})
}

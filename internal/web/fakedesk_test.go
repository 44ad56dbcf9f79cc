package web_test

import (
	"context"
	"encoding/json"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
)

// What desks do, as the house plays it.

func (h *house) Leave(_ context.Context, cb id.Callback, a id.Agent) (*callback.Callback, error) {
	return h.act(cb, func(*callback.Callback) error { h.told("leave", cb, a); return nil })
}

func (h *house) order(what string, cb id.Callback) (*callback.Callback, error) {
	return h.act(cb, func(*callback.Callback) error { h.told(what, cb, ""); return nil })
}

func (h *house) Accept(_ context.Context, cb id.Callback, leg id.Leg, _ callback.Actor) error {
	_, err := h.order("accept "+string(leg), cb)
	return err
}

func (h *house) Decline(_ context.Context, cb id.Callback, leg id.Leg, _ callback.Actor) error {
	_, err := h.order("decline "+string(leg), cb)
	return err
}

func (h *house) Hold(_ context.Context, cb id.Callback, on bool, _ callback.Actor) (*callback.Callback, error) {
	return h.order(fmt.Sprintf("hold %v", on), cb)
}

func (h *house) Keys(_ context.Context, cb id.Callback, digits string, _ callback.Actor) (*callback.Callback, error) {
	return h.order("keys "+digits, cb)
}

func (h *house) Transfer(_ context.Context, cb id.Callback, to string, kind callback.TransferKind, _ callback.Actor) (*callback.Callback, error) {
	return h.order("transfer "+to+" "+string(kind), cb)
}

func (h *house) CompleteTransfer(_ context.Context, cb id.Callback, _ callback.Actor) (*callback.Callback, error) {
	return h.order("complete", cb)
}

func (h *house) CancelTransfer(_ context.Context, cb id.Callback, _ callback.Actor) (*callback.Callback, error) {
	return h.order("cancel", cb)
}

func (h *house) Conference(_ context.Context, cb id.Callback, to string, _ callback.Actor) (*callback.Callback, error) {
	return h.order("conference "+to, cb)
}

func (h *house) Monitor(_ context.Context, supervisor, who id.Agent, mode cti.Mode) (*callback.Callback, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told("monitor "+string(mode)+" "+string(supervisor), "cb_x", who)
	return &callback.Callback{ID: "cb_x"}, h.failing()
}

func (h *house) SignOut(_ context.Context, a id.Agent) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told("sign out", "", a)
	return h.failing()
}

// signedOut is how often somebody was taken off work because her session had ended.
func (h *house) signedOut(a id.Agent) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.orders {
		if o == "sign out  "+string(a) {
			n++
		}
	}
	return n
}

func (h *house) Connect(_ context.Context, peer, offer string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told("connect "+offer, "", id.Agent(peer))
	return "v=0 answer", h.failing()
}

func (h *house) Disconnect(_ context.Context, peer string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told("disconnect", "", id.Agent(peer))
	return h.failing()
}

func (h *house) ICE(context.Context, string) ([]cti.ICEServer, error) {
	return []cti.ICEServer{{URLs: []string{"turns:call.test:443"}, Username: "1:ann", Credential: "x"}}, nil
}

func (h *house) AddNote(_ context.Context, cb id.Callback, text string, by callback.Author) (*callback.Callback, error) {
	return h.touch(cb, func(*callback.Callback) error {
		r := h.remarks[cb]
		r.Notes = append(r.Notes, callback.Note{ID: id.Note("note_" + text), At: h.now, By: by, Text: text})
		h.remarks[cb] = r
		return nil
	})
}

func (h *house) Dispose(_ context.Context, cb id.Callback, code, note string, by callback.Author) (*callback.Callback, error) {
	return h.touch(cb, func(*callback.Callback) error {
		r := h.remarks[cb]
		r.Disposition = &callback.Disposition{Code: code, Note: note, By: by, At: h.now}
		h.remarks[cb] = r
		return nil
	})
}

// Companion finds a link to a call's page.
func (h *house) Companion(_ context.Context, tokenHash string) (*callback.Companion, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l, ok := h.links[tokenHash]; ok {
		return &l, nil
	}
	return nil, h.failing()
}

func (h *house) Follow(_ context.Context, cb id.Callback, f callback.FollowUp, by callback.Author) (*callback.Callback, error) {
	h.mu.Lock()
	err := h.failing()
	when, _ := json.Marshal(f.When)
	h.told("follow "+string(when)+string(f.Agent), cb, by.Agent)
	h.mu.Unlock()
	if err != nil {
		return nil, err
	}
	was := h.callbacks[cb]
	c, _ := h.call(callback.Callback{State: callback.Scheduled, Subscriber: was.Subscriber, Button: was.Button, Number: was.Number, Endpoint: was.Endpoint,
		Wanted: f.Agent})
	return c, nil
}

func (h *house) ConnectLead(_ context.Context, cb id.Callback) (*callback.Callback, error) {
	return h.leads("connect", cb)
}

func (h *house) LeadTomorrow(_ context.Context, cb id.Callback) (*callback.Callback, error) {
	return h.leads("tomorrow", cb)
}

func (h *house) leads(what string, cb id.Callback) (*callback.Callback, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.failing(); err != nil {
		return nil, err
	}
	h.told(what, cb, "")
	return h.callbacks[cb], nil
}

func (h *house) MoveToFront(_ context.Context, cb id.Callback, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error { c.FrontAt = h.now; return nil })
}

func (h *house) Reassign(_ context.Context, cb id.Callback, a id.Agent, _ callback.Actor) (*callback.Callback, error) {
	return h.act(cb, func(c *callback.Callback) error { c.Wanted = a; return nil })
}

// told notes an order to the conductor, under the lock.
func (h *house) told(what string, cb id.Callback, a id.Agent) {
	h.orders = append(h.orders, what+" "+string(cb)+" "+string(a))
}

// touch is act for what is done after the end too.
func (h *house) touch(cb id.Callback, f func(*callback.Callback) error) (*callback.Callback, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.callbacks[cb]
	if c == nil {
		return nil, fault.New(fault.NotFound, "No such callback.")
	}
	c = c.Clone()
	c.Version++
	h.callbacks[cb] = c
	return c, f(c)
}

func (r reader) Remarks(_ context.Context, all []id.Callback) (map[id.Callback]callback.Remarks, error) {
	r.h.mu.Lock()
	defer r.h.mu.Unlock()
	out := map[id.Callback]callback.Remarks{}
	for _, cb := range all {
		if x, ok := r.h.remarks[cb]; ok {
			out[cb] = x
		}
	}
	return out, nil
}

// keyring plays passkeys: what they are is tested where they are made.
type keyring struct{ h *house }

const annsPasskey = "cGFzc2tleSBvZiBhbm4"

func (k keyring) BeginRegister(_ context.Context, a *login.Account) (string, json.RawMessage, error) {
	return "c1", json.RawMessage(`{"publicKey":{"challenge":"x"}}`), nil
}

func (k keyring) FinishRegister(_ context.Context, a *login.Account, name, device string, _ []byte) (*login.Passkey, error) {
	k.h.mu.Lock()
	defer k.h.mu.Unlock()
	k.h.told("passkey "+name+" "+device, "", id.Agent(a.ID))
	return &login.Passkey{ID: annsPasskey, Person: a.ID, Name: device, CreatedAt: k.h.now, UsedAt: k.h.now}, nil
}

func (k keyring) BeginSignIn() (string, json.RawMessage, error) {
	return "c2", json.RawMessage(`{"publicKey":{"challenge":"y"}}`), nil
}

func (k keyring) FinishSignIn(_ context.Context, name string, answer []byte) (string, *login.Account, error) {
	if name != "c2" || string(answer) != `{"id":"good"}` {
		return "", nil, fault.New(fault.BadLogin, "No.")
	}
	return "ss_by-passkey", k.h.Directory().Account("ann"), nil
}

func (k keyring) Of(_ context.Context, a id.Person) ([]login.Passkey, error) {
	if a != id.Person(ann) {
		return nil, nil
	}
	return []login.Passkey{{ID: annsPasskey, Person: id.Person(ann), Name: "laptop of Ann at Acme"}}, nil
}

func (k keyring) Drop(_ context.Context, a id.Person, passkey string) error {
	if a != id.Person(ann) || passkey != annsPasskey {
		return fault.New(fault.NotFound, "No.")
	}
	return nil
}

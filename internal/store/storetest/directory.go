package storetest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/money"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

func sameDirectory(t testing.TB, got, want *directory.Directory) {
	t.Helper()
	g, err1 := json.Marshal(got)
	w, err2 := json.Marshal(want)
	if err := errors.Join(err1, err2); err != nil || string(g) != string(w) {
		t.Errorf("directory differs (%v):\n got %s\nwant %s", err, g, w)
	}
}

func verbs(changes []directory.Change) map[string]int {
	out := map[string]int{}
	for _, c := range changes {
		out[c.Verb]++
	}
	return out
}

// full is Setup with one of everything.
func full(t testing.TB) directory.Setup {
	s := Setup()
	hours, err := schedule.ParseHours(map[string][]string{"mon-fri": {"09:00-17:00"}})
	if err != nil {
		t.Fatal(err)
	}
	s.Subscribers[1].Hours = hours
	s.Subscribers[1].Dispositions, s.Subscribers[1].ScreenPop = []string{"sold", "call back"}, "https://crm.example/{number}"
	s.Subscribers[1].Notify = subscriber.Notify{Mail: "joe@zen.example", SMS: "+12025550140", Missed: true, Digest: "18:00"}
	s.Subscribers[1].Holidays, s.Subscribers[1].Slots = schedule.Days{"2026-12-25", "2026-12-26"}, schedule.Slots{Every: time.Hour, Capacity: 2}
	s.Buttons[0].Hours = hours
	s.Agents[0].Supervisor = true
	s.Subscribers[1].Limits.SpendPerDay = money.Amount{Micro: 20_000_000, Currency: "USD"}
	s.Keys = []login.Key{
		{Slug: "bench", Role: login.Operator, SecretHash: "s1"},
		{Slug: "acme-key", Role: login.Subscriber, Subscriber: "acme", SecretHash: "s2"},
	}
	s.Blocks = []subscriber.Block{
		{NumberHash: "n1", Masked: "+1•••0100", Reason: "asked", Until: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)},
		{NumberHash: "n1", Subscriber: "acme", Masked: "+1•••0100", Reason: "rude"},
	}
	s.Users = []login.User{{Slug: "olga", Name: "Olga", Email: "Olga@acme.example", Role: login.Owner, Subscribers: []id.Subscriber{"acme"}, InviteHash: "i1", InviteUntil: time.Date(2030, 1, 1, 0, 0, 0, 1, time.UTC)}}
	return s
}

func applyIdempotent(t *testing.T, h *House) {
	s := full(t)
	first, err := h.Apply(t.Context(), s, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if v := verbs(first); v["created"] != 5 || v["updated"] != 3 || v["unchanged"] != 4 {
		t.Errorf("first: %v", first)
	}
	before, err := h.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Pass(time.Hour)
	again, err := h.Apply(t.Context(), s, directory.Options{})
	if err != nil || verbs(again)["unchanged"] != len(again) {
		t.Errorf("again: %v, %v", again, err)
	}
	after, _ := h.Directory(t.Context())
	sameDirectory(t, after, before)
	if k := after.KeyBySecret("s2"); k == nil || k.Subscriber != h.Acme || len(after.BlocksOf("n1")) != 2 || after.Representatives(h.Acme)[0].Agent != h.Ann {
		t.Error("the directory is not indexed")
	}
	if tr := after.Trunks[id.Trunk(after.ID(directory.Trunk, "pstn"))]; tr.Password != "carrier-secret" || tr.CallsPerSecond != 2.5 {
		t.Errorf("trunk is %+v", tr)
	}
	if z := after.Subscribers[h.Zen]; z.Hours.Always() || z.Limits.SpendPerDay.Currency != "USD" {
		t.Errorf("zen is %+v", z)
	}

	s.Subscribers[0].Name = "Acme & Daughters"
	dry, err := h.Apply(t.Context(), s, directory.Options{DryRun: true})
	if err != nil || verbs(dry)["updated"] != 1 {
		t.Errorf("dry run: %v, %v", dry, err)
	}
	if d, _ := h.Directory(t.Context()); d.Subscribers[h.Acme].Name != "Acme Plumbing" {
		t.Error("a dry run wrote")
	}
	if _, err := h.Apply(t.Context(), s, directory.Options{}); err != nil {
		t.Fatal(err)
	}
	d, _ := h.Directory(t.Context())
	a, was := d.Subscribers[h.Acme], before.Subscribers[h.Acme]
	if a.Name != "Acme & Daughters" || !a.CreatedAt.Equal(was.CreatedAt) || !a.UpdatedAt.After(was.UpdatedAt) {
		t.Errorf("acme is %+v", a)
	}

	renamed := *a
	renamed.Slug = "acme-inc" // found by its id
	if _, err := h.Apply(t.Context(), directory.Setup{Subscribers: []subscriber.Subscriber{renamed}}, directory.Options{}); err != nil {
		t.Fatal(err)
	}
	if d, _ := h.Directory(t.Context()); d.ID(directory.Subscriber, "acme-inc") != string(h.Acme) || d.ID(directory.Subscriber, "acme") != "" {
		t.Error("the business was not renamed")
	}
}

func applyReferences(t *testing.T, h *House) {
	before, _ := h.Directory(t.Context())
	for name, s := range map[string]directory.Setup{
		`names the subscriber "nobody"`: {Buttons: []subscriber.Button{{Slug: "b", Subscriber: "nobody"}}},
		`names the agent "nobody"`:      {Representations: []agent.Representation{{Agent: "nobody", Subscriber: "acme"}}},
		`needs a subscriber`:            {Buttons: []subscriber.Button{{Slug: "b"}}},
		`named twice`:                   {Agents: []agent.Agent{{Slug: "ann"}, {Slug: "ann"}}},
		`is taken by another agent`:     {Agents: []agent.Agent{{ID: h.Bob, Slug: "ann"}}},
		`is no id`:                      {Agents: []agent.Agent{{Slug: "Ann!"}}},
		`write operator or subscriber`:  {Keys: []login.Key{{Slug: "k", Role: "king", SecretHash: "x"}}},
		`write owner`:                   {Users: []login.User{{Slug: "u", Email: "u@x.example", Role: login.Operator, Subscribers: []id.Subscriber{"acme"}}}},
		`is no mail address`:            {Users: []login.User{{Slug: "u", Email: "u", Role: login.Owner, Subscribers: []id.Subscriber{"acme"}}}},
		`signs in with u@x.example`:     {Users: []login.User{{Slug: "u", Email: "u@x.example", Role: login.Owner, Subscribers: []id.Subscriber{"acme"}}, {Slug: "v", Email: "U@x.example", Role: login.Owner, Subscribers: []id.Subscriber{"acme"}}}},
		`belongs to no subscriber`:      {Keys: []login.Key{{Slug: "k", Role: login.Operator, Subscriber: "acme", SecretHash: "x"}}},
	} {
		s.Subscribers = append(s.Subscribers, subscriber.Subscriber{Slug: "new", Name: "New"})
		_, err := h.Apply(t.Context(), s, directory.Options{})
		var f *fault.Fault
		if !errors.As(err, &f) || !strings.Contains(f.Detail, name) {
			t.Errorf("error is %v, want a fault that says %q", err, name)
		}
	}
	after, _ := h.Directory(t.Context())
	sameDirectory(t, after, before) // a fault rolls all back

	if _, err := h.Apply(t.Context(), directory.Setup{
		Subscribers: []subscriber.Subscriber{{Slug: "new", Name: "New"}},
		Buttons:     []subscriber.Button{{Slug: "new-b", Subscriber: "new"}, {Slug: "by-id", Subscriber: h.Acme}},
	}, directory.Options{}); err != nil {
		t.Fatal(err)
	}
	d, _ := h.Directory(t.Context())
	if b, s := d.Button("new-b"); b == nil || s == nil || s.Slug != "new" {
		t.Error("a button of a business of the same setup does not find it")
	}
}

func pruneAndDelete(t *testing.T, h *House) {
	s := full(t)
	if _, err := h.Apply(t.Context(), s, directory.Options{}); err != nil {
		t.Fatal(err)
	}
	c := h.Made("+12025550100")
	less := directory.Setup{Trunks: s.Trunks, Subscribers: s.Subscribers[1:], Agents: s.Agents[:1]}
	if _, err := h.Apply(t.Context(), less, directory.Options{Prune: true}); !fault.Is(err, fault.TooLate) {
		t.Errorf("pruned a business with a live callback: %v", err)
	}
	h.End(c.ID)
	changes, err := h.Apply(t.Context(), less, directory.Options{Prune: true})
	if err != nil {
		t.Fatal(err)
	}
	if v := verbs(changes); v["deleted"] != 9 || v["unchanged"] != 3 {
		t.Errorf("pruned: %v", changes)
	}
	d, _ := h.Directory(t.Context())
	if len(d.Subscribers) != 1 || len(d.Buttons) != 0 || len(d.Agents) != 1 || len(d.Representations) != 0 || len(d.Keys) != 0 || len(d.Users) != 0 || len(d.Blocks) != 0 || len(d.Trunks) != 1 {
		t.Errorf("left are %+v", d)
	}
	if agents, _ := h.Agents(t.Context()); len(agents) != 1 {
		t.Errorf("agents are %v", agents)
	}
	h.read(c.ID) // what was lived stays

	wants(t, h.Delete(t.Context(), directory.Trunk, "none"), fault.NotFound)
	if err := h.Delete(t.Context(), directory.Trunk, "pstn"); err != nil {
		t.Error(err)
	}
	if err := h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, Status: agent.Status{Presence: agent.Talking}}); err != nil {
		t.Fatal(err)
	}
	wants(t, h.Delete(t.Context(), directory.Agent, "ann"), fault.TooLate)
	if err := h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, Status: agent.Status{Presence: agent.Ready}}); err != nil {
		t.Fatal(err)
	}
	if err := h.Delete(t.Context(), directory.Agent, string(h.Ann)); err != nil {
		t.Error(err)
	}
	if d, _ := h.Directory(t.Context()); len(d.Agents) != 0 || len(d.Trunks) != 0 {
		t.Errorf("left are %+v", d)
	}
}

func applyStatus(t *testing.T, h *House) {
	want := agent.Status{Presence: agent.Talking, Since: h.Clock.Now().Truncate(time.Microsecond), Callback: "cb_1", IdleFrom: h.Clock.Now().Truncate(time.Microsecond)}
	if err := h.MoveAgent(t.Context(), callback.Move{Agent: h.Ann, Status: want}); err != nil {
		t.Fatal(err)
	}
	s := Setup()
	s.Agents[0].Name, s.Agents[1].Ready = "Anna", true
	if _, err := h.Apply(t.Context(), s, directory.Options{}); err != nil {
		t.Fatal(err)
	}
	agents, err := h.Agents(t.Context())
	if err != nil || agents[h.Ann] != want || agents[h.Bob].Presence != agent.SignedOut {
		t.Errorf("agents are %+v, %v", agents, err)
	}
	if d, _ := h.Directory(t.Context()); d.Agents[h.Ann].Name != "Anna" {
		t.Error("ann was not renamed")
	}
}

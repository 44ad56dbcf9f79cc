package server

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/ladder"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
	"ringback/internal/web/api"
)

// A person is erased while no service runs: the sound of her talk, the messages of her call and how her number is shown in the
// list of those who are never called go with what is in the database; others' stay.
func TestEraseByCommand(t *testing.T) {
	c := config.Default()
	c.Data = t.TempDir()
	a, err := OpenData(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Store.Apply(t.Context(), directory.Setup{Subscribers: []subscriber.Subscriber{{Slug: "acme", Name: "Acme", Regions: []string{"US"}, Destination: "tel:+12025550101"}}}, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := a.Store.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	acme := id.Subscriber(dir.ID(directory.Subscriber, "acme"))
	hers, others := called(t, a, acme, "+12025550177"), called(t, a, acme, "+12025550178")
	block := subscriber.Block{ID: a.Mint.Block(), NumberHash: hers.NumberHash, Masked: "+12•••••0177", OwnWish: true, CreatedAt: time.Now().UTC()}
	if err := a.Store.OptOut(t.Context(), block, consent.Record{Act: consent.OptedOut, At: time.Now(), Person: consent.Person{Number: "+12025550177", NumberHash: hers.NumberHash}}, nil); err != nil {
		t.Fatal(err)
	}
	if dir, err = a.Store.Directory(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := &neverList{path: filepath.Join(c.Data, "never"), log: a.log}
	list.keep(dir)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	p, err := ExportPerson(t.Context(), c, "tel:+12025550177")
	if err != nil || len(p.Callbacks) != 1 || len(p.Callbacks[0].Recordings) != 1 || len(p.Contacts) != 1 || len(p.Consents) != 1 || len(p.Blocks) != 1 {
		t.Fatalf("the export holds %+v, %v", p, err)
	}
	var told bytes.Buffer
	if err := tellPerson(&told, p); err != nil || !strings.Contains(told.String(), "  name: Vera\n") || !strings.Contains(told.String(), "opted_out") {
		t.Errorf("it is told as %s, %v", &told, err)
	}
	if _, err := ErasePerson(t.Context(), c, "tel:+12025550101"); !fault.Is(err, fault.NumberOwn) {
		t.Errorf("the business's own telephone: %v", err)
	}
	did, err := ErasePerson(t.Context(), c, "tel:+12025550177")
	if err != nil || did != (callback.Erasure{Callbacks: 1, Contacts: 1, Consents: 1, Recordings: 1, Messages: 1, NeverAgain: true}) {
		t.Fatalf("erased: %+v, %v", did, err)
	}
	for _, gone := range []string{"0177", "Vera", string(hers.ID) + " "} {
		if in := found(t, c.Data, []byte(gone)); len(in) > 0 {
			t.Errorf("%q is still in %v", gone, in)
		}
	}
	if _, err := os.Stat(filepath.Join(c.Data, "recordings", "rec_"+string(hers.ID))); !os.IsNotExist(err) {
		t.Errorf("the sound of her talk: %v", err)
	}
	if text, err := os.ReadFile(list.path); err != nil || !strings.Contains(string(text), hers.NumberHash) {
		t.Errorf("the list of those who are never called says %q, %v", text, err)
	}
	p, err = ExportPerson(t.Context(), c, "tel:+12025550178")
	if err != nil || len(p.Callbacks) != 1 || len(p.Callbacks[0].Recordings) != 1 {
		t.Errorf("the other has %+v, %v", p, err)
	}
	if kept, err := ladder.Read(ladderDir(c), others.ID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour)); err != nil || len(kept) != 1 {
		t.Errorf("the other's messages: %v, %v", kept, err)
	}
	if did, err = ErasePerson(t.Context(), c, "tel:+12025550177"); err != nil || did != (callback.Erasure{NeverAgain: true}) {
		t.Errorf("again: %+v, %v", did, err)
	}
}

// called is a callback that is over, with a recording and a message.
func called(t *testing.T, a *App, sub id.Subscriber, number string) *callback.Callback {
	t.Helper()
	now, to := time.Now().UTC().Truncate(time.Microsecond), cti.Endpoint("tel:"+number)
	c := &callback.Callback{ID: a.Mint.Callback(), TokenHash: string(a.Mint.Callback()), Subscriber: sub, Button: "btn_a", State: callback.Ended, Outcome: callback.Completed,
		Number: phone.Number(number), Endpoint: to, NumberHash: callback.HashNumber(a.keys.hash, to), ArrivedAt: now, CreatedAt: now, EndedAt: now, Version: 1}
	n := callback.New{Callback: c, Lines: []callback.Line{{At: now, Actor: callback.ByVisitor, Event: "requested", To: callback.Ended}}}
	if number == "+12025550177" {
		c.Name = "Vera"
	}
	n.Contact.Number, n.Contact.Name = c.Number, c.Name
	if err := a.Store.Create(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	tape(t, a.recorded, c.ID, []byte("hello"), 4000, true)
	l, err := ladder.Open(ladder.Config{Dir: ladderDir(a.Config)})
	if err != nil {
		t.Fatal(err)
	}
	l.Add(ladder.Entry{At: now, Kind: ladder.Media, Callback: c.ID, Text: "silence"})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

// Nobody is erased by mistake.
func TestConfirmed(t *testing.T) {
	for said, wants := range map[string]bool{"yes\n": true, "yes": true, "y\n": false, "\n": false, "": false} {
		if err := confirmed(&bytes.Buffer{}, strings.NewReader(said), &api.Person{}); (err == nil) != wants {
			t.Errorf("%q: %v", said, err)
		}
	}
}

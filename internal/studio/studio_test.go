package studio_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/storemem"
	"ringback/internal/studio"
	"ringback/internal/subscriber"
)

// place is a studio with a switch without telephones.
type place struct {
	*testing.T
	*studio.Studio
	phones   *ctisim.Phones
	book     directory.Book
	acme     id.Subscriber
	reloaded int
}

func newPlace(t *testing.T) *place {
	p := &place{T: t, phones: ctisim.NewPhones()}
	mint := id.NewMint(time.Now, rand.Reader)
	p.book = storemem.New(mint, time.Now)
	_, err := p.book.Apply(t.Context(), directory.Setup{Subscribers: []subscriber.Subscriber{{Slug: "acme", Name: "Acme", Regions: []string{"US"}, TimeZone: "UTC",
		CallerID: "+12025550190", Language: "de", Limits: subscriber.Limits{Concurrent: 1, MaxTalk: time.Hour}}},
		Blocks: []subscriber.Block{{NumberHash: "tel:+12025550144", Masked: "x"}}}, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d, _ := p.book.Directory(t.Context())
	p.acme = id.Subscriber(d.ID(directory.Subscriber, "acme"))
	sw := ctisim.New(p.phones, func(e cti.Event) { p.OnSwitch(e) })
	t.Cleanup(sw.Kill)
	p.Studio = studio.New(studio.Deps{Switch: sw, Book: p.book, Reload: func(context.Context) error { p.reloaded++; return nil },
		Hash: func(e cti.Endpoint) string { return string(e) }, Mint: mint, Dir: t.TempDir(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err := sw.Trunks(t.Context(), []cti.Trunk{{ID: "trk_1", Prefixes: []string{""}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := sw.Reconcile(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *place) prompts() subscriber.Prompts {
	d, err := p.book.Directory(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	return d.Subscribers[p.acme].Prompts
}

// owner presses keys at these seconds after the answer and speaks at 600 Hz.
func owner(keys map[float64]byte) ctisim.Person {
	press := []byte(strings.Repeat(" ", 600))
	for at, k := range keys {
		press[int(at*5)] = k
	}
	return ctisim.Person{Answers: time.Second, Press: string(press), Voice: 600}
}

const number = "+1 202 555 0140"

// TestOwnerRecords: 1 begins; each prompt is spoken, played back, kept with 1 or spoken again with 2.
func TestOwnerRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.phones.Person("tel:+12025550140", owner(map[float64]byte{2: '1', 6: '#', 9: '2', 14: '#', 18: '1', 22: '#', 24: '1', 28: '#', 31: '1'}))
		kept, err := p.Call(t.Context(), number, "")
		if err != nil || !slices.Equal(kept, []string{"spoken_name", "announcement", "closed"}) {
			t.Fatalf("kept %v, %v", kept, err)
		}
		got := p.prompts()
		for path, most := range map[string]time.Duration{got.SpokenName: 4 * time.Second, got.Announcement: 4 * time.Second, got.Closed: 4 * time.Second} {
			b, err := os.ReadFile(path)
			samples, werr := audio.ReadWAV(b)
			if d := time.Duration(len(samples)) * time.Second / audio.Rate; err != nil || werr != nil || d < time.Second || d > most || audio.Goertzel(samples, 600) < 2000 {
				t.Errorf("%s: %v, %v, %v", path, d, err, werr)
			}
		}
		if p.reloaded != 3 {
			t.Errorf("brought into force %d times", p.reloaded)
		}
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(got.Closed), "*"))
		if len(left) != 3 {
			t.Errorf("left on disk: %v", left)
		}
		<-time.After(time.Minute)
		calls := p.phones.Calls()
		if len(ctisim.Open(calls)) != 0 || len(calls) != 1 {
			t.Errorf("calls: %+v", calls)
		}
		heard := ""
		for _, h := range calls[0].Heard {
			heard += h.What + "\n"
		}
		if n := strings.Count(heard, "first de/setup_name "); n != 2 {
			t.Errorf("asked for the name %d times, want 2: she pressed 2 once", n)
		}
		for _, want := range []string{"first de/setup_hello\n", "first de/setup_name de/setup_how sound/warn\n", "de/setup_heard /", "first de/setup_announcement sound/warn\n", "say de/setup_done"} {
			if !strings.Contains(heard, want) {
				t.Errorf("never heard %q in\n%s", want, heard)
			}
		}
	})
}

// TestOwnerIsNotThere: how a call ends is said, nothing is changed, and the line is free again.
func TestOwnerIsNotThere(t *testing.T) {
	for name, c := range map[string]struct {
		who  ctisim.Person
		says string
	}{
		"busy": {ctisim.Busy(), "busy"}, "rings": {ctisim.RingsForEver(), "nobody answered"}, "voicemail": {ctisim.AnsweringMachine(time.Second), "nobody pressed 1"},
		"hangs up":     {ctisim.Person{Talk: 5 * time.Second, Press: "1"}, "hung up"},
		"says nothing": {ctisim.Person{Press: "1"}, ""}, "presses nothing": {ctisim.Person{Press: "1", Voice: 600}, "no key"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				p.phones.Person("tel:+12025550140", c.who)
				kept, err := p.Call(t.Context(), number, "acme")
				if len(kept) != 0 || c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
					t.Errorf("kept %v, %v", kept, err)
				}
				if got := p.prompts(); got != (subscriber.Prompts{}) {
					t.Errorf("prompts are %+v", got)
				}
				<-time.After(10 * time.Minute)
				if open := ctisim.Open(p.phones.Calls()); len(open) != 0 {
					t.Errorf("still up: %+v", open)
				}
			})
		})
	}
}

// TestWhoMayBeRung: number policy and blocks hold, and one owner at a time.
func TestWhoMayBeRung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		for raw, want := range map[string]fault.Code{"+1 900 555 0106": fault.NumberType, "+49 30 901820": fault.NumberRegion, "911": fault.NumberEmergency,
			"+1 202 555 0144": fault.NumberNotServed, "sip:": fault.EndpointInvalid} {
			if _, err := p.Call(t.Context(), raw, "acme"); !fault.Is(err, want) {
				t.Errorf("%s: %v, want %s", raw, err, want)
			}
		}
		if _, err := p.Call(t.Context(), number, "zen"); !fault.Is(err, fault.NotFound) {
			t.Errorf("unknown business: %v", err)
		}
		p.phones.Person("tel:+12025550140", ctisim.RingsForEver())
		first := make(chan error)
		go func() {
			_, err := p.Call(t.Context(), number, "acme")
			first <- err
		}()
		synctest.Wait()
		if _, err := p.Call(t.Context(), number, "acme"); !fault.Is(err, fault.NumberBusy) {
			t.Errorf("a second call meanwhile: %v", err)
		}
		if err := <-first; err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
		if n := len(p.phones.Calls()); n != 1 {
			t.Errorf("%d telephones rang", n)
		}
	})
}

// TestKeep: a newer recording replaces the older one, on disk too; what cannot be played changes nothing.
func TestKeep(t *testing.T) {
	p := newPlace(t)
	sound := func(hz float64, ms int) []byte {
		return audio.WAV(audio.Render(audio.Tone{Hz: []float64{hz}, Level: 0.3, Ms: ms}), 1)
	}
	for _, wav := range [][]byte{sound(500, 900), sound(700, 900)} {
		if err := p.Keep(t.Context(), p.acme, "announcement", wav); err != nil {
			t.Fatal(err)
		}
	}
	path := p.prompts().Announcement
	if all, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); !slices.Equal(all, []string{path}) {
		t.Errorf("on disk: %v, in force: %s", all, path)
	}
	for name, bad := range map[string][]byte{"spoken_name": sound(500, 9000), "wait": sound(500, 61000), "sorry": []byte("no"), "closed": sound(500, 50), "shout": sound(500, 900)} {
		if err := p.Keep(t.Context(), p.acme, name, bad); err == nil {
			t.Errorf("%s was kept", name)
		}
	}
	if got := p.prompts(); got != (subscriber.Prompts{Announcement: path}) {
		t.Errorf("prompts are %+v", got)
	}
	if err := p.Keep(t.Context(), "sub_none", "wait", sound(500, 900)); !fault.Is(err, fault.NotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

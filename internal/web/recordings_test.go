package web_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// tapes are one recorded talk of Acme's, until it is destroyed.
type tapes struct {
	orders []cti.RecordCommand
	audit  []string
	gone   bool
	of     id.Callback // "" = one that is not there
}

var (
	acmeTape = id.Recording("rec_" + tail("a"))
	wav      = []byte("RIFF" + strings.Repeat("0123456789", 100))
)

func (t *tapes) Recording(_ context.Context, sub id.Subscriber, rec id.Recording) (*callback.Recording, error) {
	if t.gone || rec != acmeTape || sub != "" && sub != acme {
		return nil, fault.New(fault.NotFound, "There is no such recording.")
	}
	of := t.of
	if of == "" {
		of = id.Callback("cb_" + tail("a"))
	}
	at := time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC)
	return &callback.Recording{ID: acmeTape, Subscriber: acme, Callback: of, Attempt: 1, First: cti.Agent,
		StartedAt: at, EndedAt: at.Add(time.Minute), Length: time.Minute, DeleteAt: at.AddDate(0, 0, 30)}, nil
}

// Recordings knows that Ann was in the talk, and nobody else; the store's own tests show how it knows.
func (t *tapes) Recordings(ctx context.Context, sub id.Subscriber, f callback.RecordingFilter) ([]callback.Recording, error) {
	r, err := t.Recording(ctx, sub, acmeTape)
	if err != nil || f.ID != "" && f.ID != r.ID || len(f.Callbacks) > 0 && !slices.Contains(f.Callbacks, r.Callback) {
		return nil, nil
	}
	if d := f.Desk; d != nil && (!slices.Contains(d.Represents, acme) || !d.All && d.Agent != ann) {
		return nil, nil
	}
	return []callback.Recording{*r}, nil
}

type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }

func (t *tapes) Listen(_ context.Context, r *callback.Recording, who string) (io.ReadSeekCloser, error) {
	t.audit = append(t.audit, who+" heard "+string(r.ID))
	return nopCloser{bytes.NewReader(wav)}, nil
}

func (t *tapes) Destroy(_ context.Context, r *callback.Recording, who string) error {
	t.audit = append(t.audit, who+" deleted "+string(r.ID))
	t.gone = true
	return nil
}

// A recorded talk is listed, heard in whole and in part, each time with the name of who asked, and deleted.
func TestRecordings(t *testing.T) {
	h := newHouse(t)
	one := "/api/v1/recordings/" + string(acmeTape)
	m := h.do("GET", one, "", key(acmeKey)).want(t, 200).json(t)
	if m["length_s"] != 60.0 || m["ended_at"] == nil || m["delete_at"] != "2026-12-31T15:00:00.000Z" {
		t.Errorf("%v", m)
	}
	list := h.do("GET", "/api/v1/recordings?subscriber=acme", "", key(operatorKey)).want(t, 200).json(t)
	if data := list["data"].([]any); len(data) != 1 || data[0].(map[string]any)["id"] != string(acmeTape) {
		t.Errorf("%v", list)
	}
	if data := h.do("GET", "/api/v1/recordings", "", key(otherKey)).want(t, 200).json(t)["data"].([]any); len(data) != 0 {
		t.Errorf("another business sees %v", data)
	}
	whole := h.do("GET", one+"/audio", "", key(acmeKey)).want(t, 200)
	if whole.Header.Get("Content-Type") != "audio/wav" || string(whole.body) != string(wav) || whole.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v, %d bytes", whole.Header, len(whole.body))
	}
	part := h.do("GET", one+"/audio", "", key(operatorKey), "Range: bytes=10-19").want(t, 206)
	if string(part.body) != string(wav[10:20]) {
		t.Errorf("a range: %q", part.body)
	}
	h.do("DELETE", one, "", key(acmeKey)).want(t, 204)
	isProblem(t, h.do("GET", one+"/audio", "", key(acmeKey)), 404, "not_found")
	want := []string{string(subKey) + " heard " + string(acmeTape), string(opKey) + " heard " + string(acmeTape), string(subKey) + " deleted " + string(acmeTape)}
	if strings.Join(h.tapes.audit, "\n") != strings.Join(want, "\n") {
		t.Errorf("audit %q, want %q", h.tapes.audit, want)
	}
}

// An agent lists and hears talks that she was in, a supervisor those of the businesses that she supervises; with her name each
// time, and neither deletes one.
func TestAgentsHearTheirTalks(t *testing.T) {
	h := newHouse(t).staffed()
	one := "/api/v1/recordings/" + string(acmeTape)
	hers, others := h.session(ann), h.session(cleo)
	listed := func(cookie, query string, want int) {
		t.Helper()
		if data := h.do("GET", "/api/v1/recordings"+query, "", cookie).want(t, 200).json(t)["data"].([]any); len(data) != want {
			t.Errorf("%d are listed, want %d: %v", len(data), want, data)
		}
	}
	listed(hers, "", 1)
	listed(hers, "?subscriber=acme&callback=cb_"+tail("a"), 1)
	listed(hers, "?callback=cb_"+tail("b"), 0)
	isProblem(t, h.do("GET", "/api/v1/recordings?subscriber=other", "", hers), 404, "not_found")
	h.do("GET", one, "", hers).want(t, 200)
	if whole := h.do("GET", one+"/audio", "", hers).want(t, 200); string(whole.body) != string(wav) {
		t.Errorf("%d bytes", len(whole.body))
	}
	isProblem(t, h.do("DELETE", one, "", hers), 403, "forbidden")

	listed(others, "", 0)
	isProblem(t, h.do("GET", one, "", others), 404, "not_found")
	isProblem(t, h.do("GET", one+"/audio", "", others), 404, "not_found")
	h.agent(cleo, func(a *agent.Agent) { a.Supervisor = true })
	listed(others, "", 1)
	h.do("GET", one+"/audio", "", others).want(t, 200)
	isProblem(t, h.do("DELETE", one, "", others), 403, "forbidden")
	if want := []string{string(ann) + " heard " + string(acmeTape), string(cleo) + " heard " + string(acmeTape)}; !slices.Equal(h.tapes.audit, want) {
		t.Errorf("audit %q, want %q", h.tapes.audit, want)
	}
}

// The card of a call links to what was recorded of earlier ones, as far as its reader may hear it.
func TestCardsLinkToRecordings(t *testing.T) {
	h := newHouse(t).staffed()
	was := h.ended(callback.Callback{NumberHash: "1"}, ann)
	h.tapes.of = was.ID
	now := h.talk(callback.Callback{NumberHash: "1"}, ann)
	for who, want := range map[id.Agent]int{ann: 1, cleo: 0} {
		h.change(now.ID, func(c *callback.Callback) { c.Attempts[0].Agent, c.Attempts[0].Legs[0].Agent = who, who })
		h.mu.Lock()
		h.statuses[who] = agent.Status{Presence: agent.Talking, Callback: now.ID}
		h.mu.Unlock()
		d := h.sits(t, h.session(who))
		card := d.was("call")["card"].(map[string]any)
		earlier := card["earlier"].([]any)[0].(map[string]any)
		tapes := earlier["recordings"].([]any)
		if len(tapes) != want || earlier["callback"] != string(was.ID) {
			t.Errorf("%s is shown %v", who, earlier)
		}
		if want == 1 && tapes[0].(map[string]any)["audio_url"] != base+"/api/v1/recordings/"+string(acmeTape)+"/audio" {
			t.Errorf("where it is heard: %v", tapes[0])
		}
	}
}

func TestRecordOrders(t *testing.T) {
	h := newHouse(t)
	c, _ := h.call(callback.Callback{State: callback.Connected})
	path := "/api/v1/callbacks/" + string(c.ID) + "/recording"
	for _, do := range []string{"pause", "resume", "stop"} {
		h.do("POST", path, `{"do":"`+do+`"}`, key(acmeKey)).want(t, 200)
	}
	if len(h.tapes.orders) != 3 || h.tapes.orders[1] != cti.RecordResume {
		t.Errorf("ordered %v", h.tapes.orders)
	}
	if a := h.do("POST", path, `{"do":"rewind"}`, key(acmeKey)); a.StatusCode/100 != 4 || len(h.tapes.orders) != 3 {
		t.Errorf("rewind: %d %s", a.StatusCode, a.body)
	}
}

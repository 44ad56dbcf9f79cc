package web_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

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
}

var (
	acmeTape = id.Recording("rec_" + tail("a"))
	wav      = []byte("RIFF" + strings.Repeat("0123456789", 100))
)

func (t *tapes) Recording(_ context.Context, sub id.Subscriber, rec id.Recording) (*callback.Recording, error) {
	if t.gone || rec != acmeTape || sub != "" && sub != acme {
		return nil, fault.New(fault.NotFound, "There is no such recording.")
	}
	at := time.Date(2026, 12, 1, 15, 0, 0, 0, time.UTC)
	return &callback.Recording{ID: acmeTape, Subscriber: acme, Callback: id.Callback("cb_" + tail("a")), Attempt: 1, First: cti.Agent,
		StartedAt: at, EndedAt: at.Add(time.Minute), Length: time.Minute, DeleteAt: at.AddDate(0, 0, 30)}, nil
}

func (t *tapes) Recordings(ctx context.Context, sub id.Subscriber, f callback.RecordingFilter) ([]callback.Recording, error) {
	r, err := t.Recording(ctx, sub, acmeTape)
	if err != nil {
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

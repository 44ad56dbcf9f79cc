package storetest

import (
	"reflect"
	"testing"
	"time"

	"ringback/internal/login"
)

// sessions are kept, seen and ended, and are there after a restart.
func sessions(t *testing.T, h *House) {
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	ann := login.Session{TokenHash: "a", Agent: h.Ann, PasswordMark: "m", CreatedAt: now, SeenAt: now}
	bob := login.Session{TokenHash: "b", Agent: h.Bob, PasswordMark: "n", CreatedAt: now, SeenAt: now}
	is := func(token string, want *login.Session) {
		t.Helper()
		got, err := h.Session(t.Context(), token)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("session %s: %v %+v, want %+v", token, err, got, want)
		}
	}
	is("a", nil)
	for _, s := range []login.Session{ann, bob} {
		if err := h.PutSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	is("a", &ann)
	later := now.Add(time.Hour)
	for _, at := range []time.Time{later, now} { // never back
		if err := h.SeeSession(t.Context(), "a", at); err != nil {
			t.Fatal(err)
		}
	}
	ann.SeenAt = later
	h.Store = h.Again()
	is("a", &ann)
	is("b", &bob)
	for range 2 { // again is no error
		if err := h.EndSession(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	is("a", nil)
	is("b", &bob)
}

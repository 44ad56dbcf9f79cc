package storetest

import (
	"reflect"
	"testing"
	"time"

	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
)

// sessions are kept, seen and ended, and are there after a restart.
func sessions(t *testing.T, h *House) {
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	ann := login.Session{TokenHash: "a", Person: id.Person(h.Ann), PasswordMark: "m", CreatedAt: now, SeenAt: now}
	bob := login.Session{TokenHash: "b", Person: id.Person(h.Bob), PasswordMark: "n", CreatedAt: now, SeenAt: now}
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

// passkeys are kept by agent; what changes of one is its counter, and nobody else's takes its place.
func passkeys(t *testing.T, h *House) {
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	first := login.Passkey{ID: "a", Person: id.Person(h.Ann), Name: "laptop", Credential: []byte(`{"n":1}`), CreatedAt: now, UsedAt: now}
	second := login.Passkey{ID: "b", Person: id.Person(h.Ann), Name: "phone", Credential: []byte(`{}`), CreatedAt: now.Add(time.Second), UsedAt: now}
	put := func(all ...login.Passkey) {
		t.Helper()
		for _, p := range all {
			if err := h.PutPasskey(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
	}
	is := func(want ...login.Passkey) {
		t.Helper()
		got, err := h.Passkeys(t.Context(), id.Person(h.Ann))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("passkeys %v %+v\nwant %+v", err, got, want)
		}
	}
	put(second, first)
	is(first, second)
	used := first
	used.Name, used.CreatedAt, used.Credential, used.UsedAt = "other", now.Add(time.Hour), []byte(`{"n":2}`), now.Add(time.Minute)
	put(used)
	first.Credential, first.UsedAt = used.Credential, used.UsedAt
	thief := second
	thief.Person, thief.Credential = id.Person(h.Bob), []byte(`{"n":9}`)
	if err := h.PutPasskey(t.Context(), thief); !fault.Is(err, fault.TooLate) {
		t.Errorf("of the same id: %v", err)
	}
	h.Store = h.Again()
	is(first, second)
	if err := h.DropPasskey(t.Context(), id.Person(h.Bob), "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("another's: %v", err)
	}
	if err := h.DropPasskey(t.Context(), id.Person(h.Ann), "a"); err != nil {
		t.Fatal(err)
	}
	is(second)
}

package storetest

import (
	"slices"
	"testing"
	"time"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
)

// users keep their password and their invitation until another is written, and go with the last of their businesses.
func users(t *testing.T, h *House) {
	put := func(u login.User) *login.User {
		t.Helper()
		if _, err := h.Apply(t.Context(), directory.Setup{Users: []login.User{u}}, directory.Options{}); err != nil {
			t.Fatal(err)
		}
		d, err := h.Directory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return d.UserByMail(" OLGA@acme.example")
	}
	olga := login.User{Slug: "olga", Name: "Olga", Email: "olga@acme.example", Role: login.Owner, Subscribers: []id.Subscriber{"acme", "zen", "acme"}}
	until := h.Clock.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	invited := olga
	invited.InviteHash, invited.InviteUntil = "i1", until
	if u := put(invited); u == nil || u.InviteHash != "i1" || !u.InviteUntil.Equal(until) || !slices.Equal(u.Subscribers, []id.Subscriber{h.Acme, h.Zen}) {
		t.Fatalf("invited: %+v", u)
	}
	if u := put(olga); u.InviteHash != "i1" {
		t.Errorf("the invitation is lost: %+v", u)
	}
	chosen := olga
	chosen.PasswordHash = "p1"
	if u := put(chosen); u.PasswordHash != "p1" || u.InviteHash != "" {
		t.Errorf("with a password: %+v", u)
	}
	h.Store = h.Again()
	u := put(olga)
	if u.PasswordHash != "p1" {
		t.Errorf("the password is lost: %+v", u)
	}
	if err := h.Delete(t.Context(), directory.Subscriber, "acme"); err != nil {
		t.Fatal(err)
	}
	d, _ := h.Directory(t.Context())
	if left := d.Users[u.ID]; left == nil || !slices.Equal(left.Subscribers, []id.Subscriber{h.Zen}) || d.Account(" olga@acme.example").ID != id.Person(u.ID) || len(d.UsersOf(h.Acme)) != 0 {
		t.Errorf("after the first business: %+v", left)
	}
	if err := h.Delete(t.Context(), directory.Subscriber, "zen"); err != nil {
		t.Fatal(err)
	}
	if d, _ := h.Directory(t.Context()); len(d.Users) != 0 {
		t.Errorf("after the last business: %+v", d.Users)
	}
}

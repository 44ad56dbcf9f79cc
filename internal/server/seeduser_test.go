package server

import (
	"testing"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
)

// The seed's password is a user's first one: one that she has stays, whatever the file says now.
func TestSeedGivesUsersTheirFirstPassword(t *testing.T) {
	now := &directory.Directory{Users: map[id.User]*login.User{"usr_1": {ID: "usr_1", Slug: "olga", PasswordHash: "hers"}, "usr_2": {ID: "usr_2", Slug: "omar"}}}
	now.Index()
	s := Seed{Setup: directory.Setup{Users: []login.User{{Slug: "olga"}, {Slug: "omar"}, {Slug: "nina"}}}, UserPasswords: map[string]string{"olga": "x", "omar": "y"}}
	if err := s.Hash(now); err != nil {
		t.Fatal(err)
	}
	for i, hashed := range []bool{false, true, false} {
		if u := s.Setup.Users[i]; (u.PasswordHash != "") != hashed {
			t.Errorf("%s has %q", u.Slug, u.PasswordHash)
		}
	}
}

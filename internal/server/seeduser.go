package server

import (
	"fmt"

	"github.com/alexedwards/argon2id"

	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
)

// user reads a person of businesses.
func (s *seedReader) user(key string, f *seedUser) login.User {
	out := login.User{Slug: f.ID, Name: f.Name, Role: login.Role(s.oneOf(key+".role", f.Role, string(login.Owner)))}
	if out.Name == "" {
		out.Name = f.ID
	}
	var err error
	if out.Email, err = login.Email(f.Email); err != nil {
		s.wrong(key+".email", "%v", err)
	}
	for _, other := range s.mails {
		if other == out.Email && err == nil {
			s.wrong(key+".email", "a second user signs in with %s", out.Email)
		}
	}
	s.mails = append(s.mails, out.Email)
	if len(f.Subscribers) == 0 {
		s.wrong(key+".subscribers", "name the businesses whose calls she sees")
	}
	for i, slug := range f.Subscribers {
		out.Subscribers = append(out.Subscribers, s.business(fmt.Sprintf("%s.subscribers[%d]", key, i), slug))
	}
	if plain := s.secret(key+".password_file", f.PasswordFile); plain != "" {
		s.userPasswords[f.ID] = plain
	}
	return out
}

// hashUsers hashes the first passwords of users. Who has one keeps it: she may have chosen another since.
func (s *Seed) hashUsers(now *directory.Directory) error {
	for i := range s.Setup.Users {
		u := &s.Setup.Users[i]
		plain, ok := s.UserPasswords[u.Slug]
		if old := now.Users[id.User(now.ID(directory.User, u.Slug))]; !ok || old != nil && old.PasswordHash != "" {
			continue
		}
		hash, err := argon2id.CreateHash(plain, argon2id.DefaultParams)
		if err != nil {
			return fmt.Errorf("user %s: hash password: %w", u.Slug, err)
		}
		u.PasswordHash = hash
	}
	return nil
}

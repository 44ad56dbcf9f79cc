package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alexedwards/argon2id"

	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// ReadSeed reads a seed file: the businesses, agents, trunks and keys that shall be there. Files that it names are
// relative to it. Everything that is wrong is told at once, as config.Problems with file, line and key.
func ReadSeed(path string) (*Seed, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, config.Problem{File: path, What: "the seed file cannot be read: " + why(err)}
	}
	return parseSeed(path, text)
}

func parseSeed(path string, text []byte) (*Seed, error) {
	var f seedFile
	src, err := config.ReadYAML(path, text, nil, &f)
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, err
	}
	s := &seedReader{src: src, dir: filepath.Dir(path), problems: problems, passwords: map[string]string{}, userPasswords: map[string]string{}}
	setup := s.setup(&f)
	if len(s.problems) > 0 {
		return nil, s.problems
	}
	return &Seed{Setup: setup, Passwords: s.passwords, UserPasswords: s.userPasswords, Elsewhere: s.elsewhere}, nil
}

// Seed is a seed file as it was read: a setup, the passwords that are still to be hashed, by agent's slug, and what it
// says about businesses that it does not set up itself.
type Seed struct {
	Setup     directory.Setup
	Passwords map[string]string
	// UserPasswords are those of users, by slug: the first one of each, what she has chosen since stays.
	UserPasswords map[string]string
	Elsewhere     []Elsewhere
}

// Elsewhere is a place of a seed that names a business or an agent who must be there already.
type Elsewhere struct {
	Subscriber string
	Agent      string         // in place of Subscriber
	Missing    config.Problem // what is wrong if it is not
}

// Check tells which of the businesses and agents that the seed relies on are not there, as config.Problems.
func (s *Seed) Check(now *directory.Directory, o directory.Options) error {
	var all config.Problems
	for _, e := range s.Elsewhere {
		there := now.ID(directory.Subscriber, e.Subscriber)
		if e.Agent != "" {
			there = now.ID(directory.Agent, e.Agent)
		}
		if there == "" || o.Prune {
			all = append(all, e.Missing)
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// Hash hashes the agents' passwords, keeping the hash that is there where the seed's password has not changed: a seed that
// is applied twice changes nothing, and takes no password back that an agent has chosen herself. What the seed said last is
// known by what telephones register with, which she cannot change.
func (s *Seed) Hash(now *directory.Directory) error {
	for i := range s.Setup.Agents {
		a := &s.Setup.Agents[i]
		plain, ok := s.Passwords[a.Slug]
		if !ok {
			continue
		}
		a.SIP = cti.NewSecret(a.Slug, plain)
		if old := now.Agents[id.Agent(now.ID(directory.Agent, a.Slug))]; old != nil && old.PasswordHash != "" && old.SIP == a.SIP {
			a.PasswordHash = old.PasswordHash
			continue
		}
		hash, err := argon2id.CreateHash(plain, argon2id.DefaultParams)
		if err != nil {
			return fmt.Errorf("agent %s: hash password: %w", a.Slug, err)
		}
		a.PasswordHash = hash
	}
	return s.hashUsers(now)
}

// seedReader turns the file into nouns and collects what is wrong.
type seedReader struct {
	src           *config.Source
	dir           string
	problems      config.Problems
	passwords     map[string]string
	userPasswords map[string]string
	here          []string              // the businesses of this file
	agents        []string              // and its agents
	dialled       map[phone.Number]bool // numbers that callers of one of them dial
	elsewhere     []Elsewhere
	mails         []string // of its users
}

// business notes a business that is named at key.
func (s *seedReader) business(key, slug string) id.Subscriber {
	if slug != "" && !slices.Contains(s.here, slug) {
		hint := ""
		if near, ok := config.Nearest(slug, s.here); ok {
			hint = ", did you mean " + near + "?"
		}
		s.elsewhere = append(s.elsewhere, Elsewhere{Subscriber: slug, Missing: s.src.Problem(key, "there is no subscriber %q%s", slug, hint)})
	}
	return id.Subscriber(slug)
}

func (s *seedReader) wrong(key, format string, args ...any) {
	s.problems = append(s.problems, s.src.Problem(key, format, args...))
}

func (s *seedReader) setup(f *seedFile) directory.Setup {
	var out directory.Setup
	seen := map[string]bool{}
	once := func(kind, key, slug string) {
		if err := id.CheckSlug(slug); err != nil {
			s.wrong(key+".id", "%v", err)
		}
		if seen[kind+slug] {
			s.wrong(key+".id", "a second %s is called %q", kind, slug)
		}
		seen[kind+slug] = true
	}
	for i := range f.Trunks {
		key := fmt.Sprintf("trunks[%d]", i)
		once("trunk", key, f.Trunks[i].ID)
		out.Trunks = append(out.Trunks, s.trunk(key, &f.Trunks[i]))
	}
	for i := range f.Agents {
		s.agents = append(s.agents, f.Agents[i].ID)
	}
	for i := range f.Subscribers {
		s.here = append(s.here, f.Subscribers[i].ID)
	}
	for i := range f.Subscribers {
		key := fmt.Sprintf("subscribers[%d]", i)
		once("subscriber", key, f.Subscribers[i].ID)
		out.Subscribers = append(out.Subscribers, s.subscriber(key, &f.Subscribers[i]))
		for j := range f.Subscribers[i].Buttons {
			at := fmt.Sprintf("%s.buttons[%d]", key, j)
			once("button", at, f.Subscribers[i].Buttons[j].ID)
			out.Buttons = append(out.Buttons, s.button(at, f.Subscribers[i].ID, &f.Subscribers[i].Buttons[j]))
		}
	}
	for i := range f.Agents {
		key := fmt.Sprintf("agents[%d]", i)
		once("agent", key, f.Agents[i].ID)
		out.Agents = append(out.Agents, s.agent(key, &f.Agents[i]))
		out.Representations = append(out.Representations, s.representations(key, &f.Agents[i])...)
	}
	for i := range f.Keys {
		key := fmt.Sprintf("keys[%d]", i)
		once("key", key, f.Keys[i].ID)
		out.Keys = append(out.Keys, s.key(key, &f.Keys[i]))
	}
	for i := range f.Blocks {
		out.Blocks = append(out.Blocks, s.block(fmt.Sprintf("blocks[%d]", i), &f.Blocks[i]))
	}
	for i := range f.Users {
		key := fmt.Sprintf("users[%d]", i)
		once("user", key, f.Users[i].ID)
		out.Users = append(out.Users, s.user(key, &f.Users[i]))
	}
	return out
}

func (s *seedReader) key(key string, f *seedKey) login.Key {
	out := login.Key{Slug: f.ID, Role: login.Role(s.oneOf(key+".role", f.Role, "operator", "subscriber")), Subscriber: s.business(key+".subscriber", f.Subscriber)}
	switch {
	case out.Role == login.Subscriber && f.Subscriber == "":
		s.wrong(key+".subscriber", "a key of role subscriber names its business")
	case out.Role == login.Operator && f.Subscriber != "":
		s.wrong(key+".subscriber", "an operator's key is for all businesses; leave it out")
	}
	secret := s.secret(key+".secret_file", f.SecretFile)
	switch {
	case f.SecretFile == "":
		s.wrong(key+".secret_file", "name the file that holds the key")
	case secret != "" && (!strings.HasPrefix(secret, id.SecretKey) || len(secret) < 20):
		s.wrong(key+".secret_file", "a key begins with sk_ and has 17 more characters at least")
	}
	out.SecretHash = id.TokenHash(secret)
	return out
}

func (s *seedReader) block(key string, f *seedBlock) subscriber.Block {
	n, err := phone.Parse(f.Number, "")
	if err != nil {
		s.wrong(key+".number", "%v", err)
	}
	// The keyed hash is made where the key is; until then the number stands in its place.
	return subscriber.Block{Subscriber: s.business(key+".subscriber", f.Subscriber), NumberHash: "tel:" + n.E164(), Masked: n.Mask(), Reason: f.Reason, Until: f.Until}
}

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"

	"ringback/internal/agent"
	"ringback/internal/audio"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/phone"
	"ringback/internal/schedule"
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
	s := &seedReader{src: src, dir: filepath.Dir(path), problems: problems, passwords: map[string]string{}}
	setup := s.setup(&f)
	if len(s.problems) > 0 {
		return nil, s.problems
	}
	return &Seed{Setup: setup, Passwords: s.passwords, Elsewhere: s.elsewhere}, nil
}

// Seed is a seed file as it was read: a setup, the passwords that are still to be hashed, by agent's slug, and what it
// says about businesses that it does not set up itself.
type Seed struct {
	Setup     directory.Setup
	Passwords map[string]string
	Elsewhere []Elsewhere
}

// Elsewhere is a place of a seed that names a business which must be there already.
type Elsewhere struct {
	Subscriber string
	Missing    config.Problem // what is wrong if it is not
}

// Check tells which of the businesses that the seed relies on are not there, as config.Problems.
func (s *Seed) Check(now *directory.Directory, o directory.Options) error {
	var all config.Problems
	for _, e := range s.Elsewhere {
		if now.ID(directory.Subscriber, e.Subscriber) == "" || o.Prune {
			all = append(all, e.Missing)
		}
	}
	if len(all) > 0 {
		return all
	}
	return nil
}

// Hash hashes the agents' passwords, keeping the hash that is there where the password has not changed: a seed that is
// applied twice changes nothing.
func (s *Seed) Hash(now *directory.Directory) error {
	for i := range s.Setup.Agents {
		a := &s.Setup.Agents[i]
		plain, ok := s.Passwords[a.Slug]
		if !ok {
			continue
		}
		if old := now.Agents[id.Agent(now.ID(directory.Agent, a.Slug))]; old != nil && old.PasswordHash != "" {
			if same, err := argon2id.ComparePasswordAndHash(plain, old.PasswordHash); err == nil && same {
				a.PasswordHash = old.PasswordHash
				continue
			}
		}
		hash, err := argon2id.CreateHash(plain, argon2id.DefaultParams)
		if err != nil {
			return fmt.Errorf("agent %s: hash password: %w", a.Slug, err)
		}
		a.PasswordHash = hash
	}
	return nil
}

// seedReader turns the file into nouns and collects what is wrong.
type seedReader struct {
	src       *config.Source
	dir       string
	problems  config.Problems
	passwords map[string]string
	here      []string // the businesses of this file
	elsewhere []Elsewhere
}

// business notes a business that is named at key.
func (s *seedReader) business(key, slug string) id.Subscriber {
	if slug != "" && !slices.Contains(s.here, slug) {
		hint := ""
		if near, ok := config.Nearest(slug, s.here); ok {
			hint = ", did you mean " + near + "?"
		}
		s.elsewhere = append(s.elsewhere, Elsewhere{slug, s.src.Problem(key, "there is no subscriber %q%s", slug, hint)})
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
		for j := range f.Agents[i].Represents {
			at := fmt.Sprintf("%s.represents[%d]", key, j)
			out.Representations = append(out.Representations, s.representation(at, f.Agents[i].ID, &f.Agents[i].Represents[j]))
		}
	}
	for i := range f.Keys {
		key := fmt.Sprintf("keys[%d]", i)
		once("key", key, f.Keys[i].ID)
		out.Keys = append(out.Keys, s.key(key, &f.Keys[i]))
	}
	for i := range f.Blocks {
		out.Blocks = append(out.Blocks, s.block(fmt.Sprintf("blocks[%d]", i), &f.Blocks[i]))
	}
	return out
}

func (s *seedReader) trunk(key string, t *seedTrunk) cti.Trunk {
	if _, _, _, _, err := cti.Endpoint(t.Address).SIPURI(); err != nil {
		s.wrong(key+".address", "%v; write sip:host:5060;transport=udp", err)
	}
	if t.Register {
		s.wrong(key+".register", "this build does not register with carriers yet; leave it out and let the carrier trust this address")
	}
	if t.SRTP != "" && t.SRTP != "no" {
		s.wrong(key+".srtp", "this build has no SRTP yet; write no")
	}
	if t.CallsPerSecond < 0 || t.MaxCalls < 0 {
		s.wrong(key, "calls_per_second and max_calls are 0 (no limit) or more")
	}
	out := cti.Trunk{
		Slug: t.ID, Address: t.Address, Username: t.Username, Password: s.secret(key+".password_file", t.PasswordFile),
		Prefixes: orAll(t.Prefixes), Priority: t.Priority, MaxCalls: t.MaxCalls, CallsPerSecond: t.CallsPerSecond,
		NumberFormat: cti.NumberFormat(s.oneOf(key+".number_format", t.NumberFormat, "+e164", "e164", "00", "national")),
		TechPrefix:   t.TechPrefix,
		CallerID:     cti.CallerIDIn(s.oneOf(key+".caller_id", t.CallerID, "from", "pai", "ppi", "rpid")),
		Domain:       t.Domain, AcceptFrom: t.AcceptFrom,
		NAT:          cti.NAT(s.oneOf(key+".nat", t.NAT, "no", "yes", "auto")),
		Local:        cti.Local(s.oneOf(key+".local", t.Local, "public", "private")),
		SessionTimer: cti.SessionTimer(s.oneOf(key+".session_timer", t.SessionTimer, "auto", "off")),
		Headers:      t.Headers == nil || *t.Headers, SilentFailover: t.SilentFailover == nil || *t.SilentFailover,
	}
	for i, c := range t.Codecs {
		out.Codecs = append(out.Codecs, cti.Codec(s.oneOf(fmt.Sprintf("%s.codecs[%d]", key, i), c, "pcmu", "pcma")))
	}
	if len(out.Codecs) == 0 {
		out.Codecs = []cti.Codec{cti.PCMU, cti.PCMA}
	}
	for i, c := range t.AcceptFrom {
		if err := cti.CheckCIDR(c); err != nil {
			s.wrong(fmt.Sprintf("%s.accept_from[%d]", key, i), "%v", err)
		}
	}
	if strings.Trim(t.TechPrefix, "0123456789*#") != "" {
		s.wrong(key+".tech_prefix", "digits only")
	}
	return out
}

func orAll(prefixes []string) []string {
	if len(prefixes) == 0 {
		return []string{""}
	}
	return prefixes
}

func (s *seedReader) subscriber(key string, f *seedSubscriber) subscriber.Subscriber {
	out := subscriber.Subscriber{Slug: f.ID, Name: f.Name, Suspended: f.Suspended, TimeZone: f.TimeZone,
		CallerID: s.callerID(key+".caller_id", f.CallerID),
		Limits:   subscriber.Limits{Concurrent: f.Limits.Concurrent, MaxTalk: f.Limits.MaxTalk, SpendPerDay: f.Limits.SpendPerDay}}
	if f.Name == "" {
		s.wrong(key+".name", "a business has a name: it is what visitors read")
	}
	if len(f.Regions) == 0 {
		s.wrong(key+".regions", "at least one country whose numbers may be called, such as [US]")
	}
	for i, r := range f.Regions {
		if len(r) != 2 || strings.ToUpper(r) != r {
			s.wrong(fmt.Sprintf("%s.regions[%d]", key, i), "%q is no country: two capitals, such as US", r)
		}
	}
	out.Regions = f.Regions
	if out.TimeZone == "" {
		out.TimeZone = "UTC"
	}
	if _, err := time.LoadLocation(out.TimeZone); err != nil {
		s.wrong(key+".time_zone", "%q is no time zone: write one such as America/New_York", f.TimeZone)
	}
	hours, err := schedule.ParseHours(f.Hours)
	if err != nil {
		s.wrong(key+".hours", "%v", err)
	}
	out.Hours = hours
	if f.Destination != "" {
		if out.Destination, err = cti.ParseEndpoint(f.Destination); err != nil {
			s.wrong(key+".destination", "%v", err)
		}
	}
	if out.Limits.Concurrent == 0 {
		out.Limits.Concurrent = subscriber.DefaultConcurrent
	}
	if out.Limits.MaxTalk == 0 {
		out.Limits.MaxTalk = subscriber.DefaultMaxTalk
	}
	if out.Limits.Concurrent < 0 || out.Limits.MaxTalk < time.Second {
		s.wrong(key+".limits", "concurrent is 1 or more, max_talk at least 1s")
	}
	out.Prompts = subscriber.Prompts{
		Announcement: s.prompt(key+".prompts.announcement", f.Prompts.Announcement),
		SpokenName:   s.prompt(key+".prompts.spoken_name", f.Prompts.SpokenName),
		Wait:         s.prompt(key+".prompts.wait", f.Prompts.Wait),
		Sorry:        s.prompt(key+".prompts.sorry", f.Prompts.Sorry),
	}
	return out
}

func (s *seedReader) button(key, business string, f *seedButton) subscriber.Button {
	out := subscriber.Button{
		Slug: f.ID, Subscriber: id.Subscriber(business), Origins: f.Origins, Closed: f.Closed, Tries: f.Tries,
		Order: subscriber.Order(s.oneOf(key+".order", f.Order, "agent_first", "visitor_first")),
		Confirm: subscriber.Confirm{
			Agent:   s.oneOf(key+".confirm.agent", f.Confirm.Agent, "auto", "none", "key"),
			Visitor: s.oneOf(key+".confirm.visitor", f.Confirm.Visitor, "auto", "none", "key", "key_or_voice"),
		},
		Proof: s.oneOf(key+".proof", f.Proof, "off", "required"),
	}
	if out.Order == subscriber.VisitorFirst && out.Confirm.Visitor == "none" {
		s.wrong(key+".confirm.visitor", "visitor_first needs the visitor's confirmation, or an answering machine would ring an agent: write auto, key or key_or_voice")
	}
	if out.Tries == 0 {
		out.Tries = subscriber.DefaultTries
	}
	if out.Tries < 1 || out.Tries > 10 {
		s.wrong(key+".tries", "1 to 10")
	}
	for i, o := range f.Origins {
		if !strings.HasPrefix(o, "http://") && !strings.HasPrefix(o, "https://") || strings.Count(o, "/") != 2 {
			s.wrong(fmt.Sprintf("%s.origins[%d]", key, i), "%q is no origin: scheme and host only, such as https://acme.example", o)
		}
	}
	for i, c := range f.Channels {
		out.Channels = append(out.Channels, s.oneOf(fmt.Sprintf("%s.channels[%d]", key, i), c, "phone", "web", "chat", "message", "video"))
	}
	if len(out.Channels) == 0 {
		out.Channels = []string{"phone"}
	}
	for i, q := range f.Fields {
		if q.Name == "" || strings.Trim(q.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			s.wrong(fmt.Sprintf("%s.fields[%d].name", key, i), "a field's name holds a-z, 0-9 and _")
		}
		if q.Label == "" {
			q.Label = q.Name
		}
		out.Fields = append(out.Fields, subscriber.Field(q))
	}
	return out
}

func (s *seedReader) agent(key string, f *seedAgent) agent.Agent {
	out := agent.Agent{Slug: f.ID, Name: f.Name, Ready: f.Ready}
	if f.Name == "" {
		out.Name = f.ID
	}
	for i, d := range f.Devices {
		at := fmt.Sprintf("%s.devices[%d]", key, i)
		if d.To == "web" {
			continue // her desk: a later build has it; her telephones work without
		}
		to, err := cti.ParseEndpoint(d.To)
		if err != nil {
			s.wrong(at, "%v", err)
		}
		if user, host, _, _, err := to.SIPURI(); to.Kind() == cti.SIP && err == nil && user == "" && !strings.Contains(host, ".") {
			s.wrong(at, "this build has no registrar yet, so %q has no address: write sip:%s@host:port", d.To, host)
		}
		confirm := d.Confirm
		if confirm != "" {
			confirm = s.oneOf(at+".confirm", d.Confirm, "auto", "none", "key")
		}
		out.Devices = append(out.Devices, agent.Device{To: to, Ring: d.Ring, Confirm: confirm})
	}
	if plain := s.secret(key+".password_file", f.PasswordFile); plain != "" {
		s.passwords[f.ID] = plain
	}
	return out
}

func (s *seedReader) representation(key, who string, f *seedRepresentation) agent.Representation {
	if f.Subscriber == "" {
		s.wrong(key+".subscriber", "name the business that she answers for")
	}
	return agent.Representation{Agent: id.Agent(who), Subscriber: s.business(key+".subscriber", f.Subscriber), DisplayName: f.DisplayName,
		Greeting: f.Greeting, Whisper: f.Whisper, Script: f.Script, Skills: f.Skills, Languages: f.Languages, Priority: f.Priority,
		CallerID: s.callerID(key+".caller_id", f.CallerID)}
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

// oneOf checks a word against those that are allowed; the first is the default.
func (s *seedReader) oneOf(key, got string, allowed ...string) string {
	if got == "" {
		return allowed[0]
	}
	for _, a := range allowed {
		if a == got {
			return got
		}
	}
	hint := ""
	if near, ok := config.Nearest(got, allowed); ok {
		hint = ", did you mean " + near + "?"
	}
	s.wrong(key, "%q is not one of %s%s", got, strings.Join(allowed, ", "), hint)
	return allowed[0]
}

func (s *seedReader) callerID(key, raw string) phone.Number {
	if raw == "" {
		return ""
	}
	n, err := phone.Parse(raw, "")
	if err != nil {
		s.wrong(key, "%q is no number: write it with + and the country code", raw)
	}
	return n
}

func (s *seedReader) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	abs, err := filepath.Abs(filepath.Join(s.dir, name))
	if err != nil {
		return filepath.Join(s.dir, name)
	}
	return abs
}

// secret reads a file that holds one secret; white space around it is not part of it.
func (s *seedReader) secret(key, name string) string {
	if name == "" {
		return ""
	}
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		s.wrong(key, "%s cannot be read: %s", name, why(err))
		return ""
	}
	v := strings.TrimSpace(string(b))
	if v == "" {
		s.wrong(key, "%s is empty", name)
	}
	return v
}

// prompt checks that a WAV file can be played.
func (s *seedReader) prompt(key, name string) string {
	if name == "" {
		return ""
	}
	b, err := os.ReadFile(s.file(name))
	if err != nil {
		s.wrong(key, "%s cannot be read: %s", name, why(err))
		return ""
	}
	if _, err := audio.ReadWAV(b); err != nil {
		s.wrong(key, "%s: %v", name, err)
	}
	return s.file(name)
}

func why(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "this user may not read it"
	}
	return err.Error()
}

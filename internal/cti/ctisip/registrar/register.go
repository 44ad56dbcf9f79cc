package registrar

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ringback/internal/cti"
)

// Request is a REGISTER, as far as it matters here.
type Request struct {
	From          netip.AddrPort
	Transport     string // udp, tcp, tls
	Host          string // of the Request-URI
	User          string // of To
	CallID        string
	CSeq          uint32
	Contacts      []string // values of Contact headers
	Expires       string
	Authorization []string
	UserAgent     string
	Require       string
	Supported     string
}

// Answer is what is said to it. Code 0 = nothing at all.
type Answer struct {
	Code    int
	Reason  string
	Headers []Header
	Flow    time.Duration // the stream that it came over has failed when nothing is heard for so long; 0 = as other streams
}

// Header is one line.
type Header struct{ Name, Value string }

func refuse(code int, reason string, h ...Header) Answer {
	return Answer{Code: code, Reason: reason, Headers: h}
}

// Proved says whether a request carries a nonce that we gave to its address: it is no spoofed one. What has none needs
// no state to be answered.
func (r *Registrar) Proved(q Request) (ours, tried bool) {
	c, ok := ourCredentials(q.Authorization)
	return ok && r.nonces.fresh(c.nonce, q.From.Addr()), ok
}

// Stranger says whether an address that is not registered may ask now.
func (r *Registrar) Stranger(from netip.Addr) bool {
	if r.bans.banned(from, "") {
		r.c.Count("banned")
		return false
	}
	if !r.bans.ask(from) {
		r.c.Count("rate")
		return false
	}
	return true
}

// ourCredentials picks the Authorization for our realm.
func ourCredentials(headers []string) (credentials, bool) {
	for _, v := range headers {
		if c, ok := parseCredentials(v); ok && c.realm == cti.Realm {
			return c, true
		}
	}
	return credentials{}, false
}

// Register takes a REGISTER: who is it, and where are her telephones from now on?
func (r *Registrar) Register(ctx context.Context, q Request) Answer {
	from := q.From.Addr()
	if r.bans.banned(from, q.User) && r.Owner(q.From) != q.User {
		r.c.Count("banned")
		return Answer{}
	}
	c, ok := ourCredentials(q.Authorization)
	if !ok {
		return r.Challenge(q, false)
	}
	if !r.nonces.fresh(c.nonce, from) {
		return r.Challenge(q, true)
	}
	r.mu.Lock()
	secret, known := r.secrets[q.User]
	r.mu.Unlock()
	if !known {
		secret = r.decoy
	}
	if proved := c.proves(secret, "REGISTER"); !proved || !known || c.username != q.User || c.uses() == 0 {
		r.c.Count("password")
		if r.bans.fail(from, q.User) {
			r.c.Log.Warn("registration banned", "user", cut(q.User, 32), "address", from, "for", banTime)
		}
		return refuse(403, "Forbidden")
	}
	if !r.nonces.count(c.nonce, c.uses()) {
		r.c.Count("replay")
		return r.Challenge(q, true)
	}
	r.bans.forgive(from, q.User)
	if odd := unknown(q.Require); odd != "" {
		return refuse(420, "Bad Extension", Header{"Unsupported", odd})
	}
	return r.bind(ctx, q)
}

// bind carries out what the Contacts say, all or nothing (RFC 3261 section 10.3).
func (r *Registrar) bind(ctx context.Context, q Request) Answer {
	contacts, err := parseContacts(q.Contacts)
	if err != nil {
		return refuse(400, "Bad Contact")
	}
	changes, bad := plan(contacts, seconds(q.Expires))
	if bad.Code != 0 {
		return bad
	}
	now := time.Now()
	r.mu.Lock()
	told, a := r.carryOut(q, changes, now)
	owed := r.owed
	r.mu.Unlock()
	if a.Code != 0 {
		return a
	}
	for _, t := range told {
		verb := "telephone gone"
		if t.on {
			verb = "telephone registered"
		}
		r.c.Log.Info(verb, "user", t.User, "address", t.Source, "transport", t.Transport, "nat", t.NAT, "user_agent", t.UserAgent)
		r.c.Change(t.Registration, t.on)
	}
	if len(told) > 0 || owed { // a new expiry alone waits for the next round
		if err := r.Flush(ctx); err != nil {
			r.c.Log.Error("registration not kept", "user", q.User, "err", err)
			return refuse(500, "Server Internal Error", Header{"Retry-After", "5"})
		}
	}
	return outbound(q, contacts, r.list(q.User, now))
}

// change is one binding to be made, or with expires 0 to be ended.
type change struct {
	contact
	expires time.Duration
}

func plan(contacts []contact, header int) ([]change, Answer) {
	var out []change
	for _, c := range contacts {
		if c.star {
			if len(contacts) != 1 || header != 0 {
				return nil, refuse(400, "Bad Contact")
			}
			return []change{{contact: c}}, Answer{}
		}
		n := c.expires
		if n < 0 {
			n = header
		}
		if n < 0 {
			n = int(MaxExpires / time.Second)
		}
		d := min(time.Duration(n)*time.Second, MaxExpires)
		if d > 0 && d < MinExpires {
			return nil, refuse(423, "Interval Too Brief", Header{"Min-Expires", strconv.Itoa(int(MinExpires / time.Second))})
		}
		out = append(out, change{contact: c, expires: d})
	}
	return out, Answer{}
}

// told is what changed for others.
type told struct {
	cti.Registration
	on bool
}

// carryOut is called under the lock.
func (r *Registrar) carryOut(q Request, changes []change, now time.Time) (out []told, a Answer) {
	all := slices.Clone(r.phones[q.User])
	live := make([]*phone, 0, len(all)+len(changes))
	for _, p := range all {
		if p.callID != "" && p.callID == q.CallID && q.CSeq <= p.cseq && len(changes) > 0 {
			return nil, refuse(500, "Old CSeq")
		}
		if p.Until.After(now) && !slices.ContainsFunc(changes, func(c change) bool { return c.star || p.Key() == nameOf(c.contact) }) {
			live = append(live, p)
		}
	}
	for _, c := range changes {
		if c.expires == 0 {
			continue
		}
		live = append(live, r.renewed(q, c, all, now))
	}
	if len(live) > cti.MaxContacts {
		if live = heard(live); len(live) > cti.MaxContacts {
			return nil, refuse(403, "Too Many Contacts")
		}
	}
	if len(live) == 0 {
		delete(r.phones, q.User)
	} else {
		r.phones[q.User] = live
	}
	if q.Transport != "udp" && len(live) > 0 {
		r.flows[q.From.String()] = true
	}
	return r.differ(q.User, all, live), Answer{}
}

// heard leaves out who does not answer.
func heard(all []*phone) []*phone {
	return slices.DeleteFunc(all, func(p *phone) bool { return p.State == cti.RegSilent })
}

func nameOf(c contact) string {
	g := cti.Registration{Contact: c.uri, Instance: c.instance}
	return g.Key()
}

// renewed is the phone of a Contact, from now on where the request came from.
func (r *Registrar) renewed(q Request, c change, before []*phone, now time.Time) *phone {
	p := &phone{callID: q.CallID, cseq: q.CSeq, asked: now}
	p.Registration = cti.Registration{User: q.User, Contact: c.uri, Instance: c.instance, Transport: q.Transport, Source: q.From.String(),
		UserAgent: cut(q.UserAgent, 80), Since: now, State: cti.RegLive}
	at, literal := contactAddr(c.uri)
	p.NAT = !literal || at.Addr() != q.From.Addr().Unmap()
	keep := c.expires
	if p.NAT {
		keep = min(keep, natPatience)
	}
	p.Until = now.Add(keep)
	for _, old := range before {
		if old.Key() == p.Key() {
			p.Since, p.rests, p.ping, p.ponged = old.Since, old.rests, old.ping, old.ponged
		}
	}
	if p.ping.IsZero() {
		r.plan(p, now)
	}
	return p
}

// differ says what is new, moved or gone, and marks all of it for the disk.
func (r *Registrar) differ(user string, before, after []*phone) (out []told) {
	for _, p := range before {
		if !slices.ContainsFunc(after, func(o *phone) bool { return o.Key() == p.Key() && o.Source == p.Source }) {
			out = append(out, told{p.Registration, false})
			r.dirty[key{user, p.Key()}] = p.Registration
		}
	}
	for _, p := range after {
		if slices.Contains(before, p) {
			continue
		}
		r.dirty[key{user, p.Key()}] = p.Registration
		if !slices.ContainsFunc(before, func(o *phone) bool { return o.Key() == p.Key() && o.Source == p.Source }) {
			out = append(out, told{p.Registration, true})
		}
	}
	return out
}

// list is the 200: every telephone of the name with the time that it has left.
func (r *Registrar) list(user string, now time.Time) Answer {
	a := refuse(200, "OK")
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.phones[user] {
		left := p.Until.Sub(now)
		if p.NAT {
			left = min(left, NATExpires)
		}
		if left <= 0 {
			continue
		}
		v := fmt.Sprintf("<%s>;expires=%d", p.Contact, int((left+time.Second-1)/time.Second))
		if i, reg := instanceOf(p); i != "" {
			v += `;+sip.instance="` + i + `"`
			if reg != "" {
				v += flowMark + reg
			}
		}
		a.Headers = append(a.Headers, Header{"Contact", v})
	}
	return a
}

// cut keeps a text of theirs short and printable.
func cut(s string, n int) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return -1
		}
		return c
	}, s)
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

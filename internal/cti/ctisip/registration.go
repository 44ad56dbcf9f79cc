package ctisip

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/locate"
)

// registration tells a carrier where one of our accounts is reached (RFC 3261 section 10.2). It belongs to a keeper's lane.
type registration struct {
	k     *keeper
	l     *line // as it was when it was made
	who   cti.Account
	login dialog.Login

	callID, tag string
	seq         uint32
	asks        time.Duration // how long we ask for; a registrar may want more (423)
	hop         int           // which target is asked
	contact     string        // what was registered last
	at          netip.AddrPort
	seen        netip.AddrPort // where the registrar saw us; another one now: a router has forgotten us
	fails       int
	silent      bool // it failed because nobody answered, not because we are not wanted
	asking      bool
	gone        bool
	next        *dialog.Timer
}

// Times of registrations. The back-off is that of RFC 5626 section 4.5 for who has one way only.
const (
	registerPatience = 10 * time.Second
	firstBackOff     = 30 * time.Second
	longestBackOff   = 30 * time.Minute
	shortGrant       = 20 * time.Second
	natRefresh       = 20 * time.Second // behind a router, when questions are not answered: the way back is kept open so
	longestGrant     = 24 * time.Hour
)

// reregister compares the accounts with those that are registered.
func (k *keeper) reregister(before *line) {
	l := k.l
	same := before != nil && samePlace(before.Trunk, l.Trunk) && before.Domain == l.Domain && before.Local == l.Local && before.Expires == l.Expires &&
		before.ClientCert == l.ClientCert && before.CA == l.CA
	var stay, gone []*registration
	for _, r := range k.regs {
		if same && l.Register && slices.Contains(l.Logins(), r.who) {
			r.l = l
			stay = append(stay, r)
		} else {
			gone = append(gone, r)
		}
	}
	k.leave(gone, func() {})
	k.regs = nil
	if l.Register {
		for _, who := range l.Logins() {
			i := slices.IndexFunc(stay, func(r *registration) bool { return r.who == who })
			if i >= 0 {
				k.regs = append(k.regs, stay[i])
				continue
			}
			k.regs = append(k.regs, &registration{k: k, l: l, who: who, login: dialog.Login{User: who.Username, Pass: who.Password},
				callID: k.sw.name(), tag: k.sw.name(), asks: cmp.Or(l.Expires, cti.DefaultExpires)})
		}
	}
	k.sw.mu.Lock()
	h, old := k.sw.lines.current(l).health, map[string]account{}
	for _, a := range h.accounts {
		old[a.user] = a
	}
	h.accounts = nil
	for _, r := range k.regs {
		a := account{user: r.who.Username}
		if slices.Contains(stay, r) {
			a = old[a.user]
		}
		h.accounts = append(h.accounts, a)
	}
	k.sw.mu.Unlock()
	for _, r := range k.regs {
		if !r.asking && (!slices.Contains(stay, r) || r.contact == "") {
			r.begin()
		}
	}
}

// begin asks for the binding, now.
func (r *registration) begin() {
	if r.gone || r.asking {
		return
	}
	r.next.Stop()
	all := r.k.targets()
	if len(all) == 0 {
		r.later(noNameHolds)
		return
	}
	t := all[r.hop%len(all)]
	if !r.k.sw.stack.Speaks(t.Transport, t.Addr.Addr()) {
		r.failed(true, fmt.Sprintf("we have no socket for %s to %s: see listen.sip", t.Transport, t.Addr.Addr()), 0)
		return
	}
	r.asking = true
	r.ask(t, round{})
}

// round is what was tried already to get one answer.
type round struct {
	answers int // to challenges
	raised  bool
	leaving func() // it is a farewell; told when it was heard
}

func (r *registration) ask(t locate.Target, n round) {
	q := r.k.sw.request(r.l, t, "REGISTER")
	r.seq++
	q.CallID, q.FromTag, q.Seq = r.callID, r.tag, r.seq
	q.From.User = r.who.Username
	q.To = q.From
	contact, expires := r.k.sw.stack.Contact(q.Invitation, r.who.Username), r.asks
	if n.leaving != nil {
		contact, expires = r.contact, 0
	} else if r.contact != "" && r.contact != contact {
		q.Headers = append(q.Headers, sip.NewHeader("Contact", r.contact+";expires=0"))
	}
	q.Headers = append(q.Headers, sip.NewHeader("Contact", contact), sip.NewHeader("Expires", fmt.Sprint(int(expires/time.Second))))
	q.Answer, q.Proxy = r.login.Header("REGISTER", q.URI.String(), r.k.sw.name())
	here := r.k.sw.stack.Here(q.Invitation)
	r.k.sw.stack.Ask(r.k.lane, q, registerPatience, func(a dialog.Reply) {
		if n.leaving == nil && r.gone {
			return
		}
		if (a.Code == 401 || a.Code == 407) && r.login.Take(a, n.answers) {
			n.answers++
			r.ask(t, n)
			return
		}
		if n.leaving != nil {
			n.leaving()
			return
		}
		r.answered(t, n, a, contact, here)
	})
}

// answered takes the answer to a registration.
func (r *registration) answered(t locate.Target, n round, a dialog.Reply, contact string, here netip.AddrPort) {
	if a.Code != 0 {
		r.k.sw.heardOf(r.l, t.Addr)
	}
	if a.Code == 423 && !n.raised && a.MinExpires > r.asks && a.MinExpires <= longestGrant {
		r.asks, n.raised = a.MinExpires, true
		r.ask(t, n)
		return
	}
	r.asking, r.silent = false, a.Code == 0
	switch {
	case a.Code == 0:
		r.failed(true, fmt.Sprintf("%s does not answer", t.Addr), 0)
	case a.Code/100 == 2:
		r.bound(t, a, contact, here)
	case a.Code == 401 || a.Code == 407:
		why := "the carrier does not take our username and password"
		if len(a.Challenges) == 0 || r.login.Pass == "" {
			why = fmt.Sprintf("the carrier asks for a password in a way that we cannot answer (%d)", a.Code)
		}
		r.failed(false, why, 0)
	case a.Code/100 == 5 || a.Code == 408:
		r.failed(true, fmt.Sprintf("%d %s", a.Code, a.Reason), a.RetryAfter)
	default:
		r.failed(false, fmt.Sprintf("%d %s", a.Code, a.Reason), a.RetryAfter)
	}
}

// bound is a registration that holds.
func (r *registration) bound(t locate.Target, a dialog.Reply, contact string, here netip.AddrPort) {
	granted := r.granted(a, here)
	if granted <= 0 {
		r.failed(false, "the carrier has not kept our address", 0)
		return
	}
	r.fails, r.silent = 0, false
	r.contact, r.at, r.seen = contact, t.Addr, a.Seen
	r.publish(account{user: r.who.Username, registered: true, until: time.Now().Add(granted)})
	again := granted/2 + time.Duration(r.k.sw.random(int(granted/4/time.Millisecond)+1))*time.Millisecond
	if granted <= shortGrant {
		again = granted / 2
	}
	if a.Seen.IsValid() && a.Seen != here && !r.k.asked(t) {
		again = min(again, natRefresh)
	}
	r.later(again)
}

// granted is how long the carrier remembers us: what it wrote beside our Contact, else in Expires, else what we asked for.
func (r *registration) granted(a dialog.Reply, here netip.AddrPort) time.Duration {
	granted := a.Expires
	for _, b := range a.Contacts {
		mine := b.User == r.who.Username && b.Host == here.Addr().String() && (b.Port == int(here.Port()) || b.Port == 0)
		if b.Expires >= 0 && (mine || len(a.Contacts) == 1) {
			granted = b.Expires
			break
		}
	}
	if granted == 0 && a.Expires == 0 && len(a.Contacts) == 0 {
		granted = r.asks
	}
	return min(granted, longestGrant)
}

// failed is a registration that was not made. Another target is asked at once, the same ones after a while.
func (r *registration) failed(elsewhere bool, why string, wait time.Duration) {
	r.asking = false
	all := len(r.k.targets())
	if r.hop++; elsewhere && wait == 0 && all > 1 && r.hop%all != 0 {
		r.later(0)
		return
	}
	r.fails++
	longest := min(longestBackOff, firstBackOff<<min(r.fails, 10))
	if back := longest/2 + time.Duration(r.k.sw.random(int(longest/2/time.Millisecond)))*time.Millisecond; wait == 0 {
		wait = back
	}
	a := account{user: r.who.Username, why: why}
	r.k.sw.mu.Lock()
	for _, old := range r.k.sw.lines.current(r.k.l).health.accounts {
		if old.user == a.user && old.registered && time.Now().Before(old.until) {
			a.registered, a.until = true, old.until // the last one still holds
		}
	}
	r.k.sw.mu.Unlock()
	r.publish(a)
	if a.registered {
		wait = min(wait, max(time.Until(a.until), time.Second))
	}
	r.later(min(wait, longestBackOff))
}

func (r *registration) later(d time.Duration) {
	r.next.Stop()
	r.next = r.k.lane.After(d, r.begin)
}

// publish tells how the registration is.
func (r *registration) publish(a account) {
	sw := r.k.sw
	sw.mu.Lock()
	defer sw.mu.Unlock()
	l := sw.lines.current(r.k.l)
	for i := range l.health.accounts {
		if o := &l.health.accounts[i]; o.user == a.user {
			if o.registered != a.registered || o.why != a.why {
				sw.c.Log.Info("registration", "trunk", l.Slug, "account", a.user, "registered", a.registered, "reason", a.why)
			}
			*o = a
		}
	}
	sw.weigh(l)
}

// asked says whether a target answers our questions: they keep the way back open.
func (k *keeper) asked(t locate.Target) bool {
	k.sw.mu.Lock()
	defer k.sw.mu.Unlock()
	h := k.sw.lines.current(k.l).health.at(t.Addr)
	return k.l.Ping > 0 && h != nil && h.pinged
}

// seen is an answer to a question: it tells whether a router between still knows the way back, and that a carrier that was
// silent is there again.
func (k *keeper) seen(t locate.Target, a dialog.Reply) {
	for _, r := range k.regs {
		moved := r.at == t.Addr && r.seen.IsValid() && a.Seen.IsValid() && r.seen != a.Seen
		if moved || r.fails > 0 && r.silent || r.contact != "" && r.contact != k.sw.stack.Contact(k.sw.request(r.l, t, "REGISTER").Invitation, r.who.Username) {
			r.begin()
		}
	}
}

// leave tells the carrier that accounts are not reached here any more.
func (k *keeper) leave(all []*registration, done func()) {
	left := 1
	over := func() {
		if left--; left == 0 {
			done()
		}
	}
	for _, r := range all {
		r.gone = true
		r.next.Stop()
		if r.contact == "" {
			continue
		}
		for _, t := range k.targets() {
			if t.Addr == r.at {
				left++
				r.ask(t, round{leaving: over})
				break
			}
		}
	}
	over()
}

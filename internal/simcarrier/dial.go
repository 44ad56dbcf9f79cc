package simcarrier

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Dial asks for a call that is placed here: a person of this network rings somebody outside.
type Dial struct {
	From      string        // the caller: a number or SIP user
	Name      string        // shown beside it
	To        string        // who is called
	Person    Person        // what the caller does once it is answered
	Target    string        // where the INVITE goes, "10.0.0.1:5060"; "" = who is registered here, else Config.Peer
	Transport string        // udp, tcp, tls; "" = udp
	GiveUp    time.Duration // CANCEL when it is not answered by then; 0 = 60 s
	Headers   []string      // further header lines of the INVITE
}

var errNobody = errors.New("nobody is registered here, and there is no address to call")

// Call places a call and returns its Call-ID; the ledger tells the rest.
func (c *Carrier) Call(d Dial) (callID string, err error) { return c.place(d, nil) }

func (c *Carrier) place(d Dial, p *Phone) (callID string, err error) {
	if err := d.Person.check(); err != nil {
		return "", err
	}
	if d.GiveUp <= 0 {
		d.GiveUp = time.Minute
	}
	c.do(func() {
		way, uri, e := c.route(d, p)
		if err = e; err != nil {
			return
		}
		k := c.newOut(d, way, uri)
		callID = k.row.CallID
		if way.conn != nil || d.Transport == "" || d.Transport == "udp" {
			k.invites()
			return
		}
		c.dial(way.line, d.Transport == "tls", way.addr, func(h hop, err error) {
			if err != nil {
				k.failed(503)
				return
			}
			k.from, k.target = h, h
			k.invites()
		})
	})
	return callID, err
}

// route finds where an INVITE goes and its Request-URI.
func (c *Carrier) route(d Dial, p *Phone) (hop, string, error) {
	if p != nil && d.Target == "" {
		return p.way, "sip:" + d.To + "@" + p.domain(), nil
	}
	line := c.line
	if p != nil {
		line = p.line
	}
	target := d.Target
	if target == "" {
		for _, b := range c.bindings {
			if time.Now().Before(b.until) {
				_, host, _ := strings.Cut(b.uri, "@")
				return b.way, "sip:" + d.To + "@" + host, nil
			}
		}
		target = c.cfg.Peer
	}
	if target == "" {
		return hop{}, "", errNobody
	}
	ap, err := netip.ParseAddrPort(target)
	return hop{line: line, addr: ap}, "sip:" + d.To + "@" + target, err
}

func (c *Carrier) newOut(d Dial, way hop, uri string) *call {
	k := &call{c: c, own: map[uint32]*request{}, from: way, target: way, uri: uri, tag: c.sources.tag(), person: d.Person, out: &d}
	names := join(c.manner, d.Person.Personality)
	if way.line.phone != nil {
		names = d.Person.Personality
	}
	k.manner, _ = mannerOf(names)
	k.cseq = c.rand.Uint32N(1 << 16)
	k.ourHead = fmt.Sprintf("<sip:%s@%s>", d.From, way.line.addr)
	if d.Name != "" {
		k.ourHead = strconv.Quote(d.Name) + " " + k.ourHead
	}
	k.firstTo = "<" + uri + ">"
	k.theirHead = k.firstTo
	k.invite = &message{method: "INVITE", uri: uri, callID: c.sources.tag() + "@carrier", heads: []head{{"from", k.ourHead}, {"to", k.firstTo}}}
	k.row = c.book.open(k.invite, number(d.To), names, d.Person)
	k.row.call, k.row.Outgoing, k.row.Transport = k, true, way.proto()
	c.pickTone(k.row)
	c.calls[k.row.CallID] = k
	return k
}

// invites sends the INVITE with our offer, and again with credentials when they are asked for.
func (k *call) invites(more ...string) {
	if k.over {
		return
	}
	k.row.Transport = k.from.proto()
	if !k.openMedia() {
		k.failed(500)
		return
	}
	k.theirHead = k.firstTo
	first := k.request("INVITE", "", k.ours.text(nil), k.outcome, append(more, k.out.Headers...)...)
	k.invite.cseq = first.cseq
	k.invite.via.branch = first.branch
	k.later(k.out.GiveUp, k.giveUp)
}

// progress is a provisional answer: perhaps with sound.
func (k *call) progress(m *message) {
	k.row.provisional(m.status, time.Now())
	if m.status >= 180 && k.row.RingingFrom.IsZero() {
		k.row.RingingFrom = stamp(time.Now())
	}
	if m.body != "" && k.offer == nil {
		k.settle(m.body)
		k.media.say(quiet(0))
		k.media.begin()
	}
}

// outcome is the final answer to our INVITE.
func (k *call) outcome(code int, m *message) {
	switch {
	case m != nil && (code == 401 || code == 407) && !k.tried:
		if v := k.credentials(m); v != "" {
			k.tried = true
			k.invites(v)
			return
		}
	case code < 300:
		k.connected(m)
		return
	}
	k.failed(code)
}

func (k *call) credentials(m *message) string {
	user, password := k.c.cfg.Username, k.c.cfg.Password
	if p := k.from.line.phone; p != nil {
		user, password = p.cfg.User, p.cfg.Password
	}
	return authorize(m, "INVITE", k.uriOfINVITE(), user, password)
}

func (k *call) uriOfINVITE() string { return k.invite.uri }

func (k *call) failed(code int) {
	if k.over {
		return
	}
	k.final = true
	k.row.Final, k.row.FinalAt = code, stamp(time.Now())
	k.finish()
}

func (k *call) connected(m *message) {
	now := stamp(time.Now())
	k.final = true
	k.row.Final, k.row.FinalAt, k.row.AnsweredAt, k.row.AckedAt = m.status, now, now, now
	if !k.row.CancelAt.IsZero() { // it crossed our CANCEL
		k.hangUp()
		return
	}
	if m.body != "" {
		k.settle(m.body)
	}
	if k.offer == nil {
		k.hangUp()
		return
	}
	k.row.Codec, k.row.Ptime = codec(k.ours), k.ours.ptime
	k.media.answered(now)
	k.person.answered(k)
	k.media.begin()
	for _, f := range append(k.manner.answered, k.manner.acked...) {
		f(k)
	}
}

// giveUp cancels a call of ours that nobody has answered.
func (k *call) giveUp() {
	if k.final || !k.row.CancelAt.IsZero() {
		return
	}
	k.row.CancelAt = stamp(time.Now())
	k.c.send(k.write("CANCEL", k.invite.cseq, k.invite.via.branch, "", ""), k.target)
	k.later(timerB, func() { k.failed(408) })
}

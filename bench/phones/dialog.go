package phones

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// dialog is one answered or ringing call.
type dialog struct {
	call    *Call
	callID  string
	from    net.Addr
	local   string // our From of requests
	remote  string
	contact string
	routes  string

	mu    sync.Mutex
	ok    []byte // the 200, for repetitions
	acked bool
	over  chan struct{}
	once  sync.Once
}

// invited rings and answers at once.
func (t *phone) invited(m message, d *dialog, from *net.UDPAddr) {
	contact := fmt.Sprintf("Contact: <sip:%s>\r\n", t.host)
	if d != nil {
		if strings.Contains(m.header("To"), "tag=") { // a re-INVITE
			t.voices.aim(d, t.side, m.media())
			t.send(reply(m, 200, "OK", "", contact, t.sdp), from)
			return
		}
		t.send(d.ok, from)
		return
	}
	c := t.pair.book.find(callOf(m.uri()))
	if c == nil {
		t.send(reply(m, 404, "Not Found", "x", "", ""), from)
		return
	}
	tag := fmt.Sprintf("t%d-%d", t.side, t.tags.Add(1))
	d = &dialog{call: c, callID: m.header("Call-ID"), from: from, local: m.header("To") + ";tag=" + tag, remote: m.header("From"),
		contact: addrOf(m.header("Contact")), routes: strings.Join(m.headers("Record-Route"), ", "), over: make(chan struct{}),
		ok: reply(m, 200, "OK", tag, contact, t.sdp)}
	t.mu.Lock()
	t.dialogs[d.callID] = d
	t.mu.Unlock()
	c.ring(t.side, time.Now())
	t.voices.aim(d, t.side, m.media())
	t.send(reply(m, 180, "Ringing", tag, contact, ""), from)
	t.send(d.ok, from)
	t.pair.wg.Go(func() { t.repeat(d) })
}

// repeat sends the 200 until it is acknowledged (RFC 3261 section 13.3.1.4).
func (t *phone) repeat(d *dialog) {
	for wait := 500 * time.Millisecond; wait < 16*time.Second; wait *= 2 {
		if !t.pause(d, wait) || d.isAcked() {
			return
		}
		t.send(d.ok, d.from)
	}
}

// pause waits; false = the dialog or the telephone is over.
func (t *phone) pause(d *dialog, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.over:
	case <-t.pair.quit:
	}
	return false
}

func (d *dialog) isAcked() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.acked
}

func (t *phone) acked(d *dialog, m message) {
	d.mu.Lock()
	again := d.acked
	d.acked = true
	d.mu.Unlock()
	if again {
		return
	}
	t.voices.aim(d, t.side, m.media())
	t.voices.start(d)
	d.call.ack(t.side, time.Now())
	if t.side == visitor && t.o.Hold > 0 {
		t.pair.wg.Go(func() { t.talk(d) })
	}
}

// talk holds the call from the moment both are up, then hangs up.
func (t *phone) talk(d *dialog) {
	select {
	case <-d.call.Up:
		if t.pause(d, t.o.Hold) {
			t.bye(d)
		}
	case <-d.over:
	case <-t.pair.quit:
	}
}

// bye hangs up and repeats itself until it is answered.
func (t *phone) bye(d *dialog) {
	var route string
	if d.routes != "" {
		route = "Route: " + d.routes + "\r\n"
	}
	b := fmt.Appendf(nil, "BYE %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK-b%d-%d\r\n%sMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\n"+
		"Call-ID: %s\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n", d.contact, t.host, t.side, t.tags.Add(1), route, d.local, d.remote, d.callID)
	for wait := 500 * time.Millisecond; wait < 16*time.Second; wait *= 2 {
		t.send(b, d.from)
		if !t.pause(d, wait) {
			return
		}
	}
}

func (t *phone) end(d *dialog) {
	if d == nil {
		return
	}
	t.mu.Lock()
	delete(t.dialogs, d.callID)
	t.mu.Unlock()
	t.voices.stop(d)
	d.once.Do(func() { close(d.over) })
	d.call.end(t.side)
}

package simcarrier

import (
	"net/netip"
	"time"
)

// call is one INVITE from the other side and what became of it. Only the loop touches it.
type call struct {
	c      *Carrier
	row    *row
	person Person
	manner manner

	invite *message // the last initial INVITE (401 and 422 are followed by another)
	from   hop      // where it came from
	tag    string   // ours, in To
	last   string   // last response to the INVITE, sent again when it comes again
	final  bool     // a final response has left

	offer     *session // theirs; nil while an answer to our offer is awaited
	ours      local
	media     *media
	replies   []*reply            // finals that wait for their ACK
	twin      string              // tag of a forked second answer
	own       map[uint32]*request // ours inside the dialog that wait for their final response, by CSeq
	cseq      uint32              // of our requests
	theirs    uint32              // highest CSeq of theirs inside the dialog
	target    hop
	uri       string                   // Request-URI of ours: their Contact
	routes    []string                 // the proxies between us, nearest first
	ourHead   string                   // From of ours, without our tag
	theirHead string                   // To of ours
	nonce     string                   // of our challenge
	lost      struct{ acks, byes int } // on purpose
	prov      *provisional
	due       bool   // the person has picked up, the PRACK is awaited
	cut       *alarm // of timer_cut
	out       *Dial  // a call that was placed here; nil = it came in
	firstTo   string // To of the INVITE that was placed here
	second    *call  // of the same telephone, for an attended transfer
	tried     bool   // the INVITE was sent with credentials
	frozen    bool   // answers nothing any more
	over      bool

	refusedHold bool
}

// invited takes an INVITE outside a dialog.
func (c *Carrier) invited(m *message, src hop) {
	k := c.calls[m.callID]
	switch {
	case k == nil:
		k = c.newCall(m, src)
	case k.frozen:
		return
	case m.cseq <= k.invite.cseq:
		k.row.Retransmits++
		if k.last != "" {
			c.send(k.last, m.via.replyTo(src))
		}
		return
	case !k.final || k.row.answered():
		c.answerBare(m, src, 482, "Loop Detected")
		return
	default: // again, with credentials or a longer session timer
		k.invite, k.from, k.final, k.over, k.last = m, src, false, false, ""
		k.row.Final, k.row.FinalAt = 0, time.Time{}
	}
	k.begin()
}

func (c *Carrier) newCall(m *message, src hop) *call {
	user := uriUser(m.uri)
	to := number(user)
	k := &call{c: c, own: map[uint32]*request{}, invite: m, from: src, tag: c.sources.tag(), person: c.person(to, src.line.phone)}
	names := join(c.manner, k.person.Personality)
	if src.line.phone != nil { // the network's manner is that of its own lines
		names = k.person.Personality
	}
	k.manner, _ = mannerOf(names)
	if k.person.Does == "answers" && k.manner.becomes != "" {
		k.person.Does = k.manner.becomes
	}
	k.row = c.book.open(m, to, names, k.person)
	if k.manner.shows != "" {
		k.row.CallerShown = k.manner.shows
	}
	k.row.call = k
	k.row.Transport = src.proto()
	c.pickTone(k.row)
	k.cseq = c.rand.Uint32N(1 << 16)
	k.ourHead, k.theirHead = m.get("to"), m.get("from")
	k.routes = m.all("record-route")
	k.remember(m, src)
	c.calls[m.callID] = k
	return k
}

// remember keeps where requests of ours go: their Contact, or, when that is a name, where theirs came from.
func (k *call) remember(m *message, src hop) {
	if k.target, k.uri = src, addrURI(m.get("contact")); k.uri == "" {
		k.uri = "sip:" + src.addr.String()
	}
	next := k.uri
	if len(k.routes) > 0 {
		next = addrURI(k.routes[0])
	}
	if ap, ok := uriAddr(next); ok && src.conn == nil {
		k.target.addr = ap
	}
	if k.manner.shifts && src.line == k.c.line && src.conn == nil {
		k.target.line = k.c.shifted()
	}
}

func (k *call) begin() {
	for _, gate := range k.manner.gates {
		if !gate(k) {
			k.later(10*time.Minute, k.finish) // whom nothing was answered may never say more
			return
		}
	}
	k.take()
}

// take goes on where the gates let a call in.
func (k *call) take() {
	k.respond(100, "Trying", reply{})
	if k.invite.body != "" {
		if !k.choose() {
			return
		}
	}
	s := scripts()[k.person.Does]
	if s.rings {
		k.ring()
	}
	s.then(k)
}

// choose reads the offer and settles codecs; 488 when there is none in common.
func (k *call) choose() bool {
	offer, err := parseSDP(k.invite.body)
	if err == nil {
		k.ours, err = k.manner.answerTo(offer)
	}
	if err != nil {
		k.refuseNow(488, "Not Acceptable Here")
		return false
	}
	k.offer = offer
	return true
}

func (k *call) ring() {
	k.row.RingingFrom = stamp(time.Now())
	k.c.ringing(k)
	if k.manner.ring != nil {
		k.manner.ring(k)
	} else {
		k.respond(180, "Ringing", reply{})
	}
	k.later(3*time.Minute, func() { // no network lets a phone ring for ever
		if !k.final {
			k.refuseNow(480, "Temporarily Unavailable")
		}
	})
}

func (k *call) answerLater() {
	wait := max(k.person.After, k.manner.minRing)
	if k.manner.falseAnswer {
		wait = min(wait, 200*time.Millisecond)
	}
	k.later(wait, func() {
		if !k.final && !k.waitsForPRACK() {
			k.answer()
		}
	})
}

func (k *call) refuse(code int, reason string) {
	if k.person.After == 0 {
		k.refuseNow(code, reason)
		return
	}
	k.later(k.person.After, func() { k.refuseNow(code, reason) })
}

func (k *call) refuseNow(code int, reason string, extra ...string) {
	if k.final || k.over {
		return
	}
	k.respond(code, reason, reply{extra: extra})
	k.finish()
}

// answer sends the 200 with our side of the session and lets the person speak.
func (k *call) answer() {
	if k.media != nil && k.manner.newTag {
		k.media.stop()
		k.media, k.tag = nil, k.c.sources.tag()
	}
	if !k.openMedia() {
		k.refuseNow(500, "No port for media")
		return
	}
	k.respond(200, "OK", reply{tag: k.toTag(), body: k.ours.text(k.offer), extra: k.manner.answerExtra})
	k.row.AnsweredAt = stamp(time.Now())
	k.row.RingingUntil = k.row.AnsweredAt
	k.row.Codec, k.row.Ptime = codec(k.ours), k.ours.ptime
	k.media.answered(k.row.AnsweredAt)
	k.person.answered(k)
	k.media.begin()
	for _, f := range k.manner.answered {
		f(k)
	}
}

func (k *call) toTag() string {
	if k.manner.noToTag {
		return "-"
	}
	return ""
}

// openMedia opens the RTP port, once for each 183 or 200 that names one.
func (k *call) openMedia() bool {
	if k.media != nil {
		return true
	}
	if k.offer == nil {
		k.ours = k.manner.offer()
	}
	m, err := k.c.openMedia(k)
	if err != nil {
		k.c.log.Error("carrier: media", "call_id", k.row.CallID, "err", err)
		return false
	}
	k.media = m
	k.ours.id, k.ours.addr = uint64(m.ssrc), m.conn.addr
	if k.manner.privateSDP {
		k.ours.addr = netip.AddrPortFrom(behindRouter, m.conn.addr.Port())
	}
	return true
}

// cancelled takes a CANCEL.
func (k *call) cancelled(m *message, src hop) {
	if k.manner.deafToCancel {
		return
	}
	if m.cseq != k.invite.cseq {
		k.c.answerBare(m, src, 481, "Call/Transaction Does Not Exist")
		return
	}
	k.c.send(k.c.response(m, src, 200, "OK", nil, k.tag, ""), m.via.replyTo(src)) // with the INVITE's To tag (RFC 3261 section 9.2)
	if k.row.CancelAt.IsZero() {
		k.row.CancelAt = stamp(time.Now())
	} else {
		k.row.Retransmits++
	}
	switch {
	case k.final:
	case k.manner.lateAnswer:
		k.answer()
	default:
		k.refuseNow(487, "Request Terminated")
	}
}

// hangUp is the person putting the phone down.
func (k *call) hangUp() {
	if k.over || k.frozen || !k.row.answered() {
		return
	}
	k.row.bye("us")
	k.request("BYE", "", "", nil)
	k.finish()
}

// leave ends the call in whatever state it is.
func (k *call) leave() {
	switch {
	case k.row.answered():
		k.hangUp()
		return
	case k.out != nil:
		k.giveUp()
		return
	}
	k.refuseNow(480, "Temporarily Unavailable")
}

// finish ends what a call has beyond its last messages, which are answered again for 32 s.
func (k *call) finish() {
	if k.over {
		return
	}
	k.over = true
	k.c.silent(k)
	k.media.stop()
	k.row.close(k.media)
	k.media = nil
	k.c.alarm(timerB, func() {
		if k.over && k.c.calls[k.row.CallID] == k {
			delete(k.c.calls, k.row.CallID)
			k.row.call = nil
		}
	})
}

// later runs f unless the call is over by then.
func (k *call) later(d time.Duration, f func()) *alarm {
	return k.c.alarm(d, func() {
		if !k.over {
			f()
		}
	})
}

// behindRouter is what private_sdp writes.
var behindRouter = netip.MustParseAddr("192.168.77.7")

// contact is our side of the dialog.
func (k *call) contact() string {
	user := "carrier"
	if p := k.from.line.phone; p != nil {
		user = p.cfg.User
	}
	return k.from.contact(user)
}

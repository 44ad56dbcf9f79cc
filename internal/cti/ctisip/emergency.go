package ctisip

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/locate"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/sdp"
)

// relayed is the way of an emergency call to the trunk that carries it. No limit of calls, of money or of time holds it up,
// and it is no callback: nothing that ends those touches it.
type relayed struct {
	d      *deskCall
	call   *dialog.Call
	stream *media.Stream
	local  sdp.Local
	at     netip.AddrPort // of the trunk
	up     bool
	ended  bool
	limit  *dialog.Timer
}

// help carries an emergency call over the trunk for it.
func (d *deskCall) help() {
	t, at := d.sw.emergencyLine()
	if t == nil {
		d.sw.c.Log.Error("emergency call not carried: its trunk has no address", "trunk", d.sw.c.EmergencyTrunk)
		d.explain()
		return
	}
	body, ok := d.open()
	if !ok {
		d.sorry()
		return
	}
	r := &relayed{d: d}
	s, err := d.sw.engine.Open(deskEars{})
	if err != nil {
		d.sorry()
		return
	}
	r.stream = s
	d.out = r
	media.Bridge(d.stream, r.stream, nil) // she hears their announcements before the answer
	d.in.Progress(183, "Session Progress", body)
	r.ring(t, at)
}

// emergencyLine is the trunk for emergency calls and where it is, nil = it has no address.
func (sw *Switch) emergencyLine() (*line, locate.Target) {
	sw.mu.Lock()
	defer sw.mu.Unlock()
	for _, l := range sw.lines {
		if l.Slug != sw.c.EmergencyTrunk && string(l.ID) != sw.c.EmergencyTrunk {
			continue
		}
		for _, t := range l.health.usable(time.Now()) {
			return l, t.Target
		}
	}
	return nil, locate.Target{}
}

// ring sends the INVITE: the number as it was dialled, for an emergency number has no country code.
func (r *relayed) ring(t *line, at locate.Target) {
	sw, in := r.d.sw, r.d.in
	r.at = at.Addr
	us := t.account()
	_, host, port, _, _ := cti.Endpoint(t.Address).SIPURI()
	if host = bracketed(host); t.Domain != "" {
		host, port = t.Domain, 0
	}
	token := strconv.FormatInt(int64(sw.random(1<<31-1)), 36) + strconv.FormatInt(time.Now().UnixNano(), 36)
	i := dialog.Invitation{Dest: at.Addr, Transport: at.Transport, Identity: t.identity, CallID: "sos-" + token, FromTag: token, User: us.Username, Pass: us.Password,
		Branch:  func(seq uint32) string { return "z9hG4bK" + token + strconv.Itoa(int(seq)) },
		URI:     sip.Uri{Scheme: "sip", User: in.Dialled(), Host: host, Port: port},
		To:      sip.Uri{Scheme: "sip", User: in.Dialled(), Host: host},
		From:    sip.Uri{Scheme: "sip", User: "anonymous", Host: host},
		Headers: []sip.Header{sip.NewHeader("Priority", "emergency")}}
	if us.Username != "" {
		i.From.User = us.Username
	}
	if t.Local != cti.LocalPrivate {
		i.Public = sw.public[at.Addr.Addr().Is4()]
	}
	r.local = sdp.Local{ID: uint64(sw.random(1 << 30)), Port: r.stream.Port(), Codecs: t.Codecs, Addr: sw.mediaAddr(at.Addr.Addr(), at.Transport)}
	if len(r.local.Codecs) == 0 {
		r.local.Codecs = []cti.Codec{cti.PCMU, cti.PCMA}
	}
	i.Body = r.local.Offer()
	r.call = sw.stack.Invite(in.Lane(), i, r)
	r.call.Describe(i.Body)
	r.limit = in.Lane().After(ringTooLong, func() { r.call.Cancel("") })
}

// stop ends the far side: she has hung up.
func (r *relayed) stop() {
	if r.ended {
		return
	}
	r.limit.Stop()
	if r.up {
		r.call.Bye("")
	} else {
		r.call.Cancel("")
	}
}

func (r *relayed) take(body []byte) bool {
	s, err := sdp.Parse(body)
	if err != nil {
		return false
	}
	m, err := s.Sound()
	if err != nil {
		return false
	}
	c, ok := m.Pick(r.local.Codecs)
	if ok {
		from, natted := r.call.Remote()
		if !from.IsValid() {
			from = r.at
		}
		r.stream.Remote(remoteOf(m, c, from.Addr(), natted))
	}
	return ok
}

// end closes the far side's sound and, once, tells her.
func (r *relayed) end() bool {
	if r.ended {
		return false
	}
	r.ended = true
	r.limit.Stop()
	r.stream.Close()
	return true
}

// Progress passes on that it rings, and lets early media through.
func (r *relayed) Progress(_ *dialog.Call, p dialog.Provisional) {
	if len(p.Body) > 0 {
		r.take(p.Body)
	} else if p.Code == 180 {
		r.d.in.Progress(180, "Ringing", nil)
	}
}

// Answered is help at the other end.
func (r *relayed) Answered(c *dialog.Call, body []byte) {
	r.up = true
	r.limit.Stop()
	if len(body) > 0 && !r.take(body) || r.d.in.Over() {
		c.Bye("")
		return
	}
	answer, ok := r.d.take(r.d.in.Offer())
	if !ok {
		c.Bye("")
		return
	}
	r.stream.Answered()
	r.d.stream.Answered()
	r.d.in.Answer(answer)
	r.d.in.Describe(answer)
}

// Failed is a trunk that did not carry it.
func (r *relayed) Failed(_ *dialog.Call, f dialog.Failure) {
	if !r.end() {
		return
	}
	r.d.sw.c.Log.Error("emergency call failed", "user", r.d.user, "code", f.Code, "trunk", r.d.sw.c.EmergencyTrunk)
	if f.Code < 400 {
		f.Code = 503
	}
	r.d.in.Refuse(f.Code, "Emergency call failed, use your mobile")
	r.d.over()
}

// Offered answers a new offer of the trunk's side.
func (r *relayed) Offered(c *dialog.Call, body []byte) ([]byte, int) {
	if body == nil {
		return r.local.Offer(), 0
	}
	s, err := sdp.Parse(body)
	if err != nil || !r.take(body) {
		return nil, 488
	}
	m, err := s.Sound()
	if err != nil {
		return nil, 488
	}
	codec, _ := m.Pick(r.local.Codecs)
	return r.local.Answer(s, codec), 0
}

// Counter is their answer to a description of ours.
func (r *relayed) Counter(_ *dialog.Call, body []byte) { r.take(body) }

// Info is a key.
func (r *relayed) Info(*dialog.Call, string, []byte) {}

// Referred: nobody is transferred.
func (r *relayed) Referred(*dialog.Call, dialog.Refer) (int, string) { return 403, "Forbidden" }

// Expired is a session that nobody has refreshed.
func (r *relayed) Expired(c *dialog.Call) { c.Bye("") }

// Gone is the end of the far side; hers ends with it.
func (r *relayed) Gone(*dialog.Call, bool, string) {
	if r.end() {
		r.d.in.Bye("")
	}
}

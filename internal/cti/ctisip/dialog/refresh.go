package dialog

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// refresh keeps a session alive that is limited in time (RFC 4028): we refresh when we are asked to, and end what the
// far end has promised to refresh and did not.
type refresh struct {
	every  time.Duration // Session-Expires; 0 = the session has no limit
	ours   bool          // we refresh
	least  time.Duration // Min-SE that a 422 told us
	timer  *Timer        // our next request
	expiry *Timer        // nobody has refreshed
	update bool          // they take UPDATE

	pending *sip.Request // our re-INVITE or UPDATE without a final answer
	ptx     *transaction
	body    []byte             // our description
	asks    []func(alive bool) // who waits for the answer (Verify)
	offers  bool               // body is new to them
	offered func(code int)     // is told what they say to it
	later   int                // how often that was 491
}

// Limits of a session timer.
const (
	leastSession = 10 * time.Second // below it a Session-Expires is taken for a mistake
	minSE        = 90 * time.Second // RFC 4028 section 5: what may be asked of us
	lastCall     = 32 * time.Second // section 10: before the end, for the BYE to arrive in time
)

// startTimer reads the answer to our INVITE.
func (c *Call) startTimer(r *sip.Response) {
	c.update = allows(r, "UPDATE")
	c.renew(r)
}

// renew takes the session timer of an answer to a request of ours. The refresher is named from who asked: uac is us.
func (c *Call) renew(r *sip.Response) {
	every, by := sessionOf(r)
	switch {
	case c.inv.NoTimer || every == 0 && !c.ours:
		c.limit(0, false)
	case every == 0: // they no longer say so; to go on refreshing harms nobody
		c.limit(c.every, true)
	default:
		c.limit(every, by != "uas")
	}
}

// renewed takes the session timer of a request of theirs, that we have accepted: uac is them.
func (c *Call) renewed(r *sip.Request) {
	if allows(r, "UPDATE") {
		c.update = true
	}
	every, by := sessionOf(r)
	switch {
	case c.inv.NoTimer:
	case every > 0:
		c.limit(every, by == "uas")
	case c.ours:
		c.limit(c.every, true)
	default: // a change of theirs without a timer takes the limit away
		c.limit(0, false)
	}
}

// limit starts the session's time anew: half of it until we refresh, a little less than all of it for them.
func (c *Call) limit(every time.Duration, ours bool) {
	c.timer.Stop()
	c.expiry.Stop()
	c.every, c.ours = every, ours
	switch {
	case every == 0:
	case ours:
		c.arm(every / 2)
		c.expiry = c.lane.After(every, c.expired)
	default:
		c.expiry = c.lane.After(every-min(lastCall, every/3), c.expired)
	}
}

func (c *Call) expired() {
	if c.state == answered {
		c.on.Expired(c)
	}
}

// sessionOf reads Session-Expires (or x) and who is to refresh: "uac", "uas" or "".
func sessionOf(m sip.Message) (every time.Duration, by string) {
	v := header(m, "Session-Expires")
	if v == "" {
		v = header(m, "x")
	}
	if every = seconds(v); every < leastSession {
		return 0, ""
	}
	_, by, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(v), " ", ""), "refresher=")
	by, _, _ = strings.Cut(by, ";")
	return every, by
}

// tooShort answers a session that would be refreshed too often with 422, where the far end knows what that is.
func (c *Call) tooShort(r *sip.Request, tx *sip.ServerTx) bool {
	every, _ := sessionOf(r)
	if c.inv.NoTimer || every == 0 || every >= minSE || !lists(r, "Supported", "timer") && !lists(r, "k", "timer") {
		return false
	}
	a := sip.NewResponseFromRequest(r, 422, "Session Interval Too Small", nil)
	a.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(int(minSE/time.Second))))
	c.s.respond(tx, a)
	return true
}

func (c *Call) arm(d time.Duration) {
	c.timer.Stop()
	c.timer = c.lane.After(d, c.Refresh)
}

func (c *Call) stopTimer() {
	c.timer.Stop()
	c.expiry.Stop()
	if c.ptx != nil {
		c.ptx.Terminate()
	}
	c.pending, c.ptx, c.asks = nil, nil, nil
}

// Describe tells the call what our newest description is; the owner calls it whenever it has written one.
func (c *Call) Describe(body []byte) { c.body = body }

// laterMost: who says so many times that another request is open (491) does not mean "later". That is at most 24 s.
const laterMost = 6

// Offer tells the far end our newest description by a re-INVITE, also after a 491, and done what it answered: a status code,
// 408 = nothing, 491 = that again and again. Another Offer before that takes its place. Who was refused calls Describe.
func (c *Call) Offer(body []byte, done func(code int)) {
	c.body, c.offers, c.offered, c.later = body, true, done, 0
	if c.state == answered && c.pending == nil {
		c.Refresh()
	}
}

// answeredOffer takes the final answer to a request that carried body, and says whether the offer is done with.
func (c *Call) answeredOffer(q *sip.Request, code int) bool {
	if !c.offers || q.Method != sip.INVITE || string(q.Body()) != string(c.body) {
		return false
	}
	if code == 491 {
		if c.later++; c.later < laterMost {
			return false
		}
	}
	c.offers = false
	if c.offered != nil {
		c.offered(code)
	}
	return true
}

// Refresh asks the far end whether all is as it was: by UPDATE where that is allowed, else by a re-INVITE with our
// description. It waits while another INVITE of the dialog is open, and backs off when both ask at once (491).
func (c *Call) Refresh() {
	switch {
	case c.state != answered:
	case c.pending != nil || c.open != nil:
		c.arm(c.backOff())
	default:
		c.ask(nil)
	}
}

// verifyPatience is how long a re-INVITE that asks for life is waited for. Silence is no sign of death here: who is asked
// has just answered OPTIONS, and may understand nothing else.
const verifyPatience = 4 * time.Second

// Verify asks an answered call by a request that an ended dialog must refuse whether it is still there; many telephones
// answer any OPTIONS. done is told after at most verifyPatience.
func (c *Call) Verify(done func(alive bool)) {
	if c.state != answered || c.open != nil { // their own INVITE waits for its ACK
		done(c.state == answered)
		return
	}
	told := false
	tell := func(alive bool) {
		if !told {
			told = true
			done(alive)
		}
	}
	late := c.lane.After(verifyPatience, func() { tell(true) })
	c.asks = append(c.asks, func(alive bool) {
		late.Stop()
		tell(alive)
	})
	if c.pending == nil {
		c.ask(nil)
	}
}

// ask sends our request; more is a header of this try alone.
func (c *Call) ask(more sip.Header) {
	c.cseq++
	method := sip.INVITE
	if c.update && !c.offers {
		method = sip.UPDATE
	}
	r := c.within(method, c.cseq)
	r.AppendHeader(sip.NewHeader("Allow", allow))
	c.timed(r)
	if more != nil {
		r.AppendHeader(more)
	}
	if method == sip.INVITE {
		ct := sip.ContentTypeHeader("application/sdp")
		r.AppendHeader(&ct)
		r.SetBody(c.body)
	}
	c.pending = r
	if method == sip.UPDATE {
		c.s.oneShot(c.lane, r, func(a *sip.Response) { c.settled(r, a) })
		return
	}
	_, tx, err := c.s.transact(r)
	if err != nil {
		c.lane.Do(func() { c.settled(r, nil) })
		return
	}
	c.ptx = tx
	c.s.follow(c.lane, tx, nil, func(error) { c.settled(r, nil) })
}

// timed says what we know of the session timer.
func (c *Call) timed(r *sip.Request) {
	if c.inv.NoTimer {
		return
	}
	r.AppendHeader(sip.NewHeader("Supported", "timer"))
	if c.every == 0 {
		return
	}
	by := "uas"
	if c.ours {
		by = "uac"
	}
	r.AppendHeader(sip.NewHeader("Session-Expires", strconv.Itoa(int(c.every/time.Second))+";refresher="+by))
	if c.least > 0 {
		r.AppendHeader(sip.NewHeader("Min-SE", strconv.Itoa(int(c.least/time.Second))))
	}
}

// backOff is 2.1 to 4 s where the Call-ID is ours, else 0 to 2 s (RFC 3261 section 14.1): so one is always before the
// other.
func (c *Call) backOff() time.Duration {
	if c.theirs != nil {
		return time.Duration(c.s.c.Random(200)) * 10 * time.Millisecond
	}
	return 2100*time.Millisecond + time.Duration(c.s.c.Random(190))*10*time.Millisecond
}

// refreshing takes an answer to our re-INVITE and says whether it was one.
func (c *Call) refreshing(r *sip.Response) bool {
	if c.state != answered || r.CSeq().SeqNo <= c.invSeq {
		return false
	}
	if c.pending == nil || r.CSeq().SeqNo != c.pending.CSeq().SeqNo {
		if r.StatusCode >= 200 && r.StatusCode < 300 { // repeated: its ACK was lost
			c.s.write(c.within(sip.ACK, r.CSeq().SeqNo))
		}
		return true
	}
	if r.StatusCode < 200 {
		return true
	}
	seq, tx := c.pending.CSeq().SeqNo, c.ptx
	if r.StatusCode < 300 {
		c.retarget(r.Contact())
		c.s.write(c.within(sip.ACK, seq))
	}
	q := c.pending
	if r.StatusCode < 300 && sdpOf(r) != nil {
		c.on.Counter(c, sdpOf(r))
	}
	c.settled(q, r)
	tx.Terminate()
	return true
}

// settled takes the final answer to our re-INVITE or UPDATE; nil = none came.
func (c *Call) settled(q *sip.Request, a *sip.Response) {
	if c.pending != q || c.state != answered {
		return
	}
	asks := c.asks
	c.pending, c.ptx, c.asks = nil, nil, nil
	code := 408
	if a != nil {
		code = a.StatusCode
	}
	if again, more := c.asksAgain(q, a, code); again {
		c.asks = asks
		c.ask(more)
		return
	}
	done := c.answeredOffer(q, code)
	alive := code != 481 && code != 408
	switch {
	case code < 300:
		c.renew(a)
	case !alive && len(asks) == 0 && a != nil:
		c.gone(true, "")
		return
	case c.every > 0 && c.ours || code == 491 && !done:
		c.arm(c.backOff()) // to the end of the session, if need be
	}
	for _, tell := range asks {
		tell(alive || a == nil)
	}
	if c.offers && code != 491 && c.pending == nil && c.state == answered {
		c.ask(nil) // it is newer than what was asked
	}
}

// asksAgain says whether a refusal can be answered by another request at once.
func (c *Call) asksAgain(q *sip.Request, a *sip.Response, code int) (bool, sip.Header) {
	switch code {
	case 405, 501:
		if q.Method == sip.UPDATE {
			c.update = false
			return true, nil
		}
	case 422:
		if n := seconds(header(a, "Min-SE")); n > c.every && c.every > 0 {
			c.least, c.every = n, n
			return true, nil
		}
	case 401, 407:
		answered := q.GetHeader("Authorization") != nil || q.GetHeader("Proxy-Authorization") != nil
		if h, ok := c.credentials(a, q.Method, q.Recipient.String(), 0); ok && !answered {
			return true, h
		}
	}
	return false, nil
}

// retarget takes a new Contact of the far end (RFC 3261 section 12.2).
func (c *Call) retarget(h *sip.ContactHeader) {
	if h == nil || h.Address.Host == "" {
		return
	}
	c.target = *h.Address.Clone()
	if len(c.routes) == 0 {
		c.next = c.hop(c.target, c.inv)
	}
}

package dialog

import (
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Provisional is a provisional answer to an INVITE.
type Provisional struct {
	Code      int
	Body      []byte // its SDP, nil = none
	Forwarded string // the call goes elsewhere, and why in one word where that is said; "" = nothing is said
}

// early is a dialog that a provisional answer opened (RFC 3261 section 12.1.2). An INVITE has one for each To tag: a
// call that is forwarded, or rings several telephones.
type early struct {
	dialog
	rseq uint32 // of the newest reliable answer that was taken (RFC 3262), 0 = none
	body []byte // the newest description
}

// maxEarly bounds the early dialogs of one INVITE; nobody honest opens more.
const maxEarly = 16

// opened returns the early dialog of a provisional answer, nil when it opens none.
func (c *Call) opened(r *sip.Response) *early {
	tag := tagOf(r)
	if r.StatusCode == 100 || tag == "" {
		return nil
	}
	e := c.earlyOf(tag)
	if e == nil {
		if len(c.earlies) >= maxEarly {
			return nil
		}
		e = &early{}
		c.earlies = append(c.earlies, e)
	}
	seq := e.remoteSeq
	e.learn(r, c.inv)
	e.remoteSeq = seq
	return e
}

func (c *Call) earlyOf(tag string) *early {
	for _, e := range c.earlies {
		if e.remoteTag == tag {
			return e
		}
	}
	return nil
}

// provisional takes a provisional answer, and acknowledges one that is sent reliably. What is repeated, or came before
// the one before it, is not taken (RFC 3262 section 4).
func (c *Call) provisional(r *sip.Response) {
	e := c.opened(r)
	if lists(r, "Require", "100rel") && e != nil {
		n, err := strconv.ParseUint(header(r, "RSeq"), 10, 31)
		if err != nil || n == 0 || e.rseq != 0 && uint32(n) != e.rseq+1 {
			return
		}
		e.rseq = uint32(n)
		c.prack(e, e.rseq, nil)
	}
	p := Provisional{Code: r.StatusCode, Body: sdpOf(r), Forwarded: forwarded(r)}
	if p.Body != nil && e != nil {
		e.body = p.Body
	}
	c.on.Progress(c, p)
}

// prack acknowledges a reliable provisional answer. It carries no description: our INVITE had the offer, so what the
// answer describes is the answer.
func (c *Call) prack(e *early, rseq uint32, credentials sip.Header) {
	c.cseq++
	r := c.s.within(sip.PRACK, c.cseq, c.inv, e.dialog)
	r.AppendHeader(sip.NewHeader("RAck", strconv.Itoa(int(rseq))+" "+strconv.Itoa(int(c.invSeq))+" INVITE"))
	if credentials != nil {
		r.AppendHeader(credentials)
	}
	c.s.oneShot(c.lane, r, func(a *sip.Response) {
		if a == nil || a.StatusCode != 401 && a.StatusCode != 407 || credentials != nil || c.state != inviting {
			return
		}
		if h, ok := c.credentials(a, sip.PRACK, r.Recipient.String(), 0); ok {
			c.prack(e, rseq, h)
		}
	})
}

// forwarded reads what a provisional answer says of a call that goes elsewhere: 181, Diversion (RFC 5806) or History-Info
// (RFC 7044). Whose number it goes to is nobody's business here.
func forwarded(r *sip.Response) string {
	d := header(r, "Diversion")
	if d == "" && r.StatusCode != 181 && !strings.Contains(header(r, "History-Info"), ",") {
		return ""
	}
	_, why, _ := strings.Cut(strings.ToLower(d), "reason=")
	why, _, _ = strings.Cut(why, ";")
	why, _, _ = strings.Cut(why, ",")
	switch why = strings.Trim(why, `" `); why {
	case "unconditional", "user-busy", "no-answer", "unavailable", "time-of-day", "do-not-disturb", "deflection", "out-of-service", "away":
		return why
	}
	return "forwarded"
}

// attestation is how sure the network says it is of a number (P-Attestation-Indicator): A, B or C, "" = nothing is said.
func attestation(m sip.Message) string {
	switch v := strings.ToUpper(strings.TrimSpace(header(m, "P-Attestation-Indicator"))); v {
	case "A", "B", "C":
		return v
	}
	return ""
}

// Attestation returns what the answer said of our number, "" = nothing.
func (c *Call) Attestation() string { return c.attested }

// earlyUpdated answers an UPDATE before the answer (RFC 3311 section 5.2).
func (c *Call) earlyUpdated(r *sip.Request, tx *sip.ServerTx) {
	tag, _ := r.From().Params.Get("tag")
	e := c.earlyOf(tag)
	if e == nil || c.cancel {
		c.s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	offer, ok := c.offerOf(r, tx)
	if !ok {
		return
	}
	body, ok := c.answers(r, tx, offer)
	if !ok {
		return
	}
	if offer != nil {
		e.body = offer
	}
	if h := r.Contact(); h != nil && h.Address.Host != "" {
		e.target = *h.Address.Clone()
		if len(e.routes) == 0 {
			e.next = e.hop(e.target, c.inv)
		}
	}
	c.s.respond(tx, c.accept(r, body))
}

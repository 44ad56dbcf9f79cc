package dialog

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Refer is a far end's wish that its call goes on with somebody else (RFC 3515).
type Refer struct {
	Target   string // tel:digits, or sip:user@host; its parameters are left out
	Address  string // sip:user@host as it was written, where Target is the number in it: an extension of another exchange looks like one
	Replaces string // the dialog that the target has with who asks (RFC 3891), as it goes into an INVITE; "" = none
	CallID   string // of Replaces
}

// subscription is what the far end is told about its REFER by NOTIFY.
type subscription struct {
	id     string // CSeq of the REFER
	silent bool   // Refer-Sub: false (RFC 4488)
	until  *Timer // then nobody waits any more, and it may ask anew
}

// subscribed is how long a far end waits for news of its REFER.
const subscribed = 180

// referred answers a REFER. What is taken gets 202 and a NOTIFY at once, and more by Notify.
func (c *Call) referred(r *sip.Request, tx *sip.ServerTx) {
	if c.state != answered {
		c.s.refuse(r, tx, 481, "Call/Transaction Does Not Exist")
		return
	}
	if c.told != nil { // the one before is still under way
		c.s.refuse(r, tx, 491, "Request Pending")
		return
	}
	ref, err := referOf(r)
	if err != nil {
		c.s.c.Log.Debug("refer not understood", "error", err)
		c.s.refuse(r, tx, 400, "Bad Refer-To")
		return
	}
	if code, why := c.on.Referred(c, ref); code/100 != 2 {
		c.s.refuse(r, tx, code, why)
		return
	}
	sub := &subscription{id: strconv.Itoa(int(r.CSeq().SeqNo)), silent: strings.EqualFold(header(r, "Refer-Sub"), "false")}
	a := sip.NewResponseFromRequest(r, 202, "Accepted", nil)
	a.AppendHeader(c.s.contact(c.inv))
	if sub.silent {
		a.AppendHeader(sip.NewHeader("Refer-Sub", "false"))
	}
	c.s.respond(tx, a)
	c.told = sub
	sub.until = c.lane.After(subscribed*time.Second, func() { c.Notify(408, "Request Timeout", true) })
	c.Notify(100, "Trying", false)
}

// Notify tells who sent a REFER how it goes; final ends the subscription. Without one it does nothing.
func (c *Call) Notify(code int, reason string, final bool) {
	sub := c.told
	if sub == nil || c.state != answered {
		return
	}
	if final {
		c.unsubscribe()
	}
	if sub.silent {
		return
	}
	c.cseq++
	r := c.within(sip.NOTIFY, c.cseq)
	r.AppendHeader(c.s.contact(c.inv))
	r.AppendHeader(sip.NewHeader("Event", "refer;id="+sub.id))
	state := fmt.Sprintf("active;expires=%d", subscribed)
	if final {
		state = "terminated;reason=noresource"
	}
	r.AppendHeader(sip.NewHeader("Subscription-State", state))
	r.AppendHeader(sip.NewHeader("Content-Type", "message/sipfrag;version=2.0"))
	r.SetBody(fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", code, reason))
	c.s.oneShot(c.lane, r, func(a *sip.Response) {
		if a != nil && a.StatusCode == 481 && c.told == sub {
			c.unsubscribe() // it has forgotten that it asked
		}
	})
}

func (c *Call) unsubscribe() {
	if c.told != nil {
		c.told.until.Stop()
		c.told = nil
	}
}

var errRefer = errors.New("dialog: a Refer-To that names no telephone")

// referOf reads the one Refer-To of a REFER.
func referOf(r *sip.Request) (Refer, error) {
	all := append(r.GetHeaders("Refer-To"), r.GetHeaders("r")...)
	if len(all) != 1 {
		return Refer{}, fmt.Errorf("%w: %d of them", errRefer, len(all))
	}
	return ParseReferTo(all[0].Value())
}

// ParseReferTo reads a Refer-To header's value.
func ParseReferTo(v string) (Refer, error) {
	if len(v) > 1024 || strings.ContainsAny(v, "\r\n\x00") {
		return Refer{}, errRefer
	}
	v = strings.TrimSpace(v)
	if _, rest, ok := strings.Cut(v, "<"); ok {
		if v, _, ok = strings.Cut(rest, ">"); !ok {
			return Refer{}, errRefer
		}
	} else {
		v, _, _ = strings.Cut(v, ";")
	}
	v, query, _ := strings.Cut(v, "?")
	scheme, rest, ok := strings.Cut(v, ":")
	if !ok {
		return Refer{}, errRefer
	}
	rest, params, _ := strings.Cut(rest, ";")
	if m := strings.ToLower(params); strings.Contains(m, "method=") && !strings.Contains(m, "method=invite") {
		return Refer{}, errRefer
	}
	var out Refer
	switch user, host, at := strings.Cut(rest, "@"); strings.ToLower(scheme) {
	case "tel":
		out.Target = "tel:" + digits(rest)
	case "sip", "sips":
		switch d := digits(user); {
		case !at:
			out.Target = "sip:" + rest
		case d != "":
			out.Target, out.Address = "tel:"+d, "sip:"+user+"@"+host
		default:
			out.Target = "sip:" + user + "@" + host
		}
	}
	if strings.TrimPrefix(out.Target, "tel:") == "" {
		return Refer{}, errRefer
	}
	for h := range strings.SplitSeq(query, "&") {
		k, val, _ := strings.Cut(h, "=")
		if !strings.EqualFold(k, "Replaces") {
			continue
		}
		plain, err := url.PathUnescape(val)
		if err != nil || strings.Trim(plain, replacesChars) != "" || !strings.Contains(plain, "to-tag=") || !strings.Contains(plain, "from-tag=") {
			return Refer{}, errRefer
		}
		out.Replaces = plain
		out.CallID, _, _ = strings.Cut(plain, ";")
	}
	return out, nil
}

// replacesChars may stand in a Replaces header: words and their parameters, nothing that ends a header.
const replacesChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~@:;=()<>[]{}/?\\$&^#|,"

// digits returns a dialled number without the signs that people put in between; "" when it is none.
func digits(user string) string {
	user, _, _ = strings.Cut(user, ";")
	out := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-.()", r) {
			return -1
		}
		return r
	}, user)
	if n := strings.TrimPrefix(out, "+"); n == "" || len(n) > 20 || strings.Trim(n, "0123456789") != "" {
		return ""
	}
	return out
}

// Ours says whether a Call-ID is that of a call of this stack.
func (s *Stack) Ours(callID string) bool { return s.call(callID) != nil }

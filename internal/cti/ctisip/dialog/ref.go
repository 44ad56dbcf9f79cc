package dialog

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/emiago/sipgo/sip"
)

// ref is what a BYE needs that cannot be derived from the leg's id.
type ref struct {
	CallID    string   `json:"call_id"`
	From      string   `json:"from"`
	FromTag   string   `json:"from_tag"`
	To        string   `json:"to"`
	ToTag     string   `json:"to_tag"`
	Target    string   `json:"target"`
	Routes    []string `json:"routes,omitempty"`
	CSeq      uint32   `json:"cseq"`
	Next      string   `json:"next"`
	Transport string   `json:"transport"`
	Public    string   `json:"public,omitempty"`
}

// Ref returns what EndByRef needs to end this dialog from another process.
func (c *Call) Ref() []byte {
	r := ref{CallID: c.inv.CallID, From: c.inv.From.String(), FromTag: c.inv.FromTag, To: c.inv.To.String(), ToTag: c.remoteTag,
		Target: c.target.String(), CSeq: c.cseq, Next: c.next.String(), Transport: c.inv.Transport}
	for _, u := range c.routes {
		r.Routes = append(r.Routes, u.String())
	}
	if c.inv.Public.IsValid() {
		r.Public = c.inv.Public.String()
	}
	b, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("dialog: a Ref of strings: %v", err))
	}
	return b
}

// refGap is added to the CSeq of a Ref: requests may have left after it was written.
const refGap = 100

// RefAddr returns where the dialog of a Ref has its far end.
func RefAddr(b []byte) (netip.AddrPort, error) {
	var r ref
	if err := json.Unmarshal(b, &r); err != nil {
		return netip.AddrPort{}, fmt.Errorf("dialog: ref: %w", err)
	}
	return netip.ParseAddrPort(r.Next)
}

// EndByRef sends the BYE of a dialog that another process held; who must be at its far end over
// TLS, login answers a challenge. done is told when it was answered, or not in 32 s.
func (s *Stack) EndByRef(b []byte, who *Identity, login Login, branch func(cseq uint32) string, done func()) error {
	var r ref
	if err := json.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("dialog: ref: %w", err)
	}
	i := Invitation{CallID: r.CallID, FromTag: r.FromTag, Transport: r.Transport, Identity: who, Branch: branch, User: login.User, Pass: login.Pass}
	d := dialog{remoteTag: r.ToTag}
	var err error
	parse := func(s string, u *sip.Uri) {
		if e := sip.ParseUri(s, u); e != nil && err == nil {
			err = fmt.Errorf("dialog: ref: %q: %w", s, e)
		}
	}
	parse(r.From, &i.From)
	parse(r.To, &i.To)
	parse(r.Target, &d.target)
	for _, t := range r.Routes {
		var u sip.Uri
		parse(t, &u)
		d.routes = append(d.routes, u)
	}
	next, e := netip.ParseAddrPort(r.Next)
	if e != nil || err != nil {
		return fmt.Errorf("dialog: ref: next hop %q: %w", r.Next, errors.Join(err, e))
	}
	d.next, i.Dest = next, next
	i.Public, _ = netip.ParseAddr(r.Public)
	lane := s.NewLane()
	lane.Do(func() {
		s.farewell(lane, i, d, r.CSeq+refGap, done)
	})
	return nil
}

// farewell sends the BYE of a dialog that no Call keeps, and answers a challenge to it: once, and once more when the nonce
// was too old. done is told when it was answered, or not in 32 s.
func (s *Stack) farewell(lane *Lane, i Invitation, d dialog, cseq uint32, done func()) {
	s.farewellAgain(lane, i, d, cseq, &Login{User: i.User, Pass: i.Pass}, 0, done)
}

func (s *Stack) farewellAgain(lane *Lane, i Invitation, d dialog, cseq uint32, login *Login, answers int, done func()) {
	r := s.within(sip.BYE, cseq, i, d)
	if v, proxy := login.Header(string(sip.BYE), r.Recipient.String(), fmt.Sprintf("%08x", s.c.Random(1<<31-1))); proxy {
		r.AppendHeader(sip.NewHeader("Proxy-Authorization", v))
	} else if v != "" {
		r.AppendHeader(sip.NewHeader("Authorization", v))
	}
	s.oneShot(lane, r, func(a *sip.Response) {
		if a != nil && (a.StatusCode == 401 || a.StatusCode == 407) && login.Take(Reply{Code: a.StatusCode, Challenges: challengesOf(a)}, answers) {
			s.farewellAgain(lane, i, d, cseq+1, login, answers+1, done)
			return
		}
		done()
	})
}

// CancelUnanswered sends the CANCEL of an INVITE that another process sent: everything of it derives from i. tries is how
// many INVITEs it may have sent (the second answers a challenge). done is told when all were answered.
//
// The INVITE may have been answered, and the process have died before its To tag was on disk: a far end that still has
// the transaction tells the tag in its answer to the CANCEL (RFC 3261 section 9.2), and BYE ends the dialog.
func (s *Stack) CancelUnanswered(i Invitation, tries uint32, done func()) {
	lane := s.NewLane()
	lane.Do(func() {
		left := tries
		over := func(*sip.Response) {
			if left--; left == 0 {
				done()
			}
		}
		for n := range tries {
			s.oneShot(lane, s.cancelOf(s.invite(i, n+1, nil), ""), func(a *sip.Response) {
				if a == nil || a.StatusCode >= 300 || tagOf(a) == "" {
					over(a)
					return
				}
				var d dialog
				d.learn(a, i)
				s.farewell(lane, i, d, refGap+refGap*n, func() { over(nil) })
			})
		}
	})
}

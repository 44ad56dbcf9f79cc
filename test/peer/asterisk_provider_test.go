package peer_test

import (
	"fmt"
	"testing"
	"time"
)

// TestAsteriskCarries: Asterisk as the provider of a trunk that is known by its address. The visitor's telephone is a
// baresip behind it, the agent's a baresip of our own: each hears the other and not itself.
func TestAsteriskCarries(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	t.Parallel()
	ann := phone(t, "ann", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	a := switchboard(t, provider(joe.addr, ""), toJoe)
	s := serve(t, config{}, seed(fmt.Sprintf(`{id: pstn, address: "sip:127.0.0.1:%d"}`, a.port))+annAt(ann.addr))
	cb := s.request(t, map[string]any{"button": "once", "number": "+12025550100"})
	talkThrough(t, s, cb, ann, joe)
}

// provider is an account at Asterisk, and a telephone behind it. more is added to the account.
func provider(joe, more string) string {
	return fmt.Sprintf(`
[joe]
type = endpoint
context = none
aors = joe
disallow = all
allow = ulaw
direct_media = no
[joe]
type = aor
contact = sip:joe@%s
[acme]
type = endpoint
context = in
disallow = all
allow = ulaw,alaw
aors = acme
direct_media = no
%s
[acme]
type = aor
max_contacts = 2
[acme-here]
type = identify
endpoint = acme
match = 127.0.0.1
`, joe, more)
}

const toJoe = `
[in]
exten => _[+X].,1,NoOp(${CALLERID(num)} calls ${EXTEN})
 same => n,Dial(PJSIP/joe,30)
`

func annAt(addr string) string {
	return fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["sip:ann@%s"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`, addr)
}

// talkThrough lets a callback be connected for a while, ends it, and asks both telephones what they heard.
func talkThrough(t testing.TB, s *service, cb string, phones ...*softphone) {
	t.Helper()
	s.talked(t, cb)
	s.cancel(t, cb)
	if r := s.ended(t, cb, soon); r.Outcome != "completed" || r.TalkS < 3.5 {
		t.Errorf("outcome %s, talk_s %.1f", r.Outcome, r.TalkS)
	}
	hearEachOther(t, phones[0], phones[1], 2*time.Second)
}

// hearEachOther asks two telephones, whose calls have ended, whether each heard the other for so long and never itself.
func hearEachOther(t testing.TB, a, b *softphone, least time.Duration) {
	t.Helper()
	for _, p := range []*softphone{a, b} {
		if wait(t, 10*time.Second, func() (*softphone, bool) { return p, p.calls() <= 0 }) == nil {
			t.Errorf("%s's call has not ended", p.user)
		}
		other := a.hz + b.hz - p.hz
		clear, own := p.hears(other)
		t.Logf("%s heard %.0f Hz for %v, its own %.0f Hz for %v", p.user, other, clear, p.hz, own)
		if clear < least || own > 0 {
			t.Errorf("%s heard %.0f Hz for %v, itself for %v", p.user, other, clear, own)
		}
	}
}

package peer_test

import (
	"bytes"
	"fmt"
	"maps"
	"testing"
	"time"
)

// TestAsteriskMenu: the agent's telephone is an extension of the business's own exchange. Its menu asks for a key, which
// we send by ourselves.
func TestAsteriskMenu(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	long(t)
	t.Parallel()
	ann := phone(t, "bob", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	a := switchboard(t, exchangeOf(ann.addr, ""), `
[desk]
exten => 100,1,Answer()
 same => n,Read(key,,1,,1,8)
 same => n,NoOp(keyed "${key}")
 same => n,GotoIf($["${key}" = "1"]?ann)
 same => n,Hangup()
 same => n(ann),Dial(PJSIP/bob,30)
`)
	s := serve(t, config{}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: [{to: "sip:100@127.0.0.1:%d", post_dial: "w1"}], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme}]}
`, a.port))
	cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
	talkThrough(t, s, cb, ann, joe)
	if !a.says(`keyed "1"`) {
		t.Error("the menu got no key 1")
	}
}

// TestAsteriskTransfers: the exchange itself sends its call to another extension (REFER); the visitor goes on with it.
func TestAsteriskTransfers(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	t.Parallel()
	bob := phone(t, "bob", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
	joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
	a := switchboard(t, exchangeOf(bob.addr, ""), `
[desk]
exten => 100,1,Answer()
 same => n,Playtones(1400)
 same => n,Wait(3)
 same => n,Transfer(PJSIP/sip:102@127.0.0.1:PORT)
 same => n,NoOp(transfer ${TRANSFERSTATUS})
exten => 102,1,Dial(PJSIP/bob,30)
`)
	s := serve(t, config{}, seed()+fmt.Sprintf(`
agents:
  - {id: ann, name: Ann, devices: ["sip:100@127.0.0.1:%[1]d"], ready: true, represents: [{subscriber: acme, display_name: Ann at Acme, priority: 1}]}
  - {id: bob, name: Bob, devices: ["sip:102@127.0.0.1:%[1]d"], ready: true, represents: [{subscriber: acme, display_name: Bob at Acme, priority: 2}]}
`, a.port))
	cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
	s.connected(t, cb, 2*soon)
	if r := s.await(t, cb, soon, "transferred", func(r *record) bool { return said(r, "transfer_taken") || r.State == "ended" }); r.State == "ended" {
		t.Fatalf("%+v\n%s", r.Journal, a.said())
	}
	s.talk(t, cb, 4*time.Second)
	s.cancel(t, cb)
	if r := s.ended(t, cb, soon); r.Outcome != "completed" {
		t.Errorf("outcome %s", r.Outcome)
	}
	hearEachOther(t, bob, joe, 2*time.Second)
	if clear, _ := joe.hears(1400); clear < time.Second {
		t.Errorf("joe heard the exchange for %v before", clear)
	}
	if !a.says("transfer SUCCESS") {
		t.Error("the exchange does not know that it was transferred")
	}
}

// TestAsteriskIsATelephone: the exchange registers with us as the telephone of an agent, and is rung.
func TestAsteriskIsATelephone(t *testing.T) {
	needBaresip(t)
	needAsterisk(t)
	long(t)
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			own := freePort(t)
			s := serve(t, config{http: "127.0.0.1:0", rtp: "127.0.0.1:0", sip: fmt.Sprintf(`udp://127.0.0.1:%d", "tcp://127.0.0.1:%d`, own, own), files: maps.Clone(deskPasswords)}, seed()+twoDesks)
			bob := phone(t, "bob", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 700, here)
			joe := phone(t, "joe", fmt.Sprintf("127.0.0.1:%d", freePort(t)), 1000, here)
			switchboard(t, exchangeOf(bob.addr, fmt.Sprintf(`
[us]
type = registration
transport = %[1]s
outbound_auth = us
server_uri = sip:127.0.0.1:%[2]d\;transport=%[1]s
client_uri = sip:ann@127.0.0.1:%[2]d\;transport=%[1]s
contact_user = ann
[us]
type = auth
auth_type = digest
username = ann
password = %[3]s
`, transport, own, passwordOf("ann"))), `
[desk]
exten => ann,1,Dial(PJSIP/bob,30)
`)
			if wait(t, soon, func() (*service, bool) {
				_, b := s.ask(t, "GET", "/api/v1/agents/ann", nil)
				return s, bytes.Contains(b, []byte(`"address":"127.0.0.1:`))
			}) == nil {
				t.Fatal("the exchange has not registered")
			}
			cb := s.request(t, map[string]any{"button": "once", "endpoint": "sip:joe@" + joe.addr, "limits": "skip"})
			talkThrough(t, s, cb, bob, joe)
		})
	}
}

// exchangeOf is a business's own exchange with one telephone, bob, which takes what comes from us at desk. more is added.
func exchangeOf(bob, more string) string {
	return fmt.Sprintf(`
[bob]
type = endpoint
context = none
aors = bob
disallow = all
allow = ulaw
direct_media = no
[bob]
type = aor
contact = sip:bob@%s
[ringback]
type = endpoint
context = desk
disallow = all
allow = ulaw,alaw
aors = ringback
direct_media = no
[ringback]
type = aor
max_contacts = 1
[ringback-here]
type = identify
endpoint = ringback
match = 127.0.0.1
%s
`, bob, more)
}

package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/simcarrier"
	"ringback/internal/subscriber"
)

const (
	dansMobile  = "+12025550140"
	cedarsPhone = "+12025550150"
)

// setup is three businesses and four agents: Acme and Birch share bob, dan is on his mobile, Cedar has only its own
// telephone.
func setup() directory.Setup {
	var s directory.Setup
	s.Trunks = []cti.Trunk{{Slug: "pstn", Address: "sip:" + network + ";transport=udp", Prefixes: []string{""}, Headers: true,
		NumberFormat: cti.PlusE164, CallerID: cti.InFrom, Codecs: []cti.Codec{cti.PCMU, cti.PCMA}, SilentFailover: true}}
	for _, b := range []string{"acme", "birch", "cedar"} {
		sub := subscriber.Subscriber{Slug: b, Name: b, Regions: []string{"US"}, TimeZone: "UTC", CallerID: "+12025550190", Numbers: []phone.Number{phone.Number(numbers[b])},
			Limits: subscriber.Limits{Concurrent: 5, MaxTalk: 10 * time.Minute}}
		if b == "cedar" {
			sub.Destination = "tel:" + cedarsPhone
		}
		s.Subscribers = append(s.Subscribers, sub)
		for _, o := range []subscriber.Order{subscriber.AgentFirst, subscriber.VisitorFirst} {
			s.Buttons = append(s.Buttons, subscriber.Button{Slug: b + "-" + string(o[0]), Subscriber: id.Subscriber(b), Order: o, Channels: []string{"phone"},
				Proof: "off", Tries: 3, Confirm: subscriber.Confirm{Agent: "auto", Visitor: "auto"}})
		}
	}
	for _, a := range []string{"ann", "bob", "cleo", "dan"} {
		to := cti.Endpoint("sip:" + a + "@" + network)
		if a == "dan" {
			to = "tel:" + dansMobile
		}
		s.Agents = append(s.Agents, agent.Agent{Slug: a, Name: a, Ready: true, Devices: []agent.Device{{To: to}}})
	}
	for _, r := range [][2]string{{"ann", "acme"}, {"bob", "acme"}, {"dan", "acme"}, {"bob", "birch"}, {"cleo", "birch"}} {
		s.Representations = append(s.Representations, agent.Representation{Agent: id.Agent(r[0]), Subscriber: id.Subscriber(r[1]), DisplayName: r[0]})
	}
	return s
}

// answers decides who takes the n-th call to a telephone: the same for the same seed, whenever it comes.
func answers(seed uint64) func(number string, nth int) (simcarrier.Person, bool) {
	return func(number string, nth int) (simcarrier.Person, bool) {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d %s %d", seed, number, nth)
		r := rand.New(rand.NewPCG(h.Sum64(), seed))
		if number == "ann" || number == "bob" || number == "cleo" || number == dansMobile || number == cedarsPhone {
			return agentAt(r), true
		}
		return visitorAt(r), true
	}
}

func agentAt(r *rand.Rand) simcarrier.Person {
	p := simcarrier.Person{Does: "answers", After: upTo(r, 12*time.Second), Talk: 20 * time.Minute, Press: "1", PressAfter: 500*time.Millisecond + upTo(r, 6*time.Second)}
	switch n := r.IntN(100); {
	case n < 8:
		p.Does = "rings"
	case n < 14:
		p.Does = "declines"
	case n < 18:
		p.Does = "busy"
	case n < 21:
		p.Does = "machine"
	case n < 28:
		p.Talk = upTo(r, 20*time.Second) + time.Second // hangs up in the middle of something
	case n < 32:
		p.Press = "2" // later
	case n < 35:
		p.Press = "3" // somebody else
	case n < 37:
		p.Then = "15s press *, 15500ms press 5" // takes the visitor for a machine
	}
	p.Personality = line(r)
	return p
}

func visitorAt(r *rand.Rand) simcarrier.Person {
	p := simcarrier.Person{Does: "answers", After: upTo(r, 20*time.Second), Talk: 10*time.Second + upTo(r, 80*time.Second), Press: "1", PressAfter: 500*time.Millisecond + upTo(r, 8*time.Second)}
	switch n := r.IntN(100); {
	case n < 8:
		p.Does = "rings"
	case n < 16:
		p.Does = "busy"
	case n < 22:
		p.Does = "declines"
	case n < 26:
		p.Does = "machine"
	case n < 28:
		p.Does = "unknown"
	case n < 35:
		p.Talk = time.Second + upTo(r, 5*time.Second)
	case n < 37:
		p.Press = "99" // never again
	case n < 42:
		p.Then = "25s press 2" // another time
	case n < 45:
		p.Then = "25s press 1, 60s press 1" // waits on
	}
	p.Personality = line(r)
	return p
}

// line is how a telephone line behaves: most are ordinary.
func line(r *rand.Rand) string {
	zoo := []string{"pcma_only", "event_pt_96", "many_180", "new_tag_183_200", "early_media_183", "lost_ack", "lost_bye", "late_200",
		"slow_6s", "reinvite_at_ack", "only_100", "unavailable_503", "moved_302", "freeze", "silence"}
	if r.IntN(100) < 60 {
		return ""
	}
	return zoo[r.IntN(len(zoo))]
}

func upTo(r *rand.Rand, d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

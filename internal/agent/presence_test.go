package agent

import (
	"slices"
	"testing"
	"time"

	"ringback/internal/cti"
)

var presences = []Presence{SignedOut, Ready, Reserved, Talking, WrapUp, Paused, Finishing}

// The days of agents, as events and where they lead.
func TestPresence(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   Presence
		events []Event
		want   Presence
	}{
		{"a call", Ready, []Event{Offer, Answer, Done, Rested}, Ready},
		{"an offer that comes to nothing", Ready, []Event{Offer, Release}, Ready},
		{"a call that is lost leaves her ready", Ready, []Event{Offer, Answer, Release}, Ready},
		{"who signs out while it rings finishes it", Ready, []Event{Offer, SignOut, Answer, Done}, SignedOut},
		{"who pauses while she talks finishes it", Ready, []Event{Offer, Answer, Pause}, Finishing},
		{"who changes her mind talks on", Ready, []Event{Offer, Answer, Finish, SignIn, Done}, WrapUp},
		{"an offer that comes to nothing while she finishes", Ready, []Event{Offer, Finish, Release}, SignedOut},
		{"wrap-up cut short", WrapUp, []Event{SignIn}, Ready},
		{"wrap-up, then a pause", WrapUp, []Event{Pause, SignIn}, Ready},
		{"one offer too many", Ready, []Event{Offer, TooMany, Rested}, Ready},
		{"one offer too many at the end of her shift", Ready, []Event{Offer, Finish, TooMany}, SignedOut},
		{"signs in twice", SignedOut, []Event{SignIn, SignIn}, Ready},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.from
			for _, e := range c.events {
				next, ok := p.Next(e)
				if !ok {
					t.Fatalf("%s is out of place for who is %s", e, p)
				}
				p = next
			}
			if p != c.want {
				t.Errorf("ends %s, want %s", p, c.want)
			}
		})
	}
}

// What must hold for the whole table: an offer is only made to the ready, nobody who is on a call gets ready without
// its end, and everybody can get back to ready.
func TestPresenceTable(t *testing.T) {
	events := []Event{SignIn, SignOut, Pause, Offer, Answer, Release, Done, Rested, Finish, TooMany}
	for _, p := range presences {
		for _, e := range events {
			to, ok := p.Next(e)
			switch {
			case !ok && to != p:
				t.Errorf("%s on %s is out of place and leads to %s", p, e, to)
			case ok && e == Offer && p != Ready:
				t.Errorf("an offer is made to who is %s", p)
			case ok && !slices.Contains(presences, to):
				t.Errorf("%s on %s leads to %q, which is none", p, e, to)
			case ok && to == Ready && slices.Contains([]Presence{Reserved, Talking, Finishing}, p) && e != Release:
				t.Errorf("%s gets ready by %s with a call in hand", p, e)
			}
		}
		if !reaches(p, Ready, map[Presence]bool{}) {
			t.Errorf("who is %s never gets ready again", p)
		}
	}
}

func reaches(from, to Presence, seen map[Presence]bool) bool {
	if from == to {
		return true
	}
	seen[from] = true
	for _, next := range life[from] {
		if !seen[next] && reaches(next, to, seen) {
			return true
		}
	}
	return false
}

// What a person may ask for, and what only follows from calls.
func TestWanted(t *testing.T) {
	for _, p := range presences {
		e, ok := Wanted(p)
		byHand := slices.Contains([]Presence{Ready, Paused, SignedOut, Finishing}, p)
		if ok != byHand {
			t.Errorf("%s can be asked for: %v, want %v", p, ok, byHand)
		}
		if to, placed := Ready.Next(e); ok && p != Finishing && (!placed || to != p) {
			t.Errorf("who is ready and asks for %s gets %s", p, to)
		}
	}
}

func TestRingTime(t *testing.T) {
	for _, c := range []struct {
		d    Device
		want time.Duration
	}{
		{Device{To: "tel:+12025550140"}, 20 * time.Second},
		{Device{To: "sip:ann@phones.example"}, 25 * time.Second},
		{Device{To: cti.Endpoint("tel:+12025550140"), Ring: 7 * time.Second}, 7 * time.Second},
	} {
		if got := c.d.RingTime(); got != c.want {
			t.Errorf("%+v rings %v, want %v", c.d, got, c.want)
		}
	}
	ann := Agent{Devices: []Device{{To: "sip:ann@phones.example"}, {To: "tel:+12025550140"}}}
	if !ann.Has("tel:+12025550140") || ann.Has("tel:+12025550141") {
		t.Error("her telephones are not hers")
	}
}

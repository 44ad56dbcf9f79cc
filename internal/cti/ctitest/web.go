package ctitest

import (
	"errors"
	"slices"
	"time"

	"ringback/internal/cti"
)

// lossNoticed bounds how long a switch takes to see that a browser is gone.
const lossNoticed = 10 * time.Second

// browses connects a browser and waits until it is up for the nth time.
func (r *row) browses(peer string, n int) {
	r.Helper()
	if err := r.h.Browser(peer); err != nil {
		r.Fatalf("browser %s: %v", peer, err)
	}
	r.peer(peer, cti.PeerUp, n)
}

// peer waits for the nth fact of a kind about a browser.
func (r *row) peer(name string, kind cti.EventKind, n int) cti.Event {
	r.Helper()
	e, ok := r.waits(n, 10*time.Minute, func(e cti.Event) bool { return e.Kind == kind && e.Peer == name })
	if !ok {
		r.Fatalf("browser %s: no %s", name, kind)
	}
	return e
}

// accepted rings a browser and accepts.
func (r *row) accepted(peer string) cti.Order {
	r.Helper()
	o := r.order("cb_1", cti.Agent, cti.BrowserOf(peer))
	r.originate(o)
	r.await(o.Leg, cti.LegRinging)
	if err := r.h.Switch.Accept(r.ctx, o.Leg); err != nil {
		r.Fatalf("accept: %v", err)
	}
	r.await(o.Leg, cti.LegConfirmed)
	return o
}

// noBrowser: an order to an agent's page that is not open ends and says so; a visitor's page may still come, and is waited
// for as long as a telephone would ring. What is no offer is refused.
func noBrowser(r *row) {
	for party, cause := range map[cti.Party]cti.Cause{cti.Agent: cti.UnallocatedNumber, cti.Visitor: cti.NoAnswer} {
		o := r.order("cb_1", party, "web:agt_ann")
		r.originate(o)
		if e := r.ends(o.Leg, cause, cti.ByUs); e.Note == "" {
			r.Errorf("the %s's does not say why", party)
		}
		if err := r.h.Switch.Accept(r.ctx, o.Leg); !errors.Is(err, cti.ErrNoLeg) {
			r.Errorf("accept of what has ended: %v, want ErrNoLeg", err)
		}
	}
	if _, err := r.h.Switch.Connect(r.ctx, "agt_ann", ""); !errors.Is(err, cti.ErrNoBrowser) {
		r.Errorf("an offer that is none: %v, want ErrNoBrowser", err)
	}
	if _, err := r.h.Switch.Connect(r.ctx, "agt ann", "v=0"); !errors.Is(err, cti.ErrNoBrowser) {
		r.Errorf("a name with a blank: %v, want ErrNoBrowser", err)
	}
	if _, err := r.h.Switch.ICE(r.ctx, "agt ann"); !errors.Is(err, cti.ErrNoBrowser) {
		r.Errorf("servers for a name with a blank: %v, want ErrNoBrowser", err)
	}
	if _, err := r.h.Switch.ICE(r.ctx, "agt_ann"); err != nil {
		r.Errorf("servers: %v", err)
	}
	if err := r.h.Switch.Disconnect(r.ctx, "nobody"); err != nil {
		r.Errorf("disconnect of nobody: %v", err)
	}
}

// browserAccepts: a desk rings until it is accepted, once; afterwards it is a leg like any other.
func browserAccepts(r *row) {
	r.browses("agt_ann", 1)
	o := r.accepted("agt_ann")
	if err := r.h.Switch.Accept(r.ctx, o.Leg); err != nil {
		r.Errorf("accepted again: %v", err)
	}
	r.in(o.Leg, cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed)
	r.h.Script(Number(bob), Person{Does: "answers", After: time.Second, Talk: 20 * time.Second})
	v := r.up("cb_1", cti.Visitor, Number(bob))
	if err := r.h.Switch.Accept(r.ctx, v.Leg); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("accept of a telephone: %v, want ErrNoLeg", err)
	}
	if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: o.Leg, B: v.Leg}); err != nil {
		r.Fatal(err)
	}
	r.await(o.Leg, cti.LegJoined)
	r.ends(v.Leg, cti.NormalClearing, cti.ByVisitor)
	r.ends(o.Leg, cti.NormalClearing, cti.ByUs)
	r.once(o.Leg)
	r.openIs(0)
	r.accepted("agt_ann") // the page is still there
}

// browserIgnores: nobody accepts, or the application takes the offer back.
func browserIgnores(r *row) {
	r.browses("agt_ann", 1)
	o := r.order("cb_1", cti.Agent, "web:agt_ann")
	o.Ring = 15 * time.Second
	r.originate(o)
	rang := r.await(o.Leg, cti.LegRinging)
	r.took("ringing", rang.At, r.ends(o.Leg, cti.NoAnswer, cti.ByUs).At, 15*time.Second)
	o = r.order("cb_1", cti.Agent, "web:agt_ann")
	r.originate(o)
	r.await(o.Leg, cti.LegRinging)
	r.hangUp(o.Leg, cti.HangUp{Cause: cti.CallRejected})
	r.ends(o.Leg, cti.CallRejected, cti.ByUs)
	if err := r.h.Switch.Accept(r.ctx, o.Leg); !errors.Is(err, cti.ErrNoLeg) {
		r.Errorf("accept of an offer that is over: %v, want ErrNoLeg", err)
	}
	r.once(o.Leg)
}

// browserVisitor: a visitor's browser is answered as soon as it is there, and her page that closes ends her leg.
func browserVisitor(r *row) {
	r.browses("cb_1", 1)
	r.browses("agt_ann", 1)
	v := r.up("cb_1", cti.Visitor, "web:cb_1")
	r.in(v.Leg, cti.LegSent, cti.LegAnswered, cti.LegConfirmed)
	a := r.accepted("agt_ann")
	if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: v.Leg, B: a.Leg}); err != nil {
		r.Fatal(err)
	}
	r.await(v.Leg, cti.LegJoined)
	r.quiet(3 * time.Second)
	if err := r.h.Switch.Disconnect(r.ctx, "cb_1"); err != nil {
		r.Fatal(err)
	}
	r.ends(v.Leg, cti.MediaLost, cti.ByVisitor)
	r.ends(a.Leg, cti.MediaLost, cti.ByUs)
	r.peer("cb_1", cti.PeerLost, 1)
	r.once(v.Leg)
	r.openIs(0)
}

// browserComesBack: a page that is reloaded in talk goes on; one that does not come back is ended after BrowserBack, and
// the other one with it.
func browserComesBack(r *row) {
	r.browses("agt_ann", 1)
	a := r.accepted("agt_ann")
	r.h.Script(Number(bob), Person{Does: "answers", After: time.Second})
	v := r.up("cb_1", cti.Visitor, Number(bob))
	if err := r.h.Switch.Join(r.ctx, cti.Join{Callback: "cb_1", A: v.Leg, B: a.Leg}); err != nil {
		r.Fatal(err)
	}
	r.await(a.Leg, cti.LegJoined)
	r.quiet(5 * time.Second)
	r.browses("agt_ann", 2) // a reload: the old page said nothing
	r.quiet(time.Minute)
	r.h.LoseBrowser("agt_ann")
	r.peer("agt_ann", cti.PeerLost, 1)
	r.quiet(5 * time.Second)
	r.browses("agt_ann", 3)
	r.quiet(time.Minute)
	for _, o := range []cti.Order{a, v} {
		if slices.Contains(kinds(r.told(o.Leg)), cti.LegEnded) {
			r.Fatalf("leg %s has ended: %v", o.Leg, kinds(r.told(o.Leg)))
		}
	}
	lost := time.Now()
	r.h.LoseBrowser("agt_ann")
	e := r.ends(a.Leg, cti.MediaLost, cti.ByAgent)
	if d := e.At.Sub(lost); d < cti.BrowserBack || d > cti.BrowserBack+lossNoticed {
		r.Errorf("the leg of a lost browser was ended after %v", d)
	}
	r.ends(v.Leg, cti.MediaLost, cti.ByUs)
	r.once(a.Leg)
	r.openIs(0)
	o := r.order("cb_1", cti.Agent, "web:agt_ann")
	r.originate(o)
	r.ends(o.Leg, cti.UnallocatedNumber, cti.ByUs)
}

// browserLostRinging: an offer to a page that is lost rings on, for she may come back, and ends as one that nobody accepts.
func browserLostRinging(r *row) {
	r.browses("agt_ann", 1)
	o := r.order("cb_1", cti.Agent, "web:agt_ann")
	o.Ring = 15 * time.Second
	r.originate(o)
	rang := r.await(o.Leg, cti.LegRinging)
	r.h.LoseBrowser("agt_ann")
	r.took("ringing", rang.At, r.ends(o.Leg, cti.NoAnswer, cti.ByUs).At, 15*time.Second)
	r.once(o.Leg)
	r.browses("agt_ann", 2)
	r.accepted("agt_ann")
}

// browserAfterRestart: nothing is left of a browser's leg when the switch has died, and nobody waits for that; the page
// connects anew and is rung.
func browserAfterRestart(r *row) {
	r.browses("agt_ann", 1)
	o := r.accepted("agt_ann")
	r.h.Switch = r.h.Restart()
	trunks(r)
	began := time.Now()
	fact := reconcile(r, []cti.KnownLeg{{Order: o, State: cti.Confirmed, Sent: true, CallID: "web"}})[0]
	if fact.Known || fact.Leg != o.Leg {
		r.Errorf("after a restart %+v", fact)
	}
	if d := time.Since(began); d > time.Second {
		r.Errorf("reconciled after %v", d)
	}
	r.browses("agt_ann", 2)
	n := r.order("cb_2", cti.Agent, "web:agt_ann")
	r.originate(n)
	r.await(n.Leg, cti.LegRinging)
	if err := r.h.Switch.Accept(r.ctx, n.Leg); err != nil {
		r.Error(err)
	}
	r.await(n.Leg, cti.LegConfirmed)
}

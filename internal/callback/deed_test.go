package callback_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// Stories in which somebody does something while it runs: cancels, changes the number, books, pauses, or a fault
// comes.
func TestDeeds(t *testing.T) {
	for _, s := range deeds {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { s.play(t) })
		})
	}
}

// cancels asks, waits for a state, lets a time pass and cancels.
func cancels(in callback.State, after time.Duration, change ...func(*callback.Request)) func(*world) id.Callback {
	return func(w *world) id.Callback {
		cb := w.ask("vera", change...)
		w.reaches(cb, in)
		pass(after)
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); err != nil {
			w.Fatalf("cancel: %v", err)
		}
		if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); !fault.Is(err, fault.AlreadyEnded) {
			w.Errorf("cancelled twice: %v", err)
		}
		return cb
	}
}

var talkers = people{"ann": one(ctisim.Answers(s(2), 0)), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Takes(s(3), s(2), minute)),
	"walt": one(ctisim.Takes(s(3), s(2), minute))}

var deeds = []story{
	{
		name:   "cancelled while it is booked",
		people: talkers,
		run:    cancels(callback.Scheduled, s(5), at(schedule.After(10*minute))),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:  s(5),
		extra: neverRung("ann"),
	},
	{
		name:   "cancelled in line",
		setup:  func(s *directory.Setup) { s.Agents[0].Ready, s.Agents[1].Ready = false, false },
		people: talkers,
		run:    cancels(callback.Queued, s(5)),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:  s(5),
		extra: neverRung("ann"),
	},
	{
		name:   "cancelled while ann's telephone rings",
		people: talkers,
		run:    cancels(callback.RingingAgent, s(1)),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:     s(1),
		attempts: []callback.Result{callback.ResultCancelled},
		told:     []string{"originate 1 agent ann", "fence cancelled=true", "hangup 1 agent cancelled"},
		after:    map[string]agent.Presence{"ann": agent.Ready},
		extra:    neverRung("vera"),
	},
	{
		name:   "cancelled while vera's telephone rings",
		people: talkers,
		run:    cancels(callback.RingingVisitor, s(1)),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:     s(3),
		attempts: []callback.Result{callback.ResultCancelled},
		told:     []string{"originate 1 agent ann", "originate 1 visitor vera", "fence cancelled=true", "hangup 1 visitor cancelled", "hangup 1 agent cancelled"},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
		extra:    goneBy("vera", s(3)),
	},
	{
		name:   "cancelled while they talk",
		people: talkers,
		run:    cancels(callback.Connected, s(10)),
		want:   callback.Completed, reason: callback.ReasonEndedByRequest,
		took:     s(15),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.WrapUp},
	},
	{
		name:   "visitor first: cancelled while vera's telephone rings",
		people: talkers,
		run:    cancels(callback.RingingVisitor, s(1), visitorFirst),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:     s(1),
		attempts: []callback.Result{callback.ResultCancelled},
		after:    map[string]agent.Presence{"ann": agent.Ready},
		extra:    neverRung("ann"),
	},
	{
		name:   "visitor first: cancelled while ann's telephone rings",
		people: talkers,
		run:    cancels(callback.RingingAgent, s(1), visitorFirst),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:     s(6),
		attempts: []callback.Result{callback.ResultCancelled},
		after:    map[string]agent.Presence{"ann": agent.Ready},
	},
	{
		name:   "the CANCEL crosses vera's answer",
		faults: []string{"CANCEL crosses the answer"},
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Person{Answers: s(3), IgnoresCancel: true})},
		run:    cancels(callback.RingingVisitor, s(2)),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:     s(4),
		attempts: []callback.Result{callback.ResultCancelled},
		extra: func(w *world, c *callback.Callback) {
			pass(s(5))
			for _, k := range w.phones.Calls() {
				if k.Party == cti.Visitor && (k.AnsweredAt.IsZero() || k.GoneAt.Sub(k.AnsweredAt) > 200*time.Millisecond) {
					w.Errorf("the late answer at %v was let go at %v", k.AnsweredAt, k.GoneAt)
				}
			}
		},
	},
	{
		name:   "the CANCEL crosses ann's answer, and nobody else is called",
		faults: []string{"CANCEL crosses the answer"},
		people: people{"ann": one(ctisim.Person{Answers: s(3), IgnoresCancel: true}), "vera": one(ctisim.Answers(0, 0))},
		run:    cancels(callback.RingingAgent, s(2)),
		want:   callback.Cancelled, reason: callback.ReasonCancelled,
		took:     s(2),
		attempts: []callback.Result{callback.ResultCancelled},
		extra:    neverRung("vera"),
	},
	{
		name:   "the number is changed while ann's telephone rings",
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			pass(s(1))
			if _, err := w.c.ChangeNumber(w.ctx, cb, "(202) 555-0199", callback.ByVisitor); err != nil {
				w.Fatalf("change number: %v", err)
			}
			w.reaches(cb, callback.RingingVisitor)
			if _, err := w.c.ChangeNumber(w.ctx, cb, "(202) 555-0100", callback.ByVisitor); !fault.Is(err, fault.TooLate) {
				w.Errorf("changed while it rings: %v", err)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 agent ann", "originate 1 visitor walt", "join 1", "hangup 1 agent normal_clearing"},
		extra:    neverRung("vera"),
	},
	{
		name:   "booked in ten minutes, then moved, then wanted now",
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera", at(schedule.After(10*minute)))
			pass(minute)
			if _, err := w.c.Reschedule(w.ctx, cb, schedule.After(30*minute), callback.ByVisitor); err != nil {
				w.Fatalf("reschedule: %v", err)
			}
			pass(14 * minute)
			if c := w.stored(cb); c.State != callback.Scheduled || !c.ArrivedAt.IsZero() {
				w.Errorf("after it was moved: %s, arrived %v", c.State, c.ArrivedAt)
			}
			if _, err := w.c.CallNow(w.ctx, cb, callback.ByVisitor); err != nil {
				w.Fatalf("call now: %v", err)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     15*minute + s(65),
		attempts: []callback.Result{callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			if d := c.ArrivedAt.Sub(c.CreatedAt); d != 15*minute {
				w.Errorf("arrived %v after it was made", d)
			}
		},
	},
	{
		name:   "booked: served at its minute",
		people: talkers,
		run:    func(w *world) id.Callback { return w.ask("vera", at(schedule.After(10*minute))) },
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     10*minute + s(65),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name: "asked while closed: the next opening",
		setup: func(set *directory.Setup) {
			set.Subscribers[0].Hours = hours("mon-fri", "09:00-17:00") // the bubble begins on Friday evening in New York
		},
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			if c := w.stored(cb); c.State != callback.Scheduled || c.Reason != callback.ReasonOutsideHours {
				w.Errorf("%s because of %s", c.State, c.Reason)
			}
			if _, err := w.c.CallNow(w.ctx, cb, callback.ByVisitor); !fault.Is(err, fault.OutsideHours) {
				w.Errorf("call now while closed: %v", err)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     62*time.Hour + s(65), // Friday 19:00 to Monday 09:00
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "the clock jumps an hour ahead while they talk",
		faults: []string{"clock jumps, daylight saving"},
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			w.until(cb, "the join", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
			pass(s(10))
			w.jumps(time.Hour)
			pass(s(20))
			if c := w.stored(cb); c.State != callback.Connected {
				w.Errorf("the jump made it %s", c.State)
			}
			w.jumps(-time.Hour)
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "the clock jumps an hour back while ann's telephone rings",
		faults: []string{"clock jumps, daylight saving"},
		people: people{"ann": one(ctisim.RingsForEver()), "bob": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Answers(s(3), minute))},
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			pass(s(1))
			w.jumps(-time.Hour)
			w.rings("vera")
			w.jumps(time.Hour)
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(25 + 2 + 3 + 60), // a ring time is measured, not read off the wall
		attempts: []callback.Result{callback.ResultAgentNoAnswer, callback.ResultConnected},
	},
	{
		name:   "two callbacks, one agent: in order of arrival",
		setup:  only("ann"),
		people: talkers,
		run: func(w *world) id.Callback {
			first := w.ask("vera")
			pass(s(1))
			second := w.ask("walt")
			pass(s(1))
			if n, ok := w.c.Place(second); !ok || n != 1 {
				w.Errorf("place of the second is %d, %t", n, ok)
			}
			w.reaches(first, callback.Ended)
			return second
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(64 + 20 + 65), // vera's call, ann's notes, walt's call
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "a retry keeps its place: vera's second try goes before walt",
		setup:  only("ann"),
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": {ctisim.Busy(), ctisim.Answers(s(3), minute)}, "walt": one(ctisim.Answers(s(3), 3*minute)), "xena": one(ctisim.Answers(s(3), minute))},
		run: func(w *world) id.Callback {
			vera := w.ask("vera") // busy at 2 s, again at 92 s
			pass(s(10))
			walt := w.ask("walt") // talks from 15 s to 195 s
			pass(s(10))
			xena := w.ask("xena") // in line since 20 s
			w.reaches(walt, callback.Ended)
			w.reaches(vera, callback.Ended)
			if c := w.stored(xena); c.State != callback.Queued {
				w.Errorf("xena overtook vera: %s", c.State)
			}
			w.reaches(xena, callback.Ended)
			return vera
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(195 + 20 + 65),
		attempts: []callback.Result{callback.ResultVisitorBusy, callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			if !c.ArrivedAt.Equal(c.CreatedAt) {
				w.Errorf("a retry moved arrived_at by %v", c.ArrivedAt.Sub(c.CreatedAt))
			}
		},
	},
	{
		name:  "visitor first: an agent who missed it is free for others, and stays theirs",
		setup: func(set *directory.Setup) { set.Agents[1].Ready = false }, // bob may come yet
		people: people{"ann": {ctisim.Declines(s(1)), ctisim.Answers(s(2), 0)}, "vera": one(ctisim.Takes(s(1), s(1), s(12))),
			"walt": one(ctisim.Answers(s(3), minute))},
		run: func(w *world) id.Callback {
			vera := w.ask("vera", visitorFirst) // ann declines at 3 s; vera hangs up at 13 s
			pass(s(4))
			walt := w.ask("walt") // ann has missed vera's call just now and is free
			w.reaches(vera, callback.Ended)
			synctest.Wait()
			if p := w.presence("ann"); p != agent.Talking {
				w.Errorf("ann is %s while she talks with walt", p)
			}
			w.reaches(walt, callback.Ended)
			return vera
		},
		want: callback.Cancelled, reason: callback.ReasonHungUpWaiting,
		took:     s(13),
		attempts: []callback.Result{callback.ResultCancelled},
	},
	{
		name: "one person's business: her own telephone and no agents",
		setup: func(set *directory.Setup) {
			only()(set)
			set.Subscribers[0].Destination = telephones["shop"]
		},
		people: people{"shop": one(ctisim.Takes(s(4), s(2), 0)), "vera": one(ctisim.Answers(s(3), minute))},
		want:   callback.Completed, reason: callback.ReasonTalked,
		took:     s(4 + 2 + 3 + 60),
		attempts: []callback.Result{callback.ResultConnected},
		told:     []string{"originate 1 subscriber shop", "originate 1 visitor vera", "join 1", "hangup 1 subscriber normal_clearing"},
	},
	{
		name:   "a keyed destination is joined, whoever is ready",
		people: people{"ann": one(ctisim.Answers(0, 0)), "cleo": one(ctisim.Answers(s(1), 0)), "vera": one(ctisim.Answers(s(3), minute))},
		run: func(w *world) id.Callback {
			return w.ask("vera", func(r *callback.Request) { r.Destination = string(telephones["cleo"]) })
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(64),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.Ready, "bob": agent.Ready},
		extra:    neverRung("ann"),
	},
	{
		name:   "ann signs out while her telephone rings: this call, and no other",
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			pass(s(1))
			w.be("ann", agent.SignedOut)
			w.reaches(cb, callback.Connected)
			synctest.Wait()
			if p := w.presence("ann"); p != agent.Finishing {
				w.Errorf("ann is %s in her last call", p)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
		after:    map[string]agent.Presence{"ann": agent.SignedOut},
	},
	{
		name:   "the number is blocked before its second try",
		people: people{"ann": one(ctisim.Answers(s(2), 0)), "vera": one(ctisim.Busy())},
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			w.reaches(cb, callback.Scheduled)
			w.apply(directory.Setup{Blocks: []subscriber.Block{{NumberHash: w.c.HashNumber(telephones["vera"]), Masked: "+12•••••0100"}}})
			if err := w.c.Reload(w.ctx); err != nil {
				w.Fatalf("reload: %v", err)
			}
			return cb
		},
		want: callback.Refused, reason: callback.ReasonPolicy,
		took:     s(2 + 90),
		attempts: []callback.Result{callback.ResultVisitorBusy},
	},
	{
		name:   "a switch that takes three seconds for everything",
		people: talkers,
		run: func(w *world) id.Callback {
			w.sw.Slow(s(3))
			return w.ask("vera")
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(3 + 2 + 3 + 3 + 60),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "orders that come late are not carried out",
		faults: []string{"the process stands still for half a minute"},
		people: talkers,
		run: func(w *world) id.Callback {
			w.sw.Slow(s(12)) // the first order reaches the switch after its deadline
			time.AfterFunc(s(1), func() { w.sw.Slow(0) })
			return w.ask("vera")
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(5 + 65), // the wake-up finds that the switch has no such leg
		attempts: []callback.Result{callback.ResultUnknown, callback.ResultConnected},
		told: []string{"fence cancelled=false", "originate 2 agent bob", "originate 2 visitor vera", "join 2", "originate 1 agent ann: cti: stale fence",
			"hangup 2 agent normal_clearing"},
	},
	{
		name:   "no trunk carries the number",
		faults: []string{"trunk down"},
		setup:  func(set *directory.Setup) { set.Trunks[0].Prefixes = []string{"+49"} },
		people: talkers,
		want:   callback.Failed, reason: callback.ReasonNetwork,
		took:     3*s(2) + 2*s(30),
		attempts: []callback.Result{callback.ResultNetwork, callback.ResultNetwork, callback.ResultNetwork},
		extra:    neverRung("vera"),
	},
	{
		name:   "the disk is full for a while: nothing is acknowledged, the call that is up goes on",
		faults: []string{"disk full, failing fsync"},
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			w.until(cb, "the join", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
			w.border.fill(true)
			if _, err := w.c.Request(w.ctx, wish("walt")); !fault.Is(err, fault.StorageFull) {
				w.Errorf("a request on a full disk: %v", err)
			}
			if _, err := w.c.Cancel(w.ctx, cb, callback.ByVisitor); !fault.Is(err, fault.StorageFull) {
				w.Errorf("a cancel on a full disk: %v", err)
			}
			pass(s(10))
			if n := len(ctisim.Open(w.phones.Calls())); n != 2 {
				w.Errorf("%d telephones are up", n)
			}
			w.border.fill(false)
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
		extra: func(w *world, c *callback.Callback) {
			if all, err := w.border.inner.Callbacks(w.ctx, "", callback.Filter{Limit: 10}); err != nil || len(all) != 1 {
				w.Errorf("%d callbacks on disk, %v", len(all), err)
			}
		},
	},
	{
		name:   "the disk is full when vera hangs up: the end is written when it can be",
		faults: []string{"disk full, failing fsync"},
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			w.until(cb, "the join", func(c *callback.Callback) bool { return !c.JoinedAt.IsZero() })
			pass(s(55.5)) // until 60.5 s
			w.border.fill(true)
			pass(s(10))
			w.border.fill(false)
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(71),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "asked twice with the same key: one callback",
		people: talkers,
		run: func(w *world) id.Callback {
			r := wish("vera", once("k1"))
			m, err := w.c.Request(w.ctx, r)
			if err != nil {
				w.Fatalf("request: %v", err)
			}
			w.wishes = append(w.wishes, m.Callback.ID)
			w.again(r, m.Callback.ID)
			return m.Callback.ID
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "one live callback per number",
		people: talkers,
		run: func(w *world) id.Callback {
			cb := w.ask("vera")
			if _, err := w.c.Request(w.ctx, wish("vera")); !fault.Is(err, fault.NumberBusy) {
				w.Errorf("a second wish for the number: %v", err)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     s(65),
		attempts: []callback.Result{callback.ResultConnected},
	},
	{
		name:   "a summer morning in New York, booked in winter time",
		faults: []string{"clock jumps, daylight saving"},
		people: talkers,
		run: func(w *world) id.Callback {
			w.stop()
			pass(time.Until(time.Date(2000, 4, 1, 12, 0, 0, 0, time.UTC))) // Saturday; clocks go ahead on Sunday at 2:00
			w.boot()
			cb := w.ask("vera", at(schedule.At("2000-04-02T09:00", "America/New_York")))
			if c := w.stored(cb); c.Wall != "2000-04-02T09:00" || c.Zone != "America/New_York" {
				w.Errorf("kept as %s %s", c.Wall, c.Zone)
			}
			return cb
		},
		want: callback.Completed, reason: callback.ReasonTalked,
		took:     25*time.Hour + s(65), // 12:00Z to 13:00Z of the next day: 09:00 in summer time
		attempts: []callback.Result{callback.ResultConnected},
	},
}

func hours(days, span string) schedule.Hours {
	h, err := schedule.ParseHours(map[string][]string{days: {span}})
	if err != nil {
		panic(err)
	}
	return h
}

// once makes a request repeatable under a key; the answer is the callback's id.
func once(key string) func(*callback.Request) {
	return func(r *callback.Request) {
		r.Once = &callback.Once{Principal: string(login.Operator), Route: "POST /callbacks", Key: key, Request: "hash"}
		r.Answer = func(m *callback.Made) callback.Kept {
			return callback.Kept{Request: "hash", Status: 201, Body: []byte(m.Callback.ID)}
		}
	}
}

// again repeats a request and wants the answer of the first time.
func (w *world) again(r callback.Request, want id.Callback) {
	w.Helper()
	_, err := w.c.Request(w.ctx, r)
	if got, ok := replayed(err); !ok || got != want {
		w.Errorf("repeated: %v, want the answer for %s", err, want)
	}
}

// replayed is the callback of an answer that was kept.
func replayed(err error) (id.Callback, bool) {
	var r *callback.Replayed
	if !errors.As(err, &r) {
		return "", false
	}
	return id.Callback(r.Kept.Body), true
}

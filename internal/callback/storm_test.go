package callback_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// play runs a test of one world in a bubble of simulated time.
func play(t *testing.T, set func(*directory.Setup), who people, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, set)
		defer w.stop()
		for name, p := range who {
			w.phones.Person(telephones[name], p...)
		}
		f(w)
	})
}

// crossings counts what went over the border so far.
func (w *world) crossings(what string) int {
	w.border.mu.Lock()
	defer w.border.mu.Unlock()
	n := 0
	for _, c := range w.border.crossing {
		if c == what {
			n++
		}
	}
	return n
}

// behind moves an agent on disk, as another process does.
func (w *world) behind(slug string, p agent.Presence) {
	w.Helper()
	if err := w.border.inner.MoveAgent(w.ctx, callback.Move{Agent: w.agents[slug], Status: agent.Status{Presence: p, Since: time.Now()}}); err != nil {
		w.Fatal(err)
	}
}

func nobodyReady(s *directory.Setup) {
	for i := range s.Agents {
		s.Agents[i].Ready = false
	}
}

// A disk that takes nothing is asked once a second, not as fast as it can say no; when it works again, the line moves on.
func TestFailingStoreIsNotStormed(t *testing.T) {
	play(t, nobodyReady, talkers, func(w *world) {
		cb := w.ask("vera")
		synctest.Wait()
		w.behind("ann", agent.Ready)
		w.border.fill(true)
		before := w.crossings("before step")
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		pass(10 * time.Second)
		if n := w.crossings("before step") - before; n < 2 || n > 12 {
			t.Errorf("%d steps were tried in 10 s on a full disk", n)
		}
		w.border.fill(false)
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("ended %s", c.Outcome)
		}
	})
}

// Who was taken by another process is found out, and is not asked for again and again.
func TestAgentTakenElsewhere(t *testing.T) {
	play(t, only("ann"), talkers, func(w *world) {
		w.behind("ann", agent.Paused)
		before := w.crossings("before step")
		cb := w.ask("vera")
		pass(time.Minute)
		if n := w.crossings("before step") - before; n > 3 {
			t.Errorf("%d steps were tried for an agent who is not there", n)
		}
		if st := w.c.Agents()[w.agents["ann"]]; st.Presence != agent.Paused {
			t.Errorf("ann is held to be %s", st.Presence)
		}
		w.behind("ann", agent.Ready)
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		if c := w.reaches(cb, callback.Ended); c.Outcome != callback.Completed {
			t.Errorf("ended %s", c.Outcome)
		}
	})
}

// Wrap-up ends although the disk was full when its time was over, and nobody else moves the line.
func TestWrapUpEndsAfterAFault(t *testing.T) {
	play(t, only("ann"), talkers, func(w *world) {
		w.reaches(w.ask("vera"), callback.Ended)
		cb := w.ask("walt")
		pass(subscriber.DefaultWrapUp - time.Second)
		w.border.fill(true)
		pass(10 * time.Second)
		w.border.fill(false)
		free := time.Now()
		w.reaches(cb, callback.RingingAgent)
		if d := time.Since(free); d > 2*time.Second {
			t.Errorf("ann was asked %v after the disk worked again", d)
		}
	})
}

// Facts that the store did not take at first are taken in the order in which they happened.
func TestFactsKeepTheirOrder(t *testing.T) {
	play(t, only("ann"), people{"ann": {ctisim.Answers(2*time.Second, 700*time.Millisecond), ctisim.RingsForEver()}, "vera": one(ctisim.RingsForEver())}, func(w *world) {
		cb := w.ask("vera")
		pass(1900 * time.Millisecond)
		w.border.fill(true)
		pass(1400 * time.Millisecond) // she answered and hung up
		w.border.fill(false)
		pass(5 * time.Second)
		var events []string
		for _, l := range w.journal(cb) {
			events = append(events, l.Event)
		}
		confirmed, left := slices.Index(events, "agent_confirmed"), slices.Index(events, "agent_left")
		if confirmed < 0 || left < confirmed {
			t.Errorf("she answered, then left; the journal says %v", events)
		}
	})
}

// Hundreds of callbacks of one instant are all in line within a second, and are served as agents get free; what is kept
// in memory for them is gone when they are.
func TestHundredsDueAtOnce(t *testing.T) {
	const n, agents = 300, 20
	set := func(s *directory.Setup) {
		s.Subscribers[0].Limits.Concurrent = agents
		s.Agents, s.Representations = nil, nil
		for i := range agents {
			a := agent.Agent{Slug: fmt.Sprint("a", i), Name: "a", Ready: true, Devices: []agent.Device{{To: cti.Endpoint(fmt.Sprintf("sip:a%d@phones.example", i))}}}
			s.Agents = append(s.Agents, a)
			s.Representations = append(s.Representations, agent.Representation{Agent: id.Agent(a.Slug), Subscriber: "acme"})
		}
	}
	play(t, set, nil, func(w *world) {
		for i := range agents {
			w.phones.Person(cti.Endpoint(fmt.Sprintf("sip:a%d@phones.example", i)), ctisim.Answers(time.Second, 0))
		}
		for i := range n {
			to := cti.Endpoint(fmt.Sprintf("sip:v%d@visitors.example", i))
			w.phones.Person(to, ctisim.Answers(time.Second, time.Second))
			w.ask("", func(r *callback.Request) { r.Number, r.Endpoint, r.When = "", string(to), schedule.After(minute) })
		}
		pass(minute + time.Second)
		if left := w.c.Counts()[callback.Scheduled]; left > 0 {
			t.Errorf("a second after their time %d are still booked", left)
		}
		pass(30 * minute)
		for s, left := range w.c.Counts() {
			if left > 0 {
				t.Errorf("%d are still %s", left, s)
			}
		}
		live, meant, boxes := w.c.Held()
		if set, heap := w.c.Awake(); live+meant+boxes+set > 0 || heap > 128 {
			t.Errorf("left in memory: %d callbacks, %d choices, %d boxes, %d wake-ups in a heap of %d", live, meant, boxes, set, heap)
		}
		outcomes := map[callback.Outcome]int{}
		for _, cb := range w.wishes {
			outcomes[w.stored(cb).Outcome]++
		}
		t.Log(outcomes)
	})
}

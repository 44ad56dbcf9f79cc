package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ringback/internal/callback"
	"ringback/internal/simcarrier"
)

// callers is how many people call in a day, beside those who ask to be called.
const callers = 10

// numbers that callers of a business dial.
var numbers = map[string]string{"acme": "+12025550191", "birch": "+12025550192", "cedar": "+12025550193"}

// comeIn lets people call: some from numbers that have a callback, some who wait, some who want to be called back.
func (d *day) comeIn(people *sync.WaitGroup, r *rand.Rand) {
	for range callers {
		call := simcarrier.Dial{From: fmt.Sprintf("+12025550%d", 100+r.IntN(40)), To: numbers[[]string{"acme", "acme", "birch", "cedar"}[r.IntN(4)]],
			Target: ours + ":5060", Person: callerAt(r)}
		at := upTo(r, dayLength)
		people.Go(func() {
			<-time.After(at)
			if _, err := d.carrier.Call(call); err != nil {
				d.trouble("call: %v", err)
			}
		})
	}
}

func callerAt(r *rand.Rand) simcarrier.Person {
	p := simcarrier.Person{Does: "answers", Talk: 10*time.Second + upTo(r, 3*time.Minute)}
	switch n := r.IntN(10); {
	case n < 3:
		p.Press, p.PressAfter = "2", 21*time.Second+upTo(r, 10*time.Second)
	case n < 4:
		p.Press, p.PressAfter = "1", upTo(r, time.Minute)
	case n < 5:
		p.Talk = upTo(r, 3*time.Second) + 100*time.Millisecond
	}
	return p
}

// calledIn adds the calls that came in to what the day must have ended; nobody who called may be left to wait.
func (d *day) calledIn() {
	all, err := d.disk.now().Callbacks(context.Background(), "", callback.Filter{})
	if err != nil {
		d.trouble("callbacks: %v", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answered = 0
	for _, c := range all {
		if c.Inbound {
			d.answered++
			d.made[c.ID] = c.CreatedAt
		}
	}
}

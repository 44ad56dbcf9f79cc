package dialog

import (
	"sync"
	"time"
)

// Lane runs functions one after the other, in the order given, each with recover. All that belongs to one call runs on
// its lane: messages, timers, commands. So its state needs no lock, and a lane that is idle costs no goroutine.
type Lane struct {
	s       *Stack
	mu      sync.Mutex
	queue   []func()
	running bool
}

// NewLane returns an idle lane.
func (s *Stack) NewLane() *Lane { return &Lane{s: s} }

// Do runs f after all that was given before. It does not wait. After Stack.Close nothing runs any more.
func (l *Lane) Do(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, f)
	if !l.running {
		l.running = l.s.serve(l)
	}
}

// maxIdle is how many goroutines wait for a lane that has work: a burst of a call finds one whose stack has grown already.
const maxIdle = 32

// serve lets a goroutine run the lane, one that waits or another; false after Close.
func (s *Stack) serve(l *Lane) bool {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.shut {
		return false
	}
	select {
	case s.busy <- l:
	default:
		s.wg.Go(func() { s.work(l) })
	}
	return true
}

// work runs lanes until enough others wait for one. A lane may wait for the network, so there is no upper limit.
func (s *Stack) work(l *Lane) {
	for {
		l.run()
		select {
		case s.idle <- struct{}{}:
		default:
			return
		}
		select {
		case l = <-s.busy:
			<-s.idle
		case <-s.over:
			return
		}
	}
}

// Go runs f beside all lanes; Close waits for it. false: the stack is closed, f does not run.
func (s *Stack) Go(f func()) bool {
	return s.start(func() {
		defer s.recovered()
		f()
	})
}

// start runs f on a goroutine that Close waits for; false after Close.
func (s *Stack) start(f func()) bool {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if !s.shut {
		s.wg.Go(f)
	}
	return !s.shut
}

func (l *Lane) run() {
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			l.running, l.queue = false, nil
			l.mu.Unlock()
			return
		}
		f := l.queue[0]
		l.queue = l.queue[1:]
		l.mu.Unlock()
		l.guarded(f)
	}
}

func (l *Lane) guarded(f func()) {
	defer func() {
		if v := recover(); v != nil {
			l.s.panicked(v)
		}
	}()
	f()
}

// Timer calls a function on a lane. After Stop, called on that lane, the function does not run any more.
type Timer struct {
	t    *time.Timer
	dead bool
}

// After calls f on the lane when d has passed.
func (l *Lane) After(d time.Duration, f func()) *Timer {
	t := &Timer{}
	due := time.Now().Add(d)
	fire := func() {
		if !t.dead {
			t.dead, t.t = true, nil
			f()
		}
	}
	t.t = time.AfterFunc(d, func() {
		l.Do(func() {
			if !t.dead && time.Since(due) > overdue {
				t.t = time.AfterFunc(catchUp, func() { l.Do(fire) })
				return
			}
			fire()
		})
	})
	return t
}

// A process that stood still wakes up to timers and messages at once. What came from the network meanwhile, such as the
// answer that a ring limit waited for, is older than now: a timer that is overdue lets it pass first.
const (
	overdue = time.Second
	catchUp = 200 * time.Millisecond
)

// Stop ends the timer; a nil Timer is stopped.
func (t *Timer) Stop() {
	if t != nil && !t.dead {
		t.dead = true
		t.t.Stop()
		t.t = nil // what it would have called need not stay for as long as its owner
	}
}

// Running says whether the timer is set and has not fired.
func (t *Timer) Running() bool { return t != nil && !t.dead }

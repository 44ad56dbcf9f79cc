package simcarrier

import (
	"container/heap"
	"time"
)

// clock holds what the carrier's loop has to do later. Only the loop touches it.
type clock struct {
	queue alarms
	next  uint64
}

// alarm is one thing to do at a time.
type alarm struct {
	at    time.Time
	n     uint64 // order among equals: a simulated day runs the same way each time
	do    func()
	index int // place in the heap, -1 = not in it
}

func (c *clock) after(now time.Time, d time.Duration, do func()) *alarm {
	a := &alarm{at: now.Add(d), n: c.next, do: do}
	c.next++
	heap.Push(&c.queue, a)
	return a
}

// stop takes an alarm back; nil and passed alarms are fine.
func (c *clock) stop(a *alarm) {
	if a != nil && a.index >= 0 {
		heap.Remove(&c.queue, a.index)
	}
}

// due takes the next alarm whose time has come; nil = none.
func (c *clock) due(now time.Time) *alarm {
	if len(c.queue) == 0 || c.queue[0].at.After(now) {
		return nil
	}
	return heap.Pop(&c.queue).(*alarm)
}

// wait is how long the loop may sleep.
func (c *clock) wait(now time.Time) time.Duration {
	if len(c.queue) == 0 {
		return time.Hour
	}
	return max(c.queue[0].at.Sub(now), 0)
}

type alarms []*alarm

func (q alarms) Len() int { return len(q) }
func (q alarms) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].n < q[j].n
	}
	return q[i].at.Before(q[j].at)
}
func (q alarms) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *alarms) Push(x any) {
	a := x.(*alarm)
	a.index = len(*q)
	*q = append(*q, a)
}
func (q *alarms) Pop() any {
	old := *q
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	a.index = -1
	return a
}

package callback

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
)

// Explain tells the story of a callback from its rows and its journal, for a person who has to answer for it. Numbers
// are masked, times are those of zone.
func Explain(w io.Writer, c *Callback, journal []Line, dir *directory.Directory, zone *time.Location) error {
	e := explainer{w: w, zone: zone, began: c.CreatedAt}
	business := string(c.Subscriber)
	if s := dir.Subscribers[c.Subscriber]; s != nil {
		business = s.Name
	}
	who := c.Number.Mask()
	if c.Number == "" {
		who = string(c.Endpoint)
	}
	e.say("%s  %s for %s, %s", c.ID, strings.ReplaceAll(string(c.Order), "_", " "), who, business)
	e.say("asked %s", c.CreatedAt.In(zone).Format("Mon 2006-01-02 15:04:05 MST"))
	if c.Wall != "" {
		e.say("for %s %s", c.Wall, c.Zone)
	}
	e.say("")
	for _, l := range journal {
		e.line(l)
	}
	e.say("")
	for i := range c.Attempts {
		e.attempt(&c.Attempts[i], dir)
	}
	e.ending(c)
	return e.err
}

type explainer struct {
	w     io.Writer
	zone  *time.Location
	began time.Time
	err   error
}

func (e *explainer) say(format string, args ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.w, format+"\n", args...)
	}
}

// since writes a time as seconds from the wish: what matters is how long things took.
func (e *explainer) since(t time.Time) string {
	if t.IsZero() {
		return "     -"
	}
	return fmt.Sprintf("%6.2f", t.Sub(e.began).Seconds())
}

func (e *explainer) line(l Line) {
	move := string(l.To)
	if l.From != l.To && l.From != "" {
		move = string(l.From) + " -> " + string(l.To)
	}
	s := fmt.Sprintf("%3d %s  %-9s %-18s %s", l.Seq, e.since(l.At), l.Actor, l.Event, move)
	if l.Reason != "" {
		s += "  (" + l.Reason.Words().Staff + ")"
	}
	if l.Detail != "" {
		s += "  " + l.Detail
	}
	e.say("%s", s)
}

func (e *explainer) attempt(a *Attempt, dir *directory.Directory) {
	who := "the named telephone"
	if ag := dir.Agents[a.Agent]; ag != nil {
		who = ag.Name
	}
	if escalates(a) {
		who += ", escalated to"
	}
	result := string(a.Result)
	if result == "" {
		result = "under way"
	}
	e.say("attempt %d with %s: %s", a.N, who, result)
	for i := range a.Legs {
		l := &a.Legs[i]
		end := string(l.State)
		if !l.EndedAt.IsZero() {
			end = fmt.Sprintf("ended %s, %s by %s", strings.TrimSpace(e.since(l.EndedAt)), l.Cause, l.By)
		}
		e.say("  %-8s %s  sent %s ringing %s answered %s bridged %s  %s", l.Party, l.ID,
			strings.TrimSpace(e.since(l.SentAt)), strings.TrimSpace(e.since(l.RingingAt)), strings.TrimSpace(e.since(l.AnsweredAt)),
			strings.TrimSpace(e.since(l.BridgedAt)), end)
		e.quality(l.Quality)
	}
}

// quality is how the leg sounded, each direction on its own: in is what we heard of it, out what it heard of us.
func (e *explainer) quality(q cti.Quality) {
	if q.PacketsIn == 0 && q.PacketsOut == 0 {
		return
	}
	in := "nothing was heard"
	if q.MOS > 0 {
		in = fmt.Sprintf("MOS %.1f, %.1f %% lost, jitter %d ms", q.MOS, 100*q.Loss, q.Jitter.Milliseconds())
	}
	out := "no report"
	if q.MOSOut > 0 {
		out = fmt.Sprintf("MOS %.1f, %.1f %% lost, jitter %d ms", q.MOSOut, 100*q.LossOut, q.JitterOut.Milliseconds())
	}
	trip := ""
	if q.RTT > 0 {
		trip = fmt.Sprintf("; there and back %d ms", q.RTT.Milliseconds())
	}
	e.say("           sound in: %s (%d packets); out: %s (%d packets)%s", in, q.PacketsIn, out, q.PacketsOut, trip)
}

func (e *explainer) ending(c *Callback) {
	if c.Live() {
		e.say("%s; it is looked at again %s", c.State, c.DueAt.In(e.zone).Format("15:04:05"))
		return
	}
	e.say("ended as %s: %s", c.Outcome, c.Reason.Words().Staff)
	e.say("the visitor was told: %s", c.Reason.Words().Visitor)
	if c.TalkTime > 0 {
		e.say("they talked %s", c.TalkTime.Round(time.Second))
	}
}

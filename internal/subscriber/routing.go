package subscriber

import "time"

// Routing is how a business's calls are given to those who represent it. The zero Routing asks the longest idle, and
// escalates to nobody.
type Routing struct {
	Strategy   Strategy      `json:"strategy,omitempty"`    // "" = longest_idle
	WrapUp     time.Duration `json:"wrap_up,omitempty"`     // for notes after a call; 0 = DefaultWrapUp
	PreferLast time.Duration `json:"prefer_last,omitempty"` // how long a visitor waits for who talked with her last; 0 = not at all
	Escalate   Escalation    `json:"escalate,omitzero"`
	Level      Level         `json:"service_level,omitzero"` // what the business wants; zero = DefaultLevel
}

// Level is a service level: Target percent of those who want to talk are served within a time from their arrival in line.
type Level struct {
	Target int           `json:"target,omitempty"`
	Within time.Duration `json:"within,omitempty"`
}

// DefaultLevel is that of a business that has set none.
var DefaultLevel = Level{80, time.Minute}

// MaxLevelWithin bounds the time of a service level; it is at least a second.
const MaxLevelWithin = time.Hour

// Wanted is the level with what is not set as by default.
func (l Level) Wanted() Level {
	if l.Target <= 0 {
		l.Target = DefaultLevel.Target
	}
	if l.Within <= 0 {
		l.Within = DefaultLevel.Within
	}
	return l
}

// Check says what is wrong with a level; zero values are not.
func (l Level) Check() (key, why string) {
	switch {
	case l.Target < 0 || l.Target > 100:
		return "target", "1 to 100 percent of those who want to talk"
	case l.Within != 0 && (l.Within < time.Second || l.Within > MaxLevelWithin):
		return "within", "1s to 1h: how soon they are served"
	}
	return "", ""
}

// Strategy is who is asked first among those who may be asked, of one priority.
type Strategy string

const (
	LongestIdle Strategy = "longest_idle" // who has been without a call for longest
	RoundRobin  Strategy = "round_robin"  // one after the other: who was asked for this business longest ago
	InOrder     Strategy = "in_order"     // always the first who is free, as they were set up
	AllAtOnce   Strategy = "all_at_once"  // all are rung, the first who takes it has it
	Random      Strategy = "random"
	LeastTalk   Strategy = "least_talk" // who has talked least since she signed in
)

// Strategies lists them, the default first.
var Strategies = []Strategy{LongestIdle, RoundRobin, InOrder, AllAtOnce, Random, LeastTalk}

// Escalation is who gets a call that nobody has taken for a while: another person, or an answering service.
type Escalation struct {
	After   time.Duration `json:"after,omitempty"`   // since the arrival in line; at once when all have let it pass
	To      string        `json:"to,omitempty"`      // slug of an agent, who need not represent the business; or tel:…, sip:…; "" = nobody
	Confirm string        `json:"confirm,omitempty"` // of a telephone: "", auto, key, none (an answering service)
}

// Bounds of a routing.
const (
	DefaultWrapUp = 20 * time.Second
	MaxWrapUp     = time.Hour
	MaxPriority   = 3 // of a button's calls
)

// WrapUpTime is how long an agent may write notes after a call of this business.
func (r Routing) WrapUpTime() time.Duration {
	if r.WrapUp <= 0 {
		return DefaultWrapUp
	}
	return r.WrapUp
}

// Bare leaves out what is so anyway: two that mean the same are equal.
func (r Routing) Bare() Routing {
	if r.Strategy == LongestIdle {
		r.Strategy = ""
	}
	if r.WrapUp == DefaultWrapUp {
		r.WrapUp = 0
	}
	if r.Level.Wanted() == DefaultLevel {
		r.Level = Level{}
	}
	if r.Escalate.To == "" {
		r.Escalate = Escalation{}
	}
	if r.Escalate.Confirm == "auto" {
		r.Escalate.Confirm = ""
	}
	return r
}

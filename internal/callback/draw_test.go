package callback

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ringback/internal/agent"
	"ringback/internal/cti"
)

var update = flag.Bool("update", false, "write golden files instead of comparing")

// golden compares what a test made with a file, or writes the file with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the code says any more; look at the difference, then run with -update\n%s", path, got)
	}
}

// The tables are drawn from the code: what people read in docs/lifecycle.mmd is what runs.
func TestDrawing(t *testing.T) {
	golden(t, "../../docs/lifecycle.mmd", "%% Drawn from the tables by go test ./internal/callback -run TestDrawing -update\n"+
		"stateDiagram-v2\n"+
		drawLife("agent_first", agentFirst)+drawLife("visitor_first", visitorFirst)+drawLife("caller_first", callerFirst)+
		draw("presence", presences, presenceEvents, agent.SignedOut, agent.Presence.Next)+
		draw("leg", legStates, legEvents, cti.Created, cti.LegState.Next))
}

func drawLife(name string, l life) string {
	events := []Event{Due, CalledNow, Rescheduled, NumberChanged, AgentFound, NobodyLeft, AgentConfirmed, AgentMissed, AgentLeft, AgentGone,
		VisitorConfirmed, VisitorAlone, VisitorMissed, VisitorLeft, NeverAgain, WrongNumber, PutOff, StillWaits, CallbackOffered, TalkedAlready, MessageLeft, Withdrawn, OutOfTime, Forbidden, Lost}
	b := &drawing{name: name}
	if len(l[Scheduled]) > 0 {
		b.open(string(Scheduled), string(Queued))
	} else {
		b.open(string(Queued))
	}
	for _, s := range States {
		for _, e := range events {
			r, ok := l[s][e]
			if !ok {
				continue
			}
			label := string(e)
			if r.outcome != "" {
				label += " = " + string(r.outcome)
			}
			b.arrow(string(s), string(r.to), label)
			if r.how == again {
				b.arrow(string(s), string(Ended), label+", no try left")
			}
		}
	}
	return b.close()
}

var (
	presences      = []agent.Presence{agent.SignedOut, agent.Ready, agent.Reserved, agent.Talking, agent.WrapUp, agent.Paused, agent.Finishing}
	presenceEvents = []agent.Event{agent.SignIn, agent.SignOut, agent.Pause, agent.Offer, agent.Answer, agent.Release, agent.Done, agent.Rested, agent.Finish, agent.TooMany}
	legStates      = []cti.LegState{cti.Created, cti.Inviting, cti.Ringing, cti.Early, cti.Answered, cti.Confirmed, cti.Bridged, cti.Held, cti.Ended}
	legEvents      = []cti.EventKind{cti.LegSent, cti.LegRinging, cti.LegEarly, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegHeld, cti.LegResumed, cti.LegParted, cti.LegEnded}
)

// draw draws a table that tells its next state.
func draw[S, E ~string](name string, states []S, events []E, start S, next func(S, E) (S, bool)) string {
	b := &drawing{name: name}
	b.open(string(start))
	for _, s := range states {
		for _, e := range events {
			if to, ok := next(s, e); ok && to != s {
				b.arrow(string(s), string(to), string(e))
			}
		}
	}
	return b.close()
}

// drawing is one table as a Mermaid state; its arrows between the same two states are one.
type drawing struct {
	name   string
	text   strings.Builder
	order  []string
	labels map[string][]string
}

func (d *drawing) open(starts ...string) {
	d.labels = map[string][]string{}
	fmt.Fprintf(&d.text, "    state %s {\n", d.name)
	for _, s := range starts {
		fmt.Fprintf(&d.text, "        [*] --> %s_%s\n", d.name, s)
	}
}

func (d *drawing) arrow(from, to, label string) {
	k := fmt.Sprintf("%s_%s --> %[1]s_%[3]s", d.name, from, to)
	if d.labels[k] == nil {
		d.order = append(d.order, k)
	}
	if !slices.Contains(d.labels[k], label) {
		d.labels[k] = append(d.labels[k], label)
	}
}

func (d *drawing) close() string {
	for _, k := range d.order {
		fmt.Fprintf(&d.text, "        %s : %s\n", k, strings.Join(d.labels[k], ", "))
	}
	return d.text.String() + "    }\n"
}

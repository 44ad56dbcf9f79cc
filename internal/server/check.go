package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"ringback/internal/agent"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/letter"
	"ringback/internal/money"
	"ringback/internal/speech"
	"ringback/internal/store"
	"ringback/internal/subscriber"
	"ringback/internal/wire"
)

// Finding is one thing that `ringback check` looked at.
type Finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Say  string `json:"say"`           // what was found
	Fix  string `json:"fix,omitempty"` // what to do
}

// Check looks at everything that a start needs, without starting.
func Check(ctx context.Context, c *config.Config) []Finding {
	var out []Finding
	add := func(what string, err error, ok, fix string) {
		f := Finding{What: what, OK: err == nil, Say: ok}
		if err != nil {
			f.Say, f.Fix = err.Error(), fix
		}
		out = append(out, f)
	}
	for _, w := range c.Warnings() {
		out = append(out, Finding{What: "config", OK: true, Say: w})
	}
	if client, running := Dial(c.Data); running {
		out = append(out, Finding{What: "service", OK: true, Say: "it runs; ports and data are its own"})
		out = append(out, checkLines(ctx, client)...)
		out = append(out, checkCertificates(c, nil, time.Now())...)
		var given []letter.Letter
		add("outbox", ask(ctx, client, "GET", "/letters", nil, &given), "it is read", "the service's log says why")
		out = append(out, checkLetters(c, nil, given)...)
	} else {
		add("http", canListen("tcp", c.Listen.HTTP), c.Listen.HTTP+" is free", "name another port in listen.http, or stop the program that has it")
		if c.Listen.HTTPS != "" {
			add("https", canListen("tcp", c.Listen.HTTPS), c.Listen.HTTPS+" is free", "name another port in listen.https, or stop the program that has it")
		}
		for _, s := range c.Listen.SIP {
			add("sip", canListen(s.Network, s.Addr()), s.String()+" is free", "name another port in listen.sip, or stop the program that has it")
		}
		out = append(out, checkData(ctx, c)...)
	}
	if len(c.Speech.Command) > 0 {
		add("speech", speech.Try(ctx, c.Speech.Command), "the synthesiser reads aloud", "install the program that speech.command names, or take the key away: sentences are said without a name then")
	}
	add("disk", roomFor(c.Data), "there is room", "free some space: callbacks are refused when the disk is full")
	add("buffers", buffers(), "UDP buffers are as large as asked", fmt.Sprintf("sysctl -w net.core.rmem_max=%d net.core.wmem_max=%d", wire.Buffer, wire.Buffer))
	return out
}

func canListen(network, addr string) error {
	if network == "tls" {
		network = "tcp"
	}
	if strings.HasPrefix(network, "udp") {
		c, err := net.ListenPacket(network, addr)
		if err != nil {
			return err
		}
		return c.Close()
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// checkData opens the data as a start would, and looks at the trunks in it.
func checkData(ctx context.Context, c *config.Config) []Finding {
	a, err := OpenData(ctx, c, Logger(c))
	if err != nil {
		return []Finding{{What: "data", Say: err.Error(), Fix: "the line above says what to do"}}
	}
	defer a.Close()
	out := []Finding{{What: "data", OK: true, Say: c.Data + " is ours and the schema is up to date"}}
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return append(out, Finding{What: "directory", Say: err.Error()})
	}
	out = append(out, checkCertificates(c, dir, time.Now())...)
	out = append(append(out, slices.Concat(checkTrunks(ctx, c, dir), checkCallerIDs(dir), checkNumbers(dir))...), checkPeople(dir)...)
	out = append(append(out, checkEmergency(c, dir)...), checkProof(c, dir)...)
	given, err := a.Store.LettersGivenUp(ctx, time.Now().Add(-24*time.Hour), mostGivenUp)
	if err != nil {
		return append(out, Finding{What: "outbox", Say: err.Error()})
	}
	out = append(out, checkLetters(c, dir, given)...)
	out = append(out, checkBudgets(c, dir)...)
	return append(out, checkPrompts(dir)...)
}

// checkPrompts finds recordings that are not there any more, or cannot be played: what is said instead has no name.
func checkPrompts(dir *directory.Directory) []Finding {
	var out []Finding
	for _, s := range dir.Subscribers {
		for _, path := range []string{s.Prompts.SpokenName, s.Prompts.Announcement, s.Prompts.Wait, s.Prompts.Sorry, s.Prompts.Closed} {
			if path == "" {
				continue
			}
			if _, err := speech.CheckWAV(path, maxPrompt, maxPromptTime); err != nil {
				out = append(out, Finding{What: "prompts", Say: fmt.Sprintf("%s: %s cannot be played: %v", s.Slug, path, err),
					Fix: "record it again with ringback setup call, send a file, or take the key out of the seed"})
			}
		}
	}
	return out
}

// Limits of a recording that a seed names: five minutes in stereo at 48000 samples a second, as the switch takes it.
const (
	maxPrompt     = 5 * 60 * 48000 * 4
	maxPromptTime = 5 * time.Minute
)

// checkEmergency says whether the trunk for emergency calls is there: nobody should learn it when help is needed.
func checkEmergency(c *config.Config, dir *directory.Directory) []Finding {
	if c.Phones.DialOut != "emergency" {
		return nil
	}
	if dir.ID(directory.Trunk, c.Phones.EmergencyTrunk) == "" {
		return []Finding{{What: "emergency", Say: fmt.Sprintf("phones.emergency_trunk: there is no trunk %q, so nobody can call for help", c.Phones.EmergencyTrunk),
			Fix: "name a trunk of the seed file"}}
	}
	return []Finding{{What: "emergency", OK: true, Say: "calls from telephones go over " + c.Phones.EmergencyTrunk + ", from " + c.Phones.Location}}
}

// checkProof says of which buttons proof: off does not count.
func checkProof(c *config.Config, dir *directory.Directory) []Finding {
	p, out := policyOf(c), []Finding(nil)
	for _, b := range dir.Buttons {
		if b.Proof == subscriber.ProofOff && p.NeedsProof(b) {
			out = append(out, Finding{What: "button " + b.Slug, OK: true, Say: "proof: off is passed over: its form needs a proof of work. policy.allow_proof_off: true lets buttons go without"})
		}
	}
	return out
}

// checkBudgets says which budgets cannot hold, because nobody told what calls cost.
func checkBudgets(c *config.Config, dir *directory.Directory) []Finding {
	var out []Finding
	say := func(what, format string, args ...any) {
		out = append(out, Finding{What: what, OK: true, Say: fmt.Sprintf(format, args...)})
	}
	caps := map[string]money.Amount{"policy.spend_per_day": c.Policy.SpendPerDay}
	for _, s := range dir.Subscribers {
		caps["business "+s.Slug] = s.Limits.SpendPerDay
	}
	for what, most := range caps {
		for _, t := range dir.Trunks {
			switch {
			case most.IsNone():
			case len(t.Rates) == 0:
				say(what, "a budget of %s a day does not hold over trunk %s: nobody told what its calls cost. Name rates or rates_file in the seed", most, t.Slug)
			case t.Rates[0].PerMinute.Currency != most.Currency:
				say(what, "the budget is in %s and the rates of trunk %s in %s: calls are refused. Write both in one currency", most.Currency, t.Slug, t.Rates[0].PerMinute.Currency)
			}
		}
	}
	return out
}

// checkPeople says who would wait in vain. It is no fault: a service may be set up step by step.
func checkPeople(dir *directory.Directory) []Finding {
	var out []Finding
	say := func(what, format string, args ...any) {
		out = append(out, Finding{What: what, OK: true, Say: fmt.Sprintf(format, args...)})
	}
	for _, s := range dir.Subscribers {
		reps := dir.Representatives(s.ID)
		telephones, mobiles := 0, 0
		for _, r := range reps {
			if a := dir.Agents[r.Agent]; a != nil && len(a.Devices) > 0 {
				telephones++
				if a.Devices[0].To.Kind() == cti.Tel {
					mobiles++
				}
			}
		}
		what := "business " + s.Slug
		switch {
		case len(reps) > 0 && telephones == 0:
			say(what, "none of the %d who represent it has a telephone: nobody can answer. Name one in agents.devices", len(reps))
		case len(reps) == 0 && s.Destination == "":
			say(what, "nobody represents it and it has no destination: nobody can answer. Name one or the other in the seed file")
		}
		if e := s.Routing.Escalate.To; e != "" && !strings.Contains(e, ":") && dir.ID(directory.Agent, e) == "" {
			say(what, "escalate.to names %s, and there is no such agent: what nobody takes goes nowhere", e)
		}
		for _, b := range dir.Buttons {
			if skill := unskilled(b, reps); b.Subscriber == s.ID && skill != "" {
				say("button "+b.Slug, "it asks for %s %d, and nobody who represents %s has that: its calls wait in vain", skill, b.Skills[skill], s.Slug)
			}
			if b.Subscriber == s.ID && b.Order == subscriber.VisitorFirst && mobiles > 0 && mobiles == telephones {
				say("button "+b.Slug, "visitor_first, and who answers has only mobiles: the visitor waits until one is picked up. agent_first fits better")
			}
		}
	}
	for _, a := range dir.Agents {
		for _, d := range a.Devices {
			if user, ok := d.To.Account(); ok && (user != a.Slug || a.SIP.User != a.Slug) {
				say("agent "+a.Slug, "%s means telephones that register as %s, and none can: apply a seed with her password_file once more", d.To, user)
			}
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.What, b.What) })
	return out
}

// unskilled is a skill that a button asks for and none of those who could answer has in that degree; "" = there is none.
func unskilled(b *subscriber.Button, reps []*agent.Representation) string {
	for _, skill := range sortedNames(b.Skills) {
		if !slices.ContainsFunc(reps, func(r *agent.Representation) bool { return r.Skills[skill] >= b.Skills[skill] }) {
			return skill
		}
	}
	return ""
}

// roomFor says whether a few hundred megabytes are left where the data is.
func roomFor(data string) error {
	dir := data
	if _, err := os.Stat(dir); err != nil {
		dir = "."
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return err
	}
	if free := st.Bavail * uint64(st.Bsize); free < 200<<20 {
		return fmt.Errorf("only %d MB are free where %s is", free>>20, data)
	}
	return nil
}

// buffers says whether the kernel gives the socket buffers that a burst of calls needs.
func buffers() error {
	b, err := os.ReadFile("/proc/sys/net/core/rmem_max")
	if err != nil {
		return nil // another system: nothing to say
	}
	var n int
	if _, err := fmt.Sscan(string(b), &n); err == nil && n < wire.Buffer {
		return fmt.Errorf("the kernel gives UDP sockets %d bytes of buffer at most; bursts of calls may lose packets", n)
	}
	return nil
}

// WriteFindings prints them, a line each, and says whether all is well.
func WriteFindings(w io.Writer, all []Finding) error {
	bad := 0
	for _, f := range all {
		mark := "ok  "
		if !f.OK {
			mark = "FAIL"
			bad++
		}
		fmt.Fprintf(w, "%s %-12s %s\n", mark, f.What, f.Say)
		if f.Fix != "" {
			fmt.Fprintf(w, "     %-12s %s\n", "", f.Fix)
		}
	}
	if bad > 0 {
		return errors.New("something is not right; the lines above say what to do")
	}
	return nil
}

// Migrate brings the schema up to date and says from where to where.
func Migrate(ctx context.Context, c *config.Config, w io.Writer) error {
	lock, err := LockData(c.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	before, after, err := store.Migrate(ctx, databaseURL(c))
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "schema %d -> %d\n", before, after)
	return nil
}

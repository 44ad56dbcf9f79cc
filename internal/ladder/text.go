package ladder

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"ringback/internal/id"
)

// Shape of the text: the telephones of agents stand left of us, the visitor's right of us.
const (
	lane   = 26
	agents = "agent"
	us     = "ringback"
	guest  = "visitor"
)

// Text writes entries on one time axis, in seconds since began, for people: an arrow for each message, a line for each
// thing that was heard or decided.
func Text(w io.Writer, began time.Time, all []Entry) error {
	out := bufio.NewWriter(w)
	legs := ordinals(all)
	fmt.Fprintf(out, "%9s  %-*s%-*s%s\n", "seconds", lane+1, agents, lane+1, us, guest)
	sent := map[string]bool{}
	for _, e := range all {
		at := fmt.Sprintf("%9.3f", e.At.Sub(began).Seconds())
		if e.Kind == SIP {
			key := fmt.Sprint(e.Leg, e.Out, e.Text)
			fmt.Fprintf(out, "%s  %s\n", at, arrow(e, legs[e.Leg], sent[key]))
			sent[key] = true
			continue
		}
		fmt.Fprintf(out, "%s  %s\n", at, told(e, legs[e.Leg]))
	}
	return out.Flush()
}

// ordinals numbers the legs of each party in the order in which they are first met: a second try is another telephone call.
func ordinals(all []Entry) map[id.Leg]int {
	count, out := map[string]int{}, map[id.Leg]int{}
	for _, e := range all {
		if _, known := out[e.Leg]; known || e.Leg == "" {
			continue
		}
		count[e.Party]++
		out[e.Leg] = count[e.Party]
	}
	return out
}

// arrow draws a message between a telephone and us.
func arrow(e Entry, n int, again bool) string {
	label := Summary(e.Text)
	if again {
		label += " again"
	}
	if n > 1 {
		label += fmt.Sprintf(" #%d", n)
	}
	if most := lane - 4; utf8.RuneCountInString(label) > most {
		label = string([]rune(label)[:most-1]) + "…"
	}
	right := e.Party == guest
	toRight := e.Out == right
	pad := lane - 2 - utf8.RuneCountInString(label)
	line := strings.Repeat("-", pad/2) + label + strings.Repeat("-", pad-pad/2)
	if toRight {
		line = "-" + line + ">"
	} else {
		line = "<" + line + "-"
	}
	blank := strings.Repeat(" ", lane)
	if right {
		return "|" + blank + "|" + line + "|" + how(e)
	}
	return "|" + line + "|" + blank + "|" + how(e)
}

// how is said of what did not go by datagrams.
func how(e Entry) string {
	if e.Proto == "udp" || e.Proto == "" {
		return ""
	}
	return "  " + e.Proto
}

// Summary is a message in a few words: its method or status, and what it says about sound.
func Summary(msg string) string {
	head, body, _ := strings.Cut(msg, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	words := strings.SplitN(lines[0], " ", 3)
	out := words[0]
	if words[0] == "SIP/2.0" && len(words) == 3 {
		out = words[1] + " " + words[2]
		for _, l := range lines {
			name, value, _ := strings.Cut(l, ":")
			if f := strings.Fields(value); strings.EqualFold(strings.TrimSpace(name), "CSeq") && len(f) == 2 && f[1] != "INVITE" {
				out += " (" + f[1] + ")"
			}
		}
	}
	if strings.Contains(body, "m=") {
		out += " sdp"
		for _, l := range strings.Split(body, "\r\n") {
			if l == "a=sendonly" || l == "a=inactive" || l == "a=recvonly" {
				out += " " + l[2:]
			}
		}
	}
	return out
}

// told is a line that is no message.
func told(e Entry, n int) string {
	who := e.Party
	if who == "" {
		who = us
	} else if n > 1 {
		who = fmt.Sprintf("%s #%d", who, n)
	}
	switch e.Kind {
	case Plays:
		return "  ~ " + who + " is played: " + e.Text
	case Media:
		return "  ~ " + who + ": " + e.Text
	}
	return "* " + e.Text
}

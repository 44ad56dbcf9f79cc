package server

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/letter"
)

// What abuse is told by, where one visitor may not do more.
const (
	guardNumbers = 10
	guardProofs  = 20
	guardRefused = 3
)

// guardOf is when abuse is stopped: never sooner than one visitor may go. Where she may do anything, nobody is stopped.
func guardOf(l config.Limits) callback.Guard {
	n, bounded := oneVisitor(l)
	if !bounded {
		return callback.Guard{}
	}
	return callback.Guard{Numbers: max(guardNumbers, n), Proofs: max(guardProofs, n), Refused: max(guardRefused, n)}
}

// oneVisitor is how often one visitor may ask within an hour at most.
func oneVisitor(l config.Limits) (n int, bounded bool) {
	for _, v := range l.PerVisitor {
		if in := hourly(v); !bounded || in < n {
			n, bounded = in, true
		}
	}
	return n, bounded
}

// hourly is how many of a limit fit into an hour.
func hourly(l config.Limit) int {
	if l.Per >= time.Hour || l.Per <= 0 {
		return l.N
	}
	return l.N * int((time.Hour+l.Per-1)/l.Per)
}

// loosened are limits that hold for many visitors: none is tighter than what one of them may do.
func loosened(all []config.Limit, l config.Limits) []config.Limit {
	n, bounded := oneVisitor(l)
	if !bounded {
		return nil
	}
	out := slices.Clone(all)
	for i := range out {
		out[i].N = max(out[i].N, n)
	}
	return out
}

// tell writes the letters that tell the operator of an alarm.
func (a *App) tell(al callback.Alarm) (out []letter.Letter) {
	put := func(to letter.Address, subject, text string) {
		out = append(out, letter.Letter{ID: a.Mint.Letter(), Key: string(al.ID) + " " + string(to.Kind) + " " + to.To, Address: to, Shown: to.Masked(),
			Subject: subject, Text: text, CreatedAt: al.At, DueAt: al.At})
	}
	for _, to := range a.Config.Alarms.Mail {
		put(letter.Address{Kind: letter.Mail, To: to}, "Ringback: "+strings.ReplaceAll(string(al.Kind), "_", " "), alarmText(al, a.Config.URL))
	}
	if w := a.Config.Alarms.Webhook; w.URL != "" {
		body, _ := json.Marshal(alarmEvent{Type: "alarm." + string(al.Kind), Timestamp: al.At.Format(time.RFC3339Nano), // of strings only
			Data: alarmData{ID: string(al.ID), Subscriber: string(al.Subscriber), What: al.What, Says: al.Says}})
		put(letter.Address{Kind: letter.Hook, To: w.URL}, "", string(body))
	}
	return out
}

func alarmText(al callback.Alarm, url string) string {
	text := al.Says + "."
	if al.What != "" {
		text = al.What + ": " + text
	}
	switch al.Kind {
	case callback.PrefixStopped, callback.VisitorStopped, callback.NumberStopped:
		text += "\n\nIt stands among the blocks (GET " + url + "/api/v1/blocks); who deletes it there lets it in again."
	case callback.CallsStopped:
		text += "\n\nringback kill off lets calls leave again."
	}
	return text + "\n\nRingback at " + url + ", " + al.At.Format(time.RFC3339) + "\n"
}

// alarmEvent is an alarm as a webhook gets it.
type alarmEvent struct {
	Type      string    `json:"type"`
	Timestamp string    `json:"timestamp"`
	Data      alarmData `json:"data"`
}

type alarmData struct {
	ID         string `json:"id"`
	Subscriber string `json:"subscriber,omitempty"`
	What       string `json:"what,omitempty"`
	Says       string `json:"says"`
}

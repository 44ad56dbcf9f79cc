package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/ladder"
)

// Ladder is a callback step by step: what was on the wire, what was played, what was decided.
type Ladder struct {
	Began   time.Time
	Entries []ladder.Entry
}

func ladderDir(c *config.Config) string { return filepath.Join(c.Data, "ladder") }

// Ladder puts the messages that are kept of a callback, its journal and the figures of its sound on one time axis.
func (a *App) Ladder(ctx context.Context, cb id.Callback) (*Ladder, error) {
	c, err := a.Store.Callback(ctx, "", cb)
	if err != nil {
		return nil, err
	}
	lines, err := a.Store.Journal(ctx, cb)
	if err != nil {
		return nil, err
	}
	to := time.Now()
	if !c.EndedAt.IsZero() {
		to = c.EndedAt.Add(time.Hour)
	}
	all, err := ladder.Read(ladderDir(a.Config), cb, c.CreatedAt, to)
	if err != nil {
		return nil, err
	}
	all = append(all, decisions(lines)...)
	all = append(all, figures(c)...)
	ladder.Sort(all)
	return &Ladder{Began: c.CreatedAt, Entries: all}, nil
}

// decisions are the journal's lines, but for what a message beside them says.
func decisions(lines []callback.Line) (out []ladder.Entry) {
	for _, l := range lines {
		switch cti.EventKind(l.Event) {
		case cti.LegSent, cti.LegRinging, cti.LegEarly, cti.LegAnswered:
			if l.From == l.To {
				continue
			}
		}
		text := fmt.Sprintf("%s %s", l.Actor, l.Event)
		if l.From != l.To {
			text += fmt.Sprintf("  %s -> %s", l.From, l.To)
		}
		if l.Reason != "" {
			text += "  (" + l.Reason.Words().Staff + ")"
		}
		if l.Detail != "" {
			text += "  " + l.Detail
		}
		out = append(out, ladder.Entry{At: l.At, Kind: ladder.Decision, Text: text})
	}
	return out
}

// figures are how the answered legs sounded, at their ends.
func figures(c *callback.Callback) (out []ladder.Entry) {
	for _, a := range c.Attempts {
		for _, l := range a.Legs {
			if l.AnsweredAt.IsZero() || l.EndedAt.IsZero() {
				continue
			}
			out = append(out, ladder.Entry{At: l.EndedAt, Kind: ladder.Media, Callback: c.ID, Leg: l.ID, Party: string(l.Party), CallID: l.CallID, Text: sounded(l.Quality)})
		}
	}
	return out
}

// sounded is RTP and RTCP of a leg in a line.
func sounded(q cti.Quality) string {
	in := "not one packet came from it"
	if q.PacketsIn > 0 {
		in = fmt.Sprintf("%d packets came, %.1f %% lost, jitter %d ms, MOS %.1f", q.PacketsIn, 100*q.Loss, q.Jitter.Milliseconds(), q.MOS)
	}
	out := fmt.Sprintf("%d went to it", q.PacketsOut)
	if q.MOSOut > 0 {
		out += fmt.Sprintf(", %.1f %% lost, jitter %d ms, MOS %.1f", 100*q.LossOut, q.JitterOut.Milliseconds(), q.MOSOut)
	} else {
		out += ", of which it has reported nothing"
	}
	if q.RTT > 0 {
		out += fmt.Sprintf(", round trip %d ms", q.RTT.Milliseconds())
	}
	return in + "; " + out
}

// ExplainSIP writes the ladder of a callback: to w as text or JSON, to a file as pcapng where one is named.
func ExplainSIP(ctx context.Context, c *config.Config, cb string, w io.Writer, asJSON bool, pcapng string) error {
	l, err := ladderOf(ctx, c, cb)
	if err != nil {
		return err
	}
	if pcapng != "" {
		if err := writeCapture(pcapng, l); err != nil {
			return fmt.Errorf("%s: %w", pcapng, err)
		}
	}
	switch {
	case asJSON:
		return json.NewEncoder(w).Encode(append([]ladder.Entry{}, l.Entries...))
	case pcapng != "":
		_, err = fmt.Fprintf(w, "%s written\n", pcapng)
		return err
	}
	return ladder.Text(w, l.Began, l.Entries)
}

func writeCapture(path string, l *Ladder) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(ladder.PCAPNG(f, l.Entries), f.Close())
}

func ladderOf(ctx context.Context, c *config.Config, cb string) (l *Ladder, err error) {
	if client, running := Dial(c.Data); running {
		return l, ask(ctx, client, "GET", "/ladder/"+url.PathEscape(cb), nil, &l)
	}
	a, err := OpenData(ctx, c, Logger(c))
	if err != nil {
		return nil, err
	}
	l, err = a.Ladder(ctx, id.Callback(cb))
	return l, errors.Join(err, a.Close())
}

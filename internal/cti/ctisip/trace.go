package ctisip

import (
	"path/filepath"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/ladder"
)

// traces is what the dialogs show their messages to; nil when nothing is kept.
func (sw *Switch) traces() func(dialog.Traced) {
	keep := sw.c.Ladder
	if keep == nil {
		return nil
	}
	return func(t dialog.Traced) {
		keep.Message(ladder.Entry{At: time.Now().UTC(), Out: t.Out, Proto: t.Proto, Local: t.Local, Far: t.Far}, t.Msg)
	}
}

// traced keeps what a leg is played and what becomes of its sound.
func (l *leg) traced(k ladder.Kind, text string) {
	if keep := l.sw.c.Ladder; keep != nil {
		keep.Add(ladder.Entry{At: time.Now().UTC(), Kind: k, Callback: l.o.Callback, Leg: l.o.Leg, Party: string(l.o.Party), Text: text})
	}
}

// heardFrom keeps where the sound of an answered leg came from.
func (l *leg) heardFrom() {
	from, comfort := l.stream.Source()
	if from.IsValid() {
		l.traced(ladder.Media, "sound came from "+from.String())
	}
	if comfort {
		l.traced(ladder.Media, "comfort noise came")
	}
}

// untraced lets a try's Call-ID be forgotten, in a while.
func (sw *Switch) untraced(t *try) {
	if t.call != nil {
		sw.c.Ladder.Over(t.call.CallID(), time.Now())
	}
}

// played names a program, as a person may read it.
func played(p cti.Program) string {
	first, then := spoken(p.First), string(p.Then)
	switch {
	case first == "" && then == "":
		return "nothing"
	case first == "":
		return then
	case then == "":
		return first
	}
	return first + ", then " + then
}

// spoken names a prompt: clips, the file's own name, or the sound.
func spoken(p cti.Prompt) string {
	if len(p.Clips) == 0 && p.WAV != "" {
		return filepath.Base(p.WAV)
	}
	words := strings.Fields(p.String())
	for i, w := range words {
		if strings.HasPrefix(w, "/") || strings.HasPrefix(w, ".") {
			words[i] = filepath.Base(w)
		}
	}
	return strings.Join(words, " ")
}

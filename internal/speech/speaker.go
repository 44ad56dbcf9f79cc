package speech

import (
	"slices"
	"strings"

	"ringback/internal/cti"
)

// Speaker finds how a sentence is said best: with the business's recorded name, else by the operator's synthesiser, else
// without a name. The zero Speaker has no synthesiser.
type Speaker struct {
	Synth *Synth // nil = none
}

// Say returns what is played for a sentence. It never waits: a sentence that the synthesiser has not spoken yet is said
// without a name this time.
func (sp Speaker) Say(l Lang, s Sentence, w Words) []cti.Clip {
	p := l.table()[s]
	switch {
	case p.named == "" || w.Name == "" && w.Spoken == "":
	case w.Spoken != "":
		return l.around(s, p, File(w.Spoken))
	case sp.Synth != nil:
		if path, ok := sp.Synth.Spoken(l, l.Text(s, w)); ok {
			return []cti.Clip{File(path)}
		}
	}
	return []cti.Clip{cti.Clip(l.clip(s))}
}

// around puts a recording where the language wants the name.
func (l Lang) around(s Sentence, p phrase, name cti.Clip) []cti.Clip {
	var out []cti.Clip
	for i, piece := range p.pieces() {
		if i == 1 {
			out = append(out, name)
		}
		if piece.text != "" {
			out = append(out, cti.Clip(l.clip(s)+piece.suffix))
		}
	}
	return out
}

// Warm asks the synthesiser for all sentences that hold a name, so that they are there when somebody is called.
func (sp Speaker) Warm(l Lang, w Words) {
	if sp.Synth == nil || w.Name == "" || w.Spoken != "" {
		return
	}
	for _, s := range Sentences {
		if l.table()[s].named != "" {
			sp.Synth.Spoken(l, l.Text(s, w))
		}
	}
}

// File is the clip of a WAV file.
func File(path string) cti.Clip {
	if path[0] != '/' && path[0] != '.' {
		path = "./" + path
	}
	return cti.Clip(path)
}

// Built says whether a clip is a recording of ours.
func Built(c cti.Clip) bool {
	l, _, ok := strings.Cut(string(c), "/")
	return ok && slices.Contains(Languages, Lang(l))
}

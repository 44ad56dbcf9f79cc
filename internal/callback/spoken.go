package callback

import (
	"path/filepath"
	"strings"

	"ringback/internal/cti"
	"ringback/internal/speech"
)

// Spoken is what is said on a telephone, in words.
type Spoken struct {
	When string // answers, takes_it, joined, machine
	Text string
}

// heardWhen is a prompt and what it follows.
type heardWhen struct {
	when string
	say  cti.Prompt
}

// heard writes prompts out; what is only a sound is left out.
func (m mouth) heard(all ...heardWhen) (out []Spoken) {
	for _, h := range all {
		if text := m.text(h.say); text != "" {
			out = append(out, Spoken{h.when, text})
		}
	}
	return out
}

// text is what a prompt of this mouth says.
func (m mouth) text(p cti.Prompt) string {
	said := spokenClips(p)
	if said == "" {
		return ""
	}
	for _, s := range speech.Sentences {
		if spokenClips(m.says(s)) == said {
			return m.written(s, p)
		}
	}
	return "" // it is none of ours
}

// written is a sentence as it is played: with the business's name only where that can be said, and the name of the file
// where the business has recorded it itself.
func (m mouth) written(s speech.Sentence, p cti.Prompt) string {
	first := ""
	for _, c := range p.Clips {
		if !strings.HasPrefix(string(c), "sound/") {
			first = string(c)
			break
		}
	}
	own := func(file string) bool { return file != "" && first == string(speech.File(file)) }
	switch {
	case own(m.own.Announcement) && s == speech.VisitorOffer:
		return recorded(first) + " " + m.lang.Text(speech.VisitorKeys, speech.Words{})
	case own(m.own.Announcement) && s == speech.VisitorMessage, own(m.own.Closed), own(m.own.Wait), own(m.own.Sorry):
		return recorded(first)
	case speech.Built(cti.Clip(first)) && !strings.Contains(spokenClips(p), "|"):
		return m.lang.Text(s, speech.Words{}) // without a name
	case m.words.Spoken != "":
		return m.lang.Text(s, speech.Words{Name: m.words.Name})
	}
	return m.lang.Text(s, m.words)
}

func recorded(file string) string { return "[" + filepath.Base(file) + "]" }

// spokenClips are the clips of a prompt that are speech.
func spokenClips(p cti.Prompt) string {
	var all []string
	for _, c := range p.Clips {
		if !strings.HasPrefix(string(c), "sound/") {
			all = append(all, string(c))
		}
	}
	return strings.Join(all, "|")
}

package browser

import (
	"errors"
	"strings"
)

const (
	offerMost = 32 << 10 // bytes; a page's with all its candidates has 3 to 6 kB
	partsMost = 2        // sound and a data channel
)

// tidy refuses an offer that cannot be one of ours before anything is built for it, and takes its candidates out. We
// send nothing to where an offer says: a stranger's may name any machine of our own network. Browsers find us, and by
// that prove where they are (RFC 8445 section 7.3.1.3: the address becomes a candidate).
func tidy(offer string) (string, error) {
	if len(offer) > offerMost {
		return "", errors.New("it is too long")
	}
	if !strings.HasPrefix(offer, "v=0") {
		return "", errors.New("it is no session description")
	}
	var b strings.Builder
	b.Grow(len(offer))
	sounds, parts := 0, 0
	for line := range strings.Lines(offer) {
		switch {
		case strings.HasPrefix(line, "a=candidate:"):
			continue
		case strings.HasPrefix(line, "m=audio "):
			sounds, parts = sounds+1, parts+1
		case strings.HasPrefix(line, "m="):
			parts++
		}
		b.WriteString(line)
	}
	if sounds != 1 || parts > partsMost {
		return "", errors.New("want one sound, and nothing else but a data channel")
	}
	return b.String(), nil
}

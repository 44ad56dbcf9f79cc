package speech

import (
	"embed"
	"fmt"
	"sync"
)

//go:embed voices
var recorded embed.FS

// Voices are the built-in recordings, each decoded when it is first heard.
type Voices struct {
	mu      sync.Mutex
	decoded map[string][]int16
}

// NewVoices returns the built-in recordings.
func NewVoices() *Voices { return &Voices{decoded: map[string][]int16{}} }

// Samples returns a recording such as "de/visitor_offer", at 8000 samples a second. The samples are shared: read only.
func (v *Voices) Samples(clip string) ([]int16, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s, ok := v.decoded[clip]; ok {
		return s, nil
	}
	b, err := recorded.ReadFile("voices/" + clip + ".ima")
	if err != nil {
		return nil, fmt.Errorf("speech: there is no recording %q", clip)
	}
	s, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("recording %q: %w", clip, err)
	}
	v.decoded[clip] = s
	return s, nil
}

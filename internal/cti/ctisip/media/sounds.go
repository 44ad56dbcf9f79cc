package media

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
)

// Sounds are the built-in sounds and the prompts from files, each rendered or read once and shared by all streams.
// Their pauses are silent; the sender puts comfort noise there.
type Sounds struct {
	mu    sync.Mutex
	built map[string][]int16
	files map[string]file
}

type file struct {
	at      time.Time
	size    int64
	samples []int16
}

// NewSounds returns an empty store.
func NewSounds() *Sounds {
	return &Sounds{built: map[string][]int16{}, files: map[string]file{}}
}

// Sound returns the samples of a built-in sound, in the tones of an ISO country where it has some. SoundNone and names
// that are not known are nil.
func (s *Sounds) Sound(name cti.Sound, region string) []int16 {
	region = strings.ToUpper(region)
	if name == cti.SoundRingback {
		return s.once("ring "+region, func() []int16 { return signalsOf(region).ring.render() })
	}
	figure, ok := figures[name]
	if !ok {
		return nil
	}
	return s.once(string(name), figure)
}

// Busy returns one turn of the country's busy tone.
func (s *Sounds) Busy(region string) []int16 {
	region = strings.ToUpper(region)
	return s.once("busy "+region, func() []int16 { return signalsOf(region).busy.render() })
}

func (s *Sounds) once(key string, render func() []int16) []int16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, ok := s.built[key]
	if !ok {
		got = render()
		s.built[key] = got
	}
	return got
}

// Prompt returns the samples of a prompt: of its WAV file, or else of its sound. A file is read again when it changed.
func (s *Sounds) Prompt(p cti.Prompt, region string) ([]int16, error) {
	if p.WAV == "" {
		return s.Sound(p.Sound, region), nil
	}
	info, err := os.Stat(p.WAV)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	s.mu.Lock()
	f, ok := s.files[p.WAV]
	s.mu.Unlock()
	if ok && f.at.Equal(info.ModTime()) && f.size == info.Size() {
		return f.samples, nil
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("prompt %s: %d bytes are more than %d", p.WAV, info.Size(), maxFile)
	}
	b, err := os.ReadFile(p.WAV)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	samples, err := audio.ReadWAV(b)
	if err != nil {
		return nil, fmt.Errorf("prompt %s: %w", p.WAV, err)
	}
	s.mu.Lock()
	s.files[p.WAV] = file{info.ModTime(), info.Size(), samples}
	s.mu.Unlock()
	return samples, nil
}

// maxFile is the largest prompt file: five minutes at 48 kHz in stereo.
const maxFile = 5 * 60 * 48000 * 4

// Program returns what to play for a program of the application. A file that cannot be read is replaced by the
// prompt's own sound, and the error says why: a caller never waits in silence because of a file.
func (s *Sounds) Program(p cti.Program, region string) (Program, error) {
	first, err := s.Prompt(p.First, region)
	if err != nil {
		first = s.Sound(p.First.Sound, region)
	}
	return Program{First: first, Then: s.Sound(p.Then, region)}, err
}

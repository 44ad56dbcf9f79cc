package media

import (
	"errors"
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
	speech func(clip string) ([]int16, error) // nil = there are no recordings
	mu     sync.Mutex
	built  map[string][]int16
	files  map[string]file
}

type file struct {
	at      time.Time
	size    int64
	samples []int16
}

// NewSounds returns a store that takes recorded sentences from speech; nil = it has none.
func NewSounds(speech func(clip string) ([]int16, error)) *Sounds {
	return &Sounds{speech: speech, built: map[string][]int16{}, files: map[string]file{}}
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

// Prompt returns the samples of a prompt: of its clips, else of its WAV file, else of its sound. What cannot be read is
// left out, and the error says why: a caller never waits in silence because of a file.
func (s *Sounds) Prompt(p cti.Prompt, region string) (out []int16, err error) {
	for i, c := range p.Clips {
		samples, bad := s.clip(c, region)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		if len(out) > 0 {
			out = append(out[:len(out):len(out)], make([]int16, clipGap)...)
		} else if i == len(p.Clips)-1 {
			return samples, err // shared, not copied
		}
		out = append(out[:len(out):len(out)], samples...)
	}
	if len(out) == 0 && p.WAV != "" {
		var bad error
		out, bad = s.file(p.WAV)
		err = errors.Join(err, bad)
	}
	if len(out) == 0 {
		out = s.Sound(p.Sound, region)
	}
	return out, err
}

// clipGap stands between two clips, as between two words.
const clipGap = audio.Rate / 10

func (s *Sounds) clip(c cti.Clip, region string) ([]int16, error) {
	switch name := string(c); {
	case strings.HasPrefix(name, "/") || strings.HasPrefix(name, "."):
		return s.file(name)
	case strings.HasPrefix(name, "sound/"):
		return s.Sound(cti.Sound(name[len("sound/"):]), region), nil
	case s.speech == nil:
		return nil, fmt.Errorf("prompt: no recording %q", name)
	default:
		return s.speech(name)
	}
}

// file returns the samples of a WAV file. It is read again when it changed.
func (s *Sounds) file(path string) ([]int16, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	s.mu.Lock()
	f, ok := s.files[path]
	s.mu.Unlock()
	if ok && f.at.Equal(info.ModTime()) && f.size == info.Size() {
		return f.samples, nil
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("prompt %s: %d bytes are more than %d", path, info.Size(), maxFile)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	samples, err := audio.ReadWAV(b)
	if err != nil {
		return nil, fmt.Errorf("prompt %s: %w", path, err)
	}
	s.mu.Lock()
	s.files[path] = file{info.ModTime(), info.Size(), samples}
	s.mu.Unlock()
	return samples, nil
}

// maxFile is the largest prompt file: five minutes at 48 kHz in stereo.
const maxFile = 5 * 60 * 48000 * 4

// Program returns what to play for a program of the application, without its notes.
func (s *Sounds) Program(p cti.Program, region string) (Program, error) {
	first, err := s.Prompt(p.First, region)
	return Program{First: first, Then: s.Sound(p.Then, region)}, err
}

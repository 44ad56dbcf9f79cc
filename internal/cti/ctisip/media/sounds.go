package media

import "ringback/internal/cti"

// Sounds are the built-in sounds and the prompts from files, each rendered or read once.
type Sounds struct{}

// NewSounds returns an empty store.
func NewSounds() *Sounds { return &Sounds{} }

// Sound returns the samples of a built-in sound, in the tones of an ISO country where it has some. SoundNone is nil.
func (s *Sounds) Sound(name cti.Sound, region string) []int16 { return nil }

// Busy returns one loop of the country's busy tone.
func (s *Sounds) Busy(region string) []int16 { return nil }

// Prompt returns the samples of a prompt: of its WAV file, or else of its sound. A file is read again when it changed.
func (s *Sounds) Prompt(p cti.Prompt, region string) ([]int16, error) { return nil, nil }

// Program returns what to play for a program of the application.
func (s *Sounds) Program(p cti.Program, region string) (Program, error) { return Program{}, nil }

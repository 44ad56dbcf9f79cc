package media

import (
	"ringback/internal/audio"
	"ringback/internal/cti"
)

// figures are the built-in sounds that are the same everywhere: short, soft, and told apart by their direction. Rising
// asks, falling says no.
var figures = map[cti.Sound]func() []int16{
	cti.SoundSoft:   func() []int16 { return melody(0.10, note(440, 350)) },
	cti.SoundAsk:    func() []int16 { return melody(0.20, note(523, 160), note(659, 160), note(784, 320)) },
	cti.SoundMoment: func() []int16 { return melody(0.18, note(587, 180), rest(60), note(587, 180)) },
	cti.SoundSorry:  func() []int16 { return melody(0.20, note(523, 220), note(440, 220), note(349, 450)) },
	cti.SoundThanks: func() []int16 { return melody(0.20, note(523, 150), note(784, 300)) },
	cti.SoundTaken:  func() []int16 { return melody(0.20, note(440, 200), rest(80), note(440, 200), note(349, 350)) },
	cti.SoundZip:    func() []int16 { return melody(0.15, note(660, 80), note(990, 80)) },
	cti.SoundWarn:   func() []int16 { return melody(0.20, note(1000, 250)) },
	cti.SoundBye:    func() []int16 { return melody(0.18, note(494, 200), note(392, 200), note(330, 350)) },
	cti.SoundWait:   waiting,

	cti.SoundPaused:  func() []int16 { return melody(0.15, note(880, 120), note(587, 160)) },
	cti.SoundResumed: func() []int16 { return melody(0.15, note(587, 120), note(880, 160)) },
}

// waiting is four times 15 s, each with its own figure every 2.5 s: who waits hears that time passes.
func waiting() []int16 {
	parts := [][]audio.Tone{
		{note(392, 300), note(494, 300)},
		{note(440, 200), note(554, 200), note(659, 300)},
		{note(587, 300), rest(100), note(440, 400)},
		{note(330, 200), note(392, 200), note(494, 200), note(659, 300)},
	}
	var out []int16
	for _, tones := range parts {
		figure := melody(0.12, tones...)
		for range 6 {
			turn := make([]int16, 5*audio.Rate/2)
			copy(turn, figure)
			out = append(out, turn...)
		}
	}
	return out
}

// note sounds, rest is a pause.
func note(hz float64, ms int) audio.Tone { return audio.Tone{Hz: []float64{hz}, Ms: ms} }
func rest(ms int) audio.Tone             { return audio.Tone{Ms: ms} }

// melody renders notes at one level, each faded in and out.
func melody(level float64, notes ...audio.Tone) []int16 {
	var out []int16
	for _, t := range notes {
		t.Level = level
		part := audio.Render(t)
		soften(part, 15)
		out = append(out, part...)
	}
	return out
}

// Command speech records the built-in sentences with espeak-ng, a free synthesiser. It is run by hand when a sentence
// changes, never by a build: go run ./scripts/speech internal/speech/voices
package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"ringback/internal/audio"
	"ringback/internal/speech"
)

// voice and speed (words a minute) by language.
var voices = map[speech.Lang][2]string{"en": {"en-us", "175"}, "de": {"de", "190"}, "fr": {"fr", "180"}, "es": {"es", "190"}, "ar": {"ar", "205"}}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "speech: name the folder that the recordings go to")
		os.Exit(2)
	}
	total, seconds := 0, 0.0
	for _, l := range speech.Languages {
		for clip, text := range l.Recordings() {
			n, s, err := record(filepath.Join(os.Args[1], clip+".ima"), voices[l], text)
			if err != nil {
				fmt.Fprintf(os.Stderr, "speech: %s: %v\n", clip, err)
				os.Exit(1)
			}
			total, seconds = total+n, seconds+s
		}
	}
	fmt.Printf("%d kB, %.0f s\n", total/1024, seconds)
}

// record lets the text be spoken, and writes it at one level and without the silence around it.
func record(path string, voice [2]string, text string) (bytes int, seconds float64, err error) {
	wav, err := exec.Command("espeak-ng", "-v", voice[0], "-s", voice[1], "--stdout", text).Output()
	if err != nil {
		return 0, 0, err
	}
	samples, err := audio.ReadWAV(wav)
	if err != nil {
		return 0, 0, err
	}
	samples = level(trim(samples))
	b := speech.Encode(samples)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, 0, err
	}
	return len(b), float64(len(samples)) / audio.Rate, os.WriteFile(path, b, 0o644)
}

// trim leaves 40 ms before the first sound and after the last, and no pause longer than 200 ms between: a question must
// fit between its repeats.
func trim(s []int16) []int16 {
	const faint, edge, pause = 200, audio.Rate / 25, audio.Rate * 200 / 1000
	out := make([]int16, edge, len(s))
	quiet := pause // of the silence behind what is kept
	for _, v := range s {
		if v > faint || v < -faint {
			quiet = 0
		} else if quiet++; quiet > pause {
			continue
		}
		out = append(out, v)
	}
	return append(out[:len(out)-min(quiet, pause)], make([]int16, edge)...)
}

// level brings speech to -19 dB below full scale, the loudness of telephone speech, without clipping it.
func level(s []int16) []int16 {
	rms, peak := audio.RMS(s), 1.0
	for _, v := range s {
		peak = max(peak, math.Abs(float64(v)))
	}
	gain := min(3700/max(rms, 1), 30000/peak)
	out := make([]int16, len(s))
	for i, v := range s {
		out[i] = int16(float64(v) * gain)
	}
	return out
}

package story_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ringback/internal/audio"
)

// recorded CALLBACK hears the recording of a callback: each side's marker tone is in its own channel and not in the other,
// and the sound can be read nowhere in the data folder. It keeps the recording's id as $recording.
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	rec := whole(ts, args[0])
	ts.Setenv("recording", rec.ID)
	status, wav := ask(ts, "GET", "/api/v1/recordings/"+rec.ID+"/audio", "")
	if status != 200 || len(wav) < 58 || string(wav[:4]) != "RIFF" {
		ts.Fatalf("the sound: %d, %.60q", status, wav)
	}
	law := wav[58:]
	tones := tonesOf(sides(ts, args[0]))
	for c, party := range rec.Channels {
		own, other := tones[party], tones[rec.Channels[1-c]]
		heard, wrong := seconds(channel(law, c), own), seconds(channel(law, c), other)
		if heard < 0.8 || wrong > 0.1 {
			ts.Fatalf("the %s's channel has %.1f s of its own %d Hz and %.1f s of the other's %d Hz", party, heard, own, wrong, other)
		}
	}
	unreadable(ts, law)
}

// tape is what the tests read of a recording.
type tape struct {
	ID       string
	EndedAt  *time.Time `json:"ended_at"`
	LengthS  float64    `json:"length_s"`
	Channels []string
}

// whole waits for the end of a callback's one recording.
func whole(ts *testscript.TestScript, cb string) tape {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		var list struct{ Data []tape }
		_, b := ask(ts, "GET", "/api/v1/recordings?callback="+cb, "")
		ts.Check(json.Unmarshal(b, &list))
		if len(list.Data) == 1 && list.Data[0].EndedAt != nil && list.Data[0].LengthS >= 1 {
			return list.Data[0]
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("recordings of %s: %s", cb, b)
		}
	}
}

// tonesOf are the marker tones of the two that talked, by party.
func tonesOf(rows []side) map[string]int {
	out := map[string]int{}
	for _, r := range rows {
		if strings.Contains(r.To, "555") {
			out["visitor"] = r.ToneHz
		} else {
			out["agent"] = r.ToneHz
		}
	}
	return out
}

func channel(law []byte, c int) []int16 {
	one := make([]byte, len(law)/2)
	for i := range one {
		one[i] = law[2*i+c]
	}
	out := make([]int16, len(one))
	audio.ULaw.Decode(out, one)
	return out
}

// seconds is for how long a tone is heard.
func seconds(s []int16, hz int) float64 {
	n := 0
	for ; len(s) >= 800; s = s[800:] {
		if audio.Goertzel(s[:800], float64(hz)) > 1500 {
			n++
		}
	}
	return float64(n) / 10
}

// unreadable looks for pieces of the sound, as it is and a channel at a time, in every file of the data folder.
func unreadable(ts *testscript.TestScript, law []byte) {
	const piece = 256
	var pieces [][]byte
	for at := len(law) / 4; at+2*piece < len(law); at += len(law) / 5 {
		pieces = append(pieces, law[at:at+piece])
	}
	ts.Check(filepath.WalkDir(ts.MkAbs("data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // it went meanwhile, or is a socket
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		for _, p := range pieces {
			if bytes.Contains(b, p) {
				ts.Fatalf("%s holds the sound as it was said", path)
			}
		}
		return nil
	}))
}

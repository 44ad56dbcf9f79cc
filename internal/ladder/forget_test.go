package ladder

import (
	"testing"
	"time"

	"ringback/internal/id"
)

// Of some callbacks nothing is kept any more; of others all is, also what comes meanwhile.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for i := range 30 {
		s.Add(Entry{At: now.Add(time.Duration(i) * time.Millisecond), Kind: Media, Callback: []id.Callback{"cb_a", "cb_b", "cb_c"}[i%3], Text: "one\ntwo"})
	}
	if n, err := s.Forget([]id.Callback{"cb_a", "cb_c"}); err != nil || n != 20 {
		t.Errorf("%d went, %v", n, err)
	}
	s.Add(Entry{At: now, Kind: Media, Callback: "cb_b", Text: "afterwards"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for cb, want := range map[id.Callback]int{"cb_a": 0, "cb_b": 11, "cb_c": 0} {
		if all, err := Read(dir, cb, now.Add(-time.Hour), now.Add(time.Hour)); err != nil || len(all) != want {
			t.Errorf("%s: %d entries, %v", cb, len(all), err)
		}
	}
	if n, err := s.Forget([]id.Callback{"cb_b"}); err != nil || n != 11 {
		t.Errorf("after the end %d went, %v", n, err)
	}
}

package routing

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

func same(d time.Duration, n int) []Sample {
	return slices.Repeat([]Sample{{Lead: 10 * time.Second, Whole: d}}, n)
}

func TestForetell(t *testing.T) {
	const m = time.Minute
	many := same(4*m, 1000) // nothing is in doubt
	two := []int{0, 1}
	tests := []struct {
		name string
		q    Queue
		want time.Duration // -1 = not known
	}{
		{"somebody is free", Queue{Servers: []Server{{}}, Self: Turn{By: []int{0}}}, 10 * time.Second},
		{"somebody writes notes", Queue{Servers: []Server{{Free: 15 * time.Second}}, Self: Turn{By: []int{0}}}, 25 * time.Second},
		{"a call is in hand", Queue{Servers: []Server{{Busy: true, Since: m}}, Self: Turn{By: []int{0}}}, 3*m + 10*time.Second},
		{"a call is longer than any", Queue{Servers: []Server{{Busy: true, Since: 9 * m}}, Self: Turn{By: []int{0}}}, 4*m + 10*time.Second},
		{"second in line", Queue{Servers: []Server{{Busy: true, Since: m}}, Ahead: []Turn{{By: []int{0}}}, Self: Turn{By: []int{0}}}, 7*m + 10*time.Second},
		{"two answer", Queue{Servers: []Server{{Busy: true, Since: m}, {Busy: true, Since: 3 * m}}, Ahead: []Turn{{By: two}}, Self: Turn{By: two}}, 3*m + 10*time.Second},
		{"who stands before is served by others", Queue{Servers: []Server{{}, {}}, Ahead: []Turn{{By: []int{1}}}, Self: Turn{By: []int{0}}}, 10 * time.Second},
		{"who stands before is served by nobody", Queue{Servers: []Server{{}}, Ahead: []Turn{{}}, Self: Turn{By: []int{0}}}, 10 * time.Second},
		{"one call at a time", Queue{Servers: []Server{{}, {Busy: true}}, Pools: []Pool{{Size: 1, Busy: []int{1}}}, Self: Turn{By: []int{0}}}, 4*m + 10*time.Second},
		{"two calls at a time", Queue{Servers: []Server{{}, {Busy: true}}, Pools: []Pool{{Size: 2, Busy: []int{1}}}, Self: Turn{By: []int{0}}}, 10 * time.Second},
		{"her hours end before", Queue{Servers: []Server{{Busy: true, Until: 3 * m}}, Self: Turn{By: []int{0}}}, -1},
		{"another one goes on", Queue{Servers: []Server{{Busy: true, Until: 3 * m}, {Busy: true, Since: m}}, Ahead: []Turn{{By: two}}, Self: Turn{By: two}}, 7*m + 10*time.Second},
		{"nobody is there", Queue{Servers: []Server{{}}}, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, known := Foretell(like(tt.q, many))
			want := time.Duration(float64(tt.want) * 1.0015)
			if known != (tt.want >= 0) || known && (got-want).Abs() > time.Second {
				t.Errorf("got %v, %v; want %v", got, known, want)
			}
		})
	}
}

// like fills in what all tests have in common: one business, whose calls take so long.
func like(q Queue, s []Sample) *Queue {
	if len(q.Pools) == 0 {
		q.Pools = []Pool{{Size: 100}}
	}
	q.Self.Like = s
	for i := range q.Ahead {
		q.Ahead[i].Like = s
	}
	for i := range q.Servers {
		q.Servers[i].Like = s
	}
	return &q
}

// TestForetellTooLittle: what was measured four times is not known; five times it is, and less surely than fifty times.
func TestForetellTooLittle(t *testing.T) {
	q := Queue{Servers: []Server{{Busy: true}}, Self: Turn{By: []int{0}}}
	if _, known := Foretell(like(q, same(time.Minute, Fewest-1))); known {
		t.Error("foretold of four calls")
	}
	few, _ := Foretell(like(q, same(time.Minute, Fewest)))
	more, _ := Foretell(like(q, same(time.Minute, 50)))
	if few <= more {
		t.Errorf("within %v of five calls, within %v of fifty", few, more)
	}
	q.Ahead = []Turn{{By: []int{0}}}
	half := like(q, same(time.Minute, 50))
	half.Ahead[0].Like = nil
	if _, known := Foretell(half); known {
		t.Error("foretold, though nothing is known of who stands before")
	}
}

// TestForetellHolds plays lines whose calls are long and short by chance, of several kinds: what was foretold of a sample of
// them holds nine times in ten of what then happens, and is not many times too long.
func TestForetellHolds(t *testing.T) {
	minutes := func(x float64) time.Duration { return time.Duration(x * float64(time.Minute)) }
	kinds := map[string]func(*rand.Rand) time.Duration{
		"even":         func(r *rand.Rand) time.Duration { return minutes(1 + 5*r.Float64()) },
		"exponential":  func(r *rand.Rand) time.Duration { return minutes(3 * r.ExpFloat64()) },
		"long tail":    func(r *rand.Rand) time.Duration { return minutes(2 * math.Exp(0.8*r.NormFloat64())) },
		"long or none": func(r *rand.Rand) time.Duration { return minutes([]float64{0.5, 0.5, 8}[r.IntN(3)]) },
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, 11))
			draw := func() time.Duration { return kind(rng) }
			for _, measured := range []int{6, 30} {
				held, all, foretold, waited := 0, 0, 0.0, 0.0
				for range lines(t) {
					within, wait, known := lineByChance(rng, measured, draw)
					if !known {
						t.Fatal("not foretold")
					}
					all++
					foretold, waited = foretold+within.Minutes(), waited+wait.Minutes()
					if wait <= roundedUp(within) {
						held++
					}
				}
				share := float64(held) / float64(all)
				t.Logf("%d calls measured: holds in %.1f %%, %.1f minutes foretold, %.1f waited", measured, 100*share, foretold/float64(all), waited/float64(all))
				if share < 0.9 {
					t.Errorf("with %d calls measured it holds in %.1f %%", measured, 100*share)
				}
				if foretold > 5*waited {
					t.Errorf("with %d calls measured %.1f minutes are foretold, and %.1f waited", measured, foretold/float64(all), waited/float64(all))
				}
			}
		})
	}
}

// lines is how many are played of each kind.
func lines(t *testing.T) int {
	if os.Getenv("RINGBACK_TEST_LONG") != "" {
		return 2000
	}
	return 60
}

// roundedUp is how a wait is said: in minutes.
func roundedUp(d time.Duration) time.Duration { return (d + time.Minute - 1).Truncate(time.Minute) }

// lineByChance is a line of up to eight before one to three who answer, all of them busy.
func lineByChance(rng *rand.Rand, measured int, draw func() time.Duration) (within, wait time.Duration, known bool) {
	one := func() Sample {
		lead := 5*time.Second + time.Duration(rng.Int64N(int64(10*time.Second)))
		return Sample{Lead: lead, Whole: lead + 10*time.Second + draw()}
	}
	var sample []Sample
	for range measured {
		sample = append(sample, one())
	}
	var q Queue
	var by []int
	var real []time.Duration
	for i := range 1 + rng.IntN(3) {
		by = append(by, i)
		w := one().Whole
		since := time.Duration(rng.Float64() * float64(w))
		q.Servers = append(q.Servers, Server{Busy: true, Since: since})
		real = append(real, w-since)
	}
	for range rng.IntN(8) {
		q.Ahead = append(q.Ahead, Turn{By: by})
		i := least(real)
		real[i] += one().Whole
	}
	q.Self.By = by
	wait = real[least(real)] + one().Lead
	within, known = Foretell(like(q, sample))
	return within, wait, known
}

func BenchmarkForetell(b *testing.B) {
	q := Queue{}
	var by []int
	for i := range 5 {
		by = append(by, i)
		q.Servers = append(q.Servers, Server{Busy: true, Since: time.Minute})
	}
	q.Self.By = by
	for range 50 {
		q.Ahead = append(q.Ahead, Turn{By: by})
	}
	all := like(q, same(3*time.Minute, 64))
	for b.Loop() {
		Foretell(all)
	}
}

//go:build browser

package browser

import (
	"testing"
	"time"
)

// A desk in a tab that nobody sees rings within 2 s, though the browser gives a hidden page's timers a turn once a minute
// only: after 5 minutes by itself, after 10 s where it is told so.
func TestHiddenTab(t *testing.T) {
	rows := []struct {
		name   string
		hidden time.Duration
		flags  []string
	}{
		{"for 11 minutes", 11 * time.Minute, nil},
		{"for 100 seconds, throttled after 10", 100 * time.Second, []string{"--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			long(t, "a tab that is hidden")
			_, chromium := tools(t)
			r := demo(t)
			c := startChrome(t, chromium, row.flags...)
			c.open(r.URL + "/desk/")
			c.sit("dana", "tulip-field")
			idle := c.another() // a page with no connection: what hidden pages must bear
			idle.open(r.URL + "/desk/")
			idle.sees("Use the microphone")
			idle.another()
			<-time.After(row.hidden)

			var hidden bool
			if err := c.ask("document.hidden", &hidden); err != nil || !hidden {
				t.Fatalf("the tab is seen (%v)", err)
			}
			if slept := longest(idle.turns()); slept < 30*time.Second {
				t.Errorf("this browser lets hidden pages sleep for %v only: that proves nothing", slept)
			}
			slept := longest(c.turns())
			at := time.Now()
			ask(t, r.URL, "acme-main", "+12025550100")
			c.until("it does not ring", "test.bell", 12*time.Second)
			var bell int64
			if err := c.ask("test.bell", &bell); err != nil {
				t.Fatal(err)
			}
			took := time.UnixMilli(bell).Sub(at)
			t.Logf("rings after %v; the longest that its timers slept: %v", took, slept)
			if took > 2*time.Second {
				t.Errorf("it rings after %v", took)
			}
			c.until("the tab was seen", "document.hidden && document.title.startsWith('☎ Acme Plumbing')", patience)
		})
	}
}

// turns are when a timer of one second had its turn.
func (c *chrome) turns() (all []int64) {
	c.tab.t.Helper()
	if err := c.ask("(test.bell = 0, test.turns)", &all); err != nil {
		c.tab.t.Fatal(err)
	}
	return all
}

func longest(turns []int64) (most time.Duration) {
	for i := 1; i < len(turns); i++ {
		most = max(most, time.Duration(turns[i]-turns[i-1])*time.Millisecond)
	}
	return most
}

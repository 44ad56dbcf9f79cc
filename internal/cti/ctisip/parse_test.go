package ctisip

import (
	"testing"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
)

func TestInfoDigit(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		want       byte
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160", '5'},
		{"application/dtmf-relay", "signal = #\n", '#'},
		{"application/dtmf-relay", "Signal=10\r\n", '*'},
		{"application/dtmf", "d\r\n", 'D'},
		{"application/dtmf", "11", '#'},
		{"application/dtmf", "55", 0},
		{"application/dtmf-relay", "Duration=5", 0},
		{"application/dtmf", "x", 0},
	} {
		if got, _ := infoDigit(c.kind, c.body); got != c.want {
			t.Errorf("%s %q is %q, want %q", c.kind, c.body, got, c.want)
		}
	}
}

func FuzzInfoDigit(f *testing.F) {
	f.Add("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n")
	f.Add("application/dtmf", "#")
	f.Fuzz(func(t *testing.T, kind, body string) {
		if b, ok := infoDigit(kind, body); ok && (b < '#' || b > 'D') {
			t.Errorf("%q is a key", b)
		}
	})
}

func TestReason(t *testing.T) {
	for v, want := range map[string]cti.Cause{
		`Q.850;cause=17;text="User busy"`: cti.UserBusy, "q.850 ; cause=1": cti.UnallocatedNumber, "SIP;cause=200": "", "Q.850;cause=x": "", "": "", "Q.850;cause=16": "",
	} {
		if got := reasonCause(v); got != want {
			t.Errorf("%q is %q, want %q", v, got, want)
		}
	}
}

func FuzzReason(f *testing.F) {
	f.Add("Q.850;cause=17")
	f.Fuzz(func(t *testing.T, v string) { reasonCause(v) })
}

// Every final answer has a cause, and only a person's refusal is hers.
func TestEveryCodeHasACause(t *testing.T) {
	known := map[cti.Cause]bool{}
	for _, c := range cti.Causes {
		known[c] = true
	}
	for code := 300; code < 700; code++ {
		e := endingOf(dialog.Failure{Code: code}, cti.Visitor)
		if !known[e.cause] || e.code != code {
			t.Errorf("%d is %+v", code, e)
		}
		if (e.by == cti.ByVisitor) != personal[code] {
			t.Errorf("%d is by %s", code, e.by)
		}
	}
}

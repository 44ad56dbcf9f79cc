package server

import (
	"encoding/json"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// What holds for many visitors is never tighter than what one may do.
func TestGuardsAreAsLooseAsOneVisitor(t *testing.T) {
	hour := func(n int) []config.Limit { return []config.Limit{{N: n, Per: time.Hour}} }
	for _, test := range []struct {
		name    string
		visitor []config.Limit
		numbers int
		prefix  []callback.Rate
	}{
		{"as it is", config.Default().Policy.Limits.PerVisitor, 10, []callback.Rate{{N: 30, Per: time.Hour}, {N: 100, Per: 24 * time.Hour}}},
		{"a loose one", hour(60), 60, []callback.Rate{{N: 60, Per: time.Hour}, {N: 100, Per: 24 * time.Hour}}},
		{"a short one", []config.Limit{{N: 5, Per: 5 * time.Minute}, {N: 50, Per: 24 * time.Hour}}, 50, []callback.Rate{{N: 50, Per: time.Hour}, {N: 100, Per: 24 * time.Hour}}},
		{"a million", hour(1_000_000), 1_000_000, []callback.Rate{{N: 1_000_000, Per: time.Hour}, {N: 1_000_000, Per: 24 * time.Hour}}},
		{"none", nil, 0, nil},
	} {
		c := config.Default()
		c.Policy.Limits.PerVisitor = test.visitor
		p := policyOf(c)
		if p.Guard.Numbers != test.numbers || len(p.PerPrefix) != len(test.prefix) {
			t.Errorf("%s: %+v, %v", test.name, p.Guard, p.PerPrefix)
			continue
		}
		for i, want := range test.prefix {
			if p.PerPrefix[i] != want {
				t.Errorf("%s: %v, want %v", test.name, p.PerPrefix, test.prefix)
			}
		}
	}
	c := config.Default()
	c.Policy.Guard = "off"
	if p := policyOf(c); p.Guard != (callback.Guard{}) {
		t.Errorf("off: %+v", p.Guard)
	}
}

// An alarm leaves by mail and webhook.
func TestAlarmsAreTold(t *testing.T) {
	c := config.Default()
	c.Alarms = config.Alarms{Mail: []string{"you@example.com"}, Webhook: config.Webhook{URL: "https://ops.example.com/hook?key=s3", Secret: "0123456789abcdef"}}
	a := &App{Config: c, Mint: id.NewMint(time.Now, zeros{})}
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	all := a.tell(callback.Alarm{ID: "alm_1", Kind: callback.PrefixStopped, What: "+1212555…", Says: "10 calls", At: at})
	if len(all) != 2 || all[0].Kind != letter.Mail || all[0].Subject != "Ringback: prefix stopped" || all[1].Kind != letter.Hook || all[1].Shown != "ops.example.com" {
		t.Fatalf("%+v", all)
	}
	var e struct {
		Type, Timestamp string
		Data            map[string]string
	}
	if err := json.Unmarshal([]byte(all[1].Text), &e); err != nil || e.Type != "alarm.prefix_stopped" || e.Timestamp != "2026-11-25T10:00:00Z" || e.Data["what"] != "+1212555…" || e.Data["says"] != "10 calls" {
		t.Errorf("%s: %v", all[1].Text, err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

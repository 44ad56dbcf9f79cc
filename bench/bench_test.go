package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ringback/bench/phones"
	"ringback/bench/proc"
	"ringback/internal/cti/ctisip"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// inProcess leads a switch of this process, as the child does one of its own.
type inProcess struct{ d *leader }

func (s *inProcess) cpu() time.Duration { return proc.CPU(os.Getpid()) }

func (s *inProcess) place(ctx context.Context, p *phones.Pair, c *phones.Call) error {
	s.d.call(ctx, strings.Join([]string{itoa(c.ID), p.Visitor(c), p.Agent(c)}, " "))
	return nil
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// said collects what the switch complained of.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

// A few callbacks from end to end: both telephones up, hung up, measured.
func TestCallbacks(t *testing.T) {
	ctx := t.Context()
	out := &said{}
	d := &leader{calls: map[id.Callback]*led{}, out: out}
	sw, err := ctisip.New(ctisip.Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: netip.MustParseAddr("127.0.0.1"),
		RTPMin: 0, RTPMax: 0, Sink: d.told})
	if err != nil {
		t.Fatal(err)
	}
	d.sw = sw
	defer sw.Close()
	if _, err := sw.Reconcile(ctx, nil); err != nil {
		t.Fatal(err)
	}
	p, err := phones.New(phones.Options{Hold: 200 * time.Millisecond, Media: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l := atRate(ctx, &inProcess{d}, p, 10, time.Second, 200*time.Millisecond)
	if l.failed > 0 || len(l.setup) != l.asked || l.asked < 10 {
		t.Errorf("%v\n%s", &l, out.b.String())
	}
	if q := quantile(l.setup, .5); q <= 0 || q > 5*time.Second {
		t.Errorf("set-up took %v", q)
	}
}

// A system that takes orders and calls nobody has failed.
type deaf struct{}

func (deaf) cpu() time.Duration                                      { return 0 }
func (deaf) place(context.Context, *phones.Pair, *phones.Call) error { return nil }

func TestNobodyCalled(t *testing.T) {
	p, err := phones.New(phones.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := p.NewCall()
	ask(t.Context(), deaf{}, p, c)
	l := &load{}
	l.judge([]*phones.Call{c})
	if l.failed != 1 || l.errs["no INVITE"] != 1 || l.good() {
		t.Errorf("%v", l)
	}
}

func TestForward(t *testing.T) {
	p, err := phones.New(phones.Options{Media: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	visitor, agent := p.RTP()
	in := strings.NewReader(visitor + " nowhere\n")
	if err := forwardChild(in, &bytes.Buffer{}); err == nil {
		t.Error("an address that is none was taken")
	}
	var out bytes.Buffer
	if err := forwardChild(strings.NewReader(visitor+" "+agent+"\n"), &out); err != nil || len(strings.Fields(out.String())) != 3 {
		t.Errorf("%q %v", out.String(), err)
	}
}

func TestSamples(t *testing.T) {
	m, err := samples(strings.NewReader("# HELP a b\na_sum 1.5e+01\na_bucket{le=\"1\"} 3\n"))
	if err != nil || len(m) != 1 || m["a_sum"] != 15 {
		t.Errorf("%v %v", m, err)
	}
	if _, err := samples(strings.NewReader("a x\n")); err == nil {
		t.Error("x is no number")
	}
}

func TestQuantile(t *testing.T) {
	d := make([]time.Duration, 100)
	for i := range d {
		d[i] = time.Duration(i + 1)
	}
	for p, want := range map[float64]time.Duration{0: 1, .5: 50, .99: 99, 1: 100} {
		if got := quantile(d, p); got != want {
			t.Errorf("%g: %d, want %d", p, got, want)
		}
	}
	if quantile(nil, .5) != 0 {
		t.Error("of nothing")
	}
}

func TestVerdict(t *testing.T) {
	rows := []struct {
		f    figure
		want string
	}{
		{figure{Value: 5}, ""},
		{figure{Value: 1, Goal: 1}, "met"},
		{figure{Value: 1.5, Goal: 1}, "missed"},
		{figure{Value: 2.5, Goal: 1}, "missed by more than twice"},
		{figure{Value: 100, Goal: 100, Least: true}, "met"},
		{figure{Value: 60, Goal: 100, Least: true}, "missed"},
		{figure{Value: 0, Goal: 100, Least: true}, "missed by more than twice"},
	}
	for _, r := range rows {
		if got := r.f.verdict(); got != r.want {
			t.Errorf("%+v: %q, want %q", r.f, got, r.want)
		}
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	r := newReport(&out)
	r.add(figure{Name: "a thing", Value: 3, Unit: "ms", Goal: 1})
	path := filepath.Join(t.TempDir(), "out.json")
	if err := r.keep(path); err != nil {
		t.Fatal(err)
	}
	if want := "| a thing | 3 ms | <= 1 | missed by more than twice | 0.00 |"; !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var back report
	if err := json.Unmarshal(b, &back); err != nil || len(back.Figures) != 1 || back.Machine == "" || back.Command == "" {
		t.Errorf("%s %v", b, err)
	}
}

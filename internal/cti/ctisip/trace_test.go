package ctisip

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/cti"
	"ringback/internal/ladder"
	"ringback/internal/wire"
)

var updateLadders = flag.Bool("update", false, "write the golden ladders anew")

// What a call looks like to who has to find a fault in it, for six faults. Ids, tags and times are those of a simulated
// network, so each file is always the same.
func TestLadders(t *testing.T) {
	for name, play := range map[string]func(b *bench){
		"busy":      ladderBusy,
		"no_answer": ladderNoAnswer,
		"failover":  ladderFailover,
		"crossing":  ladderCrossing,
		"one_way":   ladderOneWay,
		"dead_peer": ladderDeadPeer,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) { drawn(t, dir, play) })
			all, err := ladder.Read(dir, "cb_1", time.Time{}, time.Now().AddDate(100, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			instants(all)
			golden(t, filepath.Join("testdata", "ladder", name+".txt"), text(t, all))
		})
	}
}

// oneWay is how long a packet takes: what crosses on the way is seen to cross.
const oneWay = 15 * time.Millisecond

// methods take a millisecond more each, so that no two answers arrive at once.
var methods = []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"}

// drawn plays a call on a switch that keeps its messages, with the facts it told beside them.
func drawn(t *testing.T, dir string, play func(b *bench)) {
	keep, err := ladder.Open(ladder.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, wire.NewSimulated(1))
	b.simulated()
	b.pace = 100 * time.Millisecond
	b.with = func(c *Config) { c.Ladder = keep }
	b.tap = func(e cti.Event) {
		what := fmt.Sprintf("%s %s", e.Party, e.Kind)
		if e.Kind == cti.LegEnded {
			what += fmt.Sprintf(": %s by %s (%d)", e.Cause, e.By, e.SIPCode)
			if e.Quality.PacketsOut > 0 && e.Quality.PacketsIn == 0 {
				what += ", not one packet came from it"
			}
		}
		keep.Add(ladder.Entry{At: e.At.UTC(), Kind: ladder.Decision, Callback: e.Callback, Text: what})
	}
	b.start("udp://" + ours)
	b.trunks(trunk("a", trunkAddr))
	slow := func(from, to netip.AddrPort, p []byte, r *rand.Rand) wire.Fate {
		return wire.Fate{oneWay + time.Duration(slices.IndexFunc(methods, func(m string) bool { return bytes.Contains(p, []byte(" "+m+"\r\n")) }))*time.Millisecond}
	}
	b.weather.Store(&slow)
	play(b)
	b.stop()
	if err := keep.Close(); err != nil {
		t.Error(err)
	}
	if n := keep.Dropped(); n != 0 {
		t.Errorf("%d entries were dropped", n)
	}
}

// instants brings what several goroutines did in one simulated instant into one order: what came, what it caused to be
// sent, what was told of it.
func instants(all []ladder.Entry) {
	rank := func(e ladder.Entry) string {
		switch {
		case e.Kind != ladder.SIP:
			return "3"
		case e.Out:
			return "2" + ladder.Summary(e.Text)
		}
		return "1"
	}
	slices.SortStableFunc(all, func(a, b ladder.Entry) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(rank(a), rank(b))) })
}

func text(t *testing.T, all []ladder.Entry) []byte {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("nothing was kept")
	}
	var out bytes.Buffer
	if err := ladder.Text(&out, all[0].At, all); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"2025550", "canary"} {
		for _, e := range all {
			if bytes.Contains([]byte(e.Text), []byte(secret)) {
				t.Errorf("%s is kept: %s", secret, e.Text)
			}
		}
	}
	return out.Bytes()
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *updateLadders {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s (write it anew with -update):\n%s\nwant\n%s", path, got, want)
	}
}

func ladderBusy(b *bench) {
	b.far(trunkAddr, once(func(f *far, m *msg) {
		f.reply(m, 100, "")
		time.AfterFunc(800*time.Millisecond, func() { f.reply(m, 486, "") })
	}, byes))
	b.call(order("v"))
	b.await("v", cti.LegEnded)
	b.pass(time.Second)
}

func ladderNoAnswer(b *bench) {
	b.far(trunkAddr, picksUp(2*time.Second, time.Hour))
	o := order("v")
	o.Ring = 20 * time.Second
	b.call(o)
	b.await("v", cti.LegEnded)
	b.pass(time.Second)
}

func ladderFailover(b *bench) {
	b.far(trunkAddr, once(func(f *far, m *msg) { f.reply(m, 503, "", "Retry-After: 30") }, byes))
	b.far(secondAddr, picksUp(time.Second, time.Second))
	second := trunk("b", secondAddr)
	second.Priority = 2
	b.trunks(trunk("a", trunkAddr), second)
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	b.pass(time.Second)
	b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
	b.await("v", cti.LegEnded)
	b.pass(time.Second)
}

func ladderCrossing(b *bench) {
	b.far(trunkAddr, crossesCancel())
	b.call(order("v"))
	b.await("v", cti.LegRinging)
	b.pass(3 * time.Second)
	b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{Cause: cti.CauseCancelled})
	b.await("v", cti.LegEnded)
	b.pass(time.Second)
}

// One direction is heard: no packet of the visitor's ever comes, though she answers and stays.
func ladderOneWay(b *bench) {
	b.far(trunkAddr, picksUp(time.Second, time.Second))
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	b.pass(10 * time.Second)
	b.sw.HangUp(context.Background(), "leg_v", cti.HangUp{})
	b.await("v", cti.LegEnded)
	b.pass(time.Second)
}

// The far end leaves the network in mid call: it is asked whether it is there, and nobody answers.
func ladderDeadPeer(b *bench) {
	f := b.far(trunkAddr, nil)
	v := b.speaks(f, 1000)
	f.becomes(once(func(f *far, m *msg) { f.reply(m, 200, f.sdp()); v.speak(m) }, byes))
	b.call(order("v"))
	b.await("v", cti.LegConfirmed)
	b.pass(5 * time.Second)
	gone := func(from, to netip.AddrPort, p []byte, r *rand.Rand) wire.Fate {
		if from.Addr() == netip.MustParseAddrPort(trunkAddr).Addr() || to.Addr() == netip.MustParseAddrPort(trunkAddr).Addr() {
			return nil
		}
		return wire.Fate{oneWay}
	}
	b.weather.Store(&gone)
	b.await("v", cti.LegEnded)
	b.pass(40 * time.Second)
}

package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/wire"
)

// eModel is ITU-T G.107 as it stands, for a call of G.711 with concealment and default values: loss in percent, ta in ms.
// It shares nothing with the estimate it judges.
func eModel(loss, ta float64) float64 {
	idd := 0.0
	if ta > 100 {
		x := math.Log2(ta / 100)
		idd = 25 * (math.Pow(1+math.Pow(x, 6), 1.0/6) - 3*math.Pow(1+math.Pow(x/3, 6), 1.0/6) + 2)
	}
	// Talker echo, formulas 7-8 to 7-12, with TELR 65 dB and no sidetone masking beyond the default.
	terv := 65 - 40*math.Log10((1+ta/10)/(1+ta/150)) + 6*math.Exp(-0.3*ta*ta)
	roe, rle := -1.5*(-61.18-15), 10.5*(110+7)*math.Pow(ta+1, -0.25)
	re := 80 + 2.5*(terv-14)
	idte := ((roe-re)/2 + math.Sqrt((roe-re)*(roe-re)/4+100) - 1) * (1 - math.Exp(-ta))
	xdl := (94.77 - rle) / 2
	idle := xdl + math.Sqrt(xdl*xdl+169)
	r := 94.77 - 1.43 - idte - idle - idd - 95*loss/(loss+25.1)
	if r > 100 {
		r = 100
	}
	return 1 + 0.035*r + r*(r-60)*(100-r)*7e-6
}

// Two switches talk through a network that loses and delays: the figure of each direction, ours and what the far end
// reports of us, is within 0.3 of the E-model for what the network truly did.
func TestMOSMatchesTheEModel(t *testing.T) {
	for _, loss := range []float64{0, 1, 3, 5} {
		for _, jitter := range []time.Duration{0, 20 * ms, 60 * ms} {
			t.Run(fmt.Sprintf("loss %v %%, jitter %v", loss, jitter), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { mosOver(t, loss, jitter) })
			})
		}
	}
}

func mosOver(t *testing.T, loss float64, jitter time.Duration) {
	const there = 30 * ms
	n := wire.NewSimulated(7)
	// Each way has chances of its own: packets that leave at the same instant leave in any order, and would share them out
	// anew in each run.
	ways := map[netip.AddrPort]*rand.Rand{}
	n.Fate = func(from, _ netip.AddrPort, _ []byte, _ *rand.Rand) wire.Fate {
		r := ways[from]
		if r == nil {
			a := from.Addr().As4()
			r = rand.New(rand.NewPCG(7, uint64(a[3])<<16|uint64(from.Port())))
			ways[from] = r
		}
		if r.Float64() < loss/100 {
			return nil
		}
		return wire.Fate{there + time.Duration(r.Int64N(int64(jitter)+1))}
	}
	var all [2]*Stream
	for i := range all {
		e := New(Config{Net: n, Bind: netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), PortMin: 20000, PortMax: 20009, Rand: rand.New(rand.NewPCG(1, uint64(i)))})
		defer e.Close()
		s, err := e.Open(&ear{})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = s
	}
	for i, s := range all {
		s.Remote(Remote{Addr: netip.AddrPortFrom(all[1-i].e.c.Bind, all[1-i].Port()), EventPT: 101, Send: true, Receive: true})
		s.Answered()
	}
	time.Sleep(90 * time.Second)
	// From mouth to ear: the way, a packet's length, and a buffer that waits for the latest packet but never less than 40 ms.
	ta := float64((there + 20*ms + max(jitter, 40*ms)) / ms)
	want := eModel(loss, ta)
	for i, s := range all {
		q := s.Quality()
		if math.Abs(q.MOS-want) > 0.3 || math.Abs(q.MOSOut-want) > 0.3 {
			t.Errorf("leg %d: MOS in %.2f, out %.2f; the E-model says %.2f", i, q.MOS, q.MOSOut, want)
		}
		if math.Abs(100*q.Loss-loss) > 0.7 || math.Abs(100*q.LossOut-loss) > 0.9 {
			t.Errorf("leg %d: lost in %.2f %%, out %.2f %%; the network lost %v %%", i, 100*q.Loss, 100*q.LossOut, loss)
		}
		if low, high := 2*there, 2*(there+jitter)+ms; q.RTT < low-ms || q.RTT > high {
			t.Errorf("leg %d: there and back %v, want %v to %v", i, q.RTT, low, high)
		}
		if mean := jitter / 3; q.Jitter < mean*6/10 || q.Jitter > mean*14/10+ms || q.PacketsIn < 4000 {
			t.Errorf("leg %d: jitter %v, want about %v; %d packets", i, q.Jitter, mean, q.PacketsIn)
		}
	}
}

// A far end that mutes itself but sends RTCP is quiet, and not dead; a report on the sound's own port counts too.
func TestReportsAreSignsOfLife(t *testing.T) {
	for _, mux := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, Config{})
			defer d.close()
			d.ra.Mux = mux
			d.up()
			d.pa.tone(500, 200*ms, 20*ms)
			time.Sleep(5 * time.Second)
			if got := d.ea.all(); got[len(got)-1] != "quiet" {
				t.Fatalf("5 s without sound: %v", got)
			}
			quietSince := d.a.LastHeard()
			b := putRTCP(nil, sending{ssrc: d.pa.ssrc, packets: 10}, block{}, "x", false)
			to := d.pa.to
			if !mux {
				to = netip.AddrPortFrom(to.Addr(), to.Port()+1)
			}
			if _, err := d.pa.conn.WriteTo(b, netUDP(to)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if got := d.a.LastHeard(); !got.After(quietSince) {
				t.Errorf("mux %v: a report is no sign of life", mux)
			}
			if got := d.ea.all(); got[len(got)-1] != "quiet" {
				t.Errorf("a report is no sound: %v", got)
			}
		})
	}
}

// A stranger's reports are not believed.
func TestForeignReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, Config{})
		defer d.close()
		d.up()
		time.Sleep(6 * time.Second)
		b := putRTCP(nil, sending{ssrc: 1}, block{ssrc: d.a.out.ssrc, lost: 1000}, "x", false)
		d.pb.to = netip.AddrPortFrom(d.pa.to.Addr(), d.pa.to.Port()+1)
		if _, err := d.pb.conn.WriteTo(b, netUDP(d.pb.to)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if q := d.a.Quality(); q.MOSOut != 0 || d.e.Counters().Dropped(Source) == 0 {
			t.Errorf("a stranger's report was taken: %+v", q)
		}
	})
}

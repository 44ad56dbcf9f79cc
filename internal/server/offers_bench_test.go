package server

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const benchDesks = 50

// manyDesks is a business whose agents sit at browsers.
func manyDesks() string {
	var b strings.Builder
	b.WriteString(`
trunks:
  - {id: pstn, address: "sip:%s;transport=udp"}
subscribers:
  - {id: acme, name: Acme Plumbing, regions: [US], caller_id: "+12025550190", buttons: [{id: acme-main, proof: off}]}
keys:
  - {id: op, role: operator, secret_file: op.key}
agents:
`)
	for n := range benchDesks {
		fmt.Fprintf(&b, "  - {id: ann%d, name: Ann, devices: [web], password_file: ann.pw, pause_after: 100, represents: [{subscriber: acme}]}\n", n)
	}
	return b.String()
}

// From the request for a call to the offer in the tab of one of 50 agents, on disk, over real sockets: half of them and 99
// of 100 in milliseconds. Run with -benchtime=200x.
func BenchmarkOffer(b *testing.B) {
	h := newDeskHouse(b, manyDesks())
	offered := make(chan string, benchDesks)
	ctx, stop := context.WithCancel(b.Context())
	var readers sync.WaitGroup
	for n := range benchDesks {
		p := h.opens(fmt.Sprintf("ann%d", n))
		readers.Go(func() { p.listens(ctx, offered) })
	}
	defer readers.Wait()
	defer stop()
	took := make([]time.Duration, 0, b.N)
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		m, _ := h.ask("POST", "/callbacks", fmt.Sprintf(`{"subscriber":"acme","number":"+1202555%04d"}`, 200+n%9000), "Authorization: Bearer "+h.key)
		for cb := m["id"].(string); ; {
			if got := <-offered; got == cb {
				break
			}
		}
		took = append(took, time.Since(began))
		h.ask("POST", "/callbacks/"+m["id"].(string)+"/cancel", `{}`, "Authorization: Bearer "+h.key)
	}
	slices.Sort(took)
	ms := func(part float64) float64 {
		return float64(took[int(part*float64(len(took)-1))]) / float64(time.Millisecond)
	}
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// listens answers pings and tells of offers, until ctx ends.
func (p *page) listens(ctx context.Context, offered chan<- string) {
	for {
		_, b, err := p.conn.Read(ctx)
		if err != nil {
			return
		}
		var m struct {
			Type string
			Card struct{ Callback string }
		}
		if json.Unmarshal(b, &m) != nil {
			return
		}
		switch m.Type {
		case "ping":
			if p.conn.Write(ctx, websocket.MessageText, []byte(`{"type":"pong","n":1}`)) != nil {
				return
			}
		case "offer":
			offered <- m.Card.Callback
		}
	}
}

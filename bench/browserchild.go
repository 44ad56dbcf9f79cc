package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// browserChild is a process that holds nothing but the embedded switch, to which browsers connect. Lines of its input are
// "connect NAME OFFER" and "talk A B"; of its output "answer NAME ANSWER", "up NAME" and "joined A", in that order for each.
func browserChild() error {
	d := &host{out: os.Stdout, up: map[id.Callback]int{}}
	sw, err := ctisip.New(ctisip.Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: netip.MustParseAddr("127.0.0.1"), RTC: "127.0.0.1:0",
		RTPMin: 30000, RTPMax: 39998, Sink: d.told, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return err
	}
	d.sw = sw
	if _, err := sw.Reconcile(context.Background(), nil); err != nil {
		return err
	}
	orders, err := polled(os.Stdin)
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "ready")
	in := bufio.NewScanner(orders)
	for in.Scan() {
		if err := d.order(strings.Fields(in.Text())); err != nil {
			return err
		}
	}
	return sw.Close()
}

// host is what the application is to the switch.
type host struct {
	sw *ctisip.Switch

	mu  sync.Mutex
	out io.Writer
	up  map[id.Callback]int // confirmed legs
}

func (d *host) say(words ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintln(d.out, words...)
}

func (d *host) order(f []string) error {
	ctx := context.Background()
	if f[0] == "connect" {
		offer, err := base64.StdEncoding.DecodeString(f[2])
		if err != nil {
			return err
		}
		answer, err := d.sw.Connect(ctx, f[1], string(offer))
		if err != nil {
			return err
		}
		d.say("answer", f[1], base64.StdEncoding.EncodeToString([]byte(answer)))
		return nil
	}
	cb := id.Callback("cb_" + f[1])
	for i, p := range []cti.Party{cti.Agent, cti.Visitor} {
		o := cti.Order{Callback: cb, Attempt: 1, Leg: leg(cb, p), Party: p, Fence: 1, To: cti.BrowserOf(f[1+i]), Ring: 30 * time.Second,
			Confirm: cti.ConfirmNone, Hear: cti.Program{Then: cti.SoundWait}}
		if err := d.sw.Originate(ctx, o); err != nil {
			return err
		}
		if err := d.sw.Accept(ctx, o.Leg); err != nil {
			return err
		}
	}
	return nil
}

func (d *host) told(ev cti.Event) {
	switch ev.Kind {
	case cti.PeerUp:
		d.say("up", ev.Peer)
	case cti.LegConfirmed:
		d.mu.Lock()
		d.up[ev.Callback]++
		both := d.up[ev.Callback] == 2
		d.mu.Unlock()
		if !both {
			return
		}
		if err := d.sw.Join(context.Background(), cti.Join{Callback: ev.Callback, A: leg(ev.Callback, cti.Agent), B: leg(ev.Callback, cti.Visitor)}); err != nil {
			d.say("failed", err)
		}
	case cti.LegJoined:
		if ev.Party == cti.Agent {
			d.say("joined", strings.TrimPrefix(string(ev.Callback), "cb_"))
		}
	case cti.LegEnded:
		d.say("failed", ev.Party, "ended", ev.Cause)
	}
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/id"
	"ringback/internal/wire"
)

// linkChild is a process that holds nothing but the embedded switch, led over the CTI link as the application leads
// it: originate the agent, originate the visitor, join. A line of its input is a call: "NUMBER VISITOR AGENT"; a line
// of its output is one that failed.
func linkChild() error {
	d := &leader{calls: map[id.Callback]*led{}, out: os.Stdout}
	sw, err := ctisip.New(ctisip.Config{Net: wire.Real{}, SIP: []string{"udp://127.0.0.1:0"}, RTPBind: netip.MustParseAddr("127.0.0.1"),
		RTPMin: 30000, RTPMax: 39998, Sink: d.told, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return err
	}
	d.sw = sw
	ctx := context.Background()
	if _, err := sw.Reconcile(ctx, nil); err != nil {
		return err
	}
	orders, err := polled(os.Stdin)
	if err != nil {
		return err
	}
	fmt.Fprintln(d.out, "ready")
	in := bufio.NewScanner(orders)
	for in.Scan() {
		d.call(ctx, in.Text())
	}
	return sw.Close()
}

// polled lets the runtime wait for a pipe without a thread: on one core a read that blocks holds up everything else
// until the runtime notices, up to 10 ms.
func polled(f *os.File) (*os.File, error) {
	if err := syscall.SetNonblock(int(f.Fd()), true); err != nil {
		return nil, err
	}
	return os.NewFile(f.Fd(), f.Name()), nil
}

// leader leads calls: it is what the conductor is to the switch, without a store.
type leader struct {
	sw  *ctisip.Switch
	mu  sync.Mutex
	out io.Writer

	calls map[id.Callback]*led
}

type led struct {
	visitor cti.Endpoint
	up      int // confirmed legs
	joined  bool
	ended   int
}

func (d *leader) call(ctx context.Context, line string) {
	n, rest, _ := strings.Cut(line, " ")
	visitor, agent, _ := strings.Cut(rest, " ")
	cb := id.Callback("cb_" + n)
	d.mu.Lock()
	d.calls[cb] = &led{visitor: cti.Endpoint(visitor)}
	d.mu.Unlock()
	d.originate(ctx, cb, cti.Agent, cti.Endpoint(agent), cti.Program{First: cti.Prompt{Sound: cti.SoundSoft}, Then: cti.SoundRingback})
}

func (d *leader) originate(ctx context.Context, cb id.Callback, p cti.Party, to cti.Endpoint, hear cti.Program) {
	err := d.sw.Originate(ctx, cti.Order{Callback: cb, Attempt: 1, Leg: leg(cb, p), Party: p, Fence: 1, To: to, From: "+12025550190",
		Ring: 30 * time.Second, Confirm: cti.ConfirmNone, Region: "US", Hear: hear})
	if err != nil {
		d.failed(cb, err.Error())
	}
}

func leg(cb id.Callback, p cti.Party) id.Leg {
	return id.Leg("leg_" + strings.TrimPrefix(string(cb), "cb_") + "_" + string(p))
}

func (d *leader) failed(cb id.Callback, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintln(d.out, "failed", strings.TrimPrefix(string(cb), "cb_"), why)
}

// told does what the table of an agent-first callback says.
func (d *leader) told(ev cti.Event) {
	ctx := context.Background()
	switch ev.Kind {
	case cti.LegConfirmed:
		d.mu.Lock()
		c := d.calls[ev.Callback]
		c.up++
		up := c.up
		d.mu.Unlock()
		if up == 1 {
			d.originate(ctx, ev.Callback, cti.Visitor, c.visitor, cti.Program{Then: cti.SoundWait})
			return
		}
		if err := d.sw.Join(ctx, cti.Join{Callback: ev.Callback, A: leg(ev.Callback, cti.Agent), B: leg(ev.Callback, cti.Visitor)}); err != nil {
			d.failed(ev.Callback, err.Error())
		}
	case cti.LegJoined:
		d.mu.Lock()
		d.calls[ev.Callback].joined = true
		d.mu.Unlock()
	case cti.LegEnded:
		d.over(ctx, ev)
	}
}

// over hangs the other leg up (it may have ended by itself) and forgets the call after its second leg.
func (d *leader) over(ctx context.Context, ev cti.Event) {
	d.mu.Lock()
	c := d.calls[ev.Callback]
	c.ended++
	joined, last := c.joined, c.ended == 2
	if last {
		delete(d.calls, ev.Callback)
	}
	d.mu.Unlock()
	if !joined {
		d.failed(ev.Callback, fmt.Sprint("leg ended before the join: ", ev.Cause))
	}
	if last {
		return
	}
	other := cti.Visitor
	if ev.Party == cti.Visitor {
		other = cti.Agent
	}
	if err := d.sw.HangUp(ctx, leg(ev.Callback, other), cti.HangUp{Cause: cti.NormalClearing}); err != nil {
		d.failed(ev.Callback, err.Error())
	}
}

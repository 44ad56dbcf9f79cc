package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"ringback/bench/proc"
)

// browserLegs is how many browsers are connected and talk, two with each other.
const browserLegs = 100

// browsers: what a connected browser takes of the switch, and one that talks.
func (b *bench) browsers(ctx context.Context) error {
	b.report.part("browsers, 50 packets/s each way")
	c, err := startChild(ctx, "browser-child")
	if err != nil {
		return err
	}
	p, err := newPages()
	if err != nil {
		return errors.Join(err, c.close())
	}
	lines := make(chan []string, 4*browserLegs)
	read := make(chan struct{})
	go func() { // ends with the child's output
		defer close(read)
		for c.out.Scan() {
			lines <- strings.Fields(c.out.Text())
		}
		close(lines)
	}()
	err = b.browse(ctx, c, p, lines)
	p.close()
	go func() { // the child waits for nobody
		for range lines {
		}
	}()
	err = errors.Join(err, c.in.Close())
	<-read
	return errors.Join(err, c.cmd.Wait())
}

func (b *bench) browse(ctx context.Context, c *child, p *pages, lines <-chan []string) error {
	empty := proc.MemoryOf(c.pid())
	before := c.cpu()
	for i := range browserLegs {
		name := fmt.Sprintf("b%d", i)
		offer, err := p.offer(name)
		if err != nil {
			return err
		}
		if err := c.say("connect %s %s", name, base64.StdEncoding.EncodeToString([]byte(offer))); err != nil {
			return err
		}
	}
	if err := await(lines, "up", browserLegs, p); err != nil {
		return err
	}
	connect := (c.cpu() - before) / browserLegs
	calm(ctx, c, 10*time.Second)
	idle := proc.MemoryOf(c.pid())
	for i := 0; i < browserLegs; i += 2 {
		if err := c.say("talk b%d b%d", i, i+1); err != nil {
			return err
		}
	}
	if err := await(lines, "joined", browserLegs/2, p); err != nil {
		return err
	}
	pause(ctx, 2*time.Second)
	p.sent.Store(0)
	p.heard.Store(0)
	clock := begin(c)
	pause(ctx, watchTime)
	l := clock.end(browserLegs)
	sent, heard := p.sent.Load(), p.heard.Load()
	talking := proc.MemoryOf(c.pid())
	lost := 100 * max(0, float64(sent-heard)/float64(max(1, sent)))
	b.report.tell("  %d browsers: %.1f ms of processor to connect one, PSS %d kB empty, %d kB connected, %d kB in talk; %.0f %% of a core (generator %.0f %%, others %.0f %%), %.2f %% lost",
		browserLegs, ms(connect), empty.PSS, idle.PSS, talking.PSS, 100*l.share, 100*l.generator, 100*l.foreign, lost)
	b.report.add(figure{Name: "memory of a connected browser", Value: float64(idle.PSS-empty.PSS) / browserLegs, Unit: "kB", Foreign: l.foreign})
	b.report.add(figure{Name: "browser legs a core, in talk", Value: browserLegs / max(l.share, 0.001), Unit: "legs", Least: true, Foreign: l.foreign,
		Note: fmt.Sprintf("%d legs, %.2f %% of packets lost", browserLegs, lost)})
	return nil
}

// await takes what the switch says until it has said a word so often.
func await(lines <-chan []string, word string, n int, p *pages) error {
	late := time.NewTimer(4 * patience)
	defer late.Stop()
	for n > 0 {
		select {
		case f, ok := <-lines:
			switch {
			case !ok:
				return errors.New("the switch has ended")
			case f[0] == "failed":
				return errors.New(strings.Join(f, " "))
			case f[0] == "answer":
				answer, err := base64.StdEncoding.DecodeString(f[2])
				if err != nil {
					return err
				}
				if err := p.answered(f[1], string(answer)); err != nil {
					return err
				}
			case f[0] == word:
				n--
			}
		case <-late.C:
			return fmt.Errorf("%d are not %s", n, word)
		}
	}
	return nil
}

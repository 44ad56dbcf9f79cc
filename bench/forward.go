package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"

	"ringback/bench/phones"
)

// forwardChild is the floor: a process that does nothing with a packet of speech but read it from one socket and write
// it to another, one pair of sockets a call as a relay has. What a relay takes beyond it is its own.
func forwardChild(in io.Reader, out io.Writer) error {
	var relays sync.WaitGroup
	var open []*net.UDPConn
	defer func() {
		for _, c := range open {
			c.Close()
		}
		relays.Wait()
	}()
	fmt.Fprintln(out, "ready")
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var to [2]string
		if _, err := fmt.Sscan(lines.Text(), &to[0], &to[1]); err != nil {
			return err
		}
		var c [2]*net.UDPConn
		for i := range c {
			var err error
			if c[i], err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
				return err
			}
			open = append(open, c[i])
		}
		for i := range c {
			far, err := netip.ParseAddrPort(to[1-i])
			if err != nil {
				return err
			}
			relays.Go(func() { forward(c[i], c[1-i], far) })
		}
		fmt.Fprintln(out, c[0].LocalAddr(), c[1].LocalAddr())
	}
	return lines.Err()
}

// forward sends what arrives at one socket on from the other, until it is closed.
func forward(from, by *net.UDPConn, to netip.AddrPort) {
	b := make([]byte, 1500)
	for {
		n, _, err := from.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if _, err := by.WriteToUDPAddrPort(b[:n], to); err != nil {
			continue // the far end is gone
		}
	}
}

// forwarder is that process.
type forwarder struct{ *child }

func startForwarder(ctx context.Context) (*forwarder, error) {
	c, err := startChild(ctx, "forward-child")
	return &forwarder{c}, err
}

// join lets the telephones of n new calls talk through it.
func (f *forwarder) join(p *phones.Pair, n int) error {
	visitor, agent := p.RTP()
	for range n {
		if err := f.say("%s %s", visitor, agent); err != nil {
			return err
		}
		if !f.out.Scan() {
			return fmt.Errorf("the forwarder has ended: %w", io.ErrUnexpectedEOF)
		}
		var at [2]string
		if _, err := fmt.Sscan(f.out.Text(), &at[0], &at[1]); err != nil {
			return err
		}
		var to [2]netip.AddrPort
		for i := range to {
			var err error
			if to[i], err = netip.ParseAddrPort(at[i]); err != nil {
				return err
			}
		}
		p.Connect(p.NewCall(), to[0], to[1])
	}
	return nil
}

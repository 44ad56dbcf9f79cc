package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"ringback/bench/phones"
	"ringback/bench/proc"
)

// child is a part of this program as a process of its own, led by lines of text.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner

	mu    sync.Mutex // of in
	why   sync.Mutex // of fails
	fails map[string]string
}

// startChild runs this program again with a word and waits until it is ready.
func startChild(ctx context.Context, word string, env ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, word), fails: map[string]string{}}
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.out = bufio.NewScanner(out)
	if !c.out.Scan() || c.out.Text() != "ready" {
		return nil, errors.Join(fmt.Errorf("%s did not start", word), c.cmd.Process.Kill(), c.cmd.Wait())
	}
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) cpu() time.Duration { return proc.CPU(c.pid()) }

func (c *child) say(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := fmt.Fprintf(c.in, format+"\n", args...)
	return err
}

// close ends its input, which ends it.
func (c *child) close() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}

// switchAlone is the embedded switch in a process of its own.
type switchAlone struct {
	*child
	reading sync.WaitGroup
}

// startSwitch runs it on so many cores; 0 = all.
func startSwitch(ctx context.Context, cores int, env ...string) (*switchAlone, error) {
	if cores > 0 {
		env = append(env, fmt.Sprint("GOMAXPROCS=", cores))
	}
	c, err := startChild(ctx, "link-child", env...)
	if err != nil {
		return nil, err
	}
	s := &switchAlone{child: c}
	s.reading.Go(func() {
		for c.out.Scan() {
			if f := strings.SplitN(c.out.Text(), " ", 3); len(f) == 3 && f[0] == "failed" {
				c.why.Lock()
				c.fails[f[1]] = f[2]
				c.why.Unlock()
			}
		}
	})
	return s, nil
}

func (s *switchAlone) place(ctx context.Context, p *phones.Pair, c *phones.Call) error {
	return s.say("%d %s %s", c.ID, p.Visitor(c), p.Agent(c))
}

// told returns what the switch complained of, by how often.
func (s *switchAlone) told() map[string]int {
	s.why.Lock()
	defer s.why.Unlock()
	out := map[string]int{}
	for _, why := range s.fails {
		out[why]++
	}
	clear(s.fails)
	return out
}

func (s *switchAlone) close() error {
	err := s.in.Close()
	s.reading.Wait()
	return errors.Join(err, s.cmd.Wait())
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"time"

	"ringback/bench/phones"
	"ringback/internal/server"
)

// profileTo is the environment variable that makes a child write a processor profile.
const profileTo = "BENCH_PROFILE"

// profiled runs f and keeps its profile if it is asked for.
func profiled(f func() error) error {
	name := os.Getenv(profileTo)
	if name == "" {
		return f()
	}
	out, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}

// product is the whole program in this binary.
func product(ctx context.Context, args []string) int {
	status := 0
	run := func() error {
		status = server.Main(ctx, args, os.Stdout, os.Stderr)
		return nil
	}
	if args[0] != "serve" {
		_ = run()
		return status
	}
	if err := profiled(run); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return status
}

// profile loads the product or the switch alone with a steady rate and keeps its processor profile:
// profile product|link [RATE].
func profile(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "product" && args[0] != "link" {
		return errors.New("profile product|link [callbacks a second]")
	}
	rate := 60.0
	if len(args) > 1 {
		var err error
		if rate, err = strconv.ParseFloat(args[1], 64); err != nil || rate <= 0 {
			return fmt.Errorf("%q is no rate", args[1])
		}
	}
	name := "bench/" + args[0] + ".pprof"
	p, err := phones.New(phones.Options{Hold: hold})
	if err != nil {
		return err
	}
	defer p.Close()
	var l load
	if args[0] == "link" {
		s, err := startSwitch(ctx, 0, profileTo+"="+name)
		if err != nil {
			return err
		}
		l = atRate(ctx, s, p, rate, 20*time.Second, hold)
		err = s.close()
		fmt.Println(&l, "\ngo tool pprof -top", name)
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Setenv(profileTo, here+"/"+name); err != nil {
		return err
	}
	w, err := startWhole(ctx, self, nil)
	if err != nil {
		return err
	}
	l = atRate(ctx, w, p, rate, 20*time.Second, hold)
	err = w.svc.Stop()
	fmt.Println(&l, "\ngo tool pprof -top", name)
	return errors.Join(err, w.close())
}

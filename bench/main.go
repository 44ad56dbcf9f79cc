// Command bench measures Ringback on this machine: how fast a wish becomes ringing telephones, how many callbacks a
// second the product and the bare switch carry, what a call takes of processor and memory.
//
//	make bench                       # everything, in less than 8 minutes; the figures are kept in bench/out.json
//	go run ./bench -only link        # one part: idle, latency, product, link, calls, browsers
//	go run ./bench profile product   # processor profile of the product (or link) under load: bench/product.pprof
//
// The telephones are the generator's own (bench/phones), in this process; what is measured is always another process,
// so that its processor time is its own. A figure of one machine says little: compare within one run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := command(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// command runs a part of itself that another process of it started, or the benchmark.
func command(ctx context.Context, args []string) int {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	var err error
	switch word {
	case "link-child":
		err = profiled(linkChild)
	case "browser-child":
		err = browserChild()
	case "forward-child":
		err = forwardChild(os.Stdin, os.Stdout)
	case "serve", "apply": // the product in this binary, so that it can be profiled
		return product(ctx, args)
	case "profile":
		err = profile(ctx, args[1:])
	default:
		err = measure(ctx, args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

// parts of the benchmark, in their order.
var parts = []string{"idle", "latency", "product", "link", "calls", "browsers"}

func measure(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", strings.Join(parts, ","), "which parts, joined by commas")
	binary := flags.String("binary", "bin/ringback", "the program to measure")
	root := flags.String("root", ".", "the project's folder")
	out := flags.String("out", "bench/out.json", "where the figures are kept")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{binary: *binary, root: *root, report: newReport(os.Stdout)}
	want := strings.Split(*only, ",")
	for _, w := range want {
		if !slices.Contains(parts, w) {
			return fmt.Errorf("-only %s: the parts are %s", w, strings.Join(parts, ", "))
		}
	}
	run := map[string]func(context.Context) error{
		"idle": b.idle, "latency": b.latency, "product": b.rates, "link": b.link, "calls": b.calls, "browsers": b.browsers}
	for _, part := range parts {
		if !slices.Contains(want, part) {
			continue
		}
		if err := run[part](ctx); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return b.report.keep(*out)
}

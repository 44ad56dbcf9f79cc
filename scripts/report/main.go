// Command report reads `go test -json` and says what a person wants to know: what failed, with its output; which tests
// did not run, with their reason; how long each package took.
//
//	go test -json ./... | go run ./scripts/report -notrun FILE -failed FILE
//
// Exit status 1 if anything failed. Skipped tests are written to the one file, a line each. A reason that begins with
// "long:" is a test that is left to a target of its own and is not listed. The other file gets what may be tried once
// more, "package test" a line, with "." for a package that ended without saying which test it was in; a data race is
// never a matter of chance, and leaves the file empty.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	notRun := flag.String("notrun", "", "file to append the skipped tests to")
	failed := flag.String("failed", "", "file to append to what may be tried once more")
	flag.Parse()
	r := read(os.Stdin, os.Stdout)
	for file, lines := range map[string][]string{*notRun: r.skipped, *failed: r.again()} {
		if file == "" || len(lines) == 0 {
			continue
		}
		if err := appendLines(file, lines); err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(1)
		}
	}
	if r.failed {
		os.Exit(1)
	}
}

// event is one line of `go test -json`, see `go doc cmd/test2json`.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// report is what came out of one run.
type report struct {
	failed  bool
	raced   bool
	unbuilt bool
	fell    []string // "package test" of what failed, outermost tests only
	skipped []string
	output  map[string][]string // lines by package and test, dropped when a test has passed
	w       io.Writer
}

// again is what may be tried once more: nothing after a data race or a build that failed.
func (r *report) again() []string {
	if r.raced || r.unbuilt {
		return nil
	}
	return r.fell
}

func read(in io.Reader, w io.Writer) *report {
	r := &report{output: map[string][]string{}, w: w}
	lines := bufio.NewReader(in)
	passed := 0
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case json.Unmarshal([]byte(line), &e) == nil && e.Action != "":
			if e.Action == "pass" && e.Test != "" {
				passed++
			}
			r.take(e)
		case strings.TrimSpace(line) != "":
			fmt.Fprint(w, line) // go itself speaking, such as "no required module"
		}
		if err != nil {
			fmt.Fprintf(w, "%d tests passed, %d skipped\n", passed, len(r.skipped))
			return r
		}
	}
}

func (r *report) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		fmt.Fprint(r.w, e.Output)
	case "build-fail":
		r.failed, r.unbuilt = true, true
	case "skip":
		r.skip(e, r.output[key])
		delete(r.output, key)
	case "fail":
		r.failed = true
		r.fell = r.fallen(e)
		r.fail(e, r.output[key])
		delete(r.output, key)
		if e.Test == "" {
			r.cutOff(e.Package)
		}
	case "pass":
		if e.Test == "" {
			fmt.Fprintf(r.w, "ok   %6.1f s  %s%s\n", e.Elapsed, e.Package, cached(r.output[key]))
		}
		delete(r.output, key)
	}
}

func (r *report) fail(e event, output []string) {
	name := strings.TrimSpace(e.Package + " " + e.Test)
	fmt.Fprintf(r.w, "FAIL %6.1f s  %s\n", e.Elapsed, name)
	r.print(output)
}

func (r *report) print(output []string) {
	for _, line := range output {
		r.raced = r.raced || strings.Contains(line, "WARNING: DATA RACE") || strings.Contains(line, "race detected during execution")
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.w, "    "+line)
		}
	}
}

// fallen adds what failed, once.
func (r *report) fallen(e event) []string {
	test, _, _ := strings.Cut(e.Test, "/")
	line := e.Package + " " + test
	if e.Test == "" {
		if slices.ContainsFunc(r.fell, func(s string) bool { return strings.HasPrefix(s, line) }) {
			return r.fell // by its tests
		}
		line += "."
	}
	if slices.Contains(r.fell, line) {
		return r.fell
	}
	return append(r.fell, line)
}

// cutOff says what the tests wrote that had no end when their package had one: it died in one of them.
func (r *report) cutOff(pkg string) {
	for _, key := range slices.Sorted(maps.Keys(r.output)) {
		if test, ok := strings.CutPrefix(key, pkg+" "); ok {
			fmt.Fprintf(r.w, "CUT OFF       %s\n", strings.TrimSpace(pkg+" "+test))
			r.print(r.output[key])
			delete(r.output, key)
		}
	}
}

// skip notes a test that did not run; a package without tests is no skip.
func (r *report) skip(e event, output []string) {
	if e.Test == "" {
		return
	}
	if why := reason(output); !strings.HasPrefix(why, "long:") {
		r.skipped = append(r.skipped, e.Package+" "+e.Test+": "+why)
	}
}

// reason is the text given to t.Skip, without the file and line in front of it.
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") || line == "" {
			continue
		}
		if _, after, ok := strings.Cut(line, ".go:"); ok {
			if _, why, ok := strings.Cut(after, ": "); ok {
				return why
			}
		}
		return line
	}
	return "no reason given"
}

func cached(output []string) string {
	for _, line := range output {
		if strings.Contains(line, "(cached)") {
			return " (cached)"
		}
	}
	return ""
}

func appendLines(file string, lines []string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(f, strings.Join(lines, "\n")+"\n"); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Command report reads `go test -json` and says what a person wants to know: what failed, with its output; which tests
// did not run, with their reason; how long each package took.
//
//	go test -json ./... | go run ./scripts/report -notrun FILE
//
// Exit status 1 if anything failed. Skipped tests are written to FILE, a line each. A reason that begins with "long:" is
// a test that is left to a target of its own and is not listed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	notRun := flag.String("notrun", "", "file to append the skipped tests to")
	flag.Parse()
	r := read(os.Stdin, os.Stdout)
	if *notRun != "" && len(r.skipped) > 0 {
		if err := appendLines(*notRun, r.skipped); err != nil {
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
	skipped []string
	output  map[string][]string // lines by package and test, dropped when a test has passed
	w       io.Writer
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
		r.failed = true
	case "skip":
		r.skip(e, r.output[key])
		delete(r.output, key)
	case "fail":
		r.failed = true
		r.fail(e, r.output[key])
		delete(r.output, key)
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
	for _, line := range output {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.w, "    "+line)
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

// Command mutants builds bugs into the service, one after the other, and lets simulated days look for each: a
// check on the checkers. It exits with 1 when one is not found within the seeds.
//
//	go run ./test/sim/mutants [-seeds 200] [-only NAME]
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	seeds := flag.Int("seeds", 200, "give a mutant up after so many days")
	only := flag.String("only", "", "only the mutants whose name holds this")
	flag.Parse()
	missed, err := hunt(*seeds, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	if missed > 0 {
		fmt.Printf("%d not found\n", missed)
		os.Exit(1)
	}
}

// hunt looks for every mutant and returns how many were not found.
func hunt(seeds int, only string) (missed int, err error) {
	root, err := moduleRoot()
	if err != nil {
		return 0, err
	}
	for _, m := range mutants {
		if !strings.Contains(m.name, only) {
			continue
		}
		start := time.Now()
		f, err := m.find(root, seeds)
		if err != nil {
			return missed, fmt.Errorf("%s: %w", m.name, err)
		}
		if f == nil {
			missed++
			fmt.Printf("%-32s NOT FOUND  %d seeds  %.1f s\n", m.name, seeds, time.Since(start).Seconds())
			continue
		}
		fmt.Printf("%-32s found      seed %-4s %5.1f s  %s\n", m.name, f.seed, time.Since(start).Seconds(), f.what)
	}
	return missed, nil
}

// finding is the first day that shows a mutant.
type finding struct{ seed, what string }

// chunk is how many days are lived before somebody looks at them.
const chunk = 10

// find builds the mutant's days and lives them until one fails; nil = none did.
func (m mutant) find(root string, seeds int) (*finding, error) {
	dir, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(root, dir)
	if err != nil {
		return nil, err
	}
	days := filepath.Join(dir, "days")
	build := exec.Command("go", "test", "-c", "-overlay", overlay, "-o", days, "./test/sim")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	if m.in != "" {
		run := exec.Command(days, "-test.run", "^"+m.in+"$", "-test.timeout", "5m")
		run.Dir = filepath.Join(root, "test/sim")
		run.Env = append(os.Environ(), "SEED=1")
		if out, err := run.CombinedOutput(); err != nil {
			return findingIn(out, 1), nil
		}
		return nil, nil
	}
	for from := 1; from <= seeds; from += chunk {
		run := exec.Command(days, "-test.run", "^TestSimulatedDays$", "-test.timeout", "5m")
		run.Dir = filepath.Join(root, "test/sim")
		run.Env = append(os.Environ(), "FROM="+strconv.Itoa(from), "SEEDS="+strconv.Itoa(min(chunk, seeds-from+1)), "SEED=")
		if out, err := run.CombinedOutput(); err != nil {
			return findingIn(out, from), nil
		}
	}
	return nil, nil
}

// overlay writes the mutated files and the list that go build takes them by.
func (m mutant) overlay(root, dir string) (string, error) {
	texts, err := m.apply(root)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range texts {
		to := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, file)] = to
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// apply returns the mutant's files as they are changed.
func (m mutant) apply(root string) (map[string][]byte, error) {
	texts := map[string][]byte{}
	for _, e := range m.edits {
		text, ok := texts[e.file]
		if !ok {
			var err error
			if text, err = os.ReadFile(filepath.Join(root, e.file)); err != nil {
				return nil, err
			}
		}
		if n := bytes.Count(text, []byte(e.old)); n != 1 {
			return nil, fmt.Errorf("%s holds %d times:\n%s", e.file, n, e.old)
		}
		texts[e.file] = bytes.Replace(text, []byte(e.old), []byte(e.new), 1)
	}
	return texts, nil
}

var (
	failed = regexp.MustCompile(`--- FAIL: Test(?:SimulatedDays/seed_(\d+)|OneLine)`)
	said   = regexp.MustCompile(`_test\.go:\d+: (.*)`)
)

// findingIn reads the first failed day out of what the days printed.
func findingIn(out []byte, from int) *finding {
	f := &finding{seed: fmt.Sprint(from, "+"), what: "the process ended"}
	if at := failed.FindSubmatchIndex(out); at != nil {
		if f.seed = fmt.Sprint(from); at[2] >= 0 {
			f.seed = string(out[at[2]:at[3]])
		}
		if s := said.FindSubmatch(out[at[1]:]); s != nil {
			f.what = string(s[1])
		}
	}
	return f
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

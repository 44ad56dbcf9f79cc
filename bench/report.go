package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"ringback/bench/proc"
)

// figure is one measured number.
type figure struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Goal    float64 `json:"goal,omitempty"`  // what it should be at most; 0 = there is none
	Least   bool    `json:"least,omitempty"` // the goal is what it should be at least
	Foreign float64 `json:"foreign_cores"`   // what others took of this machine meanwhile
	Note    string  `json:"note,omitempty"`
}

// verdict says how a figure stands to its goal.
func (f figure) verdict() string {
	if f.Goal == 0 {
		return ""
	}
	ratio := f.Value / f.Goal
	if f.Least {
		ratio = f.Goal / max(f.Value, 1e-9)
	}
	switch {
	case ratio <= 1:
		return "met"
	case ratio <= 2:
		return "missed"
	}
	return "missed by more than twice"
}

func (f figure) goal() string {
	switch {
	case f.Goal == 0:
		return ""
	case f.Least:
		return fmt.Sprintf(">= %.4g", f.Goal)
	}
	return fmt.Sprintf("<= %.4g", f.Goal)
}

// report collects figures.
type report struct {
	Began   time.Time `json:"began"`
	Machine string    `json:"machine"`
	Command string    `json:"command"`
	Figures []figure  `json:"figures"`

	out io.Writer
}

func newReport(out io.Writer) *report {
	r := &report{Began: time.Now().UTC().Truncate(time.Second), Machine: proc.Machine(), Command: "go run ./bench " + strings.Join(os.Args[1:], " "), out: out}
	fmt.Fprintln(out, r.Machine)
	return r
}

func (r *report) part(name string) {
	fmt.Fprintf(r.out, "\n%s (%.0f s after the start)\n", name, time.Since(r.Began).Seconds())
}

func (r *report) tell(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

func (r *report) add(f figure) {
	r.Figures = append(r.Figures, f)
	fmt.Fprintf(r.out, "  -> %s: %.4g %s\n", f.Name, f.Value, f.Unit)
}

// keep prints the table and writes the JSON.
func (r *report) keep(path string) error {
	fmt.Fprintf(r.out, "\n%s\n%s, %s\n\n", r.Command, r.Machine, r.Began.Format(time.DateOnly))
	fmt.Fprintln(r.out, "| figure | value | goal | | others' cores |\n|---|---|---|---|---|")
	for _, f := range r.Figures {
		fmt.Fprintf(r.out, "| %s | %.4g %s | %s | %s | %.2f |\n", f.Name, f.Value, f.Unit, f.goal(), f.verdict(), f.Foreign)
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

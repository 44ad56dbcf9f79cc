package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Finding is something about a line that is not as most lines are.
type Finding struct {
	Key    string `json:"key"`
	Breaks bool   `json:"breaks"` // calls fail by it, or one of the two does not hear
	What   string `json:"what"`
	Do     string `json:"do"`
	Set    string `json:"set,omitempty"` // a line of the trunk in a seed file that takes care of it
}

// Diagnose says what is unusual about the line of a test call; nothing, when all is well.
func Diagnose(f Facts) []Finding {
	var out []Finding
	for _, r := range rules() {
		if what := r.is(&f); what != "" {
			out = append(out, Finding{Key: r.key, Breaks: r.breaks, What: what, Do: r.do, Set: strings.ReplaceAll(r.set, theBlock, f.block())})
		}
	}
	return out
}

// Breaks says whether one of them does.
func Breaks(all []Finding) bool {
	for _, f := range all {
		if f.Breaks {
			return true
		}
	}
	return false
}

// Profile is the trunk's lines for a seed file: its name, and what the findings want changed.
func Profile(slug string, all []Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  - id: %s\n", slug)
	for _, f := range all {
		if f.Set != "" {
			fmt.Fprintf(&b, "    %s # %s\n", f.Set, f.What)
		}
	}
	return b.String()
}

// Write tells the findings to a person.
func Write(w io.Writer, slug string, all []Finding) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "Nothing unusual was found.")
		return err
	}
	set := false
	for _, f := range all {
		mark := "note  "
		if f.Breaks {
			mark = "BROKEN"
		}
		if _, err := fmt.Fprintf(w, "%s %s: %s.\n       %s\n", mark, f.Key, f.What, f.Do); err != nil {
			return err
		}
		set = set || f.Set != ""
	}
	if !set {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nPut these lines to the trunk in your seed file:\n%s", Profile(slug, all))
	return err
}

package routing

import (
	"slices"
	"strings"
)

// understands says whether a candidate speaks the visitor's language: de-AT and de are one.
func (q *question) understands(c *Candidate) bool {
	return q.w.Language == "" || len(c.Languages) == 0 ||
		slices.ContainsFunc(c.Languages, func(l string) bool { return primary(l) == primary(q.w.Language) })
}

// primary is the first part of a language tag (RFC 5646 section 2.1), of the first of a list.
func primary(tag string) string {
	if i := strings.IndexAny(tag, "-_,; "); i >= 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag)
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

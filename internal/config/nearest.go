package config

import (
	"slices"
	"strings"
)

// Nearest returns the known word that a person most likely meant by word, if one is near enough to be worth naming.
func Nearest(word string, known []string) (string, bool) {
	best, least := "", len(word)/3+2
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

// didYouMean is ", did you mean …?", or the list of what is known if nothing is near.
func didYouMean(word string, known []string) string {
	sorted := slices.Sorted(slices.Values(known))
	if best, ok := Nearest(word, sorted); ok {
		return ", did you mean " + best + "?"
	}
	return "; known here: " + strings.Join(sorted, ", ")
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to turn a into b.
func distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	next := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}

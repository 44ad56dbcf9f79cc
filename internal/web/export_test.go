package web

import "ringback/internal/fault"

// Codes are all that the table of problem.go knows.
func Codes() map[fault.Code]int {
	out := map[fault.Code]int{}
	for c, k := range kinds {
		out[c] = k.status
	}
	return out
}

// Cut is what a path in the log looks like.
var Cut = cut

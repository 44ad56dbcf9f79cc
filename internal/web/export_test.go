package web

import (
	"ringback/internal/fault"
	"ringback/internal/web/api"
	"ringback/internal/web/door"
)

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

// Routes are the tables of the API.
func Routes() []door.Route { return api.New(api.Deps{}).Routes() }

package api

import (
	"net/http"
	"regexp"

	"ringback/internal/challenge"
	"ringback/internal/fault"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// ProofWanted says whether a form must send a proof of work.
type ProofWanted struct {
	Required bool `json:"required"`
}

// Challenge is the work to prove, in the wire format of ALTCHA version 1; without Required there is none.
type Challenge struct {
	Required bool `json:"required"`
	challenge.Puzzle
}

var commitment = regexp.MustCompile(`^[0-9a-f]{64}$`)

// challenge sets a puzzle for ?button= and the number that will be sent: as its SHA-256 in hex, ?for=, or itself, ?number=.
func (a *API) challenge(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	q := r.URL.Query()
	if q.Get("button") == "" { // what holds for buttons that do not say otherwise
		return door.JSON(w, http.StatusOK, Challenge{Required: a.Conductor.NeedsProof(&subscriber.Button{})})
	}
	b, _, err := a.button(q.Get("button"))
	if err != nil {
		return err
	}
	if !a.Conductor.NeedsProof(b) {
		return door.JSON(w, http.StatusOK, Challenge{})
	}
	bound := q.Get("for")
	if !q.Has("for") {
		bound = challenge.Commit(q.Get("number"))
	}
	if !commitment.MatchString(bound) {
		return fault.At("for", fault.WrongType, "for is the SHA-256 in hex of the number, or of the endpoint, as it will be sent.")
	}
	return door.JSON(w, http.StatusOK, Challenge{true, a.Conductor.Puzzle(b, bound)})
}

// Package door is what every door of the service shares: the shape of a route, how a body is read, how an answer is
// written, and who is asking. It knows no status code of a fault; package web does.
package door

import "net/http"

// Who may use a route.
type Who int

const (
	Anyone   Who = iota
	Keyed        // any key of the API, and a person of a business who has signed in, each within what they may see
	Desk         // as Keyed, and an agent who has signed in, within what she may see
	Operator     // an operator's key
)

// Route is one row of a door's table.
type Route struct {
	Method  string
	Pattern string // as of http.ServeMux, without the method
	Who     Who
	Page    bool // people read it: faults are HTML pages

	Visitors bool // visitors use it: faults are said in their language

	Summary string   // one line, for the OpenAPI document
	Query   []string // parameters it understands
	In, Out any      // a zero value of the JSON bodies; nil = none
	Status  int      // of success
	Media   string   // type of an answer that is no JSON; "" = server-sent events, where Out is nil

	// Repeats says that the handler itself keeps its answer under an idempotency key, in the transaction of what it
	// makes. Other POSTs of the API are kept by package web.
	Repeats bool
	// Secret says that the body must not be kept, not even as a hash: no idempotency key is looked at.
	Secret bool
	// Handle answers, or returns a fault that nothing was written for yet.
	Handle Handler
}

// Handler answers a request, or says why not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// List is a page of things, newest first.
type List[T any] struct {
	Data []T     `json:"data"`
	Next *string `json:"next"`
}

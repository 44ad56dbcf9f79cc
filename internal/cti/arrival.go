package cti

import "time"

// Arrival is a call that has come in over a trunk and waits for an answer. Who it is, is what the network says: a number
// can be forged, so nothing personal may hang on it.
type Arrival struct {
	To   string // the number that was dialled, E.164; "" = no number of any kind was
	From string // the caller's number, E.164; "" = withheld, or none
}

// ArrivalPatience is how long a switch keeps an arrival for which nothing was ordered: then it refuses it.
const ArrivalPatience = 10 * time.Second

// Arrived says whether the order answers a call that has come in, rather than ring somebody.
func (o *Order) Arrived() bool { return o.Answers != "" }

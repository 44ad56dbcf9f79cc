package letter

import "time"

const (
	// Patience is how long a letter is tried.
	Patience = 24 * time.Hour
	// Lease is how long one try may take: then somebody else may have the letter.
	Lease = 2 * time.Minute

	firstRest = 15 * time.Second
	longRest  = 2 * time.Hour
)

// Rest is how long after the try of that number, from 1, the next one is made: 15 s, 30 s, a minute, …, 2 hours. chance, in
// [0, 1), spreads those that failed together by up to a fifth.
func Rest(try int, chance float64) time.Duration {
	d := longRest
	if try = max(try, 1); try < 16 {
		d = min(firstRest<<(try-1), longRest)
	}
	return d + time.Duration(chance*float64(d)/5)
}

// Failed is the letter after a try that did not succeed: due again, or given up where the trouble is final or the next try
// would come too late.
func (l Letter) Failed(now time.Time, trouble string, final bool, chance float64) Letter {
	l.Trouble = trouble
	if l.DueAt = now.Add(Rest(l.Tries, chance)); final || l.DueAt.After(l.Ends()) {
		l.GivenUpAt = now
	}
	return l
}

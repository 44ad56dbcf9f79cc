package consent

import (
	"context"
	"time"

	"ringback/internal/id"
)

// Ledger is where the records are read again.
type Ledger interface {
	// VerifyConsents reads the whole ledger and says whether it is as it was written.
	VerifyConsents(ctx context.Context) (Report, error)
	// Consents gives the records that f asks for to each, the oldest first. What each returns ends it.
	Consents(ctx context.Context, f Filter, each func(Kept) error) error
}

// Filter of records; the zero value is all of them.
type Filter struct {
	NumberHash string
	Subscriber id.Subscriber
	Since      time.Time
}

// Kept is a record as it is kept, with the text that was shown.
type Kept struct {
	Entry
	Shown Text
}

// Package fault is what went wrong, in words fit for people.
//
// A Fault carries a stable code, a sentence that says what to do, and the cause for the log. It knows no HTTP status:
// package web maps codes to them.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code names a kind of fault; the contract's problem table lists them all.
type Code string

const (
	MalformedJSON       Code = "malformed_json"
	WrongType           Code = "wrong_type"
	UnknownField        Code = "unknown_field"
	BadCursor           Code = "bad_cursor"
	NoKey               Code = "no_key"
	BadKey              Code = "bad_key"
	BadLogin            Code = "bad_login"
	NoSession           Code = "no_session"
	Forbidden           Code = "forbidden"
	OriginNotAllowed    Code = "origin_not_allowed"
	ProofMissing        Code = "proof_missing"
	ProofInvalid        Code = "proof_invalid"
	ProofUsed           Code = "proof_used"
	NotFound            Code = "not_found"
	MethodNotAllowed    Code = "method_not_allowed"
	Gone                Code = "gone"
	TooLarge            Code = "too_large"
	UnsupportedMedia    Code = "unsupported_media"
	AlreadyEnded        Code = "already_ended"
	TooLate             Code = "too_late"
	NumberBusy          Code = "number_busy"
	IdempotencyProgress Code = "idempotency_in_progress"
	NumberInvalid       Code = "number_invalid"
	NumberRegion        Code = "number_region"
	NumberType          Code = "number_type"
	NumberEmergency     Code = "number_emergency"
	NumberOwn           Code = "number_own"
	NumberNotServed     Code = "number_not_served"
	EndpointInvalid     Code = "endpoint_invalid"
	EndpointNotAllowed  Code = "endpoint_not_allowed"
	ConsentMissing      Code = "consent_missing"
	WhenInvalid         Code = "when_invalid"
	OutsideHours        Code = "outside_hours"
	ChannelUnavailable  Code = "channel_unavailable"
	ButtonClosed        Code = "button_closed"
	FieldRequired       Code = "field_required"
	IdempotencyReused   Code = "idempotency_key_reused"
	LimitNumber         Code = "limit_number"
	LimitVisitor        Code = "limit_visitor"
	LimitSubscriber     Code = "limit_subscriber"
	LimitSpend          Code = "limit_spend"
	LimitKey            Code = "limit_key"
	LimitLogin          Code = "limit_login"
	StorageFull         Code = "storage_full"
	StorageBusy         Code = "storage_busy"
	Draining            Code = "draining"
	SwitchDown          Code = "switch_down"
	Internal            Code = "internal"
)

// Fault is an error a person may read.
type Fault struct {
	Code         Code
	Detail       string        // a sentence: what is wrong and what to do
	Format       string        // the sentence as it was written, and
	Args         []any         // what was filled in: to say it in another language
	Fields       []Field       // where in the input
	RetryAfter   time.Duration // 0 = no use waiting
	Alternatives []time.Time   // other times on offer, with outside_hours
	Cause        error         // for the log only
}

// Field is one place of the input that is wrong.
type Field struct {
	Field   string `json:"field"`
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// New makes a fault with a sentence for people.
func New(code Code, format string, args ...any) *Fault {
	return &Fault{Code: code, Detail: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// At makes a fault of one input field.
func At(field string, code Code, format string, args ...any) *Fault {
	f := New(code, format, args...)
	f.Fields = []Field{{Field: field, Code: code, Message: f.Detail}}
	return f
}

// After says when it is worth trying again.
func (f *Fault) After(d time.Duration) *Fault { f.RetryAfter = d; return f }

// Because keeps the cause for the log.
func (f *Fault) Because(err error) *Fault { f.Cause = err; return f }

func (f *Fault) Error() string {
	if f.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", f.Code, f.Detail, f.Cause)
	}
	return fmt.Sprintf("%s: %s", f.Code, f.Detail)
}

func (f *Fault) Unwrap() error { return f.Cause }

// Is reports whether err is, or wraps, a fault of that code.
func Is(err error, code Code) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

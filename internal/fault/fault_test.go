package fault

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

func TestIs(t *testing.T) {
	f := New(NumberRegion, "We do not call %s.", "there")
	wrapped := fmt.Errorf("callback cb_1: %w", f)
	for _, c := range []struct {
		err  error
		code Code
		want bool
	}{
		{f, NumberRegion, true},
		{wrapped, NumberRegion, true},
		{errors.Join(io.EOF, wrapped), NumberRegion, true},
		{wrapped, NumberInvalid, false},
		{io.EOF, NumberRegion, false},
		{nil, NumberRegion, false},
	} {
		if got := Is(c.err, c.code); got != c.want {
			t.Errorf("Is(%v, %s) = %t", c.err, c.code, got)
		}
	}
}

func TestAs(t *testing.T) {
	err := fmt.Errorf("form: %w", At("number", NumberInvalid, "Write it like %s.", "030").After(time.Minute).Because(io.ErrUnexpectedEOF))
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatal("no fault inside")
	}
	want := Field{Field: "number", Code: NumberInvalid, Message: "Write it like 030."}
	if f.Code != NumberInvalid || f.Detail != want.Message || len(f.Fields) != 1 || f.Fields[0] != want || f.RetryAfter != time.Minute {
		t.Errorf("%+v", f)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

// The cause is for the log, never for the person: Error has it, Detail has not.
func TestError(t *testing.T) {
	f := New(StorageFull, "Try again later.")
	if got, want := f.Error(), "storage_full: Try again later."; got != want {
		t.Errorf("%q", got)
	}
	f.Because(errors.New("disk /data"))
	if got, want := f.Error(), "storage_full: Try again later.: disk /data"; got != want || f.Detail != "Try again later." {
		t.Errorf("%q, %q", got, f.Detail)
	}
}

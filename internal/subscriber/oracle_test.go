package subscriber_test

import (
	"encoding/csv"
	"errors"
	"os"
	"strings"
	"testing"

	"ringback/internal/fault"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// The number policy does what the numbering plans say, row by row of a table that was written from them by hand.
func TestNumberOracle(t *testing.T) {
	text, err := os.ReadFile("../phone/testdata/oracle.csv")
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comment = '#'
	r.FieldsPerRecord = -1 // why may hold commas
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	called := 0
	for _, row := range rows {
		number, region, want, why := row[0], row[1], row[2], strings.Join(row[3:], ",")
		if want == "call" {
			called++
		}
		if got := verdict(number, region); got != want {
			t.Errorf("%q of a business in %s: %s, want %s (%s)", number, region, got, want, why)
		}
	}
	if len(rows) < 400 || called < 100 {
		t.Errorf("%d rows, %d of them called: at least 400 and 100", len(rows), called)
	}
}

func verdict(number, region string) string {
	s := &subscriber.Subscriber{Name: "Acme", Regions: []string{region}}
	n, err := phone.Parse(number, region)
	if err == nil {
		err = s.MayCall(n)
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return string(f.Code)
	}
	return "call"
}

package phone

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"ringback/internal/cti"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		n    Number
		form cti.NumberFormat
		tech string
		want string
	}{
		{"+49301234567", cti.PlusE164, "", "+49301234567"},
		{"+49301234567", cti.PlainE164, "", "49301234567"},
		{"+49301234567", cti.ZeroZero, "", "0049301234567"},
		{"+49301234567", cti.NationalNF, "", "0301234567"},
		{"+442079460018", cti.NationalNF, "", "02079460018"},
		{"+12025550100", cti.NationalNF, "", "2025550100"},
		{"+390612345678", cti.NationalNF, "", "0612345678"},
		{"+74951234567", cti.NationalNF, "", "84951234567"},
		{"+34911234567", cti.NationalNF, "", "911234567"},
		{"+870301234567", cti.NationalNF, "", "00870301234567"},
		{"+12025550100", cti.PlainE164, "9871", "987112025550100"},
		{"+12025550100", "", "", "+12025550100"},
	} {
		if got := c.n.Format(c.form, c.tech, ""); got != c.want {
			t.Errorf("%s as %s after %q: %s, want %s", string(c.n), c.form, c.tech, got, c.want)
		}
	}
	for _, c := range []struct {
		n             Number
		country, want string
	}{
		{"+49301234567", "DE", "0301234567"},
		{"+442079460018", "DE", "00442079460018"},
		{"+12025550100", "US", "2025550100"},
		{"+14165550100", "US", "4165550100"}, // the same numbering plan
		{"+49301234567", "US", "01149301234567"},
		{"+870301234567", "DE", "00870301234567"},
	} {
		if got := c.n.Format(cti.NationalNF, "", c.country); got != c.want {
			t.Errorf("%s from %s: %s, want %s", string(c.n), c.country, got, c.want)
		}
	}
	if got := Pretty("+12025550100"); got != "+1 202-555-0100" {
		t.Error(got)
	}
}

func TestMask(t *testing.T) {
	for n, want := range map[Number]string{
		"+12025550100":     "+12•••••0100",
		"+493012345678901": "+49•••••••••8901",
		"+4930123456":      "+49•••••456",
		"+6834000":         "+68•••••",
		"+1":               "+1",
		"":                 "+",
	} {
		if got := n.Mask(); got != want {
			t.Errorf("%s: %s, want %s", string(n), got, want)
		}
	}
}

// However a number gets into a log or an error, its digits do not.
func TestLogsAreMasked(t *testing.T) {
	n := Number("+12025550100")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("step", "number", n, "struct", struct{ N Number }{n})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("step", "number", n)
	fmt.Fprintf(&log, "%s %v %q %x %#v %+v", n, n, n, n, n, struct{ N Number }{n})
	if strings.Contains(log.String(), "2025550") || strings.Contains(log.String(), fmt.Sprintf("%x", "+1202")) {
		t.Error(log.String())
	}
	if !strings.Contains(log.String(), "number=•••100") {
		t.Error(log.String())
	}
	if got := Number("+683").String(); got != "•••" {
		t.Error(got)
	}
}

// What a database kept need not be a number.
func TestNoNumber(t *testing.T) {
	for _, n := range []Number{"", "+", "12025550100x", "+1202555010", "+1 202 555 0100", "+999123456"} {
		if n.Valid() {
			t.Errorf("%q is valid", string(n))
		}
	}
	if c := Number("+49112").Class(); c != Emergency {
		t.Error(c)
	}
	for _, n := range []Number{"nonsense", "2025550100", ""} {
		if n.Class() != Unknown || n.Region() != "" {
			t.Errorf("%q: %s in %s", string(n), n.Class(), n.Region())
		}
	}
}

func TestZone(t *testing.T) {
	for n, want := range map[Number]string{
		"+12025550100":  "America/New_York",
		"+442079460018": "Europe/London",
		"+447911123456": "Europe/Guernsey", // one clock on all the islands
		"+18005550100":  "",
		"+870301234567": "",
		"+49301234567":  "Europe/Berlin",
		"x":             "",
	} {
		if got := Zone(n); got != want {
			t.Errorf("%s: %q, want %q", string(n), got, want)
		}
	}
}

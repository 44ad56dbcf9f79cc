package schedule

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestEntry(t *testing.T) {
	e := Entry{UID: "cb_1@call.example.com", Sequence: 3, At: at(t, "2026-12-01T14:00:00Z"), Length: 15 * time.Minute, Summary: "Acme; Plumbing, Ltd. calls you",
		Description: "From +1 202-555-0190.\nChange it: https://call.example.com/c/t_1", URL: "https://call.example.com/c/t_1", Attendee: "vera@example.com",
		Stamp: at(t, "2026-11-25T10:00:00Z"), Method: Invite}
	want := strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Ringback//Ringback//EN", "METHOD:REQUEST", "BEGIN:VEVENT", "UID:cb_1@call.example.com", "SEQUENCE:3",
		"DTSTAMP:20261125T100000Z", "DTSTART:20261201T140000Z", "DTEND:20261201T141500Z", `SUMMARY:Acme\; Plumbing\, Ltd. calls you`,
		`DESCRIPTION:From +1 202-555-0190.\nChange it: https://call.example.com/c/t_`, " 1", "URL:https://call.example.com/c/t_1", "ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:vera@example.com",
		"STATUS:CONFIRMED", "TRANSP:TRANSPARENT", "END:VEVENT", "END:VCALENDAR", ""}, "\r\n")
	if got := string(e.File()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	e.Method = Recall
	if got := string(e.File()); !strings.Contains(got, "METHOD:CANCEL\r\n") || !strings.Contains(got, "STATUS:CANCELLED\r\n") {
		t.Errorf("taken back:\n%s", got)
	}
}

// FuzzEntry: whatever a text holds, it adds no line of its own, no line is too long, and no character is broken.
func FuzzEntry(f *testing.F) {
	f.Add("Acme", "one\ntwo\r\nATTENDEE:mailto:x@example.com")
	f.Add(strings.Repeat("ü", 100), "\x00\x7f\xff;,\\\r")
	f.Fuzz(func(t *testing.T, summary, description string) {
		e := Entry{UID: summary, Summary: summary, Description: description, URL: description, Attendee: summary, Method: Publish}
		plain := len(strings.Split(strings.ReplaceAll(string(Entry{UID: "x", Summary: "x", Description: "x", URL: "x", Attendee: "x", Method: Publish}.File()), "\r\n ", ""), "\r\n"))
		out := string(e.File())
		for _, l := range strings.Split(out, "\r\n") {
			if len(l) > 75 || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n\x00") {
				t.Errorf("line %q", l)
			}
		}
		if n := len(strings.Split(strings.ReplaceAll(out, "\r\n ", ""), "\r\n")); n > plain {
			t.Errorf("%d lines, want at most %d:\n%s", n, plain, out)
		}
	})
}

package schedule

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Entry is a promised call as a calendar keeps it (RFC 5545).
type Entry struct {
	UID         string // the same for all that is said of one promise
	Sequence    int64  // grows when it is moved or taken back
	At          time.Time
	Length      time.Duration
	Summary     string
	Description string
	URL         string // "" = none
	Organizer   string // address of who promises; "" = none
	Attendee    string // address of who is called; "" = none
	Stamp       time.Time
	Method      Method
}

// Method is what a calendar does with an entry (RFC 5546).
type Method string

// The methods.
const (
	Publish Method = "PUBLISH" // keeps it
	Invite  Method = "REQUEST" // asks whether it fits, or moves what it has under that UID
	Recall  Method = "CANCEL"  // takes it out
)

// EntryType is the type of the file.
func (e Entry) EntryType() string {
	return "text/calendar; charset=utf-8; method=" + string(e.Method)
}

// File writes the entry as a calendar of its own. Times are instants: each calendar shows them by its own clock.
func (e Entry) File() []byte {
	var b strings.Builder
	line := func(name, value string) { fold(&b, name+":"+value) }
	text := func(name, value string) {
		if value != "" {
			line(name, escape(value))
		}
	}
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//Ringback//Ringback//EN")
	line("METHOD", string(e.Method))
	line("BEGIN", "VEVENT")
	text("UID", e.UID)
	line("SEQUENCE", fmt.Sprint(e.Sequence))
	line("DTSTAMP", instant(e.Stamp))
	line("DTSTART", instant(e.At))
	line("DTEND", instant(e.At.Add(e.Length)))
	text("SUMMARY", e.Summary)
	text("DESCRIPTION", e.Description)
	if e.URL != "" {
		line("URL", oneLine(e.URL))
	}
	if e.Organizer != "" {
		line("ORGANIZER", "mailto:"+oneLine(e.Organizer))
	}
	if e.Attendee != "" {
		line("ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE", "mailto:"+oneLine(e.Attendee))
	}
	if e.Method == Recall {
		line("STATUS", "CANCELLED")
	} else {
		line("STATUS", "CONFIRMED")
	}
	line("TRANSP", "TRANSPARENT") // who waits for a call is not busy
	line("END", "VEVENT")
	line("END", "VCALENDAR")
	return []byte(b.String())
}

func instant(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// escape writes a text value (RFC 5545 section 3.3.11).
func escape(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "?"))
	s = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
	return strings.Map(printable, s)
}

func oneLine(s string) string { return strings.Map(printable, strings.ToValidUTF8(s, "?")) }

// printable drops control characters: a value is one line.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// fold writes a line in pieces of at most 75 bytes, no character broken (RFC 5545 section 3.1).
func fold(b *strings.Builder, s string) {
	const most = 75
	for room := most; len(s) > room; room = most - 1 { // further pieces begin with a blank
		n := room
		for !utf8.RuneStart(s[n]) {
			n--
		}
		b.WriteString(s[:n] + "\r\n ")
		s = s[n:]
	}
	b.WriteString(s + "\r\n")
}

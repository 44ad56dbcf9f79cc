package visitor

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/phone"
	"ringback/internal/subscriber"
)

// cardEnding of a button's address asks for the business as a card for a telephone's address book.
const cardEnding = ".vcf"

// vcard is the business with the numbers that our calls come from, so that a telephone shows its name. RFC 2426, which every
// telephone reads.
func (p *Pages) vcard(w http.ResponseWriter, name string) error {
	d := p.Conductor.Directory()
	b, s := d.Button(name)
	if b == nil || s == nil {
		return fault.New(fault.NotFound, "There is no such button.")
	}
	numbers := callsFrom(d, s)
	if len(numbers) == 0 {
		return fault.New(fault.NotFound, "There is no such button.")
	}
	lines := []string{"BEGIN:VCARD", "VERSION:3.0", "N:;" + cardText(s.Name) + ";;;", "FN:" + cardText(s.Name), "ORG:" + cardText(s.Name)}
	for _, n := range numbers {
		lines = append(lines, "TEL;TYPE=WORK,VOICE:"+n.E164())
	}
	lines = append(lines, "URL:"+p.URL+"/b/"+b.Slug, "END:VCARD")
	var out strings.Builder
	for _, l := range lines {
		out.WriteString(folded(l) + "\r\n")
	}
	h := w.Header()
	h.Set("Content-Type", "text/vcard; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+b.Slug+cardEnding+`"`)
	_, _ = w.Write([]byte(out.String()))
	return nil
}

// callsFrom are the numbers that a visitor's telephone may show: the business's, and those of who answers as it.
func callsFrom(d *directory.Directory, s *subscriber.Subscriber) (all []phone.Number) {
	add := func(n phone.Number) {
		if n != "" && !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	add(s.CallerID)
	for _, r := range d.Representatives(s.ID) {
		add(r.CallerID)
	}
	return all
}

func cardText(s string) string {
	return strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`, "\r", "", "\n", `\n`).Replace(s)
}

// folded breaks a line that is longer than 75 bytes, between characters.
func folded(line string) string {
	var out strings.Builder
	room := 75
	for _, r := range line {
		if n := utf8.RuneLen(r); n > room {
			out.WriteString("\r\n ")
			room = 74
		}
		room -= utf8.RuneLen(r)
		out.WriteRune(r)
	}
	return out.String()
}

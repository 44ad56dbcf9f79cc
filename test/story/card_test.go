package story_test

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// card BUTTON CALLBACK wants the number on the button's card for an address book to be the one that the visitor's telephone
// was called from, as the network saw it.
func card(ts *testscript.TestScript, neg bool, args []string) {
	status, vcf := ask(ts, "GET", "/b/"+args[0]+".vcf", "")
	if status != 200 || !strings.HasPrefix(string(vcf), "BEGIN:VCARD\r\n") {
		ts.Fatalf("card of %s: %d %s", args[0], status, vcf)
	}
	for _, s := range sides(ts, args[1]) {
		if strings.HasPrefix(s.To, "+1202555") && strings.Contains(string(vcf), ":"+s.From+"\r\n") {
			return
		}
	}
	ts.Fatalf("called from none of the card's numbers: %+v, %s", sides(ts, args[1]), vcf)
}

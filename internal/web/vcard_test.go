package web_test

import (
	"strings"
	"testing"

	"ringback/internal/callback"
)

// TestVCard: the numbers that our calls come from, under the business's name, in lines that every telephone reads.
func TestVCard(t *testing.T) {
	h := newHouse(t)
	h.dir.Subscribers[acme].Name = "Meier; Söhne, " + strings.Repeat("Klempnerei und Söhne ", 6)
	h.dir.Representations[annAtAcme].CallerID = "+12025550177"
	got := h.do("GET", "/b/acme-main.vcf", "")
	if got.StatusCode != 200 || got.Header.Get("Content-Type") != "text/vcard; charset=utf-8" {
		t.Fatalf("%d %v", got.StatusCode, got.Header)
	}
	for _, l := range strings.Split(got.body, "\r\n") {
		if len(l) > 75 {
			t.Errorf("a line of %d bytes: %q", len(l), l)
		}
	}
	whole := strings.ReplaceAll(got.body, "\r\n ", "")
	for _, want := range []string{"BEGIN:VCARD\r\nVERSION:3.0\r\n", `FN:Meier\; Söhne\, Klempnerei`, "TEL;TYPE=WORK,VOICE:+12025550190\r\nTEL;TYPE=WORK,VOICE:+12025550177\r\n", "URL:" + base + "/b/acme-main\r\nEND:VCARD\r\n"} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %q in %q", want, whole)
		}
	}
	_, token := h.call(callback.Callback{State: callback.Queued})
	if page := h.do("GET", "/c/"+token, ""); !strings.Contains(page.body, `href="/b/acme-main.vcf"`) {
		t.Error("the status page does not offer the card")
	}
	if got := h.do("GET", "/b/other-main.vcf", ""); got.StatusCode != 404 {
		t.Errorf("a business without a number of its own: %d", got.StatusCode)
	}
}

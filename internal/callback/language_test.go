package callback_test

import (
	"slices"
	"strings"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/directory"
)

// What a visitor agrees to is on record as she read it: in the language of the form, else in her own, else in that of the
// business. So is what she read before she asked never to be called.
func TestConsentIsKeptInTheLanguageThatWasRead(t *testing.T) {
	spanish := func(s *directory.Setup) { only("ann")(s); s.Subscribers[0].Language = "es" }
	for _, c := range []struct {
		language, shown, want, words string
	}{
		{"de-AT", "", "de", "Ich bitte "}, {"it", "fr", "fr", "Je demande à "}, {"it", "", "es", "Pido a "}, {"", "", "es", "Pido a "}, {"ar", "", "ar", "أطلب من "},
	} {
		play(t, spanish, people{}, func(w *world) {
			cb := w.ask("vera", func(r *callback.Request) {
				r.By, r.SkipLimits, r.Consent, r.Visitor, r.Act = nil, false, true, "192.0.2.1", "form"
				r.Language, r.Shown = c.language, c.shown
			})
			if _, err := w.c.OptOutOf(w.ctx, cb, callback.OptOut{Route: consent.ByStatusPage, Visitor: "192.0.2.1", Language: c.want}); err != nil {
				t.Fatal(err)
			}
			var read []string
			err := w.border.inner.(consent.Ledger).Consents(w.ctx, consent.Filter{}, func(k consent.Kept) error {
				if k.Shown.Words != "" {
					read = append(read, k.Shown.Language+" "+k.Shown.Version)
				}
				if k.Act == consent.Given && !strings.HasPrefix(k.Shown.Words, c.words) {
					t.Errorf("%+v: she agreed to %q", c, k.Shown.Words)
				}
				return nil
			})
			if want := []string{c.want + " 2026-1", c.want + " 2026-1-stop"}; err != nil || !slices.Equal(read, want) {
				t.Errorf("%+v: on record is %q, %v", c, read, err)
			}
		})
	}
}

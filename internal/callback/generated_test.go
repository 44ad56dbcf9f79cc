package callback_test

import (
	"encoding/csv"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"ringback/internal/directory"
	"ringback/internal/id"
)

// plans say, from the numbering plans and by hand, what numbers of a country may look like, and which of those may not be called.
var plans = map[string]struct{ may, never *regexp.Regexp }{
	"US": {regexp.MustCompile(`^\+1[2-9]\d\d[2-9]\d{6}$`), regexp.MustCompile(`^\+1(` +
		`[2-9]11|8(00|33|44|55|66|77|88)|900|5(00|21|22|33|44|66|77|88)|700|710|456|6(00|22|33|44|55|66|77|88)|` + // services
		`204|226|236|249|250|263|289|306|343|354|365|367|368|382|403|416|418|428|431|437|438|450|460|468|474|506|514|519|548|579|581|584|587|` + // Canada
		`604|613|639|647|672|683|705|709|742|753|778|780|782|807|819|825|867|873|879|902|905|942|` +
		`242|246|264|268|284|345|441|473|649|658|664|721|758|767|784|809|829|849|868|869|876|` + // the Caribbean
		`340|670|671|684|787|939|` + // territories
		`\d\d\d911)`)},
	"GB": {regexp.MustCompile(`^\+44(1\d{8,9}|2\d{9}|5[56]\d{8}|7[1-57-9]\d{8})$`), regexp.MustCompile(`^\+44(1481|1534|1624|7624|7781|7797|7829|7937)`)},
	"DE": {regexp.MustCompile(`^\+49(1[567]\d{8,9}|[2-9]\d{2,12})$`), regexp.MustCompile(`^\+49(700|800|900)`)},
	"FR": {regexp.MustCompile(`^\+33[1-79]\d{8}$`), regexp.MustCompile(`^\+337(00|1|2)`)},
	"SM": {regexp.MustCompile(`^\+(378\d{6,10}|390549\d{6})$`), regexp.MustCompile(`^\+378(0|7|5)`)},
}

// Numbers over all countries and kinds, and of none, half of them near those of the oracle's table: INVITEs go only to what the
// plan of the business's own country lets be called.
func TestGeneratedNumbers(t *testing.T) {
	n := 200
	if os.Getenv("RINGBACK_TEST_LONG") != "" {
		n = 100_000
	}
	near := oracleNumbers(t)
	shops := func(s *directory.Setup) {
		s.Subscribers[0].Limits.Concurrent = 1_000_000
		for region := range plans {
			sub, b := s.Subscribers[0], s.Buttons[0]
			sub.Slug, sub.Regions = strings.ToLower(region), []string{region}
			b.Slug, b.Subscriber = sub.Slug+"-main", id.Subscriber(sub.Slug)
			s.Subscribers, s.Buttons = append(s.Subscribers, sub), append(s.Buttons, b)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, shops)
		defer w.stop()
		r := rand.New(rand.NewPCG(1, uint64(n)))
		taken, of := map[string]int{}, map[id.Callback]string{}
		for i := range n {
			number := generated(r, near)
			region := asker(number, i)
			q := wish("vera", visitorFirst)
			q.Button, q.Number, q.Destination = strings.ToLower(region)+"-main", number, string(telephones["ann"])
			if m, err := w.c.Request(w.ctx, q); err == nil {
				taken[region]++
				of[m.Callback.ID] = region
			}
			if i%200 == 0 {
				pass(s(1))
			}
		}
		pass(minute)
		rung := 0
		for _, c := range w.phones.Calls() {
			region, to := of[c.Callback], c.To.Number()
			if to == "" {
				continue // ann
			}
			rung++
			if p := plans[region]; region == "" || !p.may.MatchString(to) || p.never.MatchString(to) {
				t.Errorf("a business in %s rang %s", region, to)
			}
		}
		if rung < n/20 || taken["US"] == 0 || taken["GB"] == 0 || taken["DE"] == 0 || taken["FR"] == 0 {
			t.Errorf("of %d numbers %v were taken, %d rung: that proves little", n, taken, rung)
		}
		t.Logf("of %d numbers %v were taken, %d rung", n, taken, rung)
	})
}

// asker is who asks for a number: half the time the business of the country that it begins like.
func asker(number string, i int) string {
	if i%2 == 0 {
		for _, c := range []struct{ code, region string }{{"+1", "US"}, {"+44", "GB"}, {"+49", "DE"}, {"+33", "FR"}, {"+378", "SM"}, {"+390549", "SM"}} {
			if strings.HasPrefix(number, c.code) {
				return c.region
			}
		}
	}
	return []string{"US", "GB", "DE", "FR", "SM"}[i%5]
}

func oracleNumbers(t *testing.T) (out []string) {
	text, err := os.ReadFile("../phone/testdata/oracle.csv")
	if err != nil {
		t.Fatal(err)
	}
	c := csv.NewReader(strings.NewReader(string(text)))
	c.Comment, c.FieldsPerRecord = '#', -1
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if strings.HasPrefix(row[0], "+") && len(row[0]) > 6 {
			out = append(out, row[0])
		}
	}
	return out
}

// generated is a number near one of the table, with other last digits, or any digits behind a plus sign.
func generated(r *rand.Rand, near []string) string {
	if r.IntN(4) > 0 {
		b := []byte(near[r.IntN(len(near))])
		for i := len(b) - 1 - r.IntN(7); i < len(b); i++ {
			if i > 1 && b[i] >= '0' && b[i] <= '9' {
				b[i] = byte('0' + r.IntN(10))
			}
		}
		return string(b)
	}
	b := []byte{'+', byte('1' + r.IntN(9))}
	for range 5 + r.IntN(10) {
		b = append(b, byte('0'+r.IntN(10)))
	}
	return string(b)
}

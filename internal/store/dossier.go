package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/store/micro"
)

// Dossier reads all that is kept of a person.
func (db *DB) Dossier(ctx context.Context, p Person) (*callback.Dossier, error) {
	d := &callback.Dossier{Telephone: p.Telephone, Subscriber: p.Subscriber}
	own, others, err := db.CallsOf(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, cb := range own {
		k, err := db.keptOf(ctx, cb)
		if err != nil {
			return nil, err
		}
		d.Calls = append(d.Calls, k)
	}
	for _, cb := range others {
		c, err := db.Callback(ctx, "", cb)
		if err != nil {
			return nil, err
		}
		d.Beside = append(d.Beside, c)
	}
	if d.Contacts, err = db.ContactsOf(ctx, p); err != nil {
		return nil, err
	}
	if d.Consents, err = db.consentsOf(ctx, p, own); err != nil {
		return nil, err
	}
	d.Refusals, err = db.refusalsOf(ctx, p)
	return d, err
}

// consentsOf are her records, the oldest first: by her telephone, and those of her callbacks from before a number was corrected.
func (db *DB) consentsOf(ctx context.Context, p Person, own []id.Callback) (out []consent.Kept, err error) {
	err = db.snapshot(ctx, func(q querier) error {
		texts, err := consentTexts(q)
		if err != nil {
			return err
		}
		seen := map[id.Consent]bool{}
		take := func(e *consent.Entry) error {
			if !seen[e.ID] {
				out = append(out, consent.Kept{Entry: *e, Shown: texts[e.Text]})
			}
			seen[e.ID] = true
			return nil
		}
		for _, cb := range own {
			if err := eachConsent(q, take, "WHERE callback_id = $1", string(cb)); err != nil {
				return err
			}
		}
		return eachConsent(q, take, "WHERE number_hash = $1 AND ($2 = '' OR subscriber_id = $2)", p.NumberHash, string(p.Subscriber))
	})
	if err != nil {
		return nil, fmt.Errorf("consents of a person: %w", err)
	}
	slices.SortStableFunc(out, func(a, b consent.Kept) int { return a.At.Compare(b.At) })
	return out, nil
}

// keptOf reads one callback with all that was written about it.
func (db *DB) keptOf(ctx context.Context, cb id.Callback) (k callback.KeptCall, err error) {
	if k.Callback, err = db.Callback(ctx, "", cb); err != nil {
		return k, err
	}
	if k.Journal, err = db.Journal(ctx, cb); err != nil {
		return k, err
	}
	said, err := db.Remarks(ctx, []id.Callback{cb})
	if k.Remarks = said[cb]; err != nil {
		return k, err
	}
	const enough = 1000
	if k.Recordings, err = db.Recordings(ctx, "", callback.RecordingFilter{Callbacks: []id.Callback{cb}, Limit: enough}); err != nil {
		return k, err
	}
	if k.Letters, err = db.letters(ctx, true, "WHERE callback_id = $1 ORDER BY id", string(cb)); err != nil {
		return k, err
	}
	k.Charges, err = db.chargesOf(ctx, cb)
	return k, err
}

func (db *DB) chargesOf(ctx context.Context, cb id.Callback) ([]callback.Charge, error) {
	rows, err := reader{ctx, db.read}.query("SELECT leg_id, day, prefix, at, seconds, talked, micro, currency FROM charges WHERE callback_id = $1 ORDER BY at", string(cb))
	if err != nil {
		return nil, fmt.Errorf("charges of %s: %w", cb, told(err))
	}
	return collect(rows, func(scan scanner) (c callback.Charge, err error) {
		var at, talked int64
		err = scan(&c.Leg, &c.Day, &c.Prefix, &at, &c.Seconds, &talked, &c.Micro, &c.Currency)
		c.At, c.Talked = micro.Time(at), talked != 0
		return c, err
	})
}

// refusalsOf are those of numbers that are masked as hers is: the whole number was never kept.
func (db *DB) refusalsOf(ctx context.Context, p Person) ([]callback.Refusal, error) {
	shown := phone.Number(p.Telephone.Number()).Mask()
	if shown == "" {
		return nil, nil
	}
	rows, err := reader{ctx, db.read}.query("SELECT id, subscriber_id, button_id, code, masked, page, at FROM refusals WHERE masked = $1 AND ($2 = '' OR subscriber_id = $2) ORDER BY id",
		shown, string(p.Subscriber))
	if err != nil {
		return nil, fmt.Errorf("refusals of a person: %w", told(err))
	}
	return collect(rows, func(scan scanner) (r callback.Refusal, err error) {
		var at int64
		err = scan(&r.ID, &r.Subscriber, &r.Button, &r.Code, &r.Masked, &r.Page, &at)
		r.At = micro.Time(at)
		return r, err
	})
}

// eraseLetters takes away letters that still wait and name her telephone though they are about no callback of hers. What has been
// sent has lost its text.
func eraseLetters(t *tx, p Person) error {
	_, number := p.spellings()
	rows, err := t.query("SELECT "+letterColumns+", body FROM outbox WHERE "+waiting+" AND ($1 = '' OR subscriber_id = $1)", string(p.Subscriber))
	if err != nil {
		return err
	}
	all, err := collect(rows, t.c.db.scanLetter(true))
	if err != nil {
		return err
	}
	for _, l := range all {
		if !names(l.Subject+" "+l.Text, number) && l.To != number {
			continue
		}
		if _, err := t.exec("DELETE FROM outbox WHERE id = $1", string(l.ID)); err != nil {
			return err
		}
	}
	return nil
}

// names says whether a text holds a number, with whatever between its digits.
func names(text, number string) bool {
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}
	d := digits(number)
	return len(d) >= 7 && strings.Contains(digits(text), d[max(0, len(d)-9):]) || strings.Contains(text, number)
}

package store

import (
	"context"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

// KeepCharges is how long the records of calls are kept.
const KeepCharges = 400 * 24 * time.Hour

// spend writes what c, which is written already, has cost, and what is held for it: within the day's budgets.
func spend(t *tx, s *callback.Spend, c *callback.Callback) error {
	if s == nil {
		return nil
	}
	for _, l := range s.Legs {
		if _, err := t.exec(`INSERT INTO charges (leg_id, callback_id, subscriber_id, day, prefix, at, seconds, talked, micro, currency)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (leg_id) DO NOTHING`,
			string(l.Leg), string(c.ID), string(c.Subscriber), l.Day, l.Prefix, micro.Of(l.At), l.Seconds, number(l.Talked), l.Micro, l.Currency); err != nil {
			return err
		}
	}
	switch {
	case !s.Write:
		return nil
	case s.Hold == 0:
		_, err := t.exec("DELETE FROM holds WHERE callback_id = $1", string(c.ID))
		return err
	}
	if err := t.within(s, c); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO holds (callback_id, subscriber_id, day, micro, currency) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (callback_id) DO UPDATE SET day = excluded.day, micro = excluded.micro, currency = excluded.currency`,
		string(c.ID), string(c.Subscriber), s.Day, s.Hold, s.Currency)
	return err
}

// within holds what is spent and held to the budgets.
func (t *tx) within(s *callback.Spend, c *callback.Callback) error {
	if len(s.Limits) == 0 {
		return nil
	}
	if err := t.alone("spend"); err != nil {
		return err
	}
	for _, l := range s.Limits {
		a, err := spent(t, l.Subscriber, s.Day, s.Currency, c.ID)
		if err != nil {
			return err
		}
		if a.Spent+a.Held > l.Micro-s.Hold {
			return fault.New(fault.LimitSpend, "We can make no more calls today. Please try again tomorrow, or telephone us.").After(s.Again)
		}
	}
	return nil
}

// spent adds up a day; what is held for one callback is left out.
func spent(t querier, sub id.Subscriber, day int, currency string, but id.Callback) (a callback.Spent, err error) {
	whose, args := "", []any{day, currency, string(but)}
	if sub != "" {
		whose, args = " AND subscriber_id = $4", append(args, string(sub))
	}
	_, err = one(t, `SELECT
		(SELECT CAST(COALESCE(SUM(micro), 0) AS BIGINT) FROM charges WHERE day = $1 AND currency = $2`+whose+`),
		(SELECT CAST(COALESCE(SUM(micro), 0) AS BIGINT) FROM holds WHERE day = $1 AND currency = $2 AND callback_id <> $3`+whose+`)`,
		args, &a.Spent, &a.Held)
	return a, err
}

// Spent is what a business has spent on a day and what is held for it; "" = all together.
func (db *DB) Spent(ctx context.Context, sub id.Subscriber, day int, currency string) (a callback.Spent, err error) {
	err = db.commit(ctx, "spend", func(t *tx) (err error) {
		a, err = spent(t, sub, day, currency, "")
		return err
	})
	return a, err
}

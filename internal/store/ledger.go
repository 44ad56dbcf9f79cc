package store

import (
	"context"
	"fmt"
	"strings"

	"ringback/internal/consent"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

var _ consent.Ledger = (*DB)(nil)

// VerifyConsents reads the whole ledger and says whether it is as it was written.
func (db *DB) VerifyConsents(ctx context.Context) (r consent.Report, err error) {
	err = db.snapshot(ctx, func(q querier) (err error) {
		r, err = verifyConsents(q, db.seal.proof)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("consents: verify: %w", err)
	}
	return r, nil
}

func verifyConsents(q querier, proof func(consent.Head) []byte) (r consent.Report, err error) {
	v := consent.Verifier{Key: proof}
	err = eachConsent(q, func(e *consent.Entry) error {
		v.Next(e)
		return nil
	}, "ORDER BY chain, seq")
	if err != nil {
		return r, err
	}
	texts, err := consentTexts(q)
	if err != nil {
		return r, err
	}
	heads, err := consentHeads(q)
	return v.End(texts, heads), err
}

// Consents gives the records that f asks for to each, the oldest first. What each returns ends it.
func (db *DB) Consents(ctx context.Context, f consent.Filter, each func(consent.Kept) error) error {
	err := db.snapshot(ctx, func(q querier) error {
		texts, err := consentTexts(q)
		if err != nil {
			return err
		}
		return eachConsent(q, func(e *consent.Entry) error { return each(consent.Kept{Entry: *e, Shown: texts[e.Text]}) },
			"WHERE at >= $1 AND ($2 = '' OR number_hash = $2) AND ($3 = '' OR subscriber_id = $3) ORDER BY at, chain, seq",
			micro.Of(f.Since), f.NumberHash, string(f.Subscriber))
	})
	if err != nil {
		return fmt.Errorf("consents: %w", err)
	}
	return nil
}

func eachConsent(q querier, each func(*consent.Entry) error, where string, args ...any) error {
	rows, err := q.query("SELECT "+consentColumns+" FROM consent_records "+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanConsent(rows.Scan)
		if err != nil {
			return err
		}
		if err := each(&e); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanConsent(scan scanner) (e consent.Entry, err error) {
	var at int64
	var erases string
	var commitment, prev, hash []byte
	err = scan(&e.Chain, &e.Seq, &e.ID, &e.Subscriber, &e.Callback, &e.Act, &e.Route, &e.Text, &at, &erases, &e.Salt, &e.Person, &e.NumberHash,
		&commitment, &prev, &hash)
	e.At = micro.Time(at)
	if erases != "" {
		for _, x := range strings.Split(erases, ",") {
			e.Erases = append(e.Erases, id.Consent(x))
		}
	}
	e.Commitment, e.Prev, e.Hash = hashOf(commitment), hashOf(prev), hashOf(hash)
	return e, err
}

// hashOf reads what is kept of a hash; of another length it is another hash.
func hashOf(b []byte) (h consent.Hash) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}

func consentTexts(q querier) (map[string]consent.Text, error) {
	rows, err := q.query("SELECT hash, version, language, words FROM consent_texts")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]consent.Text{}
	for rows.Next() {
		var hash string
		var t consent.Text
		if err := rows.Scan(&hash, &t.Version, &t.Language, &t.Words); err != nil {
			return nil, err
		}
		out[hash] = t
	}
	return out, rows.Err()
}

func consentHeads(q querier) ([]consent.Stored, error) {
	rows, err := q.query("SELECT chain, seq, hash, proof FROM consent_heads ORDER BY chain")
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan scanner) (s consent.Stored, err error) {
		var hash []byte
		err = scan(&s.Chain, &s.Seq, &hash, &s.Proof)
		s.Hash = hashOf(hash)
		return s, err
	})
}

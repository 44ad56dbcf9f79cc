package store

import (
	"context"
	"fmt"
	"time"

	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/store/micro"
)

var _ letter.Outbox = (*DB)(nil)

// letterBody is what of a letter is sealed: address and text are nobody's business, and a text may hold a secret link.
type letterBody struct {
	To, Subject, Text string
	Files             []letter.File
}

const letterColumns = "id, letter_key, kind, shown, subscriber_id, callback_id, created_at, due_at, last_at, tries, begun_at, sent_at, given_up_at, trouble"

const (
	putLetter = "INSERT INTO outbox (" + letterColumns + ", body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)" +
		" ON CONFLICT (letter_key) DO NOTHING"
	waiting = "sent_at = 0 AND given_up_at = 0"
)

// PutLetters: see letter.Outbox.
func (db *DB) PutLetters(ctx context.Context, all ...letter.Letter) error {
	if err := db.commit(ctx, "outbox", func(t *tx) error { return putLetters(t, all) }); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

func putLetters(t *tx, all []letter.Letter) error {
	for _, l := range all {
		l = micro.Letter(l)
		body := t.c.db.seal.seal(letterPlace(l.ID), []byte(toJSON(letterBody{l.To, l.Subject, l.Text, l.Files})))
		_, err := t.exec(putLetter, string(l.ID), l.Key, string(l.Kind), l.Shown, string(l.Subscriber), string(l.Callback), micro.Of(l.CreatedAt), micro.Of(l.DueAt),
			micro.Of(l.LastAt), l.Tries, micro.Of(l.BegunAt), micro.Of(l.SentAt), micro.Of(l.GivenUpAt), l.Trouble, body)
		if err != nil {
			return err
		}
	}
	return nil
}

func letterPlace(l id.Letter) string { return "letter " + string(l) }

// TakeLetters: see letter.Outbox. Whoever moves due_at has it.
func (db *DB) TakeLetters(ctx context.Context, now, until time.Time, limit int) (out []letter.Letter, err error) {
	due, err := db.letters(ctx, true, "WHERE "+waiting+" AND due_at <= $1 ORDER BY due_at, id LIMIT $2", micro.Of(now), limit)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	err = db.commit(ctx, "outbox", func(t *tx) error {
		out = out[:0]
		for _, l := range due {
			was := micro.Of(l.DueAt)
			if l.DueAt, l.Tries = micro.Round(until), l.Tries+1; l.BegunAt.IsZero() {
				l.BegunAt = micro.Round(now)
			}
			n, err := t.exec("UPDATE outbox SET due_at = $3, tries = $4, begun_at = $5 WHERE id = $1 AND due_at = $2 AND "+waiting,
				string(l.ID), was, micro.Of(l.DueAt), l.Tries, micro.Of(l.BegunAt))
			if err != nil {
				return err
			}
			if n == 1 {
				out = append(out, l)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return out, nil
}

// SettleLetter: see letter.Outbox.
func (db *DB) SettleLetter(ctx context.Context, l letter.Letter) error {
	err := db.commit(ctx, "outbox", func(t *tx) error {
		q := "UPDATE outbox SET due_at = $2, sent_at = $3, given_up_at = $4, trouble = $5 WHERE id = $1"
		args := []any{string(l.ID), micro.Of(l.DueAt), micro.Of(l.SentAt), micro.Of(l.GivenUpAt), micro.Text(l.Trouble)}
		if l.Done() {
			q = "UPDATE outbox SET due_at = $2, sent_at = $3, given_up_at = $4, trouble = $5, body = $6 WHERE id = $1"
			args = append(args, []byte{})
		}
		_, err := t.exec(q, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("letter %s: %w", l.ID, err)
	}
	return nil
}

// LettersOf: see letter.Outbox.
func (db *DB) LettersOf(ctx context.Context, cb id.Callback) ([]letter.Letter, error) {
	return db.letters(ctx, false, "WHERE callback_id = $1 ORDER BY id", string(cb))
}

// LettersGivenUp: see letter.Outbox.
func (db *DB) LettersGivenUp(ctx context.Context, since time.Time, limit int) ([]letter.Letter, error) {
	return db.letters(ctx, false, "WHERE given_up_at > 0 AND given_up_at >= $1 ORDER BY given_up_at DESC, id DESC LIMIT $2", micro.Of(since), limit)
}

// LettersSent: see letter.Outbox.
func (db *DB) LettersSent(ctx context.Context, sub id.Subscriber, k letter.Kind, since time.Time) (n int, err error) {
	_, err = one(reader{ctx, db.read}, "SELECT count(*) FROM outbox WHERE subscriber_id = $1 AND kind = $2 AND begun_at >= $3 AND begun_at > 0 AND given_up_at = 0",
		[]any{string(sub), string(k), micro.Of(since)}, &n)
	if err != nil {
		return 0, fmt.Errorf("outbox: %w", told(err))
	}
	return n, nil
}

// letters reads rows; whole ones are opened.
func (db *DB) letters(ctx context.Context, whole bool, where string, args ...any) ([]letter.Letter, error) {
	rows, err := reader{ctx, db.read}.query("SELECT "+letterColumns+", body FROM outbox "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", told(err))
	}
	out, err := collect(rows, db.scanLetter(whole))
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", told(err))
	}
	return out, nil
}

// scanLetter reads a row; of whole ones the body, too.
func (db *DB) scanLetter(whole bool) func(scanner) (letter.Letter, error) {
	return func(scan scanner) (l letter.Letter, err error) {
		var created, due, last, begun, sent, given int64
		var body []byte
		if err := scan(&l.ID, &l.Key, &l.Kind, &l.Shown, &l.Subscriber, &l.Callback, &created, &due, &last, &l.Tries, &begun, &sent, &given, &l.Trouble, &body); err != nil {
			return l, err
		}
		l.CreatedAt, l.DueAt, l.LastAt, l.BegunAt = micro.Time(created), micro.Time(due), micro.Time(last), micro.Time(begun)
		l.SentAt, l.GivenUpAt = micro.Time(sent), micro.Time(given)
		if !whole || len(body) == 0 { // what is done has lost its text
			return l, nil
		}
		return l, db.openLetter(&l, body)
	}
}

func (db *DB) openLetter(l *letter.Letter, sealed []byte) error {
	text, err := db.seal.open(letterPlace(l.ID), sealed)
	if err != nil {
		return err
	}
	var b letterBody
	if err := fromJSON(text, &b); err != nil {
		return err
	}
	l.To, l.Subject, l.Text, l.Files = b.To, b.Subject, b.Text, b.Files
	return nil
}

package store

import (
	"context"
	"fmt"
	"strings"

	"ringback/internal/consent"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

const consentColumns = "chain, seq, id, subscriber_id, callback_id, act, route, text_hash, at, erases, salt, person, number_hash, commitment, prev, hash"

// chainEnd is where a chain of consents ends within a transaction, and where it ended before it.
type chainEnd struct {
	before int64 // number of the last record on disk
	head   consent.Head
}

// testify adds a record to the ledger, at the end of this committer's own chain: no two transactions wait for each other.
func testify(t *tx, r *consent.Record, of id.Callback) error {
	if r == nil {
		return nil
	}
	rec := *r
	if rec.Callback == "" {
		rec.Callback = of
	}
	if rec.ID == "" {
		rec.ID = t.c.db.o.Mint.Consent()
	}
	rec.Text.Words, rec.Person.Page, rec.Person.UserAgent = micro.Text(rec.Text.Words), micro.Text(rec.Person.Page), micro.Text(rec.Person.UserAgent)
	rec.Person.Number = micro.Text(rec.Person.Number)
	if err := keepText(t, rec.Text); err != nil {
		return err
	}
	end, err := t.chainEnd(t.c.lane)
	if err != nil {
		return err
	}
	e, head := end.head.Seal(rec, t.c.db.o.Mint.Salt(consent.SaltSize))
	t.unit.putChain(t.c.lane, chainEnd{end.before, head})
	t.later(consents, e.Chain, e.Seq, string(e.ID), string(e.Subscriber), string(e.Callback), string(e.Act), string(e.Route), e.Text,
		e.At.UnixMicro(), joined(e.Erases), e.Salt, e.Person, e.NumberHash, e.Commitment[:], e.Prev[:], e.Hash[:])
	return nil
}

func joined(all []id.Consent) string {
	s := make([]string, len(all))
	for i, x := range all {
		s[i] = string(x)
	}
	return strings.Join(s, ",")
}

// keepText writes a sentence the first time that it was shown.
func keepText(t *tx, text consent.Text) error {
	h := text.Hash()
	if h == "" || t.unit.texts[h] || t.batch.texts[h] || t.c.db.cache.knowsText(h) {
		return nil
	}
	_, err := t.exec("INSERT INTO consent_texts (hash, version, language, words) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING",
		h, text.Version, text.Language, text.Words)
	if err == nil {
		t.unit.putText(h)
	}
	return err
}

// chainEnd is where the chain ends, with what this batch has added to it.
func (t *tx) chainEnd(chain int64) (end chainEnd, err error) {
	for _, p := range []*pending{&t.unit, &t.batch} {
		if end, ok := p.chains[chain]; ok {
			return end, nil
		}
	}
	if h, ok := t.c.db.cache.chain(chain); ok {
		return chainEnd{h.Seq, h}, nil
	}
	h := consent.Head{Chain: chain}
	var hash []byte
	if _, err := one(t, "SELECT seq, hash FROM consent_heads WHERE chain = $1", []any{chain}, &h.Seq, &hash); err != nil {
		return end, err
	}
	copy(h.Hash[:], hash)
	return chainEnd{h.Seq, h}, nil
}

// endChains writes where the chains end now. One that another process has added to meanwhile is begun anew there.
func (t *tx) endChains() error {
	for _, c := range t.batch.chains {
		n, err := t.exec(`INSERT INTO consent_heads (chain, seq, hash, proof) VALUES ($1, $2, $3, $4)
			ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, proof = excluded.proof WHERE consent_heads.seq = $5`,
			c.head.Chain, c.head.Seq, c.head.Hash[:], t.c.db.seal.proof(c.head), c.before)
		if err != nil {
			return err
		}
		if n != 1 {
			return errInTheWay
		}
	}
	return nil
}

// proof shows that the end of a chain was written by who has the keys.
func (s *sealer) proof(h consent.Head) []byte {
	return mac(s.chain, fmt.Sprintf("chain %d %d", h.Chain, h.Seq), h.Hash[:])
}

func (p *pending) putChain(chain int64, end chainEnd) {
	if p.chains == nil {
		p.chains = map[int64]chainEnd{}
	}
	p.chains[chain] = end
}

func (p *pending) putText(hash string) {
	if p.texts == nil {
		p.texts = map[string]bool{}
	}
	p.texts[hash] = true
}

func (c *cache) chain(chain int64) (consent.Head, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	h, ok := c.chains[chain]
	return h, ok
}

func (c *cache) knowsText(hash string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.texts[hash]
}

// mergeConsents is merge; alone says that nobody else writes.
func (c *cache) mergeConsents(p *pending, alone bool) {
	for k, v := range p.chains {
		if c.chains == nil {
			c.chains = map[int64]consent.Head{}
		}
		if alone {
			c.chains[k] = v.head
		}
	}
	for k := range p.texts {
		if c.texts == nil {
			c.texts = map[string]bool{}
		}
		c.texts[k] = true
	}
}

// adoptConsents takes over what was agreed to before there was a ledger, a slice at a time.
func (db *DB) adoptConsents(ctx context.Context) error {
	for {
		n := 0
		err := db.commit(ctx, "consents", func(t *tx) error {
			old, err := oldConsents(t)
			if err != nil {
				return err
			}
			n = len(old)
			for i := range old {
				if err := testify(t, &old[i], ""); err != nil {
					return err
				}
				if _, err := t.exec("DELETE FROM consents WHERE subscriber_id = $1 AND id = $2", string(old[i].Subscriber), string(old[i].ID)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

func oldConsents(t *tx) ([]consent.Record, error) {
	rows, err := t.query(`SELECT c.subscriber_id, c.id, c.callback_id, c.text_version, c.text, c.act, c.page, c.address_hash, c.user_agent, c.at,
		coalesce(b.number, ''), coalesce(b.endpoint, ''), coalesce(b.number_hash, '')
		FROM consents c LEFT JOIN callbacks b ON b.id = c.callback_id ORDER BY c.at, c.id LIMIT 500`)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(scan scanner) (r consent.Record, err error) {
		var at int64
		var endpoint string
		r.Act, r.Text.Language = consent.Given, "en"
		err = scan(&r.Subscriber, &r.ID, &r.Callback, &r.Text.Version, &r.Text.Words, &r.Route, &r.Person.Page, &r.Person.Address, &r.Person.UserAgent, &at,
			&r.Person.Number, &endpoint, &r.Person.NumberHash)
		r.At = micro.Time(at)
		if r.Person.Number == "" {
			r.Person.Number = endpoint
		}
		return r, err
	})
}

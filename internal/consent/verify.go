package consent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"ringback/internal/id"
)

// Bad is the first record that is not as it was written.
type Bad struct {
	Chain int64      `json:"chain"`
	Seq   int64      `json:"seq"`
	ID    id.Consent `json:"id"` // "" = it is missing
	Why   string     `json:"why"`
}

func (b *Bad) Error() string {
	name := string(b.ID)
	if name == "" {
		name = "a record"
	}
	return fmt.Sprintf("%s (chain %d, number %d): %s", name, b.Chain, b.Seq, b.Why)
}

// Report is what a verification found.
type Report struct {
	Records int         `json:"records"`
	Erased  int         `json:"erased"` // of them without their personal part
	Chains  []ChainHead `json:"chains"`
	Bad     *Bad        `json:"bad"` // nil = all is as it was written
}

// ChainHead is where a chain ends: whoever has noted it can tell later that what came before is still the same.
type ChainHead struct {
	Chain int64  `json:"chain"`
	Seq   int64  `json:"seq"`
	Head  string `json:"head"`
}

// Verifier reads a ledger record by record: chain by chain, each in its order.
type Verifier struct {
	// Key proves that a head was written by us: a whole chain that was computed anew does not pass. nil = not asked.
	Key func(Head) []byte

	report Report
	last   Head
	bare   []Bad               // erased, and no record of an erasure was read yet that names them
	erased map[id.Consent]bool // named by a record of an erasure
	texts  map[string]Bad      // hash -> the first record that names it
	heads  []Head
}

// Next takes the next record.
func (v *Verifier) Next(e *Entry) {
	v.report.Records++
	if e.Chain != v.last.Chain || v.report.Records == 1 {
		v.finish()
		v.last = Head{Chain: e.Chain}
	}
	v.look(e)
	v.last = Head{e.Chain, e.Seq, e.Hash}
	if e.Text != "" {
		if v.texts == nil {
			v.texts = map[string]Bad{}
		}
		if _, known := v.texts[e.Text]; !known {
			v.texts[e.Text] = Bad{e.Chain, e.Seq, e.ID, "the text that was shown is missing"}
		}
	}
	for _, x := range e.Erases {
		if v.erased == nil {
			v.erased = map[id.Consent]bool{}
		}
		v.erased[x] = true
	}
}

func (v *Verifier) finish() {
	if v.last.Seq > 0 {
		v.heads = append(v.heads, v.last)
	}
}

func (v *Verifier) look(e *Entry) {
	switch why := v.wrong(e); {
	case why != "":
		v.bad(Bad{e.Chain, e.Seq, e.ID, why})
	case e.IsErased():
		v.report.Erased++
		v.bare = append(v.bare, Bad{e.Chain, e.Seq, e.ID, "its personal part is gone, and no erasure is on record that took it away"})
	}
}

func (v *Verifier) wrong(e *Entry) string {
	switch {
	case e.Seq != v.last.Seq+1:
		return fmt.Sprintf("number %d should come here: a record was taken away or put in", v.last.Seq+1)
	case e.Prev != v.last.Hash:
		return "it does not follow from the record before it"
	case e.Hash != e.seal():
		return "it was changed after it was written"
	case e.IsErased():
		return ""
	case e.Commitment != commit(e.Salt, e.Person):
		return "its personal part was changed after it was written"
	}
	var p Person
	if json.Unmarshal([]byte(e.Person), &p) != nil || p.NumberHash != e.NumberHash {
		return "its number's hash was changed after it was written"
	}
	return ""
}

// bad keeps the first.
func (v *Verifier) bad(b Bad) {
	if v.report.Bad == nil || b.before(v.report.Bad) {
		v.report.Bad = &b
	}
}

func (b *Bad) before(c *Bad) bool {
	return b.Chain < c.Chain || b.Chain == c.Chain && b.Seq < c.Seq
}

// Stored is the end of a chain as it is kept beside it, with its proof.
type Stored struct {
	Head
	Proof []byte
}

// End takes the texts by their hashes and the ends of the chains as they are kept, and returns what was found.
func (v *Verifier) End(texts map[string]Text, kept []Stored) Report {
	v.finish()
	for hash, first := range v.texts {
		switch t, known := texts[hash]; {
		case !known:
			v.bad(first)
		case t.Hash() != hash:
			first.Why = "the text that was shown was changed after it was written"
			v.bad(first)
		}
	}
	for _, b := range v.bare {
		if !v.erased[b.ID] {
			v.bad(b)
		}
	}
	v.ends(kept)
	v.report.Chains = []ChainHead{}
	for _, h := range v.heads {
		v.report.Chains = append(v.report.Chains, ChainHead{h.Chain, h.Seq, h.Hash.String()})
	}
	return v.report
}

// ends compares where each chain ends with where it should.
func (v *Verifier) ends(kept []Stored) {
	for _, s := range kept {
		i := slices.IndexFunc(v.heads, func(h Head) bool { return h.Chain == s.Chain })
		read := Head{Chain: s.Chain}
		if i >= 0 {
			read = v.heads[i]
		}
		switch {
		case read.Seq < s.Seq:
			v.bad(Bad{s.Chain, read.Seq + 1, "", fmt.Sprintf("the chain should go on to number %d: its end was taken away", s.Seq)})
		case read != s.Head:
			v.bad(Bad{s.Chain, max(1, s.Seq), "", "the chain does not end as it was written"})
		case v.Key != nil && !bytes.Equal(s.Proof, v.Key(s.Head)):
			v.bad(Bad{s.Chain, max(1, s.Seq), "", "its end was not written by this service: the chain was made anew, or the keys in the data folder are others"})
		}
	}
	for _, h := range v.heads {
		if !slices.ContainsFunc(kept, func(s Stored) bool { return s.Chain == h.Chain }) {
			v.bad(Bad{h.Chain, 1, "", "nothing says where this chain ends"})
		}
	}
}

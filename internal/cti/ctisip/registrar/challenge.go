package registrar

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"ringback/internal/cti"
)

// Challenge asks for a password: the same for everybody, whether the name is known or not.
//
// Both algorithms are offered, the better one first (RFC 8760 section 2.4): a telephone that knows only MD5 is to pass over
// the other one. Some give up at the first word that they do not know instead; those are offered MD5 alone.
func (r *Registrar) Challenge(q Request, stale bool) Answer {
	nonce := r.nonces.mint(q.From.Addr())
	a := refuse(401, "Unauthorized")
	algorithms := []string{"SHA-256", "MD5"}
	if r.plain.only(q) {
		algorithms = algorithms[1:]
	}
	for _, algorithm := range algorithms {
		v := fmt.Sprintf(`Digest realm="%s", nonce="%s", qop="auth", algorithm=%s`, cti.Realm, nonce, algorithm)
		if stale {
			v += ", stale=true"
		}
		a.Headers = append(a.Headers, Header{"WWW-Authenticate", v})
	}
	return a
}

// strict are the User-Agents, by how they begin, that end a registration at an algorithm that they do not know.
var strict = []string{"baresip v0.", "baresip v1.", "baresip v2."}

// plain remembers who asked again with no answer to a challenge with both algorithms, for as long as a telephone tries.
type plain struct {
	mu    sync.Mutex
	asked map[asker]*asking
}

// asker is a telephone: each start of one has a Call-ID of its own.
type asker struct {
	from   netip.Addr
	callID string
}

type asking struct {
	cseq uint32
	only bool
	at   time.Time
}

const askerMemory = time.Hour

// only says whether the request comes from one that can answer MD5 alone.
func (p *plain) only(q Request) bool {
	for _, s := range strict {
		if strings.HasPrefix(q.UserAgent, s) {
			return true
		}
	}
	k := asker{network(q.From.Addr()), cut(q.CallID, 64)}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.asked[k]
	switch _, answered := ourCredentials(q.Authorization); {
	case answered:
		return a != nil && a.only
	case a == nil:
		p.remember(k, &asking{cseq: q.CSeq, at: now}, now)
		return false
	}
	a.only = a.only || q.CSeq != a.cseq // the same one again is a repetition
	a.at = now
	return a.only
}

// remember keeps at most maxRemembered of them: more are forged.
func (p *plain) remember(k asker, a *asking, now time.Time) {
	if len(p.asked) >= maxRemembered {
		for o, old := range p.asked {
			if now.Sub(old.at) > askerMemory {
				delete(p.asked, o)
			}
		}
	}
	if len(p.asked) < maxRemembered {
		p.asked[k] = a
	}
}

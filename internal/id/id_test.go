package id

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	mathrand "math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// always is an endless source of one byte.
type always byte

func (a always) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(a)
	}
	return len(p), nil
}

func clockAt(t time.Time) func() time.Time { return func() time.Time { return t } }

// The time and the highest value are those of the ULID specification; all else is by its alphabet.
func TestULID(t *testing.T) {
	for _, c := range []struct {
		ms   int64
		rand byte
		want Callback
	}{
		{0, 0, "cb_00000000000000000000000000"},
		{1469918176385, 0, "cb_01aryz6s410000000000000000"},
		{1469918176385, 255, "cb_01aryz6s41zzzzzzzzzzzzzzzz"},
		{1<<48 - 1, 255, "cb_7zzzzzzzzzzzzzzzzzzzzzzzzz"},
	} {
		m := NewMint(clockAt(time.UnixMilli(c.ms)), always(c.rand))
		if got := m.Callback(); got != c.want {
			t.Errorf("%d: %s, want %s", c.ms, got, c.want)
		}
	}
}

// Ids sort by the millisecond they were minted in, whatever the random part is.
func TestOrder(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	m := NewMint(func() time.Time { return now }, rand.Reader)
	var ids []Leg
	for range 2000 {
		ids = append(ids, m.Leg())
		now = now.Add(time.Millisecond)
	}
	if !slices.IsSorted(ids) {
		t.Error("ids of later times sort before earlier ones")
	}
}

func TestPrefixes(t *testing.T) {
	m := NewMint(time.Now, rand.Reader)
	form := regexp.MustCompile(`^[a-z]{2,3}_[0-7][0-9a-hjkmnp-tv-z]{25}$`)
	seen := map[string]bool{}
	for prefix, got := range map[string]string{
		"cb_": string(m.Callback()), "leg_": string(m.Leg()), "sub_": string(m.Subscriber()), "btn_": string(m.Button()),
		"agt_": string(m.Agent()), "rep_": string(m.Representation()), "trk_": string(m.Trunk()), "key_": string(m.Key()),
		"con_": string(m.Contact()), "int_": string(m.Interaction()), "cns_": string(m.Consent()), "blk_": string(m.Block()),
		"ref_": string(m.Refusal()), "nod_": string(m.Node()), "req_": string(m.Request()),
	} {
		if !Has(prefix, got) || !form.MatchString(got) || seen[got] {
			t.Errorf("%s: %s", prefix, got)
		}
		seen[got] = true
		if Has(prefix, got+"x") || Has(prefix, got[1:]) || Has("x"+prefix, got) {
			t.Errorf("%s: Has takes what is none", got)
		}
	}
}

// Many at once, in one millisecond: none twice. The seeded source is not safe for concurrent use; the mint is.
func TestUnique(t *testing.T) {
	m := NewMint(clockAt(time.UnixMilli(1_700_000_000_000)), mathrand.NewChaCha8([32]byte{1}))
	const each = 5000
	made := make([][]Callback, 8)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			for range each {
				made[i] = append(made[i], m.Callback())
			}
		})
	}
	wg.Wait()
	all := slices.Concat(made...)
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != each*len(made) {
		t.Errorf("%d different ids of %d", n, each*len(made))
	}
}

// A seeded day mints the same ids each time.
func TestRepeatable(t *testing.T) {
	mint := func() []string {
		m := NewMint(clockAt(time.UnixMilli(5)), bytes.NewReader(bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, 20)))
		return []string{string(m.Callback()), string(m.Leg()), m.Token(CallbackToken)}
	}
	if a, b := mint(), mint(); !slices.Equal(a, b) {
		t.Errorf("%v, then %v", a, b)
	}
}

func TestToken(t *testing.T) {
	m := NewMint(time.Now, rand.Reader)
	a, b := m.Token(SecretKey), m.Token(SecretKey)
	if a == b || !strings.HasPrefix(a, "sk_") || len(a) != 3+43 {
		t.Errorf("%s, %s", a, b)
	}
	h := sha256.Sum256([]byte(a))
	if TokenHash(a) != hex.EncodeToString(h[:]) || TokenHash(a) == TokenHash(b) {
		t.Error("the hash is not the token's SHA-256")
	}
}

// Better to die than to mint a secret of zeros.
func TestNoRandomness(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a token was made of nothing")
		}
	}()
	NewMint(time.Now, io.LimitReader(rand.Reader, 31)).Token(SecretKey)
}

func TestCheckSlug(t *testing.T) {
	for s, ok := range map[string]bool{
		"acme": true, "a": true, "0": true, "acme-main-2": true, strings.Repeat("a", 63): true,
		"": false, "-acme": false, "Acme": false, "ac me": false, "acme_1": false, "acmé": false, "a/b": false, "acme\n": false, strings.Repeat("a", 64): false,
	} {
		if err := CheckSlug(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}

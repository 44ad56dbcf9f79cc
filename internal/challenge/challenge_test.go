package challenge

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"ringback/internal/fault"
)

var noon = time.Unix(1_795_600_000, 0)

func TestAProofIsForOneButtonOneNumberAndItsTime(t *testing.T) {
	s := New([]byte("key"))
	p := s.Puzzle("btn_1", Commit("+12025550100"), "r", noon)
	proof := p.Solve()
	used, err := s.Check(proof, "btn_1", Commit("+12025550100"), noon.Add(Life))
	if err != nil || used.Key == "" || used.For != Life {
		t.Fatalf("%+v, %v", used, err)
	}
	if again, _ := s.Check(proof, "btn_1", Commit("+12025550100"), noon); again != used {
		t.Errorf("the same proof is kept as %v and %v", used, again)
	}
	with := func(change func(a *answer)) string {
		b, _ := base64.StdEncoding.DecodeString(proof)
		var a answer
		if err := json.Unmarshal(b, &a); err != nil {
			t.Fatal(err)
		}
		change(&a)
		b, _ = json.Marshal(a)
		return base64.StdEncoding.EncodeToString(b)
	}
	for _, row := range []struct {
		name, proof, button, number string
		at                          time.Time
		old                         bool
	}{
		{"another number", proof, "btn_1", "+12025550101", noon, false},
		{"the number in another spelling", proof, "btn_1", "+1 202 555 0100", noon, false},
		{"another button", proof, "btn_2", "+12025550100", noon, false},
		{"late", proof, "btn_1", "+12025550100", noon.Add(Life + time.Second), true},
		{"nothing", "", "btn_1", "+12025550100", noon, false},
		{"no base64", "%%%", "btn_1", "+12025550100", noon, false},
		{"no JSON", "AAAA", "btn_1", "+12025550100", noon, false},
		{"long", strings.Repeat("A", maxProof+4), "btn_1", "+12025550100", noon, false},
		{"another answer", with(func(a *answer) { a.Number++ }), "btn_1", "+12025550100", noon, false},
		{"below zero", with(func(a *answer) { a.Number = -1 }), "btn_1", "+12025550100", noon, false},
		{"another algorithm", with(func(a *answer) { a.Algorithm = "SHA-1" }), "btn_1", "+12025550100", noon, false},
		{"another signature", with(func(a *answer) { a.Signature = strings.Repeat("0", 64) }), "btn_1", "+12025550100", noon, false},
		{"more time of one's own", with(func(a *answer) {
			a.Salt = strings.Replace(a.Salt, "expires=1", "expires=9", 1)
			a.Challenge = Commit(a.Salt + "7")
			a.Number = 7
		}), "btn_1", "+12025550100", noon, false},
		{"another's key", New([]byte("other")).Puzzle("btn_1", Commit("+12025550100"), "r", noon).Solve(), "btn_1", "+12025550100", noon, false},
	} {
		_, err := s.Check(row.proof, row.button, Commit(row.number), row.at)
		if !fault.Is(err, fault.ProofInvalid) || errors.Is(err, ErrOld) != row.old {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// What the ALTCHA library for Go, version 1.0.0, made: a challenge with our salt and number under the same key, and its
// solution. That is what other people's widgets send.
func TestTheWireIsALTCHA(t *testing.T) {
	s := &Setter{[]byte("interop-key")}
	a := answer{"SHA-256", "c86c1c7519c4d1f8940bf368bc49c30db4dda7839763b1e5f3d4aaaf3650f86e", 4711, "0123456789abcdef01234567?button=btn_1&expires=1795600600&for=" + Commit("+12025550100") + "&", "882afaa2c051ae5147a4181b8441e4ffaa8d84d06f6ddd8874d452da3cc33ad0"}
	b, _ := json.Marshal(a)
	if _, err := s.Check(base64.StdEncoding.EncodeToString(b), "btn_1", Commit("+12025550100"), noon); err != nil {
		t.Error(err)
	}
	b, _ = json.Marshal(s.Puzzle("btn_1", Commit(""), "r", noon))
	for _, field := range []string{`"algorithm":"SHA-256"`, `"maxnumber":50000`, `"salt":"`, `"challenge":"`, `"signature":"`} {
		if !strings.Contains(string(b), field) {
			t.Errorf("%s lacks %s", b, field)
		}
	}
}

func TestATicketIsForOneButtonAndAPersonsTime(t *testing.T) {
	s := New([]byte("key"))
	ticket := s.Ticket("btn_1", "r", noon)
	for _, row := range []struct {
		name, ticket, button string
		after                time.Duration
		good, old            bool
	}{
		{"a person", ticket, "btn_1", MinAge, true, false},
		{"at the end", ticket, "btn_1", TicketLife, true, false},
		{"a program", ticket, "btn_1", MinAge - time.Second, false, false},
		{"too late", ticket, "btn_1", TicketLife + time.Second, false, true},
		{"another button", ticket, "btn_2", time.Minute, false, false},
		{"another's", New([]byte("x")).Ticket("btn_1", "r", noon), "btn_1", time.Minute, false, false},
		{"nothing", "", "btn_1", time.Minute, false, false},
		{"younger", strings.Replace(ticket, "1795", "1794", 1), "btn_1", time.Minute, false, false},
		{"cut", ticket[:len(ticket)-1], "btn_1", time.Minute, false, false},
	} {
		used, err := s.CheckTicket(row.ticket, row.button, noon.Add(row.after))
		if (err == nil) != row.good || errors.Is(err, ErrOld) != row.old || err != nil && !fault.Is(err, fault.ProofInvalid) {
			t.Errorf("%s: %+v, %v", row.name, used, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	s := New([]byte("key"))
	f.Add(s.Puzzle("btn_1", Commit("1"), "r", noon).Solve())
	f.Add("e30=")
	f.Add(s.Ticket("btn_1", "r", noon))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := s.Check(text, "btn_2", Commit("1"), noon); err == nil {
			t.Errorf("%q is a proof for a button that no puzzle was set for", text)
		}
		if _, err := s.CheckTicket(text, "btn_2", noon.Add(time.Minute)); err == nil {
			t.Errorf("%q is a ticket", text)
		}
	})
}

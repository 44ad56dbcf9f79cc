package web_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/fault"
	"ringback/internal/id"
)

// folk are people of whom something is kept: of each whoever asks is noted.
type folk struct {
	mu    sync.Mutex
	asked []string
}

func (f *folk) note(what string, sub id.Subscriber, to cti.Endpoint, by string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, strings.TrimSpace(what+" "+string(sub)+" "+string(to)+" "+by))
}

func (f *folk) Dossier(_ context.Context, sub id.Subscriber, to cti.Endpoint) (*callback.Dossier, error) {
	f.note("export", sub, to, "")
	c := &callback.Callback{ID: "cb_vera", Subscriber: acme, Number: "+12025550100", Name: "Vera", State: callback.Ended}
	return &callback.Dossier{Telephone: to, Subscriber: sub, Calls: []callback.KeptCall{{Callback: c}}}, nil
}

func (f *folk) Erase(_ context.Context, sub id.Subscriber, to cti.Endpoint, by string) (callback.Erasure, error) {
	if to == "tel:+12025550101" {
		return callback.Erasure{}, fault.New(fault.TooLate, "A call of this person is under way.")
	}
	f.note("erase", sub, to, by)
	return callback.Erasure{Callbacks: 1, NeverAgain: true}, nil
}

// A business's key sees and erases what is its own; an operator's key everything, or one business's.
func TestPeople(t *testing.T) {
	h := newHouse(t)
	body := `{"number":"(202) 555-0100"}`
	if m := h.do("POST", "/api/v1/people/export", body, key(acmeKey)).want(t, 200).body; !strings.Contains(m, `"name":"Vera"`) || !strings.Contains(m, `"endpoint":"tel:+12025550100"`) {
		t.Errorf("the export says %s", m)
	}
	m := h.do("POST", "/api/v1/people/erase", body, key(acmeKey)).want(t, 200).json(t)
	if m["callbacks"] != 1.0 || m["never_again"] != true {
		t.Errorf("erased: %v", m)
	}
	h.do("POST", "/api/v1/people/erase", `{"number":"+12025550100","subscriber":"acme"}`, key(operatorKey)).want(t, 200)
	h.do("POST", "/api/v1/people/erase", `{"number":"sip:vera@192.0.2.9"}`, key(operatorKey)).want(t, 200)
	isProblem(t, h.do("POST", "/api/v1/people/erase", `{"number":"+12025550101"}`, key(operatorKey)), 409, "too_late")
	isProblem(t, h.do("POST", "/api/v1/people/erase", `{}`, key(operatorKey)), 422, "field_required")
	isProblem(t, h.do("POST", "/api/v1/people/export", `{"number":"call me"}`, key(operatorKey)), 422, "number_invalid")
	h.do("POST", "/api/v1/people/export", body, key(otherKey)).want(t, 200)
	isProblem(t, h.do("POST", "/api/v1/people/export", body, h.session(ann)), 403, "forbidden")
	want := []string{
		"export " + string(acme) + " tel:+12025550100", "erase " + string(acme) + " tel:+12025550100 " + string(subKey),
		"erase " + string(acme) + " tel:+12025550100 " + string(opKey), "erase  sip:vera@192.0.2.9 " + string(opKey), "export " + string(other) + " tel:+12025550100",
	}
	if !slices.Equal(h.folk.asked, want) {
		t.Errorf("asked for: %q, want %q", h.folk.asked, want)
	}
}

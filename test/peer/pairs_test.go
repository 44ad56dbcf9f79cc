package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"ringback/internal/cti/ctitest"
	"ringback/internal/simcarrier"
)

// TestPairs: a visitor at a telephone, an Internet telephone or in the browser, and an agent at each of the three, in both
// orders: each hears the other's tone and not her own.
func TestPairs(t *testing.T) {
	long(t)
	t.Parallel()
	net := carrier(t)
	kinds := []string{"tel", "sip", "web"}
	subscribers, agents := "", "\nagents:\n"
	for i, k := range kinds {
		subscribers += fmt.Sprintf("  - {id: shop-%[1]s, name: Shop, regions: [US], caller_id: \"+120255501%[2]d\", limits: {concurrent: 9}, buttons: [{id: %[1]s-agent-first, tries: 1, proof: off, channels: [phone, web]}, {id: %[1]s-visitor-first, tries: 1, proof: off, order: visitor_first, channels: [phone, web]}]}\n", k, 90+i)
		device := map[string]string{"tel": `"tel:+13125550180"`, "sip": fmt.Sprintf(`"sip:ann0180@%s"`, net.Addr()), "web": `"web", "sip:nobody@127.0.0.1:9"`}[k]
		agents += fmt.Sprintf("  - {id: ann-%[1]s, name: Ann, devices: [%[2]s], ready: true, represents: [{subscriber: shop-%[1]s, display_name: Ann}]}\n", k, device)
	}
	s := serve(t, config{}, fmt.Sprintf("trunks:\n  - {id: net, address: \"sip:%s\"}\nsubscribers:\n%s%s", net.Addr(), subscribers, agents))
	person(t, net, "+13125550180", simcarrier.Person{Does: "answers", After: 200 * time.Millisecond, Press: "1", PressAfter: 1500 * time.Millisecond, Talk: time.Minute})
	person(t, net, "ann0180", simcarrier.Person{Does: "answers", After: 200 * time.Millisecond, Talk: time.Minute})
	desk := ctitest.NewBrowser(t, 620)
	desk.Connect(func(_ context.Context, offer string) (string, error) {
		return s.offers(t, "/api/v1/agents/ann-web/browser", offer), nil
	})
	for _, agent := range kinds {
		t.Run("agent "+agent, func(t *testing.T) { // one at a time: each agent has one pair of ears
			if agent != "web" {
				t.Parallel()
			}
			for n, visitor := range kinds {
				for m, order := range []string{"agent-first", "visitor-first"} {
					t.Run("visitor "+visitor+" "+order, func(t *testing.T) {
						s.pair(t, net, desk, agent, visitor, order, 10*n+m)
					})
				}
			}
		})
	}
}

// end is one end of a call: a telephone of the network, or a page.
type end struct {
	page *ctitest.Browser
	at   string // of a telephone, in the ledger
}

// pair makes one call and wants both to hear each other, and neither itself.
func (s *service) pair(t *testing.T, net *simcarrier.Carrier, desk *ctitest.Browser, agent, visitor, order string, n int) {
	t.Helper()
	s.ready(t, "ann-"+agent)
	a := map[string]end{"tel": {at: "+13125550180"}, "sip": {at: "ann0180"}, "web": {page: desk}}[agent]
	v := end{at: map[string]string{"tel": fmt.Sprintf("+1202555%d%d%02d", map[string]int{"tel": 2, "sip": 3, "web": 4}[agent], n%10, 20+n), "sip": fmt.Sprintf("joe%d%s%s", n, agent, order)}[visitor]}
	desk.Forget()
	wish := map[string]any{"button": agent + "-" + order, "limits": "skip"}
	var cb string
	switch visitor {
	case "web":
		v.page = ctitest.NewBrowser(t, 940)
		cb = s.talksHere(t, agent+"-"+order, v.page)
	case "tel":
		wish["number"], wish["limits"] = v.at, ""
		fallthrough
	default:
		who := simcarrier.Person{Does: "answers", After: 200 * time.Millisecond, Talk: time.Minute}
		if order == "visitor-first" {
			who.Press, who.PressAfter = "1", 2*time.Second
		}
		person(t, net, v.at, who)
		if visitor == "sip" {
			wish["endpoint"] = fmt.Sprintf("sip:%s@%s", v.at, net.Addr())
		}
		cb = s.request(t, wish)
	}
	if agent == "web" {
		s.accepts(t, cb)
	}
	s.connected(t, cb, soon)
	a.hears(t, net, cb, "the agent", v)
	v.hears(t, net, cb, "the visitor", a)
	s.cancel(t, cb)
	s.await(t, cb, soon, "over for both", func(r *record) bool {
		return r.State == "ended" && r.last("agent").EndedAt != nil && r.last("visitor").EndedAt != nil
	})
}

// tone is what an end says.
func (e end) tone(t *testing.T, net *simcarrier.Carrier, cb string) float64 {
	t.Helper()
	if e.page != nil {
		return e.page.Says()
	}
	return float64(entry(t, net, cb, e.at, soon, func(simcarrier.Entry) bool { return true }).ToneHz)
}

// hears wants a second of the other's tone at an end, and nothing of its own.
func (e end) hears(t *testing.T, net *simcarrier.Carrier, cb, who string, other end) {
	t.Helper()
	hz, own := other.tone(t, net, cb), e.tone(t, net, cb)
	if e.page != nil {
		if !e.page.Hears(hz, time.Second) || e.page.Heard(own) > 0 {
			t.Errorf("%s heard %.0f Hz for %v, the own %.0f Hz for %v", who, hz, e.page.Heard(hz), own, e.page.Heard(own))
		}
		return
	}
	heard := func(x simcarrier.Entry, hz float64) (d float64) {
		for _, tone := range x.TonesHeard {
			if math.Abs(float64(tone.Hz)-hz) < 15 {
				d += tone.Seconds
			}
		}
		return d
	}
	x := entry(t, net, cb, e.at, 15*time.Second, func(x simcarrier.Entry) bool { return heard(x, hz) >= 1 })
	if d := heard(x, own); d > 0 {
		t.Errorf("%s heard itself for %.1f s", who, d)
	}
}

// ready makes an agent ready, whatever she has done before.
func (s *service) ready(t *testing.T, agent string) {
	t.Helper()
	if wait(t, soon, func() (*service, bool) {
		s.ask(t, "POST", "/api/v1/agents/"+agent+"/presence", map[string]any{"presence": "ready"})
		_, body := s.ask(t, "GET", "/api/v1/agents/"+agent, nil)
		return s, bytes.Contains(body, []byte(`"presence":"ready"`))
	}) == nil {
		t.Fatalf("%s does not become ready", agent)
	}
}

// accepts takes the offer at the agent's page.
func (s *service) accepts(t *testing.T, cb string) {
	t.Helper()
	r := s.await(t, cb, soon, "ringing at the desk", func(r *record) bool { return r.State == "ended" || r.last("agent").State == "ringing" })
	if status, body := s.ask(t, "POST", "/api/v1/callbacks/"+cb+"/accept", map[string]any{"leg": r.last("agent").ID}); status >= 300 {
		t.Fatalf("accept: %d %s", status, body)
	}
}

// talksHere is a visitor who talks in the browser; it returns the callback.
func (s *service) talksHere(t *testing.T, button string, page *ctitest.Browser) string {
	t.Helper()
	status, body := s.ask(t, "POST", "/api/v1/public/buttons/"+button+"/callbacks", map[string]any{"channel": "web", "consent": true, "name": "Vera"})
	var made struct{ ID, Token string }
	if err := json.Unmarshal(body, &made); err != nil || status != http.StatusCreated {
		t.Fatalf("%d %s %v", status, body, err)
	}
	page.Connect(func(_ context.Context, offer string) (string, error) {
		return s.offers(t, "/api/v1/public/callbacks/"+made.Token+"/browser", offer), nil
	})
	return made.ID
}

// offers brings a page's offer to the service and returns the answer.
func (s *service) offers(t *testing.T, path, offer string) string {
	t.Helper()
	status, body := s.ask(t, "POST", path, map[string]any{"offer": offer})
	var said struct{ Answer string }
	if err := json.Unmarshal(body, &said); err != nil || status != http.StatusOK {
		t.Fatalf("%s: %d %s %v", path, status, body, err)
	}
	return said.Answer
}

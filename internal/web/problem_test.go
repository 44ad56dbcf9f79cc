package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/web"
)

const (
	wishes = "/api/v1/public/buttons/acme-main/callbacks"
	wish   = `{"number":"+12025550100","consent":true,"fields":{"boiler":"the old one"}}`
)

// The contract's table, by status.
var contract = map[int][]fault.Code{
	400: {"malformed_json", "wrong_type", "unknown_field", "bad_cursor"},
	401: {"no_key", "bad_key", "bad_login", "no_session"},
	403: {"forbidden", "origin_not_allowed", "proof_missing", "proof_invalid", "proof_used"},
	404: {"not_found"}, 405: {"method_not_allowed"}, 410: {"gone"}, 413: {"too_large"}, 415: {"unsupported_media"},
	409: {"already_ended", "too_late", "number_busy", "idempotency_in_progress"},
	422: {"number_invalid", "number_region", "number_type", "number_emergency", "number_own", "number_not_served", "endpoint_invalid",
		"endpoint_not_allowed", "consent_missing", "when_invalid", "outside_hours", "channel_unavailable", "button_closed", "field_required",
		"idempotency_key_reused"},
	429: {"limit_number", "limit_visitor", "limit_subscriber", "limit_spend", "limit_key", "limit_login"},
	503: {"storage_full", "storage_busy", "draining", "switch_down"},
	500: {"internal"},
}

// Codes that nothing in this build can cause.
var unheard = map[fault.Code]string{
	fault.LimitKey: "keys have no limit yet",
}

// Each code that this build can answer with, caused at the door or by what lies behind it.
var causes = map[fault.Code]func(h *house) answer{
	fault.MalformedJSON: func(h *house) answer { return h.do("POST", wishes, `{"number":`) },
	fault.WrongType:     func(h *house) answer { return h.do("POST", wishes, `{"number":12025550100}`) },
	fault.UnknownField: func(h *house) answer {
		return h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","numbre":"1"}`, key(operatorKey))
	},
	fault.BadCursor: func(h *house) answer { return h.do("GET", "/api/v1/callbacks?after=x", "", key(operatorKey)) },
	fault.NoKey:     func(h *house) answer { return h.do("GET", "/api/v1/callbacks", "") },
	fault.BadKey:    func(h *house) answer { return h.do("GET", "/api/v1/callbacks", "", key("sk_wrong")) },
	fault.Forbidden: func(h *house) answer { return h.do("GET", "/api/v1/trunks", "", key(acmeKey)) },
	fault.BadLogin:  func(h *house) answer { h.password(ann, annsPassword); return h.signIn("ann", "wrong") },
	fault.NoSession: func(h *house) answer { return h.do("GET", "/api/v1/me", "", "Cookie: ringback_session=ss_unknown") },
	fault.LimitLogin: func(h *house) answer {
		for range 5 {
			_, _, _ = h.gate.SignIn(context.Background(), "ann", "wrong", "192.0.2.1")
		}
		return h.signIn("ann", "wrong")
	},
	fault.OriginNotAllowed: func(h *house) answer { return h.do("POST", wishes, wish, "Origin: http://evil.test") },
	fault.NotFound:         func(h *house) answer { return h.do("GET", "/api/v1/public/callbacks/t_unknown", "") },
	fault.MethodNotAllowed: func(h *house) answer { return h.do("DELETE", "/api/v1/callbacks", "", key(operatorKey)) },
	fault.Gone: func(h *house) answer {
		_, token := h.call(callback.Callback{State: callback.Ended, EndedAt: h.now.Add(-30*24*time.Hour - time.Second)})
		return h.do("GET", "/api/v1/public/callbacks/"+token, "")
	},
	fault.TooLarge: func(h *house) answer {
		return h.do("POST", wishes, `{"name":"`+strings.Repeat("x", 64<<10)+`"}`)
	},
	fault.UnsupportedMedia: func(h *house) answer { return h.do("POST", wishes, wish, "Content-Type: text/plain") },
	fault.AlreadyEnded: func(h *house) answer {
		_, token := h.call(callback.Callback{State: callback.Ended, EndedAt: h.now})
		return h.do("POST", "/api/v1/public/callbacks/"+token+"/cancel", "{}")
	},
	fault.TooLate: func(h *house) answer {
		_, token := h.call(callback.Callback{State: callback.Connected})
		return h.do("POST", "/api/v1/public/callbacks/"+token+"/number", `{"number":"+12025550101"}`)
	},
	fault.IdempotencyProgress: func(h *house) answer {
		_, token := h.call(callback.Callback{State: callback.Queued})
		path := "/api/v1/public/callbacks/" + token + "/cancel"
		h.working["public\nPOST "+path+"\nk1"] = true
		return h.do("POST", path, "{}", "Idempotency-Key: k1")
	},
	fault.IdempotencyReused: func(h *house) answer {
		_, token := h.call(callback.Callback{State: callback.Queued})
		path := "/api/v1/public/callbacks/" + token + "/number"
		h.do("POST", path, `{"number":"+12025550101"}`, "Idempotency-Key: k1").want(h.t, 200)
		return h.do("POST", path, `{"number":"+12025550102"}`, "Idempotency-Key: k1")
	},
	fault.NumberInvalid:   func(h *house) answer { return h.do("POST", wishes, strings.Replace(wish, "+12025550100", "12", 1)) },
	fault.NumberEmergency: func(h *house) answer { return h.do("POST", wishes, strings.Replace(wish, "+12025550100", "911", 1)) },
	fault.ConsentMissing:  func(h *house) answer { return h.do("POST", wishes, `{"number":"+12025550100"}`) },
	fault.WhenInvalid: func(h *house) answer {
		return h.do("POST", wishes, strings.Replace(wish, "{", `{"when":{"after":"1s"},`, 1))
	},
	fault.OutsideHours: func(h *house) answer {
		return h.do("POST", wishes, strings.Replace(wish, "{", `{"when":{"at":"2026-12-05T03:00"},`, 1))
	},
	fault.ChannelUnavailable: func(h *house) answer { return h.do("POST", wishes, strings.Replace(wish, "{", `{"channel":"web",`, 1)) },
	fault.FieldRequired:      func(h *house) answer { return h.do("POST", wishes, `{"number":"+12025550100","consent":true}`) },
	fault.EndpointNotAllowed: func(h *house) answer {
		return h.do("POST", "/api/v1/callbacks", `{"button":"acme-main","number":"+12025550100","limits":"skip"}`, key(operatorKey))
	},
	fault.EndpointInvalid: func(h *house) answer {
		return h.do("POST", "/api/v1/agents", `{"slug":"bob","name":"Bob","devices":[{"to":"nowhere"}]}`, key(operatorKey))
	},
	fault.Internal: func(h *house) answer { return behind(h, errors.New("secret detail")) },

	// Decided behind the door; the door carries them out faithfully.
	fault.NumberBusy:      from(fault.At("number", fault.NumberBusy, "We cannot take this number now.")),
	fault.NumberRegion:    from(fault.At("number", fault.NumberRegion, "We do not call there.")),
	fault.NumberType:      from(fault.At("number", fault.NumberType, "No premium numbers.")),
	fault.NumberOwn:       from(fault.At("number", fault.NumberOwn, "That is our own telephone.")),
	fault.NumberNotServed: from(fault.At("number", fault.NumberNotServed, "We cannot take this number now.")),
	fault.ButtonClosed:    from(fault.New(fault.ButtonClosed, "Closed.")),
	fault.ProofMissing:    from(fault.At("proof", fault.ProofMissing, "Missing.")),
	fault.ProofInvalid:    from(fault.At("proof", fault.ProofInvalid, "For another number.")),
	fault.ProofUsed:       from(fault.New(fault.ProofUsed, "Used.")),
	fault.LimitNumber:     from(fault.New(fault.LimitNumber, "Wait.").After(90 * time.Second)),
	fault.LimitVisitor:    from(fault.New(fault.LimitVisitor, "Wait.")),
	fault.LimitSubscriber: from(fault.New(fault.LimitSubscriber, "Full.")),
	fault.LimitSpend:      from(fault.New(fault.LimitSpend, "Budget.")),
	fault.StorageFull:     from(fault.New(fault.StorageFull, "Full.")),
	fault.StorageBusy:     from(fault.New(fault.StorageBusy, "Busy.")),
	fault.Draining:        from(fault.New(fault.Draining, "Stopping.").After(5 * time.Second)),
	fault.SwitchDown:      from(fault.New(fault.SwitchDown, "Down.")),
}

func behind(h *house, err error) answer {
	h.fail(err)
	return h.do("POST", wishes, wish)
}

func from(f *fault.Fault) func(*house) answer {
	return func(h *house) answer { return behind(h, fmt.Errorf("callback: request: %w", f)) }
}

func TestProblemTable(t *testing.T) {
	known := web.Codes()
	for status, codes := range contract {
		for _, code := range codes {
			if known[code] != status {
				t.Errorf("%s is %d, the contract says %d", code, known[code], status)
			}
			delete(known, code)
		}
	}
	for code := range known {
		t.Errorf("%s is not in the contract", code)
	}
	for status, codes := range contract {
		for _, code := range codes {
			t.Run(string(code), func(t *testing.T) {
				if why := unheard[code]; why != "" {
					if causes[code] != nil {
						t.Errorf("caused, yet excused: %s", why)
					}
					return
				}
				if causes[code] == nil {
					t.Fatal("nothing causes it")
				}
				isProblem(t, causes[code](newHouse(t)), status, code)
			})
		}
	}
}

func isProblem(t *testing.T, a answer, status int, code fault.Code) {
	t.Helper()
	a.want(t, status)
	if ct := a.Header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("Content-Type %q", ct)
	}
	p := a.json(t)
	if p["code"] != string(code) || p["status"] != float64(status) {
		t.Errorf("code %v, status %v; want %s, %d", p["code"], p["status"], code, status)
	}
	for _, k := range []string{"type", "title", "detail", "request_id"} {
		if s, _ := p[k].(string); s == "" {
			t.Errorf("%s is missing: %s", k, a.body)
		}
	}
	if _, ok := p["errors"].([]any); !ok {
		t.Errorf("errors is no list: %s", a.body)
	}
	wait, retry := p["retry_after_s"], a.Header.Get("Retry-After")
	if waits := status == 429 || status == 503; waits && (wait == nil || retry != fmt.Sprint(wait)) {
		t.Errorf("retry_after_s %v, Retry-After %q", wait, retry)
	}
}

func TestFaultsNameTheField(t *testing.T) {
	for code, field := range map[fault.Code]string{
		fault.WrongType: "number", fault.UnknownField: "numbre", fault.NumberInvalid: "number", fault.ConsentMissing: "consent",
		fault.WhenInvalid: "when", fault.FieldRequired: "fields.boiler", fault.BadCursor: "after", fault.ChannelUnavailable: "channel",
	} {
		p := causes[code](newHouse(t)).json(t)
		e, _ := p["errors"].([]any)
		if len(e) != 1 || e[0].(map[string]any)["field"] != field || e[0].(map[string]any)["code"] != string(code) {
			t.Errorf("%s: errors %v, want one of field %s", code, e, field)
		}
	}
}

func TestOutsideHoursOffersOtherTimes(t *testing.T) {
	p := causes[fault.OutsideHours](newHouse(t)).json(t)
	at, _ := p["alternatives"].([]any)
	if len(at) == 0 {
		t.Fatalf("no alternatives: %v", p)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", at[0].(string)); err != nil {
		t.Error(err)
	}
}

func TestUnknownErrorTellsNothing(t *testing.T) {
	h := newHouse(t)
	a := causes[fault.Internal](h)
	if strings.Contains(a.body, "secret detail") {
		t.Errorf("the cause leaks: %s", a.body)
	}
	if n := strings.Count(h.log.String(), "secret detail"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, h.log)
	}
}

func TestNotFoundIsAlwaysTheSameBytes(t *testing.T) {
	h := newHouse(t)
	foreign, _ := h.call(callback.Callback{Subscriber: other, Button: otherMain, State: callback.Queued})
	want := h.do("GET", "/api/v1/callbacks/cb_unknown", "", key(acmeKey)).want(t, 404)
	for _, path := range []string{
		"/api/v1/callbacks/" + string(foreign.ID), "/api/v1/buttons/other-main", "/api/v1/buttons/" + string(otherMain),
		"/api/v1/subscribers/other", "/api/v1/callbacks?subscriber=other", "/api/v1/callbacks?subscriber=nobody",
	} {
		got := h.do("GET", path, "", key(acmeKey)).want(t, 404)
		if got.body != want.body {
			t.Errorf("%s: %s\nwant %s", path, got.body, want.body)
		}
		if a, b := got.Header.Get("X-Request-Id"), want.Header.Get("X-Request-Id"); a == "" || a == b {
			t.Errorf("X-Request-Id %q and %q", a, b)
		}
	}
	if public := h.do("GET", "/api/v1/public/callbacks/t_nope", "").want(t, 404); public.body != want.body {
		t.Errorf("public: %s", public.body)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	h := newHouse(t)
	h.explode = true
	isProblem(t, h.do("POST", wishes, wish), 500, fault.Internal)
	if h.panics != 1 || !strings.Contains(h.log.String(), "exploded") {
		t.Errorf("%d panics counted; log:\n%s", h.panics, h.log)
	}
	h.explode = false
	h.do("POST", wishes, wish).want(t, http.StatusCreated)
}

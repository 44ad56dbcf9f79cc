package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ringback/internal/letter"
	"ringback/internal/notify"
)

// A webhook is signed as Standard Webhooks 1.0 has it, follows nobody elsewhere, and goes inside a private network only where that is
// allowed.
func TestHooks(t *testing.T) {
	now := time.Unix(1_764_000_000, 0)
	secret := []byte("of the operator, and nobody else")
	status := http.StatusNoContent
	got := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got++
		body, _ := io.ReadAll(r.Body)
		m := hmac.New(sha256.New, secret)
		m.Write([]byte("let_1.1764000000." + string(body)))
		if want := "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil)); r.Header.Get("webhook-signature") != want || r.Header.Get("webhook-id") != "let_1" ||
			r.Header.Get("webhook-timestamp") != "1764000000" || r.Header.Get("Content-Type") != "application/json" || string(body) != `{"a":1}` {
			t.Errorf("%v %s", r.Header, body)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer s.Close()
	send := func(private bool) error {
		h := notify.NewHooks(notify.HookSecret("whsec_"+base64.StdEncoding.EncodeToString(secret)), private, func() time.Time { return now })
		return h.Send(t.Context(), &letter.Letter{ID: "let_1", Address: letter.Address{Kind: letter.Hook, To: s.URL}, Text: `{"a":1}`})
	}
	for code, final := range map[int]bool{204: false, 200: false, 302: false, 500: false, 410: true} {
		status, got = code, 0
		err := send(true)
		var trouble *notify.Trouble
		if taken := code < 300; taken != (err == nil) || !taken && (!errors.As(err, &trouble) || trouble.Final != final) || got != 1 {
			t.Errorf("%d: %v, asked %d times", code, err, got)
		}
	}
	got = 0
	if err := send(false); err == nil || got != 0 {
		t.Errorf("inside a private network: %v, asked %d times", err, got)
	}
}

package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ringback/internal/letter"
)

// Hooks sends letters to programs of the operator's, signed as Standard Webhooks 1.0 has it: POST with the text of the letter,
// which is JSON, and the headers webhook-id, webhook-timestamp and webhook-signature.
type Hooks struct {
	secret []byte
	client *http.Client
	now    func() time.Time
}

// NewHooks signs with a secret; private = the programs may be in a private network, or on this machine.
func NewHooks(secret []byte, private bool, now func() time.Time) *Hooks {
	return &Hooks{secret: secret, client: Client(private, 10*time.Second), now: now}
}

// Send makes the request. 2xx is taken; everything else may go better later, but for 410.
func (h *Hooks) Send(ctx context.Context, l *letter.Letter) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.To, strings.NewReader(l.Text))
	if err != nil {
		return &Trouble{Say: "alarms.webhook.url is no address", Final: true}
	}
	at := strconv.FormatInt(h.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", string(l.ID))
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(h.sign(string(l.ID)+"."+at+"."+l.Text)))
	resp, err := h.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the URL may hold a key
		}
		return &Trouble{Say: "the webhook cannot be reached: " + short(err.Error()), Final: errors.Is(err, errPrivate)}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // the connection can be used again then
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	return &Trouble{Say: fmt.Sprintf("the webhook answers %d", resp.StatusCode), Final: resp.StatusCode == http.StatusGone}
}

func (h *Hooks) sign(s string) []byte {
	m := hmac.New(sha256.New, h.secret)
	m.Write([]byte(s))
	return m.Sum(nil)
}

// HookSecret reads a secret as Standard Webhooks writes it, whsec_ and base64; anything else stands for its own bytes.
func HookSecret(text string) []byte {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "whsec_"); ok {
		if b, err := base64.StdEncoding.DecodeString(rest); err == nil {
			return b
		}
	}
	return []byte(text)
}

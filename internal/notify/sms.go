package notify

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ringback/internal/letter"
)

// SMSConfig is a request to a gateway. In URL, Body and the values of Headers stand {to} (+12025550112), {digits} (the same
// without +), {text} and {key} (the name of the message); each is spelled as its place needs.
type SMSConfig struct {
	URL          string
	Method       string // "" = POST
	Headers      map[string]string
	Body         string
	AllowPrivate bool
}

// Gateway sends short messages by one HTTP request each.
type Gateway struct {
	SMSConfig
	client *http.Client
	form   form
}

// NewGateway makes a gateway; it connects to nobody.
func NewGateway(c SMSConfig) *Gateway {
	return &Gateway{SMSConfig: c, client: Client(c.AllowPrivate, 10*time.Second), form: formOf(c.Headers, c.Body)}
}

// Send makes the request. 2xx is taken; 408, 425, 429 and 5xx may go better later; any other answer is final.
func (g *Gateway) Send(ctx context.Context, l *letter.Letter) error {
	req, err := g.request(ctx, l)
	if err != nil {
		return &Trouble{Say: "sms.url cannot be filled in", Final: true}
	}
	resp, err := g.client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // the URL may hold a key
		}
		return &Trouble{Say: "the SMS gateway cannot be reached: " + short(err.Error()), Final: errors.Is(err, errPrivate)}
	}
	defer resp.Body.Close()
	heard, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what it says is for people only
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	t := &Trouble{Say: fmt.Sprintf("the SMS gateway answers %d", resp.StatusCode), Heard: short(string(heard))}
	switch c := resp.StatusCode; {
	case c == http.StatusUnauthorized, c == http.StatusForbidden, c == http.StatusPaymentRequired: // a mistake that somebody mends
	case c == http.StatusRequestTimeout, c == http.StatusTooEarly, c == http.StatusTooManyRequests, c >= 500:
	default:
		t.Final = true
	}
	return t
}

func (g *Gateway) request(ctx context.Context, l *letter.Letter) (*http.Request, error) {
	values := map[string]string{"{to}": l.To, "{digits}": strings.TrimPrefix(l.To, "+"), "{text}": l.Text, "{key}": string(l.ID)}
	method := g.Method
	if method == "" {
		method = http.MethodPost
	}
	path, query, asks := strings.Cut(g.URL, "?")
	to := fill(path, values, url.PathEscape)
	if asks {
		to += "?" + fill(query, values, url.QueryEscape)
	}
	var body io.Reader
	if g.Body != "" {
		body = strings.NewReader(fill(g.Body, values, g.form.escape))
	}
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", g.form.contentType)
	}
	req.Header.Set("Idempotency-Key", string(l.ID))
	for name, v := range g.Headers {
		req.Header.Set(name, fill(v, values, oneLine))
	}
	return req, nil
}

// fill puts the values into a template, each spelled by escape, in one pass: what a value holds is never filled in.
func fill(template string, values map[string]string, escape func(string) string) string {
	var pairs []string
	for name, v := range values {
		pairs = append(pairs, name, escape(v))
	}
	return strings.NewReplacer(pairs...).Replace(template)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// form is how a body is written.
type form struct {
	contentType string
	escape      func(string) string
}

func formOf(headers map[string]string, body string) form {
	said := ""
	for name, v := range headers {
		if http.CanonicalHeaderKey(name) == "Content-Type" {
			said = strings.ToLower(v)
		}
	}
	begins := strings.TrimSpace(body)
	switch {
	case strings.Contains(said, "json"), said == "" && (strings.HasPrefix(begins, "{") || strings.HasPrefix(begins, "[")):
		return form{"application/json", inJSON}
	case strings.Contains(said, "xml"), said == "" && strings.HasPrefix(begins, "<"):
		return form{"application/xml", inXML}
	case said == "", strings.Contains(said, "form-urlencoded"):
		return form{"application/x-www-form-urlencoded", url.QueryEscape}
	}
	return form{said, func(s string) string { return s }}
}

// inJSON is s as it stands between the quotes of a JSON text.
func inJSON(s string) string {
	b, _ := json.Marshal(s) // of a string: cannot fail
	return string(b[1 : len(b)-1])
}

func inXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // into memory: cannot fail
	return b.String()
}

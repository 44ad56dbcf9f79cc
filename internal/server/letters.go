package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/letter"
	"ringback/internal/notify"
	"ringback/internal/phone"
)

// ways are how letters leave with these settings; a kind that is not set up has none.
func ways(c *config.Config) (map[letter.Kind]notify.Way, error) {
	out := map[letter.Kind]notify.Way{}
	if c.Mail.URL != "" {
		m, err := notify.NewMailer(notify.MailConfig{URL: c.Mail.URL, From: sender(c), Host: greeting(c)})
		if err != nil {
			return nil, err
		}
		out[letter.Mail] = notify.Way{Sender: m, PerDay: c.Mail.PerDay}
	}
	if s := c.SMS; s.URL != "" {
		g := notify.NewGateway(notify.SMSConfig{URL: s.URL, Method: s.Method, Headers: s.Headers, Body: s.Body, AllowPrivate: s.AllowPrivate})
		out[letter.SMS] = notify.Way{Sender: g, PerDay: s.PerDay}
	}
	if w := c.Alarms.Webhook; w.URL != "" {
		out[letter.Hook] = notify.Way{Sender: notify.NewHooks(notify.HookSecret(w.Secret), w.AllowPrivate, time.Now)}
	}
	return out, nil
}

// sender is who mail is from.
func sender(c *config.Config) string {
	if c.Mail.From != "" {
		return c.Mail.From
	}
	if u, err := url.Parse(c.Mail.URL); err == nil && u.User != nil {
		if a, err := mail.ParseAddress(u.User.Username()); err == nil {
			return a.Address
		}
	}
	if host := greeting(c); host != "" {
		return "ringback@" + host
	}
	return "ringback@localhost"
}

// mailbox is the address that mail is from, without a name.
func mailbox(c *config.Config) string {
	if a, err := mail.ParseAddress(sender(c)); err == nil {
		return a.Address
	}
	return ""
}

// greeting is the name by which a mail server knows us: that of url, where it is a name.
func greeting(c *config.Config) string {
	if u, err := url.Parse(c.URL); err == nil && strings.Contains(u.Hostname(), ".") && literal(u.Hostname()) == "" {
		return u.Hostname()
	}
	return ""
}

// newPost makes the way out of the house.
func (a *App) newPost() (*notify.Post, error) {
	all, err := ways(a.Config)
	if err != nil {
		return nil, err
	}
	return notify.New(notify.Deps{Outbox: a.Store, Ways: all, Refuses: func(l *letter.Letter) string { return a.refuses(a.Conductor.Directory(), l) },
		Settled: a.meter.letter, Now: time.Now, Chance: rand.Float64, Log: a.log}), nil
}

// Send puts a letter into the outbox; false = nothing leaves by its way.
func (a *App) Send(ctx context.Context, l letter.Letter) (bool, error) {
	if !a.Post.Sends(l.Kind) {
		return false, nil
	}
	if err := a.Store.PutLetters(ctx, l); err != nil {
		return false, err
	}
	a.Post.Posted()
	return true, nil
}

// refuses says why a letter may not go to its address. Nothing goes to a number that is blocked or of a kind that costs more;
// what goes to others than the operator's own agents keeps to the countries of the business, too.
func (a *App) refuses(dir *directory.Directory, l *letter.Letter) string {
	if callback.IsReminder(l) {
		if c, err := a.Store.Callback(context.Background(), "", l.Callback); err != nil || callback.Superseded(l, c) {
			return superseded
		}
	}
	if l.Kind != letter.SMS {
		return ""
	}
	n := phone.Number(l.To)
	if !letter.Takes(n) {
		return "short messages go to mobiles only"
	}
	hash := callback.HashNumber(a.keys.hash, cti.Endpoint("tel:"+l.To))
	if callback.Blocked(dir, hash, l.Subscriber, time.Now()) {
		return "this number is blocked"
	}
	for _, ag := range dir.Agents {
		if ag.Notify == l.Address {
			return ""
		}
	}
	if s := dir.Subscribers[l.Subscriber]; s != nil && s.MayCall(n) != nil {
		return "the business's policy does not allow this number"
	}
	return ""
}

// superseded is why a reminder does not leave: nothing is wrong with that.
const superseded = "the call was moved, or is over"

// TestOrder asks for one test message.
type TestOrder struct{ Letter letter.Address }

// TestLetter sends one message at once, beside the outbox, and says what was wrong.
func (a *App) TestLetter(ctx context.Context, to letter.Address) error {
	all, err := ways(a.Config)
	if err != nil {
		return err
	}
	way := all[to.Kind]
	if way.Sender == nil {
		return fmt.Errorf("%s.url is empty: nothing leaves by %s", to.Kind, to.Kind)
	}
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	l := &letter.Letter{ID: a.Mint.Letter(), Address: to, Subject: "A test of Ringback", Text: "This is a test message of Ringback at " + a.Config.URL + ".", CreatedAt: now}
	if why := a.refuses(dir, l); why != "" {
		return errors.New(why)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err = way.Send(ctx, l)
	var t *notify.Trouble
	if errors.As(err, &t) && t.Heard != "" {
		return fmt.Errorf("%s: %s", t.Say, t.Heard)
	}
	return err
}

// letterRoutes answer other commands of this machine about letters.
func (s *Service) letterRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /letters", func(w http.ResponseWriter, r *http.Request) {
		all, err := s.Store.LettersGivenUp(r.Context(), time.Now().Add(-24*time.Hour), mostGivenUp)
		reply(w, all, err)
	})
	mux.HandleFunc("POST /letters/test", func(w http.ResponseWriter, r *http.Request) {
		var o TestOrder
		err := json.NewDecoder(r.Body).Decode(&o)
		if err == nil {
			err = s.TestLetter(r.Context(), o.Letter)
		}
		reply(w, struct{}{}, err)
	})
}

// mostGivenUp is how many letters that were given up `check` reads.
const mostGivenUp = 20

// checkLetters says what leaves the house, and what could not.
func checkLetters(c *config.Config, dir *directory.Directory, given []letter.Letter) []Finding {
	all, err := ways(c)
	if err != nil {
		return []Finding{{What: "mail", Say: err.Error(), Fix: "write mail.url as smtp://user:password@host:587"}}
	}
	out := []Finding{{What: "mail", OK: true, Say: "not set up (mail.url): nothing leaves by mail"}, {What: "sms", OK: true, Say: "not set up (sms.url): nothing leaves by SMS"}}
	if u, err := url.Parse(c.Mail.URL); err == nil && all[letter.Mail].Sender != nil {
		out[0].Say = fmt.Sprintf("leaves by %s as %s; try it with --mail TO", u.Host, sender(c))
	}
	if u, err := url.Parse(c.SMS.URL); err == nil && all[letter.SMS].Sender != nil {
		out[1].Say = fmt.Sprintf("leaves by %s; try it with --sms TO", u.Host)
	}
	if dir != nil {
		for _, ag := range slices.SortedFunc(maps.Values(dir.Agents), func(a, b *agent.Agent) int { return strings.Compare(a.Slug, b.Slug) }) {
			if k := ag.Notify.Kind; k != "" && all[k].Sender == nil {
				out = append(out, Finding{What: "agent " + ag.Slug, OK: true, Say: fmt.Sprintf("notify names %s, which is not set up: she gets no links to her calls. Set %s.url", k, k)})
			}
		}
	}
	return append(out, givenUp(given)...)
}

// givenUp tells of letters that did not leave, a line for each reason.
func givenUp(all []letter.Letter) []Finding {
	var out []Finding
	type reason struct {
		kind letter.Kind
		why  string
	}
	all = slices.DeleteFunc(slices.Clone(all), func(l letter.Letter) bool { return l.Trouble == superseded })
	times := map[reason]int{}
	for _, l := range all {
		times[reason{l.Kind, l.Trouble}]++
	}
	for _, l := range all {
		if n := times[reason{l.Kind, l.Trouble}]; n > 0 {
			delete(times, reason{l.Kind, l.Trouble})
			out = append(out, Finding{What: string(l.Kind), Say: fmt.Sprintf("%d given up within a day: %s", n, l.Trouble), Fix: "ringback explain " + string(l.Callback) + " tells of the newest; ringback check --" + string(l.Kind) + " TO tries the way"})
		}
	}
	return out
}

// CheckLetter sends a test message through the service that runs, or by itself.
func CheckLetter(ctx context.Context, c *config.Config, k letter.Kind, to string) Finding {
	f := Finding{What: string(k), Fix: "see " + string(k) + " in docs/config.md"}
	at, err := letter.ParseAddress(k, to)
	if err == nil {
		err = testLetter(ctx, c, at)
	}
	if err != nil {
		f.Say = err.Error()
		return f
	}
	return Finding{What: string(k), OK: true, Say: "a test message to " + at.Masked() + " was taken; look whether it arrives"}
}

func testLetter(ctx context.Context, c *config.Config, to letter.Address) error {
	if client, running := Dial(c.Data); running {
		return ask(ctx, client, "POST", "/letters/test", TestOrder{to}, &struct{}{})
	}
	a, err := OpenData(ctx, c, Logger(c))
	if err != nil {
		return err
	}
	return errors.Join(a.TestLetter(ctx, to), a.Close())
}

// tellLetters writes what left the house about a callback.
func tellLetters(w io.Writer, all []letter.Letter, zone *time.Location) error {
	for _, l := range all {
		how := fmt.Sprintf("waits; tried %d times, next at %s", l.Tries, l.DueAt.In(zone).Format("15:04:05"))
		switch {
		case !l.SentAt.IsZero():
			how = "sent at " + l.SentAt.In(zone).Format("15:04:05")
		case !l.GivenUpAt.IsZero():
			how = "given up at " + l.GivenUpAt.In(zone).Format("15:04:05")
		}
		if l.Trouble != "" {
			how += ": " + l.Trouble
		}
		if _, err := fmt.Fprintf(w, "%s to %s (%s): %s\n", l.Kind, l.Shown, l.ID, how); err != nil {
			return err
		}
	}
	return nil
}

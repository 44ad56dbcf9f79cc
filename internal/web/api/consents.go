package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"ringback/internal/consent"
	"ringback/internal/web/door"
)

// Ledger is the record of what people agreed to.
type Ledger interface {
	// Consents gives the records that f asks for to each, the oldest first. What each returns ends it.
	Consents(ctx context.Context, f consent.Filter, each func(consent.Kept) error) error
}

// Consent is one record of the ledger.
type Consent struct {
	ID         string       `json:"id"`
	Subscriber *string      `json:"subscriber"` // null = every business
	Callback   *string      `json:"callback"`
	At         door.Stamp   `json:"at"`
	Act        string       `json:"act"`    // given, withdrawn, opted_out, lifted, erased
	Route      string       `json:"route"`  // form, widget, keys, status_page, stop_page, staff, restore
	Number     *string      `json:"number"` // null = erased
	Page       *string      `json:"page"`
	UserAgent  *string      `json:"user_agent"`
	Text       *ConsentRead `json:"text"` // null = nothing was shown
}

// ConsentRead is the sentence as it was shown.
type ConsentRead struct {
	Version  string `json:"version"`
	Language string `json:"language"`
	Text     string `json:"text"`
}

// consentsSince is how far a list of records goes back where nobody says since when.
const consentsSince = 90 * 24 * time.Hour

// listConsents pages through the ledger: of it all, only a page is held.
func (a *API) listConsents(w http.ResponseWriter, r *http.Request) error {
	after, limit, err := page(r, "cns_")
	if err != nil {
		return err
	}
	sub, err := a.narrowed(r)
	if err != nil {
		return err
	}
	since := a.Now().Add(-consentsSince)
	if s := r.URL.Query().Get("since"); s != "" {
		if since, err = time.Parse(time.DateOnly, s); err != nil {
			return bad("since", "since is a day, 2026-12-01.")
		}
	}
	var last []Consent
	more := false
	err = a.Ledger.Consents(r.Context(), consent.Filter{Subscriber: sub, Since: since}, func(k consent.Kept) error {
		if after != "" && string(k.ID) >= after {
			return nil
		}
		if len(last) > limit {
			last = append(last[:0], last[1:]...)
		}
		v, err := consentView(&k)
		last = append(last, v)
		return err
	})
	if err != nil {
		return err
	}
	if more = len(last) > limit; more {
		last = last[1:]
	}
	slices.Reverse(last)
	out := door.List[Consent]{Data: list(last)}
	if more {
		out.Next = cursor(last[len(last)-1].ID)
	}
	return door.JSON(w, http.StatusOK, out)
}

func consentView(k *consent.Kept) (Consent, error) {
	who, err := k.Who()
	v := Consent{ID: string(k.ID), Subscriber: door.Opt(k.Subscriber), Callback: door.Opt(k.Callback), At: door.Stamp(k.At), Act: string(k.Act), Route: string(k.Route),
		Number: door.Opt(who.Number), Page: door.Opt(who.Page), UserAgent: door.Opt(who.UserAgent)}
	if k.Shown.Words != "" {
		v.Text = &ConsentRead{k.Shown.Version, k.Shown.Language, k.Shown.Words}
	}
	return v, err
}

package server

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"ringback/internal/simcarrier"
)

//go:embed shop.html
var shopPage string

// heard is one side of a call as the shop page offers it: what that telephone heard, and from whom.
type heard struct {
	Callback string  `json:"callback"`
	Who      string  `json:"who"`
	At       string  `json:"at"`
	WAV      string  `json:"wav"`
	Own      int     `json:"own_hz"`
	Other    float64 `json:"other_s"`
}

// shopRoutes is a business's web page with the plain link, and what its callers heard.
func (d *Demo) shopRoutes() http.Handler {
	page := template.Must(template.New("shop").Parse(shopPage))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		link := func(button string) string { return d.URL + "/b/" + button + "?page=" + url.QueryEscape(d.Shop+"/") }
		data := map[string]string{"Link": link("acme-main"), "Widget": d.URL + "/w/1/cb.js", "Bakery": link("bell-main"), "Desk": d.Desk(), "Name": deskName, "Password": deskPassword}
		if err := page.Execute(w, data); err != nil {
			d.log.Warn("shop page", "err", err)
		}
	})
	mux.HandleFunc("GET /heard.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(sides(d.Carrier.Ledger())) // a page that has gone needs no answer
	})
	d.phone.routes(mux)
	if to, err := url.Parse(d.Ledger); err == nil {
		mux.Handle("GET /heard/", httputil.NewSingleHostReverseProxy(to))
	}
	return mux
}

// sides lists the telephones that heard somebody, newest first.
func sides(ledger []simcarrier.Entry) []heard {
	out := []heard{}
	for i := len(ledger) - 1; i >= 0 && len(out) < 20; i-- {
		e := ledger[i]
		if e.AnsweredAt.IsZero() || e.ByeAt.IsZero() || e.HeardWAV == "" {
			continue
		}
		out = append(out, heard{e.Callback, e.To, e.AnsweredAt.Format(time.TimeOnly), e.HeardWAV, e.ToneHz, e.OtherHeard})
	}
	return out
}

package simcarrier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Handler serves the ledger and lets tests and people change who answers how.
func (c *Carrier) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ledger", c.getLedger)
	mux.HandleFunc("GET /heard/{file}", c.getHeard)
	mux.HandleFunc("GET /personalities", func(w http.ResponseWriter, _ *http.Request) { answer(w, personalities()) })
	mux.HandleFunc("PUT /personality", c.putPersonality)
	mux.HandleFunc("PUT /people/{who}", c.putPerson)
	mux.HandleFunc("GET /registrations", func(w http.ResponseWriter, _ *http.Request) { answer(w, c.Registrations()) })
	mux.HandleFunc("POST /calls", c.postCall)
	mux.HandleFunc("DELETE /calls", func(w http.ResponseWriter, _ *http.Request) {
		c.HangUpAll()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (c *Carrier) getLedger(w http.ResponseWriter, r *http.Request) {
	answer(w, c.entries(r.URL.Query().Get("callback")))
}

func (c *Carrier) getHeard(w http.ResponseWriter, r *http.Request) {
	var rec *recording
	c.do(func() {
		if row := c.book.find(strings.TrimSuffix(r.PathValue("file"), ".wav")); row != nil {
			rec = row.rec
		}
	})
	if rec == nil {
		http.NotFound(w, r)
		return
	}
	wav := rec.wav()
	if wav == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	_, _ = w.Write(wav)
}

func (c *Carrier) putPersonality(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	err := read(w, r, &in)
	if err == nil {
		err = c.SetPersonality(in.Name)
	}
	done(w, err)
}

// personIn is a Person as it is written in JSON.
type personIn struct {
	Does        string `json:"does"`
	After       span   `json:"after"`
	Talk        span   `json:"talk"`
	Speak       span   `json:"speak"`
	Press       string `json:"press"`
	PressAfter  span   `json:"press_after"`
	Then        string `json:"then"`
	Personality string `json:"personality"`
	Tone        int    `json:"tone"`
}

func (in personIn) person() Person {
	return Person{Does: in.Does, After: time.Duration(in.After), Talk: time.Duration(in.Talk), Speak: time.Duration(in.Speak), Press: in.Press,
		PressAfter: time.Duration(in.PressAfter), Then: in.Then, Tone: in.Tone, Personality: in.Personality}
}

func (c *Carrier) putPerson(w http.ResponseWriter, r *http.Request) {
	var in personIn
	err := read(w, r, &in)
	if err == nil {
		err = c.SetPerson(r.PathValue("who"), in.person())
	}
	done(w, err)
}

// postCall lets somebody here ring us: {"from": "+12025550100", "to": "+12025550190"}. The caller is whom the number
// stands for, or person.
func (c *Carrier) postCall(w http.ResponseWriter, r *http.Request) {
	var in struct {
		From      string    `json:"from"`
		Name      string    `json:"name"`
		To        string    `json:"to"`
		Person    *personIn `json:"person"`
		Target    string    `json:"target"`
		Transport string    `json:"transport"`
		GiveUp    span      `json:"give_up"`
		Headers   []string  `json:"headers"`
	}
	err := read(w, r, &in)
	d := Dial{From: in.From, Name: in.Name, To: in.To, Target: in.Target, Transport: in.Transport, GiveUp: time.Duration(in.GiveUp), Headers: in.Headers}
	d.Person = Person{Does: "answers"}
	if in.Person != nil {
		d.Person = in.Person.person()
	}
	var callID string
	if err == nil {
		callID, err = c.Call(d)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"call_id": callID})
}

// span is a duration as people write it, "2s".
type span time.Duration

func (s *span) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("a duration is written like \"2s\", not %s", b)
	}
	d, err := time.ParseDuration(text)
	if err == nil && d < 0 {
		err = errors.New("a duration is not negative")
	}
	*s = span(d)
	return err
}

func read(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func done(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

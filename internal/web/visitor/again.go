package visitor

import (
	"errors"
	"net/http"
	"time"

	"ringback/internal/callback"
	"ringback/internal/schedule"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
	"ringback/internal/words"
)

// another is a small list of times, each one tap.
type another struct {
	Title  string
	Action string
	While  string // live, ended: the page shows it then
	Hidden bool
	Zone   string
	Place  string
	Times  []option
}

// others are the lists of a status page: the times to move the callback to while that may be done, and those to ask for
// another one when it has ended. The page of a live one holds both: its script shows the second at the end.
func (p *Pages) others(in *words.Language, c *callback.Callback, base, more string) (out []another) {
	if status.Movable(c) {
		a := p.another(in, c, base+"/reschedule"+more)
		a.Title, a.While = in.Say("Another time?"), "reschedule"
		out = append(out, a)
	}
	ended := *c
	ended.State = callback.Ended
	if b := p.Conductor.Directory().Buttons[c.Button]; b != nil && callback.MayAgain(&ended) {
		a := p.another(in, c, base+"/again"+more)
		a.Title, a.While, a.Hidden = in.Say("Shall we call you another time?"), "ended", c.State != callback.Ended
		out = append(out, a)
	}
	return out
}

// another are the times that a callback could be moved to, or be asked for again: the next, and two a day.
func (p *Pages) another(in *words.Language, c *callback.Callback, action string) another {
	zone, d := status.ZoneOf(c, p.businessOf(c)), p.diaryOf(c)
	a := another{Action: action, Zone: zone.String(), Place: in.Say("%s time", words.Place(zone))}
	for _, t := range schedule.Few(d.Offer(p.Now()), zone, 6) {
		a.Times = append(a.Times, option{Value: t.UTC().Format(time.RFC3339), Label: in.Short(t, zone)})
	}
	return a
}

// askAgain asks for another callback by the page of one that has ended, and shows its page.
func (p *Pages) askAgain(w http.ResponseWriter, r *http.Request) error {
	c, err := p.held(r)
	if err != nil {
		return err
	}
	if err := door.ReadForm(r); err != nil {
		return err
	}
	when, err := schedule.ParseWhenForm(r.PostForm)
	if err != nil {
		return p.notDone(err, c, r)
	}
	made, err := p.Conductor.Again(r.Context(), c, callback.Another{When: when, Visitor: door.Visitor(r), UserAgent: r.UserAgent(),
		Answer: func(m *callback.Made) callback.Kept { return status.Kept(m, p.URL) }})
	token := ""
	var before *callback.Replayed
	switch {
	case errors.As(err, &before):
		token = status.TokenOf(before.Kept)
	case err != nil:
		return p.notDone(err, c, r)
	default:
		token = made.Token
	}
	http.Redirect(w, r, "/c/"+token+chosen(r), http.StatusSeeOther)
	return nil
}

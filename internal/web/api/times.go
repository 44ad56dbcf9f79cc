package api

import (
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/fault"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
	"ringback/internal/web/status"
)

// Times are those that a callback could be moved to, or that another one could be asked for when it has ended.
type Times struct {
	Zone       string       `json:"zone"`       // of the business
	Reschedule bool         `json:"reschedule"` // this callback may be moved
	Again      bool         `json:"again"`      // it has ended, and another one may be asked for
	Times      []door.Stamp `json:"times"`
}

func (a *API) times(w http.ResponseWriter, r *http.Request) error {
	c, err := a.held(w, r)
	if err != nil {
		return err
	}
	diary, known := a.diaryOf(c)
	t := Times{Times: []door.Stamp{}, Zone: diary.Loc.String()}
	t.Reschedule, t.Again = status.Movable(c), known && callback.MayAgain(c)
	if t.Reschedule || t.Again {
		for _, at := range diary.Offer(a.Now()) {
			t.Times = append(t.Times, door.Stamp(at))
		}
	}
	return door.JSON(w, http.StatusOK, t)
}

// diaryOf is what another time is chosen from; false when the button is gone.
func (a *API) diaryOf(c *callback.Callback) (schedule.Diary, bool) {
	d := a.Conductor.Directory()
	b, s := d.Buttons[c.Button], d.Subscribers[c.Subscriber]
	if s == nil { // deleted since
		s = &subscriber.Subscriber{}
	}
	return a.Conductor.Diary(s, b), b != nil
}

// again asks for another callback by the page of one that has ended. Asked twice it is the same one.
func (a *API) again(w http.ResponseWriter, r *http.Request) error {
	c, err := a.held(w, r)
	if err != nil {
		return err
	}
	in := &NewTime{}
	if err := door.Lenient(r, in); err != nil {
		return err
	}
	when, err := in.when()
	if err != nil {
		return err
	}
	if b := a.Conductor.Directory().Buttons[c.Button]; b == nil {
		return fault.New(fault.ButtonClosed, "No requests are taken there any more.")
	}
	var kept callback.Kept
	made, err := a.Conductor.Again(r.Context(), c, callback.Another{When: when, Visitor: door.Visitor(r), UserAgent: r.UserAgent(),
		Answer: func(m *callback.Made) callback.Kept { kept = status.Kept(m, a.URL); return kept }})
	if err != nil {
		return replayed(w, nil, err)
	}
	if kept.Status == 0 {
		kept = status.Kept(made, a.URL)
	}
	send(w, kept)
	return nil
}

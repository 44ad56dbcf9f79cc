package api

import (
	"context"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/consent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// StopNumber is a telephone that is never to be called again. Button says by which country's rules a number without
// a country code is read.
type StopNumber struct {
	Number string `json:"number"`
	Button string `json:"button,omitempty"`
}

// Stopped is a telephone that is not called any more.
type Stopped struct {
	Number string `json:"number"` // masked
}

// StaffOptOut is a telephone that staff was told never to call again. Subscriber null is every business, with a business's key
// its own.
type StaffOptOut struct {
	Number     string  `json:"number"`
	Subscriber *string `json:"subscriber,omitempty"`
	Reason     string  `json:"reason,omitempty"`
}

// WhyStop is what staff says to an opt-out.
type WhyStop struct {
	Reason string `json:"reason,omitempty"`
}

func (a *API) visitorOptsOut(w http.ResponseWriter, r *http.Request) error {
	return a.byVisitor(w, r, &Nothing{}, func(c *callback.Callback) (*callback.Callback, error) {
		return a.Conductor.OptOutOf(r.Context(), c.ID, callback.OptOut{Route: consent.ByStatusPage, Language: door.Language(r.Context()).Tag, Visitor: door.Visitor(r), UserAgent: r.UserAgent()})
	})
}

// optOut keeps any number from being called, by whoever says so: being called in vain does less harm than being called
// against one's will. It is limited, on record, and staff can lift it.
func (a *API) optOut(w http.ResponseWriter, r *http.Request) error {
	in := &StopNumber{}
	if err := door.Lenient(r, in); err != nil {
		return err
	}
	if in.Number == "" {
		return required("number")
	}
	n, err := number("number", in.Number, a.Conductor.Directory().Region(in.Button))
	if err != nil {
		return err
	}
	o := callback.OptOut{Route: consent.ByStopPage, Language: door.Language(r.Context()).Tag, Visitor: door.Visitor(r), UserAgent: r.UserAgent()}
	if err := a.Conductor.OptOutNumber(r.Context(), cti.Endpoint("tel:"+n.E164()), o); err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, Stopped{n.Mask()})
}

// staffOptsOut: who sees a callback may write down that its visitor wants no more calls. A business's key speaks for that
// business, an agent for all that the operator serves: people do not tell them apart on the telephone.
func (a *API) staffOptsOut(w http.ResponseWriter, r *http.Request) error {
	in := &WhyStop{}
	return a.act(seesIt, in, func(ctx context.Context, c *callback.Callback, _ callback.Author) (*callback.Callback, error) {
		return a.Conductor.OptOutOf(ctx, c.ID, callback.OptOut{Business: scope(door.Principal(ctx)), Route: consent.ByStaff, Reason: in.Reason})
	})(w, r)
}

func scope(p login.Principal) id.Subscriber {
	if p.Agent != "" {
		return ""
	}
	return p.Sees
}

func (a *API) staffStops(w http.ResponseWriter, r *http.Request) error {
	in := &StaffOptOut{}
	if err := door.Strict(r, in); err != nil {
		return err
	}
	d, p := a.Conductor.Directory(), door.Principal(r.Context())
	whose := p.Sees
	if named := door.Text(in.Subscriber); named != "" {
		sub, err := business(d, p, named)
		if err != nil {
			return err
		}
		whose = sub
	}
	if in.Number == "" {
		return required("number")
	}
	to, masked, err := blocked(in.Number, regionOf(d, whose))
	if err != nil {
		return err
	}
	if err := a.Conductor.OptOutNumber(r.Context(), to, callback.OptOut{Business: whose, Route: consent.ByStaff, Reason: in.Reason}); err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, Stopped{masked})
}

func regionOf(d *directory.Directory, sub id.Subscriber) string {
	if s := d.Subscribers[sub]; s != nil {
		return s.Region()
	}
	return d.Region("")
}

// removeBlock deletes a block. One that the person had asked for is lifted, which is on record.
func (a *API) removeBlock(w http.ResponseWriter, r *http.Request) error {
	t := a.blocks()
	d, i, err := t.find(a, r)
	if err != nil {
		return err
	}
	if !d.Blocks[id.Block(i)].OwnWish {
		return t.remove(a)(w, r)
	}
	if err := a.Conductor.Lift(r.Context(), id.Block(i), author(door.Principal(r.Context()))); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

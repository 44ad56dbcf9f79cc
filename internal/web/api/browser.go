package api

import (
	"context"
	"errors"
	"net/http"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/web/door"
)

// Browsers are telephones that are pages: see cti.Switch.
type Browsers interface {
	Connect(ctx context.Context, peer, offer string) (answer string, err error)
	Disconnect(ctx context.Context, peer string) error
	ICE(ctx context.Context, peer string) ([]cti.ICEServer, error)
}

// BrowserOffer is a page's description of its sound, SDP.
type BrowserOffer struct {
	Offer string `json:"offer"`
}

// BrowserAnswer is ours: whole, no candidate comes after it.
type BrowserAnswer struct {
	Answer string      `json:"answer"`
	ICE    []ICEServer `json:"ice"`
}

// BrowserWays are the servers by which a browser may reach us.
type BrowserWays struct {
	ICE []ICEServer `json:"ice"`
}

// ICEServer is one, as RTCPeerConnection takes it.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   *string  `json:"username"`
	Credential *string  `json:"credential"`
}

func (a *API) browsers() []door.Route {
	const path = "/agents/{id}/browser"
	return []door.Route{
		{Method: "GET", Pattern: path, Who: door.Desk, Summary: "By which servers the agent's browser may reach us", Out: BrowserWays{}, Handle: a.browserWays},
		{Method: "POST", Pattern: path, Who: door.Desk, Summary: "Connect the agent's browser: it is then her device web", In: BrowserOffer{}, Out: BrowserAnswer{}, Handle: a.connect},
		{Method: "DELETE", Pattern: path, Who: door.Desk, Summary: "Disconnect the agent's browser", Status: http.StatusNoContent, Handle: a.disconnect},
	}
}

// herself is the agent in the path, for herself and for an operator's key: whoever connects in her name answers her calls.
func (a *API) herself(r *http.Request) (id.Agent, error) {
	p := door.Principal(r.Context())
	who := id.Agent(a.Conductor.Directory().ID(directory.Agent, r.PathValue("id")))
	if who == "" || p.Agent != who && (p.Agent != "" || p.Sees != "") {
		return "", missing(directory.Agent)
	}
	return who, nil
}

func (a *API) browserWays(w http.ResponseWriter, r *http.Request) error {
	who, err := a.herself(r)
	if err != nil {
		return err
	}
	ways, err := a.ice(r.Context(), string(who))
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, BrowserWays{ways})
}

// ice are the servers of a browser, by its name at the switch.
func (a *API) ice(ctx context.Context, peer string) ([]ICEServer, error) {
	all, err := a.Browsers.ICE(ctx, peer)
	if err != nil {
		return nil, noBrowsers(err)
	}
	out := []ICEServer{}
	for _, s := range all {
		out = append(out, ICEServer{list(s.URLs), door.Opt(s.Username), door.Opt(s.Credential)})
	}
	return out, nil
}

func (a *API) connect(w http.ResponseWriter, r *http.Request) error {
	who, err := a.herself(r)
	if err != nil {
		return err
	}
	var in BrowserOffer
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	if in.Offer == "" {
		return required("offer")
	}
	answer, err := a.Browsers.Connect(r.Context(), string(who), in.Offer)
	if err != nil {
		return noBrowsers(err)
	}
	ways, err := a.ice(r.Context(), string(who))
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, BrowserAnswer{answer, ways})
}

// talks is the name of the browser in which the visitor of a callback talks.
func (a *API) talks(w http.ResponseWriter, r *http.Request) (peer string, err error) {
	c, err := a.held(w, r)
	if err != nil {
		return "", err
	}
	peer, web := c.Endpoint.Browser()
	switch {
	case !web:
		return "", fault.New(fault.ChannelUnavailable, "This call goes to a telephone.")
	case c.State == callback.Ended:
		return "", fault.New(fault.AlreadyEnded, "This call has already ended.")
	}
	return peer, nil
}

func (a *API) visitorWays(w http.ResponseWriter, r *http.Request) error {
	peer, err := a.talks(w, r)
	if err != nil {
		return err
	}
	ways, err := a.ice(r.Context(), peer)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, BrowserWays{ways})
}

// visitorConnects connects the browser of a visitor who wants to talk there. Loaded again, it connects anew.
func (a *API) visitorConnects(w http.ResponseWriter, r *http.Request) error {
	peer, err := a.talks(w, r)
	if err != nil {
		return err
	}
	var in BrowserOffer
	if err := door.Lenient(r, &in); err != nil {
		return err
	}
	if in.Offer == "" {
		return required("offer")
	}
	answer, err := a.Browsers.Connect(r.Context(), peer, in.Offer)
	if err != nil {
		return noBrowsers(err)
	}
	ways, err := a.ice(r.Context(), peer)
	if err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, BrowserAnswer{answer, ways})
}

func (a *API) disconnect(w http.ResponseWriter, r *http.Request) error {
	who, err := a.herself(r)
	if err != nil {
		return err
	}
	if err := a.Browsers.Disconnect(r.Context(), string(who)); err != nil {
		return noBrowsers(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noBrowsers(err error) error {
	switch {
	case errors.Is(err, cti.ErrNoBrowser):
		return fault.At("offer", fault.ChannelUnavailable, "This browser cannot be connected: its offer is none that we can take, or listen.rtc is not open.").Because(err)
	case errors.Is(err, cti.ErrDown):
		return fault.New(fault.SwitchDown, "The telephone switch is not ready. Try again in a few seconds.").Because(err)
	}
	return err
}

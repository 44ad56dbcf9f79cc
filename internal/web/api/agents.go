package api

import (
	"encoding/json"
	"net/http"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/login"
	"ringback/internal/web/door"
)

// AgentDoc is what is written of an agent.
type AgentDoc struct {
	Slug       string   `json:"slug"`
	Name       string   `json:"name"`
	Devices    []Device `json:"devices"`
	Ready      bool     `json:"ready"`
	Supervisor bool     `json:"supervisor"`

	Ring       string `json:"ring"`        // in_order, together
	PauseAfter int    `json:"pause_after"` // so many offers in a row that she lets pass or turns down pause her

	Notify *Notify `json:"notify"` // null = nowhere
}

// Notify is where an agent's links go: mail or sms.
type Notify struct {
	Mail string `json:"mail,omitempty"`
	SMS  string `json:"sms,omitempty"` // +12025550112
}

// Device is a telephone of an agent; they ring in order.
type Device struct {
	To      string       `json:"to"`
	RingS   door.Seconds `json:"ring_s,omitzero"`
	Confirm string       `json:"confirm,omitempty"`

	Codecs   []cti.Codec `json:"codecs,omitempty"`    // of a SIP telephone, in order; none = pcmu, pcma
	SRTP     cti.SRTP    `json:"srtp,omitempty"`      // no, sdes, required; none = where the telephone can
	PostDial string      `json:"post_dial,omitempty"` // keys sent once it answers; w waits half a second
}

// UnmarshalJSON reads an address alone, as a seed file may write it, or the object.
func (d *Device) UnmarshalJSON(b []byte) error {
	if to := ""; json.Unmarshal(b, &to) == nil {
		*d = Device{To: to}
		return nil
	}
	type object Device
	return door.Decode(b, (*object)(d), true)
}

// Agent is a person who answers, with her presence.
type Agent struct {
	ID         string      `json:"id"`
	Slug       string      `json:"slug"`
	Name       string      `json:"name"`
	Devices    []Device    `json:"devices"`
	Ready      bool        `json:"ready"`
	Supervisor bool        `json:"supervisor"`
	Ring       string      `json:"ring"`        // her telephones: in_order, together
	PauseAfter int         `json:"pause_after"` // so many offers in a row that she lets pass or turns down pause her
	Notify     *Notify     `json:"notify"`      // where a link goes to the page of a call that she takes on a telephone
	Presence   string      `json:"presence"`
	Reason     *string     `json:"reason"`
	Since      door.Stamp  `json:"since"`
	Until      door.Stamp  `json:"until"`  // when wrap-up or a pause ends by itself
	Missed     int         `json:"missed"` // offers in a row that she has let pass or turned down
	Callback   *string     `json:"callback"`
	Telephones []Telephone `json:"telephones"`
	CreatedAt  door.Stamp  `json:"created_at"`
	UpdatedAt  door.Stamp  `json:"updated_at"`
}

// Telephone is one that is registered as the agent: what a device sip:NAME rings.
type Telephone struct {
	State     string     `json:"state"` // live, or silent: it answers our pings no more and is not rung until it is heard
	UserAgent string     `json:"user_agent"`
	Transport string     `json:"transport"` // udp, tcp, tls
	Address   string     `json:"address"`   // where it speaks from
	NAT       bool       `json:"nat"`       // there is a router between
	Since     door.Stamp `json:"since"`
	Until     door.Stamp `json:"until"`
}

// NewPresence asks for a presence.
type NewPresence struct {
	Presence agent.Presence `json:"presence"`
	Reason   *string        `json:"reason,omitempty"`
}

func (a *API) agents() thing[AgentDoc, Agent] {
	return thing[AgentDoc, Agent]{
		kind: directory.Agent, prefix: "agt_",
		ids:   func(d *directory.Directory) []string { return keysOf(d.Agents) },
		whose: func(*directory.Directory, string) id.Subscriber { return "" },
		view: func(d *directory.Directory, i string) Agent {
			ag := d.Agents[id.Agent(i)]
			v := agentView(ag, a.Conductor.Agents())
			v.Telephones = telephones(a.Conductor.Registered(ag.Slug))
			return v
		},
		doc: func(d *directory.Directory, i string) AgentDoc {
			ag := d.Agents[id.Agent(i)]
			return AgentDoc{ag.Slug, ag.Name, devices(ag.Devices), ag.Ready, ag.Supervisor, ringOf(ag), ag.MayMiss(), notifyOf(ag)}
		},
		check: checkAgent,
	}
}

func agentView(ag *agent.Agent, live map[id.Agent]agent.Status) Agent {
	s, ok := live[ag.ID]
	if !ok {
		s = ag.Status
	}
	if s.Presence == "" {
		s.Presence = agent.SignedOut
	}
	return Agent{
		ID: string(ag.ID), Slug: ag.Slug, Name: ag.Name, Devices: devices(ag.Devices), Ready: ag.Ready, Supervisor: ag.Supervisor, Ring: ringOf(ag), PauseAfter: ag.MayMiss(), Notify: notifyOf(ag), Presence: string(s.Presence),
		Reason: door.Opt(s.Reason), Since: door.Stamp(s.Since), Until: door.Stamp(s.Until), Missed: s.Missed, Callback: door.Opt(s.Callback),
		CreatedAt: door.Stamp(ag.CreatedAt), UpdatedAt: door.Stamp(ag.UpdatedAt),
	}
}

func notifyOf(ag *agent.Agent) *Notify {
	switch ag.Notify.Kind {
	case letter.Mail:
		return &Notify{Mail: ag.Notify.To}
	case letter.SMS:
		return &Notify{SMS: ag.Notify.To}
	}
	return nil
}

func (n *Notify) address() (a letter.Address, err error) {
	switch {
	case n == nil || *n == (Notify{}):
		return a, nil
	case n.Mail != "" && n.SMS != "":
		return a, bad("notify", "Links go by mail or by sms, not by both.")
	case n.Mail != "":
		a, err = letter.ParseAddress(letter.Mail, n.Mail)
	default:
		a, err = letter.ParseAddress(letter.SMS, n.SMS)
	}
	if err != nil {
		return a, bad("notify", "%v.", err)
	}
	return a, nil
}

func ringOf(ag *agent.Agent) string {
	if ag.Ring == agent.RingTogether {
		return ag.Ring
	}
	return "in_order"
}

func telephones(all []cti.Registration) []Telephone {
	out := []Telephone{}
	for _, r := range all {
		out = append(out, Telephone{string(r.State), r.UserAgent, r.Transport, r.Source, r.NAT, door.Stamp(r.Since), door.Stamp(r.Until)})
	}
	return out
}

func devices(all []agent.Device) []Device {
	out := []Device{}
	for _, d := range all {
		to := string(d.To)
		if d.To.Kind() == cti.Web {
			to = string(agent.Desk)
		}
		out = append(out, Device{to, door.Seconds(d.Ring), d.Confirm, d.Codecs, d.SRTP, d.PostDial})
	}
	return out
}

func checkAgent(_ *http.Request, d *directory.Directory, self string, in *AgentDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if err := freeSlug(d, directory.Agent, self, in.Slug); err != nil {
		return none, err
	}
	if in.Name == "" {
		return none, required("name")
	}
	ag := agent.Agent{ID: id.Agent(self), Slug: in.Slug, Name: in.Name, Ready: in.Ready, Supervisor: in.Supervisor, PauseAfter: in.PauseAfter}
	if err := oneOf("ring", in.Ring, "", "in_order", agent.RingTogether); err != nil {
		return none, err
	}
	if in.Ring == agent.RingTogether {
		ag.Ring = in.Ring
	}
	if ag.PauseAfter < 0 || ag.PauseAfter > 100 {
		return none, bad("pause_after", "pause_after is a number of offers, from 1 to 100.")
	}
	var err error
	if ag.Notify, err = in.Notify.address(); err != nil {
		return none, err
	}
	if old := d.Agents[ag.ID]; old != nil {
		ag.PasswordHash, ag.SIP, ag.CreatedAt, ag.Status = old.PasswordHash, old.SIP, old.CreatedAt, old.Status
	}
	for _, dev := range in.Devices {
		if dev.To == string(agent.Desk) {
			ag.Devices = append(ag.Devices, agent.Device{To: agent.Desk, Ring: time.Duration(dev.RingS)})
			continue
		}
		to, err := endpoint("devices", dev.To)
		if err != nil {
			return none, err
		}
		if err := oneOf("devices", dev.Confirm, "", "auto", "none", "key"); err != nil {
			return none, err
		}
		if dev.RingS < 0 || time.Duration(dev.RingS) > 5*time.Minute {
			return none, bad("devices", "A telephone rings for 0 (as its kind does) to 300 seconds.")
		}
		if user, ok := to.Account(); ok && user != ag.Slug {
			return none, bad("devices", "%s means the telephones registered as %s; an agent rings her own: sip:%s.", dev.To, user, ag.Slug)
		}
		for _, c := range dev.Codecs {
			if err := oneOf("devices", c, cti.PCMU, cti.PCMA, cti.G722); err != nil {
				return none, err
			}
		}
		if err := oneOf("devices", dev.SRTP, "", cti.SRTPNo, cti.SRTPSDES, cti.SRTPRequired); err != nil {
			return none, err
		}
		if err := cti.CheckDeviceSRTP(to, dev.SRTP); err != nil {
			return none, bad("devices", "%v.", err)
		}
		if err := cti.CheckPostDial(dev.PostDial); err != nil {
			return none, bad("devices", "%v.", err)
		}
		ag.Devices = append(ag.Devices, agent.Device{To: to, Ring: time.Duration(dev.RingS), Confirm: dev.Confirm, Codecs: dev.Codecs, SRTP: dev.SRTP, PostDial: dev.PostDial})
	}
	return directory.Setup{Agents: []agent.Agent{ag}}, nil
}

// commands says whether somebody may say how an agent is: she herself, a supervisor of a business that she represents, and
// an operator's key.
func commands(d *directory.Directory, p login.Principal, who id.Agent) bool {
	if p.Agent == "" {
		return p.Sees == ""
	}
	if p.Agent == who {
		return true
	}
	return watches(d, p, who)
}

func (a *API) setPresence(w http.ResponseWriter, r *http.Request) error {
	t := a.agents()
	d := a.Conductor.Directory()
	i := d.ID(directory.Agent, r.PathValue("id"))
	if i == "" || !commands(d, door.Principal(r.Context()), id.Agent(i)) {
		return missing(directory.Agent)
	}
	var in NewPresence
	if err := door.Strict(r, &in); err != nil {
		return err
	}
	if _, ok := agent.Wanted(in.Presence); !ok {
		return bad("presence", "presence can be set to ready, paused, signed_out or finishing.")
	}
	if _, err := a.Conductor.SetPresence(r.Context(), id.Agent(i), in.Presence, door.Text(in.Reason)); err != nil {
		return err
	}
	return door.JSON(w, http.StatusOK, t.view(a.Conductor.Directory(), i))
}

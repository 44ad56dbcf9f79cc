package callback

import (
	"strings"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// Ring times of telephones that are nobody's device (callers of the network let it ring about so long).
const (
	visitorRing = 30 * time.Second
	mobileRing  = 20 * time.Second // before voicemail picks up
	deskRing    = 25 * time.Second
)

// orderDeadline: an order that could not be carried out by then is stale; the wake-up decides again.
const orderDeadline = 10 * time.Second

// order writes down what the switch shall do for a leg. It follows from what is stored, so it is the same after a
// restart.
func order(c *Callback, a *Attempt, l *Leg, dir *directory.Directory, at time.Time, sp speech.Speaker) cti.Order {
	sub := dir.Subscribers[c.Subscriber]
	if sub == nil {
		sub = &subscriber.Subscriber{}
	}
	o := cti.Order{
		Callback: c.ID, Attempt: a.N, Leg: l.ID, Party: l.Party, Fence: a.Fence, To: l.Endpoint,
		Region: sub.Region(), Deadline: at.Add(orderDeadline),
	}
	if l.Party == cti.Visitor {
		if c.arrived(l) {
			o.Answers, o.Confirm, o.Hear = l.CallID, cti.ConfirmNone, toVisitor(sp, c, dir).caller(c, speech.CallerWelcome, 0)
			return o
		}
		visitorOrder(&o, c, sub, toVisitor(sp, c, dir))
		o.From = callerID(c, a, sub, dir).E164()
		return o
	}
	o.From = sub.CallerID.E164()
	if o.Name = sub.Name; l.Endpoint.Kind() == cti.SIP { // a carrier need not know who wants what
		o.Name = agentSees(c, sub)
	}
	dev := deviceOf(c, a, l, dir)
	o.Ring, o.Confirm = agentDevice(c, a, l, dev, dir)
	if asks := a.agentLeg(); l.Role == Consulted && asks != nil {
		o.For = asks.ID
	}
	o.Codecs, o.SRTP, o.PostDial = dev.Codecs, dev.SRTP, dev.PostDial
	began := c.Order
	if c.transferred(l) || c.OnLine() || c.State == RingingAgent && a.RangVisitor {
		began = subscriber.VisitorFirst // as there, the visitor is on the line
	}
	agentHears(&o, began, toAgent(sp, c, repOf(c, a, l, dir), dir))
	return o
}

// agentHears: who must press a key is told what the keys do; then, or at once, that the visitor is called. Nothing of the
// visitor is said: anybody may have picked up.
func agentHears(o *cti.Order, order subscriber.Order, m mouth) {
	o.Late = m.says(speech.Taken)
	calling := cti.Program{First: m.says(speech.AgentCalling), Then: cti.SoundRingback,
		Notes: []cti.Note{{After: stillRinging, Say: m.says(speech.AgentStillRinging)}}}
	if order == subscriber.VisitorFirst { // the visitor is on the line already
		calling = cti.Program{First: cti.Prompt{Sound: cti.SoundSoft}, Then: cti.SoundRingback}
	}
	if o.Confirm == cti.ConfirmNone {
		calling.First.Clips = append([]cti.Clip{"sound/" + cti.Clip(cti.SoundSoft)}, calling.First.Clips...)
		o.Hear = calling
		return
	}
	o.Hear, o.Waits, o.Goodbye = cti.Program{First: m.says(speech.AgentOffer)}, calling, m.says(speech.AgentGoodbye)
}

// visitorOrder: agent-first nothing is asked, because the agent hears who it is; visitor-first a person must say so.
func visitorOrder(o *cti.Order, c *Callback, sub *subscriber.Subscriber, m mouth) {
	o.Ring, o.Name = visitorRing, sub.Name
	if o.To.Kind() == cti.Web { // who has opened the page and allowed the microphone is a person
		o.Confirm, o.Hear = cti.ConfirmNone, cti.Program{Then: cti.SoundWait}
		if c.Order == subscriber.VisitorFirst {
			o.Waits = m.waits(speech.VisitorThanks, 0, c.mayPutOff())
		}
		return
	}
	if c.Order != subscriber.VisitorFirst {
		o.Confirm = confirmOr(c.Confirm.Visitor, cti.ConfirmNone)
		o.Hear = cti.Program{Then: cti.SoundWait}
		if o.Confirm != cti.ConfirmNone {
			o.Hear.First, o.Goodbye, o.Message = m.says(speech.VisitorCheck), m.says(speech.VisitorGoodbye), m.says(speech.VisitorMessage)
		}
		return
	}
	if o.Confirm = confirmOr(c.Confirm.Visitor, cti.ConfirmKeyOrVoice); o.Confirm == cti.ConfirmNone {
		o.Confirm = cti.ConfirmKeyOrVoice // the button is for agent first, this wish is not: no machine may ring an agent
	}
	o.Hear = cti.Program{First: m.says(speech.VisitorOffer), Then: cti.SoundWait}
	o.Waits = m.waits(speech.VisitorThanks, 0, c.mayPutOff())
	o.Goodbye, o.Message = m.says(speech.VisitorGoodbye), m.says(speech.VisitorMessage)
}

func confirmOr(asked string, auto cti.Confirm) cti.Confirm {
	if asked == "" || asked == "auto" {
		return auto
	}
	return cti.Confirm(asked)
}

// OfferFor is how long a desk that a leg rings is offered the call.
func OfferFor(dir *directory.Directory, c *Callback, l *Leg) time.Duration {
	ring := agent.OfferTime
	if ag := dir.Agents[l.Agent]; ag != nil {
		for _, dev := range ag.Devices {
			if dev.To == l.Endpoint {
				ring = dev.RingTime()
			}
		}
	}
	return offerTime(c, l, ring)
}

// offerTime: while a visitor waits on the line, a desk that does not answer is left sooner.
func offerTime(c *Callback, l *Leg, ring time.Duration) time.Duration {
	a := c.Current()
	if a != nil && a.RangVisitor || c.OnLine() || c.transferred(l) {
		return min(ring, agent.OfferTimeLive)
	}
	return ring
}

// agentDevice: a mobile has a voicemail that also answers and speaks, so it must press a key; a SIP phone of ours is
// proof by answering; an endpoint that a keyed request named may be a PBX and is asked nothing.
func agentDevice(c *Callback, a *Attempt, l *Leg, dev agent.Device, dir *directory.Directory) (time.Duration, cti.Confirm) {
	ring := deskRing
	if dir.Agents[whose(a, l)] != nil {
		ring = dev.RingTime()
	} else if l.Endpoint.Kind() == cti.Tel {
		ring = mobileRing
	}
	if l.Endpoint.Kind() == cti.Web { // she accepts on her page
		return offerTime(c, l, ring), cti.ConfirmNone
	}
	auto := cti.ConfirmNone
	if l.Endpoint.Kind() == cti.Tel && c.Destination == "" && (!c.transferred(l) || dev.To != "") {
		auto = cti.ConfirmKey
	}
	if s := dir.Subscribers[c.Subscriber]; s != nil && escalates(a) && l.Agent == "" {
		return ring, confirmOr(s.Routing.Escalate.Confirm, auto)
	}
	if dev.Confirm != "" && dev.Confirm != "auto" {
		return ring, cti.Confirm(dev.Confirm)
	}
	return ring, confirmOr(c.Confirm.Agent, auto)
}

// deviceOf is the agent's telephone that a leg rings; zero where nobody but an endpoint is named.
func deviceOf(c *Callback, a *Attempt, l *Leg, dir *directory.Directory) (dev agent.Device) {
	if c.transferred(l) { // somebody else's, perhaps
		for _, r := range dir.Representatives(c.Subscriber) {
			if ag := dir.Agents[r.Agent]; ag != nil {
				for _, d := range ag.Devices {
					if d.To == l.Endpoint {
						return d
					}
				}
			}
		}
		return dev
	}
	if ag := dir.Agents[whose(a, l)]; ag != nil {
		for _, d := range ag.Devices {
			if d.To == l.Endpoint {
				dev = d
			}
		}
	}
	return dev
}

// whose telephone a leg rings; of an attempt from before legs told it, the attempt's agent's.
func whose(a *Attempt, l *Leg) id.Agent {
	if l.Agent != "" {
		return l.Agent
	}
	return a.Agent
}

// repOf is for which representation a leg rings its agent.
func repOf(c *Callback, a *Attempt, l *Leg, dir *directory.Directory) id.Representation {
	if l.Agent != "" && l.Agent != a.Agent {
		for _, r := range dir.Representatives(c.Subscriber) {
			if r.Agent == l.Agent {
				return r.ID
			}
		}
	}
	return a.Representation
}

// callerID is the business's number, or the one of the representation that answers.
func callerID(c *Callback, a *Attempt, sub *subscriber.Subscriber, dir *directory.Directory) phone.Number {
	if r := dir.Representations[a.Representation]; r != nil && r.CallerID != "" {
		return r.CallerID
	}
	if c.CallerID != "" {
		return c.CallerID
	}
	return sub.CallerID
}

// agentSees is the display name on a SIP device: business · visitor · topic. It goes into a SIP header, so the driver
// quotes it; here it is only kept short.
func agentSees(c *Callback, sub *subscriber.Subscriber) string {
	parts := []string{sub.Name}
	for _, s := range []string{c.Name, c.Topic} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	r := []rune(strings.Join(parts, " · "))
	return string(r[:min(len(r), 60)])
}

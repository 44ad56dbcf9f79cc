package server

import (
	"fmt"
	"slices"
	"time"

	"ringback/internal/agent"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// How long a device may be asked to ring.
const (
	minRing = 3 * time.Second
	maxRing = 2 * time.Minute
)

func (s *seedReader) agent(key string, f *seedAgent) agent.Agent {
	out := agent.Agent{Slug: f.ID, Name: f.Name, Ready: f.Ready, Supervisor: f.Supervisor}
	if f.Name == "" {
		out.Name = f.ID
	}
	s.habits(key, f, &out)
	out.Notify = s.notify(key+".notify", f.Notify)
	for i, d := range f.Devices {
		at := fmt.Sprintf("%s.devices[%d]", key, i)
		if d.To == string(agent.Desk) {
			out.Devices = append(out.Devices, s.desk(at, d))
			continue
		}
		to, err := cti.ParseEndpoint(d.To)
		if err != nil {
			s.wrong(at, "%v", err)
		}
		if user, ok := to.Account(); ok {
			s.registered(at, user, d.To, f)
		}
		if d.Ring != 0 && (d.Ring < minRing || d.Ring > maxRing) {
			s.wrong(at+".ring", "a telephone rings %v to %v", minRing, maxRing)
		}
		confirm := d.Confirm
		if confirm != "" {
			confirm = s.oneOf(at+".confirm", d.Confirm, "auto", "none", "key")
		}
		dev := agent.Device{To: to, Ring: d.Ring, Confirm: confirm, PostDial: d.PostDial}
		for k, c := range d.Codecs {
			dev.Codecs = append(dev.Codecs, cti.Codec(s.oneOf(fmt.Sprintf("%s.codecs[%d]", at, k), c, "pcmu", "pcma", "g722")))
		}
		if d.SRTP != "" {
			dev.SRTP = cti.SRTP(s.oneOf(at+".srtp", d.SRTP, "no", "sdes", "required"))
		}
		if err := cti.CheckDeviceSRTP(to, dev.SRTP); err != nil {
			s.wrong(at+".srtp", "%v", err)
		}
		if err := cti.CheckPostDial(d.PostDial); err != nil {
			s.wrong(at+".post_dial", "%v", err)
		}
		out.Devices = append(out.Devices, dev)
	}
	if plain := s.secret(key+".password_file", f.PasswordFile); plain != "" {
		s.passwords[f.ID] = plain
	}
	return out
}

// notify is where a link goes to the page of a call that an agent takes on a telephone.
func (s *seedReader) notify(key string, f seedNotify) (a letter.Address) {
	var err error
	switch {
	case f.Mail != "" && f.SMS != "":
		s.wrong(key, "links go by mail or by sms: leave one of them out")
	case f.Mail != "":
		key += ".mail"
		a, err = letter.ParseAddress(letter.Mail, f.Mail)
	case f.SMS != "":
		key += ".sms"
		a, err = letter.ParseAddress(letter.SMS, f.SMS)
	}
	if err != nil {
		s.wrong(key, "%v", err)
	}
	return a
}

// registered checks a device that means the telephones registered under a name: the agent's own, with her password.
func (s *seedReader) registered(at, user, said string, f *seedAgent) {
	switch {
	case user != f.ID:
		s.wrong(at, "%q means the telephones that are registered as %s: an agent rings her own, did you mean sip:%s? A host without a dot needs a user or a port: sip:someone@%s or %s:5060",
			said, user, f.ID, user, said)
	case f.PasswordFile == "":
		s.wrong(at, "%q means the telephones that she registers, and they need her password: add password_file", said)
	}
}

func (s *seedReader) representations(key string, f *seedAgent) (out []agent.Representation) {
	for i := range f.Represents {
		at := fmt.Sprintf("%s.represents[%d]", key, i)
		r := s.representation(at, f.ID, &f.Represents[i])
		if slices.ContainsFunc(out, func(o agent.Representation) bool { return o.Subscriber == r.Subscriber }) {
			s.wrong(at+".subscriber", "%s represents %s twice", f.ID, r.Subscriber)
		}
		out = append(out, r)
	}
	return out
}

func (s *seedReader) representation(key, who string, f *seedRepresentation) agent.Representation {
	if f.Subscriber == "" {
		s.wrong(key+".subscriber", "name the business that she answers for")
	}
	return agent.Representation{Agent: id.Agent(who), Subscriber: s.business(key+".subscriber", f.Subscriber), DisplayName: f.DisplayName,
		Greeting: f.Greeting, Whisper: f.Whisper, Script: f.Script, Skills: s.skills(key+".skills", f.Skills), Hours: s.hours(key+".hours", f.Hours), Languages: f.Languages, Priority: f.Priority,
		CallerID: s.callerID(key+".caller_id", f.CallerID)}
}

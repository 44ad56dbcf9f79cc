package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

func (s *seedReader) subscriber(key string, f *seedSubscriber) subscriber.Subscriber {
	out := subscriber.Subscriber{Slug: f.ID, Name: f.Name, Suspended: f.Suspended, TimeZone: f.TimeZone,
		CallerID: s.callerID(key+".caller_id", f.CallerID),
		Limits:   subscriber.Limits{Concurrent: f.Limits.Concurrent, MaxTalk: f.Limits.MaxTalk, SpendPerDay: f.Limits.SpendPerDay}}
	if f.Name == "" {
		s.wrong(key+".name", "a business has a name: it is what visitors read")
	}
	if len(f.Regions) == 0 {
		s.wrong(key+".regions", "at least one country whose numbers may be called, such as [US]")
	}
	for i, r := range f.Regions {
		if !phone.IsRegion(r) {
			s.wrong(fmt.Sprintf("%s.regions[%d]", key, i), "%q is no country: two capitals, such as US", r)
		}
	}
	out.Regions = f.Regions
	if out.TimeZone == "" {
		out.TimeZone = "UTC"
	}
	if _, err := time.LoadLocation(out.TimeZone); err != nil {
		s.wrong(key+".time_zone", "%q is no time zone: write one such as America/New_York", f.TimeZone)
	}
	out.Numbers = s.numbers(key+".numbers", f.Numbers)
	out.Hours, out.Routing = s.hours(key+".hours", f.Hours), s.routing(key, f)
	out.Holidays, out.Slots = s.holidays(key, f), s.slots(key+".slots", f.Slots)
	if f.Destination != "" {
		var err error
		if out.Destination, err = cti.ParseEndpoint(f.Destination); err != nil {
			s.wrong(key+".destination", "%v", err)
		}
	}
	if out.Limits.Concurrent == 0 {
		out.Limits.Concurrent = subscriber.DefaultConcurrent
	}
	if out.Limits.MaxTalk == 0 {
		out.Limits.MaxTalk = subscriber.DefaultMaxTalk
	}
	if out.Limits.Concurrent < 0 || out.Limits.MaxTalk < time.Second {
		s.wrong(key+".limits", "concurrent is 1 or more, max_talk at least 1s")
	}
	out.Prompts = subscriber.Prompts{
		Announcement: s.prompt(key+".prompts.announcement", f.Prompts.Announcement),
		SpokenName:   s.prompt(key+".prompts.spoken_name", f.Prompts.SpokenName),
		Wait:         s.prompt(key+".prompts.wait", f.Prompts.Wait),
		Sorry:        s.prompt(key+".prompts.sorry", f.Prompts.Sorry),
		Closed:       s.prompt(key+".prompts.closed", f.Prompts.Closed),
	}
	out.Recording = subscriber.Recording{On: f.Recording.On, Retention: f.Recording.Retention, Notice: s.prompt(key+".recording.notice", f.Recording.Notice)}
	if r := f.Recording.Retention; r != 0 && (r < subscriber.MinRetention || r > subscriber.MaxRetention) {
		s.wrong(key+".recording.retention", "from 1h to 3650d: for how long recordings are kept")
	}
	if out.Language = f.Language; f.Language != "" && !speech.Speaks(f.Language) {
		s.wrong(key+".language", "%q is not spoken here: it is one of %s", f.Language, speech.List())
	}
	s.afterCall(key, f, &out)
	out.Notify = subscriber.Notify(f.Notify)
	if k, why := out.Notify.Check(); why != "" {
		s.wrong(key+".notify."+k, "%s", why)
	}
	return out
}

// afterCall is what agents find on their desks with a call, and give it afterwards.
func (s *seedReader) afterCall(key string, f *seedSubscriber, out *subscriber.Subscriber) {
	if out.Dispositions = f.Dispositions; len(f.Dispositions) > 0 {
		if err := subscriber.CheckDispositions(f.Dispositions); err != nil {
			s.wrong(key+".dispositions", "%v", err)
		}
	}
	if out.ScreenPop = f.ScreenPop; f.ScreenPop != "" {
		if err := subscriber.CheckScreenPop(f.ScreenPop); err != nil {
			s.wrong(key+".screen_pop", "%v", err)
		}
	}
}

func (s *seedReader) button(key, business string, f *seedButton) subscriber.Button {
	out := subscriber.Button{
		Slug: f.ID, Subscriber: id.Subscriber(business), Origins: f.Origins, Closed: f.Closed, Tries: f.Tries,
		Order: subscriber.Order(s.oneOf(key+".order", f.Order, "agent_first", "visitor_first")),
		Confirm: subscriber.Confirm{
			Agent:   s.oneOf(key+".confirm.agent", f.Confirm.Agent, "auto", "none", "key"),
			Visitor: s.oneOf(key+".confirm.visitor", f.Confirm.Visitor, "auto", "none", "key", "key_or_voice"),
		},
		Skills: s.skills(key+".skills", f.Skills), Priority: s.priority(key+".priority", f.Priority), Hours: s.hours(key+".hours", f.Hours),
	}
	if out.Order == subscriber.VisitorFirst && out.Confirm.Visitor == "none" {
		s.wrong(key+".confirm.visitor", "visitor_first needs the visitor's confirmation, or an answering machine would ring an agent: write auto, key or key_or_voice")
	}
	if f.Proof != "" {
		out.Proof = s.oneOf(key+".proof", f.Proof, subscriber.ProofRequired, subscriber.ProofOff)
	}
	if f.Recording != "" {
		out.Recording = s.oneOf(key+".recording", f.Recording, "on", "off")
	}
	if out.Tries == 0 {
		out.Tries = subscriber.DefaultTries
	}
	if out.Tries < 1 || out.Tries > 10 {
		s.wrong(key+".tries", "1 to 10")
	}
	for i, o := range f.Origins {
		if !strings.HasPrefix(o, "http://") && !strings.HasPrefix(o, "https://") || strings.Count(o, "/") != 2 {
			s.wrong(fmt.Sprintf("%s.origins[%d]", key, i), "%q is no origin: scheme and host only, such as https://acme.example", o)
		}
	}
	for i, c := range f.Channels {
		out.Channels = append(out.Channels, s.oneOf(fmt.Sprintf("%s.channels[%d]", key, i), c, "phone", "web", "chat", "message", "video"))
	}
	if len(out.Channels) == 0 {
		out.Channels = []string{"phone"}
	}
	for i, q := range f.Fields {
		if q.Name == "" || strings.Trim(q.Name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			s.wrong(fmt.Sprintf("%s.fields[%d].name", key, i), "a field's name holds a-z, 0-9 and _")
		}
		if slices.ContainsFunc(out.Fields, func(o subscriber.Field) bool { return o.Name == q.Name }) {
			s.wrong(fmt.Sprintf("%s.fields[%d].name", key, i), "a second field is called %q", q.Name)
		}
		if q.Label == "" {
			q.Label = q.Name
		}
		out.Fields = append(out.Fields, subscriber.Field(q))
	}
	return out
}

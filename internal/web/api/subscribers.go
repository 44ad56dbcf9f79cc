package api

import (
	"net/http"
	"slices"
	"time"

	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/money"
	"ringback/internal/phone"
	"ringback/internal/schedule"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// SubscriberDoc is what is written of a business.
type SubscriberDoc struct {
	Slug         string             `json:"slug"`
	Name         string             `json:"name"`
	Regions      []string           `json:"regions"`
	TimeZone     string             `json:"time_zone"`
	Hours        schedule.Hours     `json:"hours"`
	Holidays     schedule.Days      `json:"holidays"` // days on which it is closed, 2026-12-25
	Slots        SlotsDoc           `json:"slots"`
	CallerID     string             `json:"caller_id"`
	Numbers      []phone.Number     `json:"numbers"` // that callers may dial, besides caller_id
	Destination  string             `json:"destination"`
	Prompts      subscriber.Prompts `json:"prompts"`
	Language     string             `json:"language"`
	Limits       LimitsDoc          `json:"limits"`
	Recording    RecordingDoc       `json:"recording"`
	Routing      RoutingDoc         `json:"routing"`
	ServiceLevel ServiceLevelDoc    `json:"service_level"`
	Suspended    bool               `json:"suspended"`
	Dispositions []string           `json:"dispositions"` // none = done, follow_up, wrong_number, spam
	ScreenPop    string             `json:"screen_pop"`   // https://crm.example/find?number={number}
	Notify       NotifyDoc          `json:"notify"`
}

// NotifyDoc is where a business hears of who was not served.
type NotifyDoc struct {
	Mail   string `json:"mail"`
	SMS    string `json:"sms"`    // a mobile's number, +12025550112
	Missed bool   `json:"missed"` // a card for each visitor whom nobody has talked with
	Digest string `json:"digest"` // 18:00, by the business's clock: a mail of the day; "" = none
}

// LimitsDoc bounds what a business may cause.
type LimitsDoc struct {
	Concurrent  int          `json:"concurrent"`
	MaxTalkS    door.Seconds `json:"max_talk_s"`
	SpendPerDay money.Amount `json:"spend_per_day"`
}

// RecordingDoc says whether talks are recorded, and for how long they are kept.
type RecordingDoc struct {
	On         bool         `json:"on"`
	RetentionS door.Seconds `json:"retention_s"`
	Notice     string       `json:"notice"`
}

// Subscriber is a business.
type Subscriber struct {
	ID           string             `json:"id"`
	Slug         string             `json:"slug"`
	Name         string             `json:"name"`
	Regions      []string           `json:"regions"`
	TimeZone     string             `json:"time_zone"`
	Hours        schedule.Hours     `json:"hours"`
	Holidays     schedule.Days      `json:"holidays"`
	Slots        SlotsDoc           `json:"slots"`
	CallerID     *string            `json:"caller_id"`
	Numbers      []phone.Number     `json:"numbers"`
	Destination  *string            `json:"destination"`
	Prompts      subscriber.Prompts `json:"prompts"`
	Language     *string            `json:"language"`
	Limits       LimitsDoc          `json:"limits"`
	Recording    RecordingDoc       `json:"recording"`
	Routing      RoutingDoc         `json:"routing"`
	ServiceLevel ServiceLevelDoc    `json:"service_level"`
	Suspended    bool               `json:"suspended"`
	Dispositions []string           `json:"dispositions"`
	ScreenPop    *string            `json:"screen_pop"`
	Notify       NotifyDoc          `json:"notify"`
	CreatedAt    door.Stamp         `json:"created_at"`
	UpdatedAt    door.Stamp         `json:"updated_at"`
}

func (a *API) subscribers() thing[SubscriberDoc, Subscriber] {
	return thing[SubscriberDoc, Subscriber]{
		kind: directory.Subscriber, prefix: "sub_",
		ids:   func(d *directory.Directory) []string { return keysOf(d.Subscribers) },
		whose: func(_ *directory.Directory, i string) id.Subscriber { return id.Subscriber(i) },
		view: func(d *directory.Directory, i string) Subscriber {
			return subscriberView(d.Subscribers[id.Subscriber(i)])
		},
		doc: func(d *directory.Directory, i string) SubscriberDoc {
			return subscriberDoc(d.Subscribers[id.Subscriber(i)])
		},
		blank: SubscriberDoc{TimeZone: "UTC", Limits: LimitsDoc{subscriber.DefaultConcurrent, door.Seconds(subscriber.DefaultMaxTalk), money.Amount{}},
			Recording: RecordingDoc{RetentionS: door.Seconds(subscriber.DefaultRetention)}, Routing: routingDoc(subscriber.Routing{}), ServiceLevel: levelDoc(subscriber.Level{})},
		check: checkSubscriber,
	}
}

func subscriberView(s *subscriber.Subscriber) Subscriber {
	return Subscriber{
		ID: string(s.ID), Slug: s.Slug, Name: s.Name, Regions: list(s.Regions), TimeZone: s.TimeZone, Hours: s.Hours, Holidays: list(s.Holidays), Slots: slotsDoc(s.Slots),
		CallerID: door.Opt(s.CallerID.E164()), Numbers: list(s.Numbers), Destination: door.Opt(s.Destination), Prompts: s.Prompts, Language: door.Opt(s.Language),
		Limits:    LimitsDoc{s.Limits.Concurrent, door.Seconds(s.Limits.MaxTalk), s.Limits.SpendPerDay},
		Recording: RecordingDoc{s.Recording.On, door.Seconds(s.Recording.Keep()), s.Recording.Notice},
		Routing:   routingDoc(s.Routing), ServiceLevel: levelDoc(s.Routing.Level),
		Suspended: s.Suspended, Dispositions: s.Codes(), ScreenPop: door.Opt(s.ScreenPop), Notify: NotifyDoc(s.Notify), CreatedAt: door.Stamp(s.CreatedAt), UpdatedAt: door.Stamp(s.UpdatedAt),
	}
}

func subscriberDoc(s *subscriber.Subscriber) SubscriberDoc {
	v := subscriberView(s)
	return SubscriberDoc{v.Slug, v.Name, v.Regions, v.TimeZone, v.Hours, v.Holidays, v.Slots, s.CallerID.E164(), v.Numbers, string(s.Destination), v.Prompts, s.Language, v.Limits, v.Recording, v.Routing, v.ServiceLevel, v.Suspended, list(s.Dispositions), s.ScreenPop, v.Notify}
}

// businessSets is what a business says of itself; the rest is between it and the operator: whom it may call, as whom, for how
// much. Recordings that are played come as sound, not as names of files.
var businessSets = []string{"time_zone", "hours", "holidays", "slots", "destination", "language", "recording", "service_level", "dispositions", "screen_pop", "notify"}

// ownTelephone: a business may be rung where its visitors could be, and at no Internet telephone.
func ownTelephone(s *subscriber.Subscriber) error {
	n := phone.Number(s.Destination.Number())
	if s.Destination == "" || n != "" && s.MayCall(n) == nil {
		return nil
	}
	return fault.At("destination", fault.EndpointNotAllowed, "Write an ordinary telephone of your country, tel:+12025550101. The operator can set others.")
}

func checkSubscriber(r *http.Request, d *directory.Directory, self string, in *SubscriberDoc) (directory.Setup, error) {
	none := directory.Setup{}
	if err := freeSlug(d, directory.Subscriber, self, in.Slug); err != nil {
		return none, err
	}
	if in.Name == "" {
		return none, required("name")
	}
	for _, c := range in.Regions {
		if len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' {
			return none, bad("regions", "%.64q is no country; write its two capitals, such as US.", c)
		}
	}
	if _, err := schedule.Zone(in.TimeZone); err != nil {
		return none, bad("time_zone", "%v.", err)
	}
	if err := checkPrompts(d, self, in.Prompts); err != nil {
		return none, err
	}
	if in.Language != "" && !speech.Speaks(in.Language) {
		return none, bad("language", "%.64q is not spoken here; it is one of %s.", in.Language, speech.List())
	}
	if err := subscriber.CheckDispositions(in.Dispositions); err != nil {
		return none, bad("dispositions", "%v.", err)
	}
	if err := subscriber.CheckScreenPop(in.ScreenPop); err != nil {
		return none, bad("screen_pop", "%v.", err)
	}
	s := subscriber.Subscriber{
		ID: id.Subscriber(self), Slug: in.Slug, Name: in.Name, Regions: in.Regions, TimeZone: in.TimeZone, Hours: in.Hours,
		Prompts: in.Prompts, Language: in.Language, Suspended: in.Suspended, Dispositions: in.Dispositions, ScreenPop: in.ScreenPop, Notify: subscriber.Notify(in.Notify),
		Limits: subscriber.Limits{Concurrent: in.Limits.Concurrent, MaxTalk: time.Duration(in.Limits.MaxTalkS), SpendPerDay: in.Limits.SpendPerDay},
	}
	if key, why := s.Notify.Check(); why != "" {
		return none, bad("notify."+key, "%s.", why)
	}
	if s.Limits.Concurrent < 1 || s.Limits.MaxTalk < time.Second {
		return none, bad("limits", "limits take at least one call at once, and at least a second of talk.")
	}
	s.Recording = subscriber.Recording{On: in.Recording.On, Retention: time.Duration(in.Recording.RetentionS), Notice: in.Recording.Notice}
	if keep := s.Recording.Retention; keep < subscriber.MinRetention || keep > subscriber.MaxRetention {
		return none, bad("recording.retention_s", "Recordings are kept from an hour to ten years.")
	}
	var err error
	if s.Holidays, err = in.Holidays.Checked(); err != nil {
		return none, bad("holidays", "%v.", err)
	}
	if s.Slots, err = in.Slots.read(); err != nil {
		return none, bad("slots", "%v.", err)
	}
	if s.Routing, err = in.Routing.read(d, &s); err != nil {
		return none, err
	}
	if s.Routing.Level, err = in.ServiceLevel.read(); err != nil {
		return none, err
	}
	if old := d.Subscribers[s.ID]; old != nil {
		s.CreatedAt = old.CreatedAt
	}
	if s.CallerID, err = number("caller_id", in.CallerID, s.Region()); err != nil {
		return none, err
	}
	for _, raw := range in.Numbers {
		n, err := number("numbers", string(raw), s.Region())
		if err != nil {
			return none, err
		}
		if other := d.Called(n); other != nil && other.ID != s.ID && slices.Contains(other.Numbers, n) {
			return none, bad("numbers", "%s is a number of %s.", n.E164(), other.Slug)
		}
		s.Numbers = append(s.Numbers, n)
	}
	if in.Destination != "" {
		if s.Destination, err = endpoint("destination", in.Destination); err != nil {
			return none, err
		}
	}
	if old := d.Subscribers[s.ID]; old != nil && door.Principal(r.Context()).Sees != "" {
		if err := maySet(subscriberDoc(old), in, businessSets...); err != nil {
			return none, err
		}
		if s.Destination != old.Destination {
			if err := ownTelephone(&s); err != nil {
				return none, err
			}
		}
	}
	return directory.Setup{Subscribers: []subscriber.Subscriber{s}}, nil
}

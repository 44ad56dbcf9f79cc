package server

import (
	"time"

	"ringback/internal/money"
)

// seedFile is the shape of the file.
type seedFile struct {
	Trunks      []seedTrunk      `yaml:"trunks"`
	Subscribers []seedSubscriber `yaml:"subscribers"`
	Agents      []seedAgent      `yaml:"agents"`
	Keys        []seedKey        `yaml:"keys"`
	Blocks      []seedBlock      `yaml:"blocks"`
	Users       []seedUser       `yaml:"users"`
}

type seedTrunk struct {
	ID             string         `yaml:"id"`
	Address        string         `yaml:"address"`
	Username       string         `yaml:"username"`
	PasswordFile   string         `yaml:"password_file"`
	Accounts       []seedAccount  `yaml:"accounts"`
	Register       bool           `yaml:"register"`
	Expires        time.Duration  `yaml:"expires"`
	Ping           *time.Duration `yaml:"ping"`
	Weight         int            `yaml:"weight"`
	Family         string         `yaml:"family"`
	FromUser       string         `yaml:"from_user"`
	UserPhone      bool           `yaml:"user_phone"`
	Country        string         `yaml:"country"`
	ListedNumbers  []string       `yaml:"listed_numbers"`
	Prefixes       []string       `yaml:"prefixes"`
	Priority       int            `yaml:"priority"`
	MaxCalls       int            `yaml:"max_calls"`
	CallsPerSecond float64        `yaml:"calls_per_second"`
	NumberFormat   string         `yaml:"number_format"`
	TechPrefix     string         `yaml:"tech_prefix"`
	CallerID       string         `yaml:"caller_id"`
	Domain         string         `yaml:"domain"`
	Codecs         []string       `yaml:"codecs"`
	AcceptFrom     []string       `yaml:"accept_from"`
	NAT            string         `yaml:"nat"`
	SRTP           string         `yaml:"srtp"`
	ClientCert     string         `yaml:"client_cert"`
	ClientKey      string         `yaml:"client_key"`
	CAFile         string         `yaml:"ca_file"`
	SessionTimer   string         `yaml:"session_timer"`
	Local          string         `yaml:"local"`
	Headers        *bool          `yaml:"headers"`
	SilentFailover *bool          `yaml:"silent_failover"`
	Rates          []seedRate     `yaml:"rates"`
	RatesFile      string         `yaml:"rates_file"`
}

// seedRate is what a minute to numbers with a prefix costs.
type seedRate struct {
	Prefix    string        `yaml:"prefix"`
	PerMinute money.Amount  `yaml:"per_minute"`
	Step      time.Duration `yaml:"step"`
}

type seedAccount struct {
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

type seedLevel struct {
	Target int           `yaml:"target"` // percent
	Within time.Duration `yaml:"within"`
}

type seedSubscriber struct {
	ID           string              `yaml:"id"`
	Name         string              `yaml:"name"`
	Regions      []string            `yaml:"regions"`
	TimeZone     string              `yaml:"time_zone"`
	Hours        map[string][]string `yaml:"hours"`
	Holidays     []string            `yaml:"holidays"`
	Slots        seedSlots           `yaml:"slots"`
	CallerID     string              `yaml:"caller_id"`
	Numbers      []string            `yaml:"numbers"`
	Destination  string              `yaml:"destination"`
	Prompts      seedPrompts         `yaml:"prompts"`
	Language     string              `yaml:"language"`
	Limits       seedLimits          `yaml:"limits"`
	Recording    seedRecording       `yaml:"recording"`
	Strategy     string              `yaml:"strategy"`
	WrapUp       time.Duration       `yaml:"wrap_up"`
	PreferLast   time.Duration       `yaml:"prefer_last"`
	ServiceLevel seedLevel           `yaml:"service_level"`
	Escalate     seedEscalation      `yaml:"escalate"`
	Suspended    bool                `yaml:"suspended"`
	Dispositions []string            `yaml:"dispositions"`
	ScreenPop    string              `yaml:"screen_pop"`
	Notify       seedLeads           `yaml:"notify"`
	Buttons      []seedButton        `yaml:"buttons"`
}

// seedLeads is where a business hears of who was not served.
type seedLeads struct {
	Mail   string `yaml:"mail"`
	SMS    string `yaml:"sms"`
	Missed bool   `yaml:"missed"`
	Digest string `yaml:"digest"`
}

type seedSlots struct {
	Every    time.Duration `yaml:"every"`
	Capacity int           `yaml:"capacity"`
	Ahead    time.Duration `yaml:"ahead"`
	Notice   time.Duration `yaml:"notice"`
	Window   time.Duration `yaml:"window"`
}

type seedEscalation struct {
	After   time.Duration `yaml:"after"`
	To      string        `yaml:"to"`
	Confirm string        `yaml:"confirm"`
}

type seedPrompts struct {
	Announcement string `yaml:"announcement"`
	SpokenName   string `yaml:"spoken_name"`
	Wait         string `yaml:"wait"`
	Sorry        string `yaml:"sorry"`
	Closed       string `yaml:"closed"`
}

type seedRecording struct {
	On        bool          `yaml:"on"`
	Retention time.Duration `yaml:"retention"`
	Notice    string        `yaml:"notice"`
}

type seedLimits struct {
	Concurrent  int           `yaml:"concurrent"`
	MaxTalk     time.Duration `yaml:"max_talk"`
	SpendPerDay money.Amount  `yaml:"spend_per_day"`
}

type seedButton struct {
	ID        string      `yaml:"id"`
	Origins   []string    `yaml:"origins"`
	Order     string      `yaml:"order"`
	Confirm   seedConfirm `yaml:"confirm"`
	Channels  []string    `yaml:"channels"`
	Proof     string      `yaml:"proof"`
	Tries     int         `yaml:"tries"`
	Fields    []seedField `yaml:"fields"`
	Closed    bool        `yaml:"closed"`
	Recording string      `yaml:"recording"`

	Skills   map[string]int      `yaml:"skills"`
	Priority int                 `yaml:"priority"`
	Hours    map[string][]string `yaml:"hours"`
}

type seedConfirm struct {
	Agent   string `yaml:"agent"`
	Visitor string `yaml:"visitor"`
}

type seedField struct {
	Name     string `yaml:"name"`
	Label    string `yaml:"label"`
	Required bool   `yaml:"required"`
}

type seedAgent struct {
	ID           string               `yaml:"id"`
	Name         string               `yaml:"name"`
	Devices      []seedDevice         `yaml:"devices"`
	PasswordFile string               `yaml:"password_file"`
	Ready        bool                 `yaml:"ready"`
	Supervisor   bool                 `yaml:"supervisor"`
	Ring         string               `yaml:"ring"`
	PauseAfter   int                  `yaml:"pause_after"`
	Notify       seedNotify           `yaml:"notify"`
	Represents   []seedRepresentation `yaml:"represents"`
}

// seedNotify is where an agent's links go: one of the two.
type seedNotify struct {
	Mail string `yaml:"mail"`
	SMS  string `yaml:"sms"`
}

// seedDevice is an endpoint, or {to, ring, confirm}.
type seedDevice struct {
	To      string        `yaml:"to"`
	Ring    time.Duration `yaml:"ring"`
	Confirm string        `yaml:"confirm"`

	Codecs   []string `yaml:"codecs"`
	PostDial string   `yaml:"post_dial"`
	SRTP     string   `yaml:"srtp"`
}

func (d *seedDevice) UnmarshalText(b []byte) error {
	d.To = string(b)
	return nil
}

type seedRepresentation struct {
	Subscriber  string         `yaml:"subscriber"`
	DisplayName string         `yaml:"display_name"`
	Greeting    string         `yaml:"greeting"`
	Whisper     string         `yaml:"whisper"`
	Script      string         `yaml:"script"`
	Skills      map[string]int `yaml:"skills"`
	Languages   []string       `yaml:"languages"`

	Hours    map[string][]string `yaml:"hours"`
	Priority int                 `yaml:"priority"`
	CallerID string              `yaml:"caller_id"`
}

type seedKey struct {
	ID         string `yaml:"id"`
	Role       string `yaml:"role"`
	Subscriber string `yaml:"subscriber"`
	SecretFile string `yaml:"secret_file"`
}

// seedUser is a person of businesses.
type seedUser struct {
	ID           string   `yaml:"id"`
	Name         string   `yaml:"name"`
	Email        string   `yaml:"email"`
	Role         string   `yaml:"role"`
	Subscribers  []string `yaml:"subscribers"`
	PasswordFile string   `yaml:"password_file"`
}

type seedBlock struct {
	Number     string    `yaml:"number"`
	Subscriber string    `yaml:"subscriber"`
	Reason     string    `yaml:"reason"`
	Until      time.Time `yaml:"until"`
}

// Package config is what a running Ringback is told by a file and by its environment.
//
// The file is strict YAML. The comments of Config are its manual: docs/config.md is written from them. Every key can be
// set by the environment too, which wins: RINGBACK_ and the path in capitals with _ between, RINGBACK_LISTEN_HTTP=:80.
package config

import (
	"time"

	"ringback/internal/money"
)

// Config holds the settings of one process. Business data (subscribers, agents, trunks) is not here: see `ringback apply`.
type Config struct {
	// Where visitors reach this service from outside, without a path. Every link is built from it, never from the Host
	// header of a request.
	URL    string `yaml:"url" secret:"url"`
	Listen Listen `yaml:"listen"`
	TLS    TLS    `yaml:"tls"`
	SIPTLS SIPTLS `yaml:"sip_tls"`
	Public Public `yaml:"public"`
	// The folder that one process owns: the SQLite file, keys, the lock and the control socket. A relative path starts
	// at the folder where the program was started. Made with mode 0700 if it is missing.
	Data string `yaml:"data"`
	// sqlite (a file in data) or postgres://user:password@host:5432/name.
	Database string  `yaml:"database" secret:"url"`
	Cluster  Cluster `yaml:"cluster"`
	Switch   Switch  `yaml:"switch"`
	Phones   Phones  `yaml:"phones"`
	Policy   Policy  `yaml:"policy"`
	Speech   Speech  `yaml:"speech"`
	Mail     Mail    `yaml:"mail"`
	SMS      SMS     `yaml:"sms"`
	Alarms   Alarms  `yaml:"alarms"`
	// Where recordings and files go: file (in data).
	Storage string `yaml:"storage" secret:"url"`
	Auth    Auth   `yaml:"auth"`
	Log     Log    `yaml:"log"`

	origins  map[string]Origin
	strayEnv []string
}

// Listen is what is bound. Port 0 takes any free port; the ready line tells which.
type Listen struct {
	// host:port of pages and API in plain HTTP: for this machine, or for a proxy that speaks TLS in front of it. Browsers give
	// a microphone only to pages over TLS, and to this machine.
	HTTP string `yaml:"http"`
	// host:port of pages and API over TLS, such as 0.0.0.0:443; tls holds its certificate. Browsers whose network lets
	// nothing else through speak there too. "" = a proxy in front speaks TLS.
	HTTPS string `yaml:"https"`
	// Where SIP is spoken with trunks and telephones: udp://host:port, tcp://host:port, tls://host:port (sip_tls holds its
	// certificate). One socket serves one family of addresses: name a second one, udp://[::]:5060, for IPv6.
	SIP []SIPSocket `yaml:"sip"`
	// From where telephones may register: private (networks such as 192.168.0.0/16, loopback), anywhere, or none. Who is
	// not registered gets no other answer, and nobody does while no agent has a password.
	Registrations string `yaml:"registrations"`
	// The names that telephones are given as their server: sip.example.com. Empty = the addresses of listen.sip and
	// public, and the host of url. With names, a telephone set up with an address gets no answer: scanners try those.
	SIPDomains []string `yaml:"sip_domains"`
	// host:first-last, the UDP ports that carry speech, two for each leg. host:0 takes any free ports. Speech of the other
	// family of addresses is bound where SIP is spoken in it; without a host, to every address.
	RTP Ports `yaml:"rtp"`
	// The differentiated services code point of SIP that is sent, 0 to 63: routers put first what is marked. 24 is CS3; 0 =
	// no mark.
	SIPMark int `yaml:"sip_mark"`
	// The same for speech. 46 is EF; 0 = no mark.
	RTPMark int `yaml:"rtp_mark"`
	// host:port where browsers speak, over UDP, and over TCP where their network blocks it. It must be reached from where
	// agents and visitors are: 0.0.0.0:3478, with public.ip4 behind a router; [::]:3478 is every address, IPv6 and IPv4. A
	// port that is in use is no error: telephones work without browsers.
	RTC string `yaml:"rtc"`
}

// TLS is what listen.https shows to browsers.
type TLS struct {
	// A file with our certificate and the certificates between it and its authority, PEM. It is read again when it changes.
	Cert string `yaml:"cert"`
	// The file with its private key, PEM.
	Key string `yaml:"key"`
}

// SIPTLS is what tls:// sockets of listen.sip need. It is not the certificate of the pages, and not what a trunk is shown
// (client_cert of the trunk).
type SIPTLS struct {
	// A file with our certificate and the certificates between it and its authority, PEM. It is read again when it
	// changes; calls go on. Old telephones want an RSA key.
	Cert string `yaml:"cert"`
	// The file with its private key, PEM.
	Key string `yaml:"key"`
	// A file with the authorities that are believed when a telephone is dialled by sip:…;transport=tls, PEM; "" = those of
	// this machine. A trunk names its own (ca_file).
	CA string `yaml:"ca"`
}

// Public is the address seen from outside, written into Contact, Via and SDP when a trunk asks for it.
type Public struct {
	// An IPv4 address; "" = the socket's own; auto = ask once, at `ringback check`.
	IP4 string `yaml:"ip4"`
	// An IPv6 address; "" = the socket's own; auto = ask once, at `ringback check`.
	IP6 string `yaml:"ip6"`
}

// Cluster joins several processes into one service.
type Cluster struct {
	// nats://host:4222; "" = everything in this process. This build knows only "".
	NATS string `yaml:"nats" secret:"url"`
}

// Switch is what makes telephones ring.
type Switch struct {
	// embedded: the built-in SIP switch.
	Driver string `yaml:"driver"`
	// inline: the switch runs in this process.
	Process string `yaml:"process"`
}

// Phones are the telephones that register here. They answer only.
type Phones struct {
	// What they may dial: none, or emergency (911, 112, 999, …), which needs emergency_trunk and location. Without it who
	// dials such a number hears that this line cannot call emergency services.
	DialOut string `yaml:"dial_out"`
	// The id of the trunk that carries emergency calls. Ask the carrier whether it does, and test it.
	EmergencyTrunk string `yaml:"emergency_trunk"`
	// Where the telephones are, as the carrier has it on file: it goes into the log with each emergency call. A telephone
	// that is elsewhere calls help to the wrong place.
	Location string `yaml:"location"`
	// The language in which telephones are told something: en, de, fr, es or ar.
	Language string `yaml:"language"`
}

// Policy is what the operator allows, whatever a subscriber says.
type Policy struct {
	// Which telephone numbers may be called: default = valid, in a region of the subscriber, of a fixed, mobile or
	// internet line; never premium, emergency or the operator's own.
	Numbers string `yaml:"numbers"`
	// Proof of work of a public form that does not say otherwise: required or off. A visitor's browser works for a tenth of a
	// second before a telephone rings; forms without script are held to tighter limits instead.
	Proof string `yaml:"proof"`
	// Whether a button may turn the proof of work off. If not, a button's proof: off is passed over.
	AllowProofOff bool `yaml:"allow_proof_off"`
	// What calls may cost in a day, of all businesses together: "100.00 USD"; empty = no limit. Each business has its own
	// (limits.spend_per_day in the seed). What a call may cost at most is put aside before a telephone rings; without rates of the
	// trunks no price is known and no budget holds.
	SpendPerDay money.Amount `yaml:"spend_per_day"`
	// Hosts that sip: endpoints of public forms and of subscriber keys may be at: pbx.example.com, 192.0.2.7,
	// *.example.com. Empty = none. Checked again when the call is sent.
	AllowSIP []string `yaml:"allow_sip"`
	// When telephones are not rung, by the clock of the place that their number belongs to: for tries that nobody chose the
	// time of, such as the next one after no answer. A time that the visitor chose, and her "now" with the ten minutes after
	// it, hold all the same. Empty = at any hour.
	QuietHours string `yaml:"quiet_hours"`
	// Whether a supervisor may listen, whisper or barge though visitor and agent have not both heard that the talk may be
	// listened to. In many places that is a crime. The notice is that of recordings.
	MonitorWithoutNotice bool `yaml:"monitor_without_notice"`
	// Whether the page of a call that an agent opens by her link shows the visitor's whole number. Who has the link, has it.
	LinkShowsNumber bool `yaml:"link_shows_number"`
	// Whether abuse is stopped without anybody's doing, for a day and, the second time within a month, for good: a block of
	// numbers (the first seven digits) of which visitors had 10 rung within an hour and fewer than one call in five became a talk
	// of six seconds; a network that sent 20 forms without a valid proof within an hour; a number that declined 3 calls of
	// visitors within a week. None of them is tighter than what limits.per_visitor lets one visitor do. on or off.
	Guard string `yaml:"guard"`
	// How long it stays on record that a request was turned away: why, when, the page, the number masked. 0 = for ever.
	KeepRefusals time.Duration `yaml:"keep_refusals"`
	Limits       Limits        `yaml:"limits"`
}

// Limits are counted over all subscribers. Each entry lets n callbacks through in any stretch of time per.
type Limits struct {
	// For one telephone number in all its spellings.
	PerNumber []Limit `yaml:"per_number"`
	// For one visitor, told by network address.
	PerVisitor []Limit `yaml:"per_visitor"`
	// For numbers that begin with the same seven digits, asked for by visitors. An entry that is tighter than what per_visitor
	// lets one visitor do is as loose as that.
	PerPrefix []Limit `yaml:"per_prefix"`
	// For one business, asked for by visitors; loosened like per_prefix.
	PerSubscriber []Limit `yaml:"per_subscriber"`
	// Forms that are sent without script, which prove no work. They count for the limits above too.
	WithoutScript WithoutScript `yaml:"without_script"`
	// Calls that come in from the telephone network.
	Inbound Inbound `yaml:"inbound"`
}

// WithoutScript limits forms that are sent without script while a proof of work is required.
type WithoutScript struct {
	// Of one visitor, told by network address.
	PerVisitor []Limit `yaml:"per_visitor"`
	// To one business.
	PerSubscriber []Limit `yaml:"per_subscriber"`
}

// Inbound limits calls that come in: who calls more often hears busy, and nothing of it is kept. Calls without a caller's
// number count for their trunk alone.
type Inbound struct {
	// From one telephone number.
	PerCaller []Limit `yaml:"per_caller"`
	// Over one trunk.
	PerTrunk []Limit `yaml:"per_trunk"`
}

// Limit is n things in any stretch of time per.
type Limit struct {
	N   int           `yaml:"n"`
	Per time.Duration `yaml:"per"`
}

// Speech turns text into a WAV file for prompts.
type Speech struct {
	// A program and its arguments, where {lang}, {text} and {out} stand for language, text and the file to write:
	// [espeak-ng, -v, "{lang}", -w, "{out}", "{text}"]. It is started without a shell, once for each sentence with a
	// business's name in it, and what it wrote is kept in the data folder. Empty = sentences without a name, or with the
	// recorded one.
	Command []string `yaml:"command"`
}

// Mail leaves by a mail server. Links to the page of a call go by it to agents who have notify.mail in the seed file.
type Mail struct {
	// smtp://user:password@host:587, with TLS where the server offers it (STARTTLS), or smtps://user:password@host:465; ""
	// = no mail. A password is said only over TLS, or to this machine. ${SMTP_PASSWORD} keeps it out of the file.
	URL string `yaml:"url" secret:"url"`
	// The sender, e.g. Callback <cb@example.com>; "" = the user of mail.url where that is an address, else ringback@ the host
	// of url.
	From string `yaml:"from"`
	// So many for each business in any 24 hours; what is over is given up. 0 = no limit.
	PerDay int `yaml:"per_day"`
}

// SMS leaves by a gateway over HTTP, one request each.
type SMS struct {
	// https://sms.example.com/send; "" = no short messages. In it, in headers and in body stand {to} (+12025550112), {digits}
	// (the same without +), {text} and {key} (the name of the message, also sent as Idempotency-Key), each spelled as its
	// place needs. No redirect is followed.
	URL string `yaml:"url" secret:"url"`
	// POST, PUT or GET.
	Method string `yaml:"method"`
	// Such as {Authorization: "Bearer ${SMS_KEY}"}. Content-Type follows from body unless it stands here.
	Headers map[string]string `yaml:"headers" secret:"all"`
	// Such as '{"to": "{to}", "text": "{text}"}' (JSON), or to={to}&text={text} (a form).
	Body string `yaml:"body" secret:"all"`
	// Whether the gateway may be in a private network, or on this machine; it may then be http://, too.
	AllowPrivate bool `yaml:"allow_private"`
	// So many for each business in any 24 hours; what is over is given up. 0 = no limit.
	PerDay int `yaml:"per_day"`
}

// Alarms tell the operator when 80 % and all of a day's budget is used, when abuse was stopped, and when all calls were. They are
// also in the log, in the metric ringback_alarms_total and at GET /api/v1/alarms.
type Alarms struct {
	// Addresses that get a mail each: [you@example.com]. It takes mail.url.
	Mail    []string `yaml:"mail"`
	Webhook Webhook  `yaml:"webhook"`
}

// Webhook is a program that gets each alarm by POST, as JSON: {"type", "timestamp", "data": {"id", "subscriber", "what", "says"}}.
type Webhook struct {
	// https://ops.example.com/ringback; "" = none. No redirect is followed.
	URL string `yaml:"url" secret:"url"`
	// What it is signed with, as Standard Webhooks has it (webhook-id, webhook-timestamp, webhook-signature): whsec_ and base64,
	// or any text of 16 characters or more.
	Secret string `yaml:"secret" secret:"all"`
	// Whether the program may be in a private network, or on this machine; it may then be http://, too.
	AllowPrivate bool `yaml:"allow_private"`
}

// Auth is how agents sign in at their desks; keys of the API work without.
type Auth struct {
	// Whether a password opens a session.
	Passwords bool `yaml:"passwords"`
	// Whether a passkey opens a session. It is bound to the host of url, which must be a name.
	Passkeys bool `yaml:"passkeys"`
	OIDC     OIDC `yaml:"oidc"`
}

// OIDC is a company's own sign-in service.
type OIDC struct {
	// https://login.example.com; "" = none.
	Issuer string `yaml:"issuer"`
	// What the service calls us.
	ClientID string `yaml:"client_id"`
	// A file that holds the secret and nothing else.
	ClientSecretFile string `yaml:"client_secret_file"`
}

// Log is what is written to standard error.
type Log struct {
	// text, json, or auto: text on a terminal, else json.
	Format string `yaml:"format"`
	// debug (the wire), info (the steps of a life), warn or error.
	Level string `yaml:"level"`
	// How long the messages of calls are kept in data/ladder for `ringback explain --sip`, numbers masked; 0 = not at all.
	Ladder time.Duration `yaml:"ladder"`
}

// Default is the configuration of an empty file.
func Default() *Config {
	const loopback = "127.0.0.1"
	return &Config{
		URL: "http://127.0.0.1:8080",
		Listen: Listen{
			HTTP:          loopback + ":8080",
			SIP:           []SIPSocket{{Network: "udp", Host: loopback, Port: 5060}, {Network: "tcp", Host: loopback, Port: 5060}},
			Registrations: "private",
			RTP:           Ports{Host: loopback, First: 20000, Last: 29999},
			RTC:           loopback + ":3478",

			SIPMark: 24,
			RTPMark: 46,
		},
		Data:     "./data",
		Database: "sqlite",
		Switch:   Switch{Driver: "embedded", Process: "inline"},
		Phones:   Phones{DialOut: "none", Language: "en"},
		Policy: Policy{
			Numbers:    "default",
			Proof:      "required",
			QuietHours: "21:00-08:00",
			Guard:      "on",

			KeepRefusals: 90 * 24 * time.Hour,
			Limits: Limits{
				PerNumber:     []Limit{{N: 1, Per: 5 * time.Minute}, {N: 3, Per: 24 * time.Hour}},
				PerVisitor:    []Limit{{N: 3, Per: time.Hour}},
				PerPrefix:     []Limit{{N: 30, Per: time.Hour}, {N: 100, Per: 24 * time.Hour}},
				PerSubscriber: []Limit{{N: 100, Per: time.Hour}},
				WithoutScript: WithoutScript{PerVisitor: []Limit{{N: 2, Per: time.Hour}}, PerSubscriber: []Limit{{N: 20, Per: time.Hour}}},
				Inbound:       Inbound{PerCaller: []Limit{{N: 10, Per: 10 * time.Minute}}, PerTrunk: []Limit{{N: 120, Per: time.Minute}}},
			},
		},
		Mail:    Mail{PerDay: 500},
		SMS:     SMS{Method: "POST", PerDay: 100},
		Storage: "file",
		Auth:    Auth{Passwords: true, Passkeys: true},
		Log:     Log{Format: "auto", Level: "info", Ladder: 7 * 24 * time.Hour},
	}
}

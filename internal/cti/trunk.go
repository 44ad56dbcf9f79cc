package cti

import (
	"fmt"
	"net/netip"
	"time"

	"ringback/internal/id"
)

// Trunk is a line to the telephone network: how one carrier wants to be spoken to.
type Trunk struct {
	ID             id.Trunk
	Slug           string
	Address        string   // sip:host[:port];transport=udp|tcp|tls
	Prefixes       []string // of E.164 numbers with "+" that it carries; "" = all. The longest match wins
	Priority       int      // among equals the lowest first
	MaxCalls       int      // 0 = no limit
	CallsPerSecond float64  // a token bucket; 0 = no limit
	NumberFormat   NumberFormat
	TechPrefix     string // digits in front of the number
	CallerID       CallerIDIn
	FromUser       FromUser
	UserPhone      bool   // ;user=phone in To, From and Request-URI
	Country        string // ISO code: whose numbers number_format national writes without the country
	Username       string // digest credentials; "" = none are given
	Password       string
	Accounts       []Account     // more of them
	Register       bool          // tell the carrier where we are, with each account
	Expires        time.Duration // how long a registration is asked for; 0 = DefaultExpires
	Ping           time.Duration // how often OPTIONS asks whether the trunk is there; 0 = never
	Weight         int           // its share of the calls among trunks of equal prefix and priority; 0 = after those that have one
	Family         Family        // "" = both
	ListedNumbers  []string      // E.164: caller IDs that the carrier vouches for; empty = not told
	Domain         string        // host in From, To and Request-URI; "" = the host of Address
	Codecs         []Codec       // what is offered, in order
	AcceptFrom     []string      // CIDRs whose requests are let in; empty = what Address resolves to
	NAT            NAT
	Local          Local
	SessionTimer   SessionTimer
	SRTP           SRTP
	ClientCert     string // over TLS: our certificate and its key, PEM; "" = none is shown
	ClientKey      string
	CA             string // PEM of the only authorities believed for its certificate; "" = the system's
	Headers        bool   // X-Ringback-* on INVITEs
	Rates          []Rate // what its calls cost; empty = not told
	SilentFailover bool   // another trunk after silence (callflow 1.1's known hole is closed by false)
}

// NumberFormat is how a trunk writes an E.164 number.
type NumberFormat string

const (
	PlusE164   NumberFormat = "+e164"    // +49301234567
	PlainE164  NumberFormat = "e164"     // 49301234567
	ZeroZero   NumberFormat = "00"       // 0049301234567
	NationalNF NumberFormat = "national" // 0301234567
)

// CallerIDIn is the header that carries our number.
type CallerIDIn string

const (
	InFrom CallerIDIn = "from"
	InPAI  CallerIDIn = "pai"
	InPPI  CallerIDIn = "ppi"
	InRPID CallerIDIn = "rpid"
)

// Codec is an audio codec by its name in config.
type Codec string

const (
	PCMU Codec = "pcmu"
	PCMA Codec = "pcma"
	G722 Codec = "g722" // wideband; offered only where it is listed
)

// NAT is how strictly media must come from the SDP's address.
type NAT string

const (
	NATNo   NAT = "no"
	NATYes  NAT = "yes"
	NATAuto NAT = "auto"
)

// Local is which of our addresses a trunk sees.
type Local string

const (
	LocalPublic  Local = "public"
	LocalPrivate Local = "private"
)

// SRTP is whether speech is encrypted, with keys in the SDP (RFC 4568): only over TLS, or anybody on the way reads them.
type SRTP string

const (
	SRTPNo       SRTP = "no"       // neither offered nor asked for; an offer of theirs is taken
	SRTPSDES     SRTP = "sdes"     // offered; a far end that answers without ends the call
	SRTPRequired SRTP = "required" // the same, and an offer of theirs without it is refused
)

// SessionTimer is whether we go along with RFC 4028.
type SessionTimer string

const (
	TimerAuto SessionTimer = "auto"
	TimerOff  SessionTimer = "off"
)

// CheckCIDR says whether s is an address or a block of addresses, such as 192.0.2.0/24.
func CheckCIDR(s string) error {
	if _, err := netip.ParsePrefix(s); err == nil {
		return nil
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return nil
	}
	return fmt.Errorf("%q is no address block: write 192.0.2.0/24 or 192.0.2.7", s)
}

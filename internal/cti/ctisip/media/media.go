// Package media is the sound of the embedded switch: a UDP socket and one sender for each leg, what a leg hears while
// it waits, the relay between two legs, keys and voices.
//
// One sender a leg, for its whole life: its own SSRC, one unbroken sequence and timestamp through silence, prompts,
// ringback and relayed speech (many gateways mute 0.2-2 s at a jump). Sound is G.711 at 8000 samples a second; between
// A-law and u-law a table translates, packets are re-cut where the two sides want different lengths.
package media

import (
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/wire"
)

// Config is what an Engine needs of its surroundings.
type Config struct {
	Net      wire.Net
	Bind     netip.Addr    // the local address of the media sockets
	Other    netip.Addr    // one of the other family, if there is any
	PortMin  uint16        // the first and
	PortMax  uint16        // the last port that may be used; even ones carry RTP
	Mark     int           // differentiated services code point of what is sent (RFC 2474), 0 = none
	Pace     time.Duration // one frame each Pace; 0 = the leg's packet time. Simulated days thin media with it: timestamps and prompts still follow the clock
	Rand     *rand.Rand    // SSRC, first sequence and timestamp; the Engine alone uses it. nil = unpredictable
	Log      *slog.Logger  // nil = none
	Counters *Counters     // nil = the Engine's own
}

// Owner is told what is heard on a leg. Its methods are called from the engine's goroutines, holding no lock of this
// package: they may call any method of Stream but must not block, for others wait behind them. Two may run at the same
// time, and one that was under way may still come after Stream.Close, none after Engine.Close.
type Owner interface {
	FirstPacket()  // the first RTP packet that passed the source rules
	Digit(b byte)  // a key, '0'-'9', '*', '#', 'A'-'D', once the leg is answered: by RFC 4733, or in-band when the far end has no events
	Quiet()        // 3 s without RTP, of a Way 1 s, from the answer on; not while the far end need not send
	Heard()        // RTP again after Quiet
	PromptDone()   // Program.First has been played to its end, each time it is played
	Voice(v Voice) // what a listening stream made of the far end's sound; at most once for each ListenVoice

	// Of a stream with ListenTones:
	Ringing(on bool) // first whether the call still rings though it says it is answered, then each change
	Tone(t cti.Tone) // a machine's tone: once each, beeps each time
}

// Voice is what the far end's sound was taken for.
type Voice string

const (
	VoicePerson  Voice = "person"  // 300 ms of speech, then 700 ms of pause
	VoiceMachine Voice = "machine" // a monologue of more than 2.5 s
)

// Remote is what the newest SDP and its message say about the far end.
type Remote struct {
	Addr       netip.AddrPort // address and port of the SDP; unspecified = hold of RFC 2543: nothing is sent
	Signalling netip.Addr     // the address the SDP's message came from
	NAT        cti.NAT        // which of the two is believed (see latch.go); "" = no
	Natted     bool           // for NATAuto: the message named another address (Via, Contact) than it came from
	Law        audio.Law      // what to send
	Wide       bool           // G.722 is to be sent instead
	WideIn     bool           // G.722 may come: we announced it
	PT         uint8          // payload type to send with
	EventPT    int            // payload type of telephone-event to send; -1 = the far end has none: keys are sought in the sound
	EventIn    int            // payload type of telephone-event that we announced, if it is another; 0 or -1 = none
	Ptime      int            // milliseconds of sound in a packet to send, 10..60; 0 = 20
	RTCP       netip.AddrPort // where it takes RTCP when that is not the port after the sound's; only the port counts
	Mux        bool           // RTCP is on the port of the sound, both ways (RFC 5761)
	Crypt      Crypt          // how packets are protected
	Send       bool           // the far end wants to hear us
	Receive    bool           // the far end will send
}

// Program is what a leg hears while it is not joined: First once, then Then for ever (nil = comfort silence).
type Program struct {
	First []int16
	Then  []int16
	Again time.Duration // First is played again this long after its end, and again; 0 = once
}

// Stats are the figures of a stream so far.
type Stats struct {
	In, Out   int64         // packets that passed, packets sent
	Dropped   int64         // packets that came and were not taken
	Lost      int64         // holes in the far end's sequence
	Jitter    time.Duration // RFC 3550 section 6.4.1
	LastHeard time.Time     // last packet of sound that passed; zero = none came
	Source    netip.AddrPort
}

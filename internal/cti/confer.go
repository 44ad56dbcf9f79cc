package cti

import (
	"errors"
	"strings"
	"time"

	"ringback/internal/id"
)

// Confer says who talks with whom from now on: these legs, which are confirmed or in a talk, hear each other, and nobody
// else. One that is in another talk leaves it; who is left alone there, or is the only one here, is parted (LegParted) and
// hears Parted. At least two that are in a talk already go on in it, with its recording and its longest time, and are told
// nothing; to the others the talk is a new one. When one of three or more leaves, the others go on.
type Confer struct {
	Callback id.Callback
	Legs     []id.Leg      // 1 to MostConferred; the first hears the zip tone when there are two
	MaxTalk  time.Duration // of a new talk; 0 = 60 min
	Record   *Recording    // as with Join. A talk that goes on and is not recorded gives way to a new one; where it is recorded already the file ends at once, without length
	Notice   Prompt        // to a leg that comes into a talk that is recorded, before it hears anybody: LegNotice; zero = none
	Keep     bool          // who is left alone one day is parted, and not ended
	Parted   Program       // zero = SoundMoment, then SoundWait
}

// MostConferred is how many legs may talk with each other, those that listen included.
const MostConferred = 16

// Mode is how a supervisor is in a talk.
type Mode string

const (
	MonitorListen  Mode = "listen"  // she hears all, nobody hears her
	MonitorWhisper Mode = "whisper" // the agent alone hears her
	MonitorBarge   Mode = "barge"   // all hear her
	MonitorOff     Mode = "off"     // she is in it no more
)

// Monitor lets a supervisor's leg, which is confirmed, into the talk that an agent's leg is in: LegJoined. Another Mode
// changes who hears her; MonitorOff takes her out (LegParted). The talk does not depend on her: when she hangs up it goes on,
// when it is over she is ended as its legs are, and parted where they are: she waits and hears nobody, until a Monitor lets her
// into another talk.
type Monitor struct {
	Callback id.Callback
	Leg      id.Leg // the supervisor's
	Of       id.Leg // the agent's
	Mode     Mode
}

// CheckKeys says whether s holds keys that can be sent in a call: at most 32 of 0-9 * # A-D.
func CheckKeys(s string) error {
	if s == "" || len(s) > maxPostDial || strings.Trim(s, "0123456789*#ABCD") != "" {
		return errors.New("keys are 1 to 32 of 0-9 * # A-D")
	}
	return nil
}

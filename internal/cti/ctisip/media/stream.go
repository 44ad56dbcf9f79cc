package media

import "time"

// Stream is a leg's sound: one socket, one sender, one source that is listened to.
type Stream struct{}

// Port returns the local RTP port.
func (s *Stream) Port() uint16 { return 0 }

// Remote takes the newest SDP. Silence frames go out from the first one on, or else a phone behind a router never gets
// through: both ends wait for each other. A changed address opens a new window to learn the source.
func (s *Stream) Remote(r Remote) {}

// Answered opens the ears: keys, silence of the far end (Owner.Quiet) and voice count from here on.
func (s *Stream) Answered() {}

// Play replaces what the leg hears while it is not joined, at the next frame. It does not end a bridge.
func (s *Stream) Play(p Program) {}

// Say ends what is relayed to this leg and from it, plays samples and calls done when they have been sent, with true;
// with false when the stream is closed or something else is played first. An empty samples is done at once. Afterwards: comfort silence.
func (s *Stream) Say(samples []int16, done func(whole bool)) {}

// ListenVoice starts (or starts over) to judge whether a person speaks; off stops it.
func (s *Stream) ListenVoice(on bool) {}

// Early lets the leg to hear what the network of s, which is still ringing, plays; to hears its own program until
// packets come and after 1 s without. Nothing of to reaches s. Bridge, Unbridge or Close of s end it.
func (s *Stream) Early(to *Stream) {}

// Bridge lets both hear each other. With a zip tone a hears it over b, whom it hears at once, and b hears a when it is
// over. Either's older bridge ends.
func Bridge(a, b *Stream, zip []int16) {}

// Unbridge ends the bridge (or Early) of s; each side hears its program again.
func (s *Stream) Unbridge() {}

// Insert mixes samples into what the leg hears, relayed or played.
func (s *Stream) Insert(samples []int16) {}

// Stats returns the figures so far.
func (s *Stream) Stats() Stats { return Stats{} }

// LastHeard returns when the last packet passed, or the time of Answered when none came since; zero before.
func (s *Stream) LastHeard() time.Time { return time.Time{} }

// Close ends the stream and frees its port. It does not wait, so an Owner may call it.
func (s *Stream) Close() {}

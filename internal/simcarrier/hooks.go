package simcarrier

import (
	"strconv"
	"strings"
	"time"
)

// What personalities do before a call is answered.

// earlyMedia rings with the network's own tone in a 183.
func earlyMedia(k *call) {
	if k.offer == nil || !k.openMedia() {
		k.respond(180, "Ringing", reply{})
		return
	}
	k.early(ringing()...)
}

func (k *call) early(plan ...bit) {
	k.respond(183, "Session Progress", reply{body: k.ours.text(k.offer)})
	k.media.say(plan...)
	k.media.begin()
}

// announcement is the network refusing in words: a voice, then 404.
func announcement(k *call) {
	if k.offer != nil && k.openMedia() {
		k.early(quiet(200*time.Millisecond), tone(3*time.Second, k.row.ToneHz), quiet(0))
	}
	k.later(4*time.Second, func() { k.refuseNow(404, "Not Found") })
}

// deadNumber is the same with the three tones before it.
func deadNumber(k *call) {
	if k.offer != nil && k.openMedia() {
		k.early(append(specialTones(), speech(3*time.Second), quiet(0))...)
	}
	k.later(5*time.Second, func() { k.refuseNow(404, "Not Found") })
}

func forwarded(k *call) {
	who := "<sip:" + k.row.To + "@" + k.c.line.addr.Addr().String() + ">"
	k.respond(181, "Call Is Being Forwarded", reply{extra: []string{"Diversion: " + who + ";reason=no-answer;counter=1", "History-Info: " + who + ";index=1"}})
	k.later(500*time.Millisecond, func() {
		if !k.final {
			k.respond(180, "Ringing", reply{})
		}
	})
}

func many180(k *call) {
	if k.final {
		return
	}
	k.respond(180, "Ringing", reply{})
	k.later(time.Second, func() { many180(k) })
}

func only100(k *call) bool {
	k.respond(100, "Trying", reply{})
	return false
}

func slow(k *call) bool {
	k.later(6*time.Second, k.take)
	return false
}

func final(code int, reason string, extra ...string) func(*call) bool {
	return func(k *call) bool {
		k.refuseNow(code, reason, extra...)
		return false
	}
}

func noPlus(k *call) bool {
	if strings.HasPrefix(uriUser(k.invite.uri), "+") {
		k.refuseNow(484, "Address Incomplete")
		return false
	}
	return true
}

// onePerSecond counts the calls of the whole line.
func onePerSecond(k *call) bool {
	now := time.Now()
	if now.Sub(k.c.admitted) < time.Second {
		k.refuseNow(503, "Trunk CPS limit exceeded")
		return false
	}
	k.c.admitted = now
	return true
}

// timer422 refuses session timers under half an hour (RFC 4028 section 9), and INVITEs that name none.
func timer422(k *call) bool {
	v, _, _ := strings.Cut(k.invite.get("session-expires"), ";")
	if n, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && n >= 1800 {
		return true
	}
	k.refuseNow(422, "Session Interval Too Small", "Min-SE: 1800")
	return false
}

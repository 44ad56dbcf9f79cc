package simcarrier

import (
	"strconv"
	"strings"
	"time"
)

// The steps that personalities add to a call.

// earlyMedia rings with the network's own tone in a 183.
func earlyMedia(k *call) {
	if k.offer == nil || !k.openMedia() {
		k.respond(180, "Ringing", reply{})
		return
	}
	k.respond(183, "Session Progress", reply{body: k.ours.text(k.offer)})
	k.media.say(ringing()...)
	k.media.begin()
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

// secondAnswer is another branch of a fork that answers 50 ms after the first, with its own tag.
func secondAnswer(k *call) {
	k.later(50*time.Millisecond, func() {
		k.twin = k.c.sources.tag()
		r := reply{tag: k.twin, cseq: k.invite.cseq, to: k.invite.via.replyTo(k.from), ok: true}
		r.text = k.c.response(k.invite, k.from, 200, "OK", k.headers(200, r), k.twin, k.ours.text(k.offer))
		k.repeat(&r)
		k.c.send(r.text, r.to)
	})
}

func freeze(k *call) {
	k.later(5*time.Second, func() {
		k.frozen = true
		k.row.Frozen = true
		k.media.mute(true)
	})
}

// se90 is RFC 4028 with the carrier as refresher, though nobody asked for it. A refused refresh ends the call.
func se90(w *manner) {
	w.answerExtra = append(w.answerExtra, "Session-Expires: 90;refresher=uas")
	w.refreshExtra = append(w.refreshExtra, "Supported: timer", "Session-Expires: 90;refresher=uac")
	w.answered = append(w.answered, func(k *call) { k.later(45*time.Second, func() { refresh(k) }) })
}

func refresh(k *call) {
	k.reinvite(k.ours.dir, func(code int) {
		if code >= 300 {
			k.row.Refused = true
			k.hangUp()
		}
	})
	k.later(45*time.Second, func() { refresh(k) })
}

// reinviteAtACK asks for the session again at once, then holds it for a second and takes it back.
func reinviteAtACK(k *call) {
	k.later(50*time.Millisecond, func() {
		k.reinvite("sendrecv", func(int) {
			k.later(time.Second, func() {
				k.reinvite("sendonly", func(int) {
					k.later(time.Second, func() { k.reinvite("sendrecv", nil) })
				})
			})
		})
	})
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

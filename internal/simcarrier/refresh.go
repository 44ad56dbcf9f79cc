package simcarrier

import (
	"fmt"
	"strings"
	"time"
)

// What personalities do once a call is answered.

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

func silentMute(w *manner) {
	w.rtcp = true
	after(4*time.Second, func(k *call) { k.media.mute(true) })(w)
}

func freeze(k *call) {
	k.frozen = true
	k.row.Frozen = true
	k.media.mute(true)
}

// se90 is RFC 4028 with the carrier as refresher, though nobody asked for it. A refused refresh ends the call.
func se90(w *manner) {
	w.answerExtra = append(w.answerExtra, "Session-Expires: 90;refresher=uas")
	w.refreshExtra = append(w.refreshExtra, "Supported: timer", "Session-Expires: 90;refresher=uac")
	w.answered = append(w.answered, func(k *call) { k.later(45*time.Second, func() { refresh(k) }) })
}

func refresh(k *call) {
	k.reinvite(k.ours.dir, k.mustBeTaken)
	k.later(45*time.Second, func() { refresh(k) })
}

// mustBeTaken ends the call when a refresh was refused.
func (k *call) mustBeTaken(code int) {
	if code >= 300 {
		k.row.Refused = true
		k.hangUp()
	}
}

// updateOnly refreshes by UPDATE (RFC 3311) and takes no re-INVITE.
func updateOnly(w *manner) {
	w.updateOnly = true
	w.answerExtra = append(w.answerExtra, "Session-Expires: 90;refresher=uas")
	w.refreshExtra = append(w.refreshExtra, "Supported: timer", "Session-Expires: 90;refresher=uac")
	w.answered = append(w.answered, func(k *call) { k.later(45*time.Second, func() { update(k) }) })
}

func update(k *call) {
	at := stamp(time.Now())
	k.request("UPDATE", "", "", func(code int, _ *message) {
		k.row.told(Reinvite{At: at, Direction: "update", Code: code})
		k.mustBeTaken(code)
	})
	k.later(45*time.Second, func() { update(k) })
}

// cutAt is when timer_cut puts the phone down.
const cutAt = 15 * time.Minute

// timerCut leaves refreshing to the caller and ends a call that was not refreshed.
func timerCut(w *manner) {
	w.answerExtra = append(w.answerExtra, fmt.Sprintf("Session-Expires: %d;refresher=uac", int(cutAt.Seconds())))
	cut := func(k *call) {
		k.c.clock.stop(k.cut)
		k.cut = k.later(cutAt, func() {
			k.row.Cut = true
			k.hangUp()
		})
	}
	w.answered = append(w.answered, cut)
	w.renewed = append(w.renewed, cut)
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

// offerFax asks for T.38 (RFC 3362); refused with 488 the call goes on as it was (RFC 3261 section 14.1).
func (k *call) offerFax() {
	if k.inviting() {
		return
	}
	ours := k.ours
	ours.version++
	head, _, _ := strings.Cut(ours.text(nil), "m=audio")
	body := head + "m=image " + fmt.Sprint(ours.addr.Port()) + " udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxRateManagement:transferredTCF\r\n"
	at := stamp(time.Now())
	k.request("INVITE", "", body, func(code int, _ *message) {
		k.row.told(Reinvite{At: at, Direction: "image", Code: code})
	})
}

func holdPending(w *manner) {
	w.held = func(k *call) int {
		if k.refusedHold {
			return 0
		}
		k.refusedHold = true
		return 491
	}
}

func hangUpWhenHeld(k *call) int {
	k.later(100*time.Millisecond, k.hangUp)
	return 0
}

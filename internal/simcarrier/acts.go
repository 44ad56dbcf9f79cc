package simcarrier

import (
	"fmt"
	"strings"
	"time"
)

// act is one thing that a person does in talk.
type act struct {
	at   time.Duration // from being on the line
	verb string
	arg  string
}

// acts lists what Person.Then may say.
//
//	press K     key K
//	shown       keys the last two digits of the caller's number as the telephone shows it
//	yes         says a word: 450 ms of speech, then a pause
//	mute        stops sending, as a telephone with voice detection does; unmute speaks again
//	hold        re-INVITE with sendonly; inactive and zero (c=0.0.0.0) are the other spellings; unhold takes it back
//	move        re-INVITE with another port for the sound
//	refer WHO   blind transfer (RFC 3515) to a number or SIP address
//	dial WHO    a second call from this telephone, for an attended transfer
//	replace     attended transfer: REFER with Replaces (RFC 3891) of that second call
//	bye         hangs up
func acts() map[string]func(*call, string) {
	return map[string]func(*call, string){
		"press":    func(k *call, key string) { k.pressKey(key[0]) },
		"shown":    (*call).keyShown,
		"yes":      func(k *call, _ string) { k.media.interject(speech(450*time.Millisecond), quiet(1500*time.Millisecond)) },
		"mute":     func(k *call, _ string) { k.media.mute(true) },
		"unmute":   func(k *call, _ string) { k.media.mute(k.manner.noMedia) },
		"hold":     func(k *call, _ string) { k.reinvite("sendonly", nil) },
		"inactive": func(k *call, _ string) { k.reinvite("inactive", nil) },
		"zero":     func(k *call, _ string) { k.ours.zero = true; k.reinvite("sendrecv", nil) },
		"unhold":   func(k *call, _ string) { k.ours.zero = false; k.reinvite("sendrecv", nil) },
		"move":     func(k *call, _ string) { k.move() },
		"refer":    func(k *call, who string) { k.refer(k.address(who), "") },
		"dial":     func(k *call, who string) { k.consult(who) },
		"replace":  func(k *call, _ string) { k.replace() },
		"bye":      func(k *call, _ string) { k.hangUp() },
	}
}

// parseActs reads "2s press 9, 5s hold"; "" = nothing.
func parseActs(s string) (out []act, err error) {
	known := acts()
	for part := range strings.SplitSeq(s, ",") {
		f := strings.Fields(part)
		if len(f) == 0 {
			continue
		}
		if len(f) < 2 || len(f) > 3 {
			return nil, fmt.Errorf("%q is no act: write \"2s press 9\"", part)
		}
		at, err := time.ParseDuration(f[0])
		if err != nil || at < 0 {
			return nil, fmt.Errorf("%q: when is %q?", part, f[0])
		}
		a := act{at: at, verb: f[1]}
		if len(f) == 3 {
			a.arg = f[2]
		}
		needs := a.verb == "press" || a.verb == "refer" || a.verb == "dial"
		if known[a.verb] == nil || needs != (a.arg != "") || a.verb == "press" && (len(a.arg) != 1 || keyCode(a.arg[0]) < 0) {
			return nil, fmt.Errorf("%q is no act of a person", part)
		}
		out = append(out, a)
	}
	return out, nil
}

// plays lets the person do what p says, each at its time.
func (k *call) plays(p Person) {
	list, _ := parseActs(p.Then)
	known := acts()
	for _, a := range list {
		k.later(a.at, func() {
			if k.media != nil && !k.frozen {
				known[a.verb](k, a.arg)
			}
		})
	}
}

// keyShown reads the display aloud, in keys.
func (k *call) keyShown(string) {
	shown := k.row.CallerShown[max(0, len(k.row.CallerShown)-2):]
	for i, key := range []byte(shown) {
		if keyCode(key) >= 0 {
			k.later(time.Duration(i)*300*time.Millisecond, func() { k.pressKey(key) })
		}
	}
}

// move goes on over another port.
func (k *call) move() {
	conn, err := k.c.cfg.Net.ListenPacket(k.media.host)
	if err != nil {
		k.c.log.Error("carrier: move", "call_id", k.row.CallID, "err", err)
		return
	}
	k.media.move(packets(conn))
	k.ours.addr = k.media.addr()
	k.ours.version++
	k.reinvite(k.ours.dir, nil)
}

// address writes who is referred to as a SIP URI of the other side.
func (k *call) address(who string) string {
	if strings.HasPrefix(who, "sip:") {
		return who
	}
	if p := k.from.line.phone; p != nil {
		return "sip:" + who + "@" + p.domain()
	}
	return "sip:" + who + "@" + k.target.addr.String()
}

// refer asks the other side to call somebody else instead of us.
func (k *call) refer(uri, replaces string) {
	if replaces != "" {
		uri += "?Replaces=" + replaces
	}
	k.request("REFER", "", "", func(code int, _ *message) { k.row.ReferCode = code },
		"Contact: "+k.contact(), "Refer-To: <"+uri+">", "Referred-By: <sip:"+k.row.To+"@"+k.from.line.addr.String()+">")
}

// notified takes what became of a transfer (RFC 3515 section 2.4.5); on success we hang up, as telephones do.
func (k *call) notified(m *message, again bool) {
	v := strings.TrimPrefix(strings.TrimSpace(m.body), "SIP/2.0 ")
	if again || v == "" || len(k.row.Notified) == 100 {
		return
	}
	line, _, _ := strings.Cut(v, "\r\n")
	k.row.Notified = append(k.row.Notified, line)
	if strings.HasPrefix(line, "2") {
		k.later(200*time.Millisecond, k.hangUp)
	}
}

// consult calls somebody else from the same telephone.
func (k *call) consult(who string) {
	p := k.from.line.phone
	if p == nil {
		return
	}
	way, uri, err := k.c.route(Dial{To: who}, p)
	if err != nil {
		return
	}
	k.second = k.c.newOut(Dial{From: p.cfg.User, To: who, Person: Person{Does: "answers", Talk: 10 * time.Minute}, GiveUp: time.Minute}, way, uri)
	k.second.invites()
}

// replace hands the other side over to whom the second call of this telephone talks with: one that it has dialled, or
// any other that is up there.
func (k *call) replace() {
	o := k.second
	if o == nil {
		for _, r := range k.c.book.order {
			if r.call != nil && r.call != k && r.call.from.line == k.from.line && r.answered() && !r.call.over {
				o = r.call
			}
		}
	}
	if o == nil {
		return
	}
	theirs, ours := param(o.theirHead, "tag"), o.tag
	k.refer(o.uri, escape(o.row.CallID)+"%3Bto-tag%3D"+theirs+"%3Bfrom-tag%3D"+ours)
}

// escape writes what may not stand in a URI's header part.
func escape(s string) string {
	return strings.NewReplacer("@", "%40", ":", "%3A", ";", "%3B").Replace(s)
}

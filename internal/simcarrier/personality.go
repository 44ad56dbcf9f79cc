package simcarrier

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ringback/internal/audio"
)

// manner is how a line behaves: what personalities change. The zero value with ordinary() is an ordinary line.
type manner struct {
	laws    []audio.Law // what it takes, any order
	ptime   int         // ms
	eventPT int         // telephone-event in our answer: 0 = the offer's, -1 = none

	noToTag            bool // 200 without a tag in To
	newTag             bool // the 200 has another tag and port than the 183
	otherPort          bool // RTP leaves from another port than the SDP names
	noMedia            bool // never sends RTP
	infoKeys           bool // keys by INFO
	silent             bool // answers nothing at all
	lateAnswer         bool // 200 when the CANCEL comes
	deafToCancel       bool
	deafToBye          bool
	noProvisional      bool          // rings without telling
	loseACKs, loseBYEs int           // of each call, so many are lost on the way
	stale              bool          // the first right credentials come too late
	minRing            time.Duration // rings at least that long

	answerExtra, refreshExtra []string // headers of our 200 and of our re-INVITE

	ring     func(*call)        // instead of one 180
	gates    []func(*call) bool // before anything else; false = the gate has answered, or never will
	answered []func(*call)      // after the 200 has left
	acked    []func(*call)      // after its ACK
}

// personality changes the manner of a line; joined by "+" they add up.
type personality struct {
	Name  string `json:"name"`
	About string `json:"about"`
	apply func(*manner)
}

// personalities is the zoo. To add one, add a row: a name, what it does, and what it changes.
func personalities() []personality {
	return []personality{
		{"pcma_only", "refuses u-law: answers A-law, or 488", func(w *manner) { w.laws = []audio.Law{audio.ALaw} }},
		{"ptime30", "sends and asks for 30 ms frames", func(w *manner) { w.ptime = 30 }},
		{"event_pt_96", "key events on payload type 96", func(w *manner) { w.eventPT = 96 }},
		{"no_events", "no telephone-event: keys in the sound", func(w *manner) { w.eventPT = -1 }},
		{"info_keys", "keys by INFO", func(w *manner) { w.infoKeys = true }},
		{"asymmetric_rtp", "RTP from another port than its SDP", func(w *manner) { w.otherPort = true }},
		{"new_tag", "183 and 200 with different tags and media ports", func(w *manner) { w.newTag, w.ring = true, earlyMedia }},
		{"se90_refresher", "session timer of 90 s unasked, refreshes itself", se90},
		{"reinvite_at_ack", "re-INVITE 50 ms after the ACK, then hold and back", func(w *manner) { w.acked = append(w.acked, reinviteAtACK) }},
		{"many_180", "180 every second, more than 15 of them", func(w *manner) { w.ring, w.minRing = many180, 16500*time.Millisecond }},
		{"early_media_183", "sound before the answer", func(w *manner) { w.ring = earlyMedia }},

		{"silence", "no response to anything", gate(func(w *manner) { w.silent = true }, func(*call) bool { return false })},
		{"only_100", "100 and nothing more, deaf to CANCEL", gate(func(w *manner) { w.deafToCancel = true }, only100)},
		{"slow_6s", "the first response after 6 s", gate(nil, slow)},
		{"no_1xx", "no provisional response: it rings, and nobody is told", func(w *manner) { w.noProvisional = true }},
		{"lost_ack", "the first two ACKs of a call are lost", func(w *manner) { w.loseACKs = 2 }},
		{"lost_bye", "the first two BYEs of a call are lost", func(w *manner) { w.loseBYEs = 2 }},
		{"unavailable_503", "503 with Retry-After: 30", gate(nil, final(503, "Service Unavailable", "Retry-After: 30"))},
		{"moved_302", "302 to another number", gate(nil, final(302, "Moved Temporarily", "Contact: <sip:+12025550199@192.0.2.1>"))},
		{"late_200", "200 crosses the CANCEL", func(w *manner) { w.lateAnswer, w.minRing = true, time.Hour }},
		{"two_200", "forked: two answers with two tags", func(w *manner) { w.answered = append(w.answered, secondAnswer) }},
		{"no_to_tag", "200 without a tag in To", func(w *manner) { w.noToTag = true }},
		{"bye_ignored", "never answers a BYE", func(w *manner) { w.deafToBye = true }},
		{"no_rtp", "never sends sound", func(w *manner) { w.noMedia = true }},
		{"freeze", "5 s after the answer it stops answering and sending anything", func(w *manner) { w.answered = append(w.answered, freeze) }},
		{"challenge_401", "asks for credentials: 401, MD5", gate(nil, challengeWith(401, "MD5"))},
		{"challenge_stale", "401, and once more with stale=true", func(w *manner) { w.stale = true; w.gates = append(w.gates, challengeWith(401, "MD5")) }},
		{"challenge_407", "asks for credentials: 407, MD5", gate(nil, challengeWith(407, "MD5"))},
		{"challenge_sha256", "asks for credentials: 401, SHA-256", gate(nil, challengeWith(401, "SHA-256"))},
		{"timer_422", "422: session timers of 1800 s and more only", gate(nil, timer422)},
	}
}

// mannerOf adds up personalities, "pcma_only+ptime30"; "" is an ordinary line.
func mannerOf(names string) (manner, error) {
	w := manner{laws: []audio.Law{audio.ULaw, audio.ALaw}, ptime: 20}
	if names == "" {
		return w, nil
	}
	zoo, seen := personalities(), map[string]bool{}
	for name := range strings.SplitSeq(names, "+") {
		if seen[name] { // of the network and of the line
			continue
		}
		seen[name] = true
		i := slices.IndexFunc(zoo, func(p personality) bool { return p.Name == name })
		if i < 0 {
			return w, fmt.Errorf("there is no personality %q", name)
		}
		zoo[i].apply(&w)
	}
	return w, nil
}

func join(a, b string) string { return strings.Trim(a+"+"+b, "+") }

func gate(change func(*manner), g func(*call) bool) func(*manner) {
	return func(w *manner) {
		if change != nil {
			change(w)
		}
		w.gates = append(w.gates, g)
	}
}

var errCodec = errors.New("no codec in common")

// answerTo settles our side of an offer: the first of its codecs that this line takes.
func (w *manner) answerTo(o *session) (local, error) {
	l := local{eventPT: o.eventPT, ptime: w.ptime, dir: mirror(o.dir), laws: o.laws, version: 1}
	for _, pt := range o.pts {
		if law, ok := o.laws[pt]; ok && slices.Contains(w.laws, law) {
			l.pts = []int{pt}
			break
		}
	}
	if l.pts == nil {
		return l, errCodec
	}
	if w.eventPT == -1 || w.eventPT > 0 && o.eventPT >= 0 {
		l.eventPT = w.eventPT
	}
	return l, nil
}

// offer is our side when we speak first.
func (w *manner) offer() local {
	l := local{eventPT: 101, ptime: w.ptime, dir: "sendrecv", version: 1, laws: map[int]audio.Law{0: audio.ULaw, 8: audio.ALaw}}
	for _, law := range w.laws {
		l.pts = append(l.pts, 8*int(law))
	}
	if w.eventPT != 0 {
		l.eventPT = w.eventPT
	}
	return l
}

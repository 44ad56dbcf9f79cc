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
	privateSDP         bool // the SDP names an address of the network behind the router
	noMedia            bool // never sends RTP
	deaf               bool // hears nothing: RTP to it is lost
	detectsVoice       bool // sends comfort noise (PT 13) and then nothing while nobody speaks
	infoKeys           bool // keys by INFO
	rtcp, rtcpMux      bool // sends and reads reports, on the port beside the sound or on its own
	shifts             bool // requests of ours come from another address of the block
	silent             bool // answers nothing at all
	lateAnswer         bool // 200 when the CANCEL comes
	deafToCancel       bool
	deafToBye          bool
	noProvisional      bool          // rings without telling
	reliable           bool          // provisional answers need a PRACK, and the 200 waits for it (RFC 3262)
	falseAnswer        bool          // 200 at once, ringback inside, the person later
	updateOnly         bool          // no re-INVITE
	loseACKs, loseBYEs int           // of each call, so many are lost on the way
	stale              bool          // the first right credentials come too late
	minRing            time.Duration // rings at least that long
	mediaAfter         time.Duration // from the answer to the first RTP
	becomes            string        // what an answering person is on this line: a name of scripts
	shows              string        // the caller's number as this line shows it, "" = as it was told

	registration registration

	answerExtra, refreshExtra []string // headers of our 200 and of our re-INVITE

	ring     func(*call)            // instead of one 180
	gates    []func(*call) bool     // before anything else; false = the gate has answered, or never will
	answered []func(*call)          // after the 200 has left
	acked    []func(*call)          // after its ACK
	held     func(*call) (code int) // what a hold of theirs is answered with; nil or 0 = it is held
	renewed  []func(*call)          // after a re-INVITE or UPDATE of theirs
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

var errCodec = errors.New("no codec in common")

// answerTo settles our side of an offer: the first of its codecs that this line takes.
func (w *manner) answerTo(o *session) (local, error) {
	l := local{eventPT: o.eventPT, ptime: w.ptime, dir: mirror(o.dir), laws: o.laws, version: 1, mux: w.rtcpMux}
	o.muxed = w.rtcpMux
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
	l := local{mux: w.rtcpMux, eventPT: 101, ptime: w.ptime, dir: "sendrecv", version: 1, laws: map[int]audio.Law{0: audio.ULaw, 8: audio.ALaw}}
	for _, law := range w.laws {
		l.pts = append(l.pts, 8*int(law))
	}
	if w.eventPT != 0 {
		l.eventPT = w.eventPT
	}
	return l
}

// Personalities lists the names of the zoo.
func Personalities() (names []string) {
	for _, p := range personalities() {
		names = append(names, p.Name)
	}
	return names
}

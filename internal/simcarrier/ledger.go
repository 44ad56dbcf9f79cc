package simcarrier

import (
	"cmp"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Entry is one row of the ledger: one call, by its Call-ID, and what its person heard. Times are zero (null in JSON)
// for what did not happen.
type Entry struct {
	CallID        string    `json:"call_id"`
	Callback      string    `json:"callback"` // X-Ringback-Callback, -Attempt and -Leg of the INVITE
	Attempt       int       `json:"attempt"`
	Leg           string    `json:"leg"`
	To            string    `json:"to"`   // E.164 where it is a number, else the SIP user
	From          string    `json:"from"` // the caller's number or SIP user
	InviteAt      time.Time `json:"invite_at"`
	ProvisionalAt time.Time `json:"provisional_at"` // the first 1xx
	Final         int       `json:"final"`          // SIP code
	FinalAt       time.Time `json:"final_at"`
	ByeAt         time.Time `json:"bye_at"`
	ByeBy         string    `json:"bye_by"`      // "us" = the person or network here, "them" = the other side
	Retransmits   int       `json:"retransmits"` // of requests that came again
	TonesHeard    []Heard   `json:"tones_heard"`
	Overlap       int       `json:"overlap"` // most other calls that rang or talked at this number at the same instant

	Outgoing     bool       `json:"outgoing"`     // placed here: the person called us
	Transport    string     `json:"transport"`    // of the INVITE: UDP, TCP, TLS
	CallerShown  string     `json:"caller_shown"` // the number that the telephone shows: P-Asserted-Identity, else From
	CallerName   string     `json:"caller_name"`  // the name beside it
	Person       string     `json:"person"`       // what they do
	Personality  string     `json:"personality"`
	ToneHz       int        `json:"tone_hz"` // the voice of the person here
	RingingFrom  time.Time  `json:"ringing_from"`
	RingingUntil time.Time  `json:"ringing_until"`
	AnsweredAt   time.Time  `json:"answered_at"`
	AckedAt      time.Time  `json:"acked_at"`
	CancelAt     time.Time  `json:"cancel_at"`
	TwinByeAt    time.Time  `json:"twin_bye_at"` // BYE of a forked second answer
	Provisionals int        `json:"provisionals"`
	Resent       int        `json:"resent"`     // messages of ours that were sent again
	Frozen       bool       `json:"frozen"`     // it answers nothing any more
	Refused      bool       `json:"refused"`    // a session refresh of ours was refused
	Cut          bool       `json:"cut"`        // the line hung up because nobody refreshed the session
	Held         bool       `json:"held"`       // the other side has put this person on hold
	Notified     []string   `json:"notified"`   // what NOTIFYs told of a transfer: "100 Trying", "200 OK"
	ReferCode    int        `json:"refer_code"` // what our REFER was answered with
	Pracks       int        `json:"pracks"`     // provisional answers that were acknowledged
	Pressed      []Key      `json:"pressed"`
	KeysHeard    string     `json:"keys_heard"`
	Reinvites    []Reinvite `json:"reinvites"` // ours, the last 100
	Refreshes    int        `json:"refreshes"` // how many of them there were

	Packets    int      `json:"packets"` // RTP packets heard
	SSRCs      []uint32 `json:"ssrcs"`
	SeqGaps    int      `json:"seq_gaps"` // packets missing from the sequence
	Codec      string   `json:"codec"`
	Ptime      int      `json:"ptime"`             // ms, of what is sent here
	SilenceMax float64  `json:"rms_silence_max_s"` // longest stretch below -60 dBFS after the answer
	VoiceMs    *float64 `json:"voice_ms"`          // from the later answer of both until the other's voice was heard
	MarkerMs   *float64 `json:"marker_ms_heard"`   // the longest marker heard; 200 were said
	GapMs      *float64 `json:"join_gap_ms"`       // longest hole in the packets within a second of first hearing the other
	DelayMs    *float64 `json:"delay_ms"`          // from the other's mouth to here, by the end of a marker
	Other      string   `json:"other"`             // Call-ID of the person who was heard
	OwnEcho    float64  `json:"own_tone_s"`        // seconds of one's own voice heard
	RTCP       *RTCP    `json:"rtcp"`              // null = this line has none
	HeardWAV   string   `json:"heard_wav"`         // path
	OtherHeard float64  `json:"other_tone_s"`      // seconds of the other's voice heard
}

// Heard is a tone and how long it was heard, 20 dB above all else.
type Heard struct {
	Hz      int     `json:"hz"`
	Seconds float64 `json:"seconds"`
}

// Key is a key that was pressed here, and when its first packet left.
type Key struct {
	Key string    `json:"key"`
	At  time.Time `json:"at"`
}

// Reinvite is one of ours and what came of it; Answer is the direction in the answer.
type Reinvite struct {
	At        time.Time `json:"at"`
	Direction string    `json:"direction"`
	Code      int       `json:"code"`
	Answer    string    `json:"answer"`
}

// MarshalJSON writes null for what did not happen, and times in UTC to the microsecond.
func (e Entry) MarshalJSON() ([]byte, error) {
	type plain Entry
	e.TonesHeard, e.Pressed, e.Reinvites, e.SSRCs = some(e.TonesHeard), some(e.Pressed), some(e.Reinvites), some(e.SSRCs)
	e.Notified = some(e.Notified)
	return json.Marshal(struct {
		plain
		Callback      *string    `json:"callback"`
		Attempt       *int       `json:"attempt"`
		Leg           *string    `json:"leg"`
		ProvisionalAt *time.Time `json:"provisional_at"`
		Final         *int       `json:"final"`
		FinalAt       *time.Time `json:"final_at"`
		ByeAt         *time.Time `json:"bye_at"`
		ByeBy         *string    `json:"bye_by"`
		RingingFrom   *time.Time `json:"ringing_from"`
		RingingUntil  *time.Time `json:"ringing_until"`
		AnsweredAt    *time.Time `json:"answered_at"`
		AckedAt       *time.Time `json:"acked_at"`
		CancelAt      *time.Time `json:"cancel_at"`
		TwinByeAt     *time.Time `json:"twin_bye_at"`
		Other         *string    `json:"other"`
		HeardWAV      *string    `json:"heard_wav"`
	}{plain(e), null(e.Callback), null(e.Attempt), null(e.Leg), null(e.ProvisionalAt), null(e.Final), null(e.FinalAt),
		null(e.ByeAt), null(e.ByeBy), null(e.RingingFrom), null(e.RingingUntil), null(e.AnsweredAt), null(e.AckedAt),
		null(e.CancelAt), null(e.TwinByeAt), null(e.Other), null(e.HeardWAV)})
}

func null[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func some[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// Ledger returns all rows, oldest first.
func (c *Carrier) Ledger() []Entry { return c.entries("") }

// Calls returns the rows of one callback, oldest first.
func (c *Carrier) Calls(callback string) []Entry { return c.entries(callback) }

func (c *Carrier) entries(callback string) []Entry {
	var out []Entry
	c.do(func() {
		rows := c.book.order
		if callback != "" {
			rows = c.book.byCallback[callback]
		}
		out = make([]Entry, 0, len(rows))
		for _, r := range rows {
			out = append(out, c.book.entry(r))
		}
	})
	return out
}

// entry is a row as of now.
func (b *book) entry(r *row) Entry {
	e, h := r.Entry, r.hears()
	e.Pressed, e.Reinvites = append(slices.Clone(e.Pressed), h.pressed...), slices.Clone(e.Reinvites)
	if r.rec != nil && r.rec.kept() {
		e.HeardWAV = "/heard/" + url.PathEscape(e.CallID) + ".wav"
	}
	e.Packets, e.SeqGaps, e.SSRCs, e.KeysHeard = h.packets, h.gaps, h.ssrcs, h.keys
	e.RTCP = h.rtcp
	e.SilenceMax = seconds(h.silence)
	for _, t := range h.tones {
		e.TonesHeard = append(e.TonesHeard, Heard{t.hz, seconds(t.lasts)})
		if t.hz == e.ToneHz {
			e.OwnEcho = seconds(t.lasts)
		}
	}
	slices.SortFunc(e.TonesHeard, func(x, y Heard) int { return cmp.Compare(x.Hz, y.Hz) })
	for _, o := range b.byCallback[r.Callback] {
		if o != r && r.Callback != "" && !o.AnsweredAt.IsZero() {
			e.join(r, h, o)
		}
	}
	return e
}

// aPacket is the longest packet. Who speaks sends it when its first sample is due, so a switch that cuts packets anew may
// let the other hear a sample before it was due: a delay may be negative by less than that.
const aPacket = 40 * time.Millisecond

// join measures how the person of r heard the one of o.
func (e *Entry) join(r *row, h hearing, o *row) {
	var voice time.Time
	for _, t := range h.tones {
		if t.hz == o.ToneHz {
			e.OtherHeard, voice, e.Other = seconds(t.lasts), t.first, o.CallID
		}
	}
	said := o.hears().said
	for _, m := range h.marks {
		begin := m.end.Add(-m.long)
		i := slices.IndexFunc(said, func(at time.Time) bool { d := m.end.Sub(at); return d > -aPacket && d < time.Second })
		if i < 0 {
			continue
		}
		if voice.IsZero() || begin.Before(voice) {
			voice = begin
		}
		if e.MarkerMs == nil || *e.MarkerMs < ms(m.long) {
			e.MarkerMs = ptr(ms(m.long))
		}
		if e.DelayMs == nil {
			e.DelayMs = ptr(ms(m.end.Sub(said[i])))
		}
		e.Other = o.CallID
	}
	if voice.IsZero() {
		return
	}
	later := r.AnsweredAt
	if o.AnsweredAt.After(later) {
		later = o.AnsweredAt
	}
	e.VoiceMs = ptr(ms(voice.Sub(later)))
	gap := time.Duration(0)
	for _, hole := range h.holes {
		if d := hole.at.Sub(voice); d > -time.Second && d < time.Second {
			gap = max(gap, hole.long)
		}
	}
	e.GapMs = ptr(ms(gap))
}

func ptr(v float64) *float64 { return &v }

func ms(d time.Duration) float64      { return math.Round(float64(d)/1e4) / 100 }
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func attempt(s string) int { n, _ := strconv.Atoi(s); return n }

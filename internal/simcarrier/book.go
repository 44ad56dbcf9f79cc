package simcarrier

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ringback/internal/audio"
)

// What the network keeps at most.
const (
	maxRows       = 100_000
	maxRecordings = 300
	maxRecorded   = 70 * audio.Rate // samples of one call
)

// book is the ledger as it is written. Only the loop touches it.
type book struct {
	order      []*row
	byCallback map[string][]*row
	recordings []*recording
}

// row is a line of the ledger that still changes.
type row struct {
	Entry
	call    *call // nil when nothing more can come
	final   hearing
	rec     *recording
	closing bool // final holds what was heard
}

func newBook() book { return book{byCallback: map[string][]*row{}} }

func (b *book) open(m *message, to, names string, p Person) *row {
	r := &row{Entry: Entry{CallID: m.callID, Callback: m.get("x-ringback-callback"), Attempt: attempt(m.get("x-ringback-attempt")),
		Leg: m.get("x-ringback-leg"), To: to, From: number(uriUser(addrURI(m.get("from")))), InviteAt: stamp(time.Now()),
		Person: p.Does, Personality: names, ToneHz: p.Tone}}
	r.CallerShown, r.CallerName = caller(m)
	if len(b.order) >= maxRows {
		b.forget(maxRows / 100)
	}
	b.order = append(b.order, r)
	if r.Callback != "" {
		b.byCallback[r.Callback] = append(b.byCallback[r.Callback], r)
	}
	return r
}

// caller is the number and name that a telephone shows.
func caller(m *message) (shown, name string) {
	v := m.get("p-asserted-identity")
	if v == "" {
		v = m.get("from")
	}
	if name, _, _ = strings.Cut(v, "<"); name == v {
		name = ""
	}
	return number(uriUser(addrURI(v))), strings.Trim(strings.TrimSpace(name), `"`)
}

func (b *book) forget(n int) {
	for _, r := range b.order[:n] {
		rows := b.byCallback[r.Callback]
		if rows = slices.DeleteFunc(rows, func(x *row) bool { return x == r }); len(rows) == 0 {
			delete(b.byCallback, r.Callback)
		} else {
			b.byCallback[r.Callback] = rows
		}
	}
	b.order = slices.Delete(b.order, 0, n)
}

func (b *book) find(callID string) *row {
	for _, r := range slices.Backward(b.order) {
		if r.CallID == callID {
			return r
		}
	}
	return nil
}

// record begins to keep what is heard at a call; the oldest recording is dropped for it.
func (b *book) record(r *row) *recording {
	if r.rec == nil {
		r.rec = &recording{}
		if b.recordings = append(b.recordings, r.rec); len(b.recordings) > maxRecordings {
			b.recordings[0].drop()
			b.recordings = slices.Delete(b.recordings, 0, 1)
		}
	}
	return r.rec
}

func (r *row) answered() bool { return !r.AnsweredAt.IsZero() }

func (r *row) provisional(_ int, now time.Time) {
	r.Provisionals++
	if r.ProvisionalAt.IsZero() {
		r.ProvisionalAt = stamp(now)
	}
}

func (r *row) bye(by string) {
	if r.ByeAt.IsZero() {
		r.ByeAt, r.ByeBy = stamp(time.Now()), by
	}
}

func (r *row) told(v Reinvite) {
	r.Refreshes++
	if len(r.Reinvites) == 100 {
		r.Reinvites = slices.Delete(r.Reinvites, 0, 1)
	}
	r.Reinvites = append(r.Reinvites, v)
}

// close keeps what was heard when the media goes.
func (r *row) close(m *media) {
	if r.RingingUntil.IsZero() && !r.RingingFrom.IsZero() {
		r.RingingUntil = stamp(time.Now())
	}
	if m != nil {
		r.final, r.closing = m.hearing(), true
	}
}

func (r *row) hears() hearing {
	if r.closing || r.call == nil || r.call.media == nil {
		return r.final
	}
	return r.call.media.hearing()
}

// hearing is a copy of what was heard and said until now.
func (m *media) hearing() hearing {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.ear.hearing
	h.ssrcs, h.tones, h.marks, h.holes = slices.Clone(h.ssrcs), slices.Clone(h.tones), slices.Clone(h.marks), slices.Clone(h.holes)
	if m.control != nil {
		told := m.control.RTCP
		h.rtcp = &told
	}
	h.said, h.pressed = slices.Clone(m.markers), slices.Clone(m.pressed)
	if !m.ear.deaf {
		h.silence = max(h.silence, time.Since(m.ear.silentFrom))
	}
	return h
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// recording is what was heard, as u-law, by RTP timestamp.
type recording struct {
	mu      sync.Mutex
	data    []byte
	dropped bool
}

func (r *recording) write(at int, b []byte, law audio.Law) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dropped || at < 0 || at+len(b) > maxRecorded {
		return
	}
	for len(r.data) < at+len(b) {
		r.data = append(r.data, audio.ULaw.Silence())
	}
	copy(r.data[at:], b)
	law.Translate(audio.ULaw, r.data[at:at+len(b)])
}

func (r *recording) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.data, r.dropped = nil, true
}

func (r *recording) kept() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.data) > 0
}

// wav is the recording as a file; nil when it is not kept.
func (r *recording) wav() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.data) == 0 {
		return nil
	}
	lin := make([]int16, len(r.data))
	audio.ULaw.Decode(lin, r.data)
	return audio.WAV(lin, 1)
}

// ringing enters a call among those of its number and counts the others.
func (c *Carrier) ringing(k *call) {
	all := c.live[k.row.To]
	k.row.Overlap = max(k.row.Overlap, len(all))
	for _, o := range all {
		o.row.Overlap = max(o.row.Overlap, len(all))
	}
	c.live[k.row.To] = append(all, k)
}

// silent takes it out again.
func (c *Carrier) silent(k *call) {
	all := slices.DeleteFunc(c.live[k.row.To], func(o *call) bool { return o == k })
	if len(all) == 0 {
		delete(c.live, k.row.To)
		return
	}
	c.live[k.row.To] = all
}

// pickTone gives the call a voice that nobody else of its callback has.
func (c *Carrier) pickTone(r *row) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.To + " " + r.CallID + strconv.FormatUint(c.cfg.Seed, 10)))
	first := int(h.Sum64() % uint64(len(voices)))
	if r.ToneHz == 0 {
		taken := func(hz int) bool {
			return slices.ContainsFunc(c.book.byCallback[r.Callback], func(o *row) bool { return o != r && o.ToneHz == hz })
		}
		i := first
		for n := 0; n < len(voices) && taken(voices[i]); n++ {
			i = (i + 1) % len(voices)
		}
		r.ToneHz = voices[i]
		return
	}
	if known := c.knownTones(); !slices.Contains(known, r.ToneHz) {
		more := append(slices.Clone(known), r.ToneHz)
		c.tones.Store(&more)
	}
}

func (c *Carrier) knownTones() []int { return *c.tones.Load() }

// sources makes tags and branches: from the seed, and different for each.
type sources struct{ rand *rand.Rand }

func newSources(seed uint64) sources { return sources{rand.New(rand.NewPCG(seed, 0x74616773))} }

func (s sources) tag() string { return strconv.FormatUint(s.rand.Uint64(), 36) }

package simcarrier

import (
	"encoding/binary"
	"net/netip"
	"time"

	"ringback/internal/audio"
)

// say replaces what is being said.
func (m *media) say(plan ...bit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plan, m.talking = plan, false
}

// talk is a person speaking: a moment of silence, a marker, then the steady tone of that voice.
func (m *media) talk(after time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plan = []bit{quiet(after), marker(), tone(0, m.voice).forever()}
	if m.vad { // people breathe; the line then sends nothing
		m.plan = m.plan[:2]
		for range 400 {
			m.plan = append(m.plan, tone(1500*time.Millisecond, m.voice), quiet(1200*time.Millisecond))
		}
	}
	m.talking = true
}

// interject says something before what was to come.
func (m *media) interject(bits ...bit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.plan = append(bits, m.plan...)
}

// answered begins the counting: what came before the answer is not the person's.
func (m *media) answered(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ear.answered, m.ear.silentFrom, m.ear.silence, m.ear.holes = at, at, 0, nil
}

func (m *media) mute(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.muted = on
}

// press sends a key as an event, or as two tones where the line has no events.
func (m *media) press(key byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.eventPT >= 0 {
		m.keys = append(m.keys, key)
		return
	}
	m.plan = append([]bit{keyTone(key), quiet(60 * time.Millisecond)}, m.plan...)
}

// speak builds the packet that is due, nil for none, and says when the next one is.
func (m *media) speak(out []byte, now time.Time) (b []byte, to netip.AddrPort, next time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if late := samples(now.Sub(m.start)) - m.n; late > audio.Rate/5 { // the machine stood still: the clock did not
		m.n += late / m.frame * m.frame
	}
	p := packet{pt: m.pt, seq: m.seq, ts: m.base + uint32(m.n), ssrc: m.ssrc}
	size, step := 12+m.frame, m.frame
	begins := m.burst
	pause := m.vad && m.pausing()
	if m.event.length > 0 || len(m.keys) > 0 {
		begins = m.keyPacket(out, &p, now)
		size = 16
	} else {
		if m.steady() {
			step = max(step, samples(m.c.cfg.Pace))
		}
		m.fill(out[12:size], now)
	}
	m.n += step
	next = m.start.Add(lasting(m.n))
	if pause && m.event.length == 0 {
		if size = m.comfort(out, &p); size == 0 {
			m.burst = true
			return nil, to, next
		}
	}
	if !m.on || m.muted || !m.to.IsValid() {
		m.burst = true
		return nil, to, next
	}
	p.header(out, begins)
	m.seq++
	m.burst = false
	if m.control != nil {
		m.control.sent.packets++
		m.control.sent.octets += uint32(size - 12)
	}
	return out[:size], m.to, next
}

// comfortPT is comfort noise (RFC 3389).
const comfortPT = 13

// pausing says that nobody speaks just now, and counts how long.
func (m *media) pausing() bool {
	if len(m.plan) > 0 && m.plan[0].sound != (sound{}) {
		m.idle = 0
		return false
	}
	m.idle++
	return true
}

// comfort writes a packet of comfort noise at the beginning of a pause and each 400 ms; 0 = nothing is due.
func (m *media) comfort(out []byte, p *packet) int {
	if m.idle%20 != 1 {
		return 0
	}
	p.pt, out[12] = comfortPT, 70
	return 13
}

// steady says that nothing is going to change by itself, so packets may be thinned.
func (m *media) steady() bool { return len(m.plan) == 0 || m.plan[0].left < 0 }

// fill writes the next samples of the plan.
func (m *media) fill(b []byte, now time.Time) {
	for at := 0; at < len(b); {
		if len(m.plan) == 0 {
			m.plan = []bit{quiet(0)}
		}
		cur := &m.plan[0]
		if cur.key != 0 {
			m.told(cur.key, now)
			cur.key = 0
		}
		n := len(b) - at
		if cur.left >= 0 {
			n = min(n, cur.left)
			cur.left -= n
		}
		loop := m.c.sounds.loop(cur.sound, m.law)
		phase := (m.n + at) % audio.Rate
		if copied := copy(b[at:at+n], loop[phase:]); copied < n {
			copy(b[at+copied:at+n], loop)
		}
		at += n
		if cur.left == 0 {
			if cur.a == markerHz && len(m.markers) < 50 {
				m.markers = append(m.markers, now.Add(lasting(at)))
			}
			m.plan = m.plan[1:]
		}
	}
}

// keyPacket writes the next packet of a key: 100 ms long, its end told three times (RFC 4733 section 2.5.1).
func (m *media) keyPacket(out []byte, p *packet, now time.Time) (first bool) {
	e := &m.event
	if first = e.length == 0; first {
		e.code, e.from, e.ends = keyCode(m.keys[0]), m.n, 0
		m.told(m.keys[0], now)
		m.keys = m.keys[1:]
	}
	p.pt, p.ts = m.eventPT, m.base+uint32(e.from)
	out[12], out[13] = byte(e.code), 10
	if e.length < audio.Rate/10 {
		e.length += m.frame
	}
	binary.BigEndian.PutUint16(out[14:], uint16(e.length))
	if e.length >= audio.Rate/10 {
		out[13] |= 0x80
		if e.ends++; e.ends == 3 {
			e.length = 0
		}
	}
	return first
}

// told writes down when a key left.
func (m *media) told(key byte, now time.Time) {
	if len(m.pressed) < 100 {
		m.pressed = append(m.pressed, Key{Key: string(key), At: stamp(now)})
	}
}

// reply says a marker half a second after somebody else was heard, as people do; not when we have just spoken.
func (m *media) reply(now time.Time) {
	if !m.talking || m.answers == 5 || len(m.plan) != 1 {
		return
	}
	if n := len(m.markers); n > 0 && now.Sub(m.markers[n-1]) < time.Second {
		return
	}
	m.answers++
	m.plan = []bit{tone(500*time.Millisecond, m.voice), marker(), tone(0, m.voice).forever()}
}

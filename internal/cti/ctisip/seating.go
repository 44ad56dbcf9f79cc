package ctisip

import (
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/media"
)

// guest is a supervisor in a talk.
type guest struct {
	leg  *leg
	of   *leg // the agent
	mode cti.Mode
	come bool // she is on the lane of the bridge
	told bool // that she is in it
}

// arrange lets those hear each other who are in the talk: two by the relay, more in a room. It runs on the bridge's lane, each
// time that somebody has come or gone.
func (br *bridge) arrange() {
	members, guests, all := br.present()
	switch {
	case !all || len(members) < 2:
		return
	case !br.up:
		br.open(members)
	}
	switch {
	case len(members) != 2 || len(guests) != 0:
		br.gather(members, guests)
	case br.waits[members[0]] || br.waits[members[1]]:
		br.unpair(members)
	default:
		br.pair(members[0], members[1])
	}
	for _, l := range members {
		br.joins(l)
	}
	br.sw.mu.Lock()
	br.began = true
	br.sw.mu.Unlock()
}

// present are those who may be heard. all says that nobody is missing whose talk has yet to begin.
func (br *bridge) present() (members []*leg, guests []guest, all bool) {
	members = br.here()
	br.sw.mu.Lock()
	defer br.sw.mu.Unlock()
	if br.over || !br.up && len(members) < len(br.members) {
		return nil, nil, false
	}
	for _, g := range br.guests {
		if g.come {
			guests = append(guests, *g)
			g.told = true
		}
	}
	return members, guests, true
}

// pair lets two hear each other by the relay.
func (br *bridge) pair(a, b *leg) {
	if br.paired {
		return
	}
	var zip []int16
	switch {
	case br.room != nil:
		br.room.Close()
	case !br.heard:
		zip = br.sw.sounds.Sound(cti.SoundZip, a.o.Region)
	}
	br.sw.mu.Lock() // one that leaves meanwhile says its last sentence
	if a.in == br && b.in == br {
		media.Bridge(a.stream, b.stream, zip)
		br.paired, br.heard = true, true
	}
	br.sw.mu.Unlock()
	for _, l := range []*leg{a, b} {
		if br.holds[l] {
			br.wait(l, true)
		}
	}
}

// gather lets all hear whom they are to hear.
func (br *bridge) gather(members []*leg, guests []guest) {
	if br.room == nil {
		br.room = br.sw.engine.NewRoom()
	}
	br.paired = false
	var room []media.Member
	for _, l := range members {
		if br.waits[l] {
			l.stream.Play(br.sw.onHold(l))
			continue
		}
		m := media.Member{Stream: l.stream}
		for _, o := range members {
			if o != l && !br.waits[o] {
				m.Hears = append(m.Hears, o.stream)
			}
		}
		for _, g := range guests {
			if g.mode == cti.MonitorBarge || g.mode == cti.MonitorWhisper && g.of == l {
				m.Hears = append(m.Hears, g.leg.stream)
			}
		}
		room = append(room, m)
	}
	for _, g := range guests {
		m := media.Member{Stream: g.leg.stream}
		for _, l := range members {
			if !br.waits[l] {
				m.Hears = append(m.Hears, l.stream)
			}
		}
		for _, o := range guests {
			if o.leg != g.leg && o.mode == cti.MonitorBarge {
				m.Hears = append(m.Hears, o.leg.stream)
			}
		}
		room = append(room, m)
		br.rec.hears(g.leg, g.mode == cti.MonitorBarge)
		br.guestJoins(g)
	}
	br.room.Set(room...)
}

// guestJoins tells, once, that a supervisor is in the talk.
func (br *bridge) guestJoins(g guest) {
	if g.told {
		return
	}
	l := g.leg
	l.lane.Do(func() {
		if l.bridge == br && !l.ended {
			l.tell(cti.LegJoined)
		}
	})
}

// holding takes in that the far end of a member holds, or does not any more.
func (br *bridge) holding(l *leg, on bool) {
	if br.holds[l] == on {
		return
	}
	br.holds[l] = on
	br.wait(l, on)
}

// wait lets who was put on hold hear that it goes on, unless its holder sends music. In a room the others go on.
func (br *bridge) wait(holder *leg, on bool) {
	if !br.paired {
		return
	}
	for _, other := range br.here() {
		if other == holder {
			continue
		}
		if !on {
			other.stream.Resume()
			continue
		}
		other.stream.Hold(br.sw.onHold(other))
	}
}

// onHold is what a leg hears that waits in the middle of a talk.
func (sw *Switch) onHold(l *leg) media.Program {
	p, err := sw.sounds.Program(cti.Program{First: cti.Prompt{Sound: cti.SoundMoment}, Then: cti.SoundWait}, l.o.Region)
	if err != nil {
		sw.c.Log.Warn("prompt not played", "leg", l.o.Leg, "error", err)
	}
	return p
}

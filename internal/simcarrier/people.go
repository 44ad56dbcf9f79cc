package simcarrier

import (
	"fmt"
	"time"
)

// Person is who sits at a telephone and what they do when it rings.
type Person struct {
	Does        string        `json:"does"`        // a name of the table below
	After       time.Duration `json:"after"`       // from the INVITE to the answer or refusal
	Talk        time.Duration `json:"talk"`        // from the answer to hanging up; 0 = 60 s
	Speak       time.Duration `json:"speak"`       // silence after the answer, before the first word; 0 = 100 ms
	Press       string        `json:"press"`       // keys pressed once, 200 ms apart
	PressAfter  time.Duration `json:"press_after"` // from the answer, or from the person coming on
	Then        string        `json:"then"`        // what is done in talk: "2s press 9, 5s hold, 15s unhold"; see acts
	Tone        int           `json:"tone"`        // Hz of the voice; 0 = derived from seed, number and call
	Personality string        `json:"personality"` // of this line, on top of the network's own
}

// script is how one kind of person takes a call.
type script struct {
	about string
	rings bool // 180 at once
	then  func(*call)
}

// scripts lists what people do. The steps are timed from the INVITE.
func scripts() map[string]script {
	return map[string]script{
		"answers":  {"answers and talks until hung up on", true, (*call).answerLater},
		"busy":     {"is busy: 486", false, func(k *call) { k.refuse(486, "Busy Here") }},
		"rings":    {"never answers", true, func(*call) {}},
		"declines": {"rings and is declined: 603", true, func(k *call) { k.refuse(603, "Decline") }},
		"machine":  {"an answering machine: announcement, beep, 20 s of recording", true, (*call).answerLater},
		"screens":  {"a robot that asks who is calling and then rings the person", true, (*call).answerLater},
		"fax":      {"a fax machine: 2100 Hz", true, (*call).answerLater},
		"dead":     {"the tones of a number that is not in service, in an answered call", true, (*call).answerLater},
		"unknown":  {"no such number: 404", false, func(k *call) { k.refuse(404, "Not Found") }},
	}
}

// magic is who answers the contract's numbers, by their last four digits.
func magic(last4 string) Person {
	switch last4 {
	case "0100":
		return Person{Does: "answers", After: time.Second, Press: "1", PressAfter: 1500 * time.Millisecond}
	case "0101":
		return Person{Does: "busy"}
	case "0102":
		return Person{Does: "rings"}
	case "0103":
		return Person{Does: "machine", After: 3 * time.Second}
	case "0104":
		return Person{Does: "declines", After: time.Second}
	case "0105":
		return Person{Does: "answers", After: 20 * time.Second, Press: "1", PressAfter: 1500 * time.Millisecond}
	case "0107":
		return Person{Does: "answers", After: time.Second, Talk: 2 * time.Second}
	case "0108":
		return Person{Does: "screens", After: time.Second, Press: "1", PressAfter: 1500 * time.Millisecond}
	}
	return Person{Does: "unknown"}
}

// person finds who is called: a test's script, a number set by hand, its last four digits set by hand, the table.
func (c *Carrier) person(to string, at *Phone) Person {
	c.nth[to]++
	if c.cfg.Answer != nil {
		if p, ok := c.cfg.Answer(to, c.nth[to]); ok {
			return p
		}
	}
	if p, ok := c.people[to]; ok {
		return p
	}
	if at != nil {
		return at.person
	}
	last4 := to[max(0, len(to)-4):]
	if p, ok := c.people[last4]; ok {
		return p
	}
	return magic(last4)
}

func (p Person) check() error {
	if _, ok := scripts()[p.Does]; !ok {
		return fmt.Errorf("nobody does %q: it is one of answers, busy, rings, declines, machine, screens, fax, dead, unknown", p.Does)
	}
	if p.Tone != 0 && (p.Tone < 300 || p.Tone > 3400) {
		return fmt.Errorf("a voice of %d Hz does not pass a telephone: 300 to 3400", p.Tone)
	}
	for _, k := range p.Press {
		if keyCode(byte(k)) < 0 {
			return fmt.Errorf("%q is no key of a telephone", k)
		}
	}
	if _, err := parseActs(p.Then); err != nil {
		return err
	}
	_, err := mannerOf(p.Personality)
	return err
}

// answered is what the person does once the 200 has left.
func (p Person) answered(k *call) {
	if after := k.manner.mediaAfter; after > 0 {
		k.later(after, func() { k.media.mute(k.manner.noMedia) })
		p.Speak, p.PressAfter = p.speak()+after, p.PressAfter+after
	}
	switch p.Does {
	case "fax":
		k.media.say(quiet(500*time.Millisecond), tone(3*time.Second, 2100), quiet(0))
		k.later(p.talk(30*time.Second), func() { k.hangUp() })
	case "dead":
		k.media.say(append(append(specialTones(), speech(3*time.Second)), append(specialTones(), quiet(0))...)...)
		k.later(p.talk(10*time.Second), func() { k.hangUp() })
	case "machine":
		k.media.say(speech(4*time.Second), tone(500*time.Millisecond, 1000), quiet(20*time.Second))
		k.later(p.talk(4500*time.Millisecond+20*time.Second), func() { k.hangUp() })
	case "screens":
		k.media.say(quiet(300*time.Millisecond), speech(2*time.Second), quiet(0))
		gone := k.later(30*time.Second, func() { k.hangUp() })
		k.media.listen(2300*time.Millisecond, time.Second, func() { k.comesOn(gone) })
	default:
		if k.manner.falseAnswer {
			k.media.say(ringing()...)
			k.later(max(p.After, 4*time.Second), func() { k.speaks(p) })
			return
		}
		k.speaks(p)
	}
}

// speaks is a person who is on the line from now on.
func (k *call) speaks(p Person) {
	k.media.talk(p.speak())
	k.press(p)
	k.plays(p)
	k.later(p.talk(time.Minute), func() { k.hangUp() })
}

// comesOn is the screened person taking over from the robot: two seconds of ringing, then talk.
func (k *call) comesOn(robot *alarm) {
	if k.over {
		return
	}
	k.c.clock.stop(robot)
	k.media.say(tone(2*time.Second, 440, 480), quiet(0))
	k.later(2*time.Second, func() { k.speaks(k.person) })
}

func (k *call) press(p Person) {
	for i, key := range []byte(p.Press) {
		k.later(p.PressAfter+time.Duration(i)*200*time.Millisecond, func() { k.pressKey(key) })
	}
}

func (p Person) talk(usual time.Duration) time.Duration {
	if p.Talk > 0 {
		return p.Talk
	}
	return usual
}

func (p Person) speak() time.Duration {
	if p.Speak > 0 {
		return p.Speak
	}
	return 100 * time.Millisecond
}

package studio

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/phone"
	"ringback/internal/speech"
	"ringback/internal/subscriber"
)

// take is one prompt that an owner speaks.
type take struct {
	name string
	ask  speech.Sentence
	most time.Duration
}

// takes in the order they are asked for.
var takes = []take{
	{"spoken_name", speech.SetupName, NameLength},
	{"announcement", speech.SetupAnnouncement, 40 * time.Second},
	{"closed", speech.SetupClosed, 40 * time.Second},
}

// Times of a call with an owner.
const (
	ringTime   = 30 * time.Second
	answerTime = ringTime + 30*time.Second // until the leg is confirmed or ended, at the latest
	keyTime    = 45 * time.Second          // to choose between 1 and 2
	promptTime = 30 * time.Second          // no prompt of ours lasts longer
	maxTakes   = 5                         // of one prompt
)

// session is one call with an owner.
type session struct {
	s      *Studio
	sub    *subscriber.Subscriber
	lang   speech.Lang
	order  cti.Order
	events chan cti.Event
	ended  bool
	how    bool // how to record was said
}

// Call rings an owner and lets her speak the business's name, announcement and closed message; each that she keeps is in
// force at once. It returns what was kept, also with an error. It lasts as long as the call.
func (s *Studio) Call(ctx context.Context, number, business string) (kept []string, err error) {
	sub, to, err := s.Telephone(ctx, number, business)
	if err != nil {
		return nil, err
	}
	c := s.session(sub, to)
	if err := s.begin(c); err != nil {
		return nil, err
	}
	defer s.end(c)
	if err := s.Switch.Originate(ctx, c.order); err != nil {
		return nil, fmt.Errorf("setup call: %w", err)
	}
	kept, err = c.run(ctx)
	c.hangUp(err == nil && len(kept) > 0)
	return kept, err
}

// Telephone reads a number that a business may call: the policy and blocks hold. Without a name it is the only business.
func (s *Studio) Telephone(ctx context.Context, number, business string) (*subscriber.Subscriber, cti.Endpoint, error) {
	dir, err := s.Book.Directory(ctx)
	if err != nil {
		return nil, "", err
	}
	sub, err := pick(dir, business)
	if err != nil {
		return nil, "", err
	}
	to, err := s.telephone(number, sub, dir)
	return sub, to, err
}

// pick is the business that is named, or the only one there is.
func pick(dir *directory.Directory, named string) (*subscriber.Subscriber, error) {
	if named != "" {
		if s := dir.Subscribers[id.Subscriber(dir.ID(directory.Subscriber, named))]; s != nil {
			return s, nil
		}
		return nil, fault.New(fault.NotFound, "There is no subscriber %q.", named)
	}
	if len(dir.Subscribers) == 1 {
		for _, s := range dir.Subscribers {
			return s, nil
		}
	}
	var all []string
	for _, s := range dir.Subscribers {
		all = append(all, s.Slug)
	}
	return nil, fault.New(fault.FieldRequired, "Say for whom with --subscriber: there are %d (%s).", len(all), strings.Join(all, ", "))
}

// dialled reads the owner's number, or the sip: address of her telephone, which only who runs this may name.
func dialled(raw string, sub *subscriber.Subscriber) (cti.Endpoint, error) {
	if strings.HasPrefix(raw, "sip:") {
		e, err := cti.ParseEndpoint(raw)
		if err != nil {
			return "", fault.At("number", fault.EndpointInvalid, "%v.", err)
		}
		return e, nil
	}
	n, err := phone.Parse(strings.TrimPrefix(raw, "tel:"), sub.Region())
	if err != nil {
		return "", err
	}
	if err := sub.MayCall(n); err != nil {
		return "", err
	}
	return cti.Endpoint("tel:" + n.E164()), nil
}

func (s *Studio) session(sub *subscriber.Subscriber, to cti.Endpoint) *session {
	c := &session{s: s, sub: sub, lang: speech.Language(sub.Language), events: make(chan cti.Event, 64)}
	c.order = cti.Order{Callback: s.Mint.Callback(), Attempt: 1, Leg: s.Mint.Leg(), Party: cti.Subscriber, Fence: 1, To: to,
		From: sub.CallerID.E164(), Name: sub.Name, Ring: ringTime, Deadline: s.Now().Add(10 * time.Second),
		Confirm: cti.ConfirmKey, Region: sub.Region(), Hear: cti.Program{First: c.says(speech.SetupHello)},
		Waits: cti.Program{Then: cti.SoundWait}, Goodbye: c.says(speech.VisitorGoodbye)}
	return c
}

func (c *session) says(all ...speech.Sentence) cti.Prompt {
	p := cti.Prompt{Sound: cti.SoundMoment}
	for _, s := range all {
		p.Clips = append(p.Clips, c.s.Speaker.Say(c.lang, s, speech.Words{})...)
	}
	return p
}

// run is the talk with the owner.
func (c *session) run(ctx context.Context) (kept []string, err error) {
	if _, err := c.await(ctx, answerTime, func(e cti.Event) bool { return e.Kind == cti.LegConfirmed }); err != nil {
		return nil, err
	}
	for _, t := range takes {
		ok, err := c.record(ctx, t)
		if err != nil {
			return kept, err
		}
		if ok {
			kept = append(kept, t.name)
		}
	}
	return kept, nil
}

// record asks for one prompt until she keeps it; it is left as it was when twice nothing is heard.
func (c *session) record(ctx context.Context, t take) (bool, error) {
	nothing := 0
	ask := []speech.Sentence{t.ask}
	for range maxTakes {
		wav, err := c.take(ctx, t, ask)
		if err != nil {
			return false, err
		}
		if ask = []speech.Sentence{t.ask}; wav == nil {
			if nothing++; nothing == 2 {
				return false, nil
			}
			ask = []speech.Sentence{speech.SetupShort, t.ask}
			continue
		}
		keeps, err := c.offer(ctx, wav)
		if err != nil {
			return false, err
		}
		if keeps {
			return true, c.s.Keep(ctx, c.sub.ID, t.name, wav)
		}
	}
	return false, nil
}

// take records once; nil when nothing is heard in it.
func (c *session) take(ctx context.Context, t take, ask []speech.Sentence) ([]byte, error) {
	if !c.how {
		ask, c.how = append(ask, speech.SetupHow), true
	}
	p := c.says(ask...)
	p.Clips = append(p.Clips, "sound/"+cti.Clip(cti.SoundWarn))
	if err := c.play(ctx, cti.Program{First: p, Record: t.most}); err != nil {
		return nil, err
	}
	e, err := c.await(ctx, promptTime+t.most, func(e cti.Event) bool { return e.Kind == cti.LegRecorded })
	if err != nil {
		return nil, err
	}
	samples, err := audio.ReadWAV(e.WAV)
	if err != nil {
		return nil, fmt.Errorf("setup call: %w", err)
	}
	if samples = trim(samples); samples == nil {
		return nil, nil
	}
	return audio.WAV(samples, 1), nil
}

// offer plays a recording back and waits for 1 (keep) or 2 (again).
func (c *session) offer(ctx context.Context, wav []byte) (keeps bool, err error) {
	path, err := c.s.write(c.sub.ID, ".heard", wav)
	if err != nil {
		return false, err
	}
	defer os.Remove(path)
	p := c.says(speech.SetupHeard)
	p.Clips = append(append(p.Clips, speech.File(path)), c.says(speech.SetupKeep).Clips...)
	length := time.Duration(len(wav)/2) * time.Second / audio.Rate
	again := cti.Note{After: length + 12*time.Second, Say: c.says(speech.SetupKeep)}
	if err := c.play(ctx, cti.Program{First: p, Then: cti.SoundWait, Notes: []cti.Note{again}}); err != nil {
		return false, err
	}
	e, err := c.await(ctx, length+keyTime, func(e cti.Event) bool { return e.Kind == cti.LegDigit && (e.Digit == '1' || e.Digit == '2') })
	return e.Digit == '1', err
}

func (c *session) play(ctx context.Context, p cti.Program) error {
	if err := c.s.Switch.Play(ctx, c.order.Leg, p); err != nil {
		if errors.Is(err, cti.ErrNoLeg) {
			return errGone
		}
		return fmt.Errorf("setup call: %w", err)
	}
	return nil
}

// await waits for a fact of the call; its end is an error that says how it ended.
func (c *session) await(ctx context.Context, most time.Duration, is func(cti.Event) bool) (cti.Event, error) {
	limit := time.NewTimer(most)
	defer limit.Stop()
	for {
		select {
		case e := <-c.events:
			switch {
			case e.Kind == cti.LegEnded:
				c.ended = true
				return e, howEnded(e)
			case is(e):
				return e, nil
			}
		case <-limit.C:
			return cti.Event{}, fmt.Errorf("no key came in time")
		case <-ctx.Done():
			return cti.Event{}, ctx.Err()
		}
	}
}

func howEnded(e cti.Event) error {
	switch e.Cause {
	case cti.NoAnswer:
		return fmt.Errorf("nobody answered")
	case cti.UserBusy:
		return fmt.Errorf("the line is busy")
	case cti.NotConfirmed:
		return fmt.Errorf("the call was answered, and nobody pressed 1")
	case cti.NormalClearing:
		return errGone
	}
	return fmt.Errorf("the call ended: %s", e.Cause)
}

// hangUp ends a call that is up, with thanks if all went well.
func (c *session) hangUp(well bool) {
	if c.ended {
		return
	}
	ctx, done := context.WithTimeout(context.Background(), 5*time.Second)
	defer done()
	say := speech.VisitorGoodbye
	if well {
		say = speech.SetupDone
	}
	err := c.s.Switch.HangUp(ctx, c.order.Leg, cti.HangUp{Cause: cti.NormalClearing, Say: c.says(say)})
	if err != nil {
		c.s.Log.Warn("setup call not ended", "leg", c.order.Leg, "err", err)
	}
}

// trim leaves a fifth of a second around what is spoken; nil when that is shorter than a word.
func trim(s []int16) []int16 {
	const frame, faint = audio.Rate / 50, 330
	first, last := -1, -1
	for i := 0; i+frame <= len(s); i += frame {
		if audio.RMS(s[i:i+frame]) > faint {
			if first < 0 {
				first = i
			}
			last = i + frame
		}
	}
	if last-first < audio.Rate*3/10 {
		return nil
	}
	return s[max(0, first-audio.Rate/5):min(len(s), last+audio.Rate/5)]
}

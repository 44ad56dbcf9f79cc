package ctisip

import (
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"

	"ringback/internal/audio"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip/dialog"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/cti/ctisip/sdp"
	"ringback/internal/phone"
)

// deskCall is a call that a registered telephone begins. Telephones answer only: it is refused, and who dials an
// emergency number is told to use another telephone, unless the operator has said how to carry such a call.
type deskCall struct {
	sw     *Switch
	in     *dialog.Incoming
	user   string
	stream *media.Stream // nil = she hears nothing
	local  sdp.Local
	out    *relayed // the emergency call; nil = there is none
}

// invited takes an INVITE that no dialog knows. It runs on the call's lane.
func (sw *Switch) invited(in *dialog.Incoming) {
	user := sw.office.Owner(in.Source())
	if user == "" {
		sw.arrive(in) // else it is a telephone that shares a registered one's address: nobody is to be called here
		return
	}
	if sw.takesOver(in, user) {
		return
	}
	d := &deskCall{sw: sw, in: in, user: user}
	in.Take(d)
	log := sw.c.Log.With("user", user, "address", in.Source())
	switch {
	case !phone.IsEmergency(in.Dialled()):
		log.Info("a telephone that answers only has dialled", "why", "refused")
		sw.c.Counters.Dialled.Add("refused", 1)
		d.refuse()
	case sw.c.EmergencyTrunk != "":
		log.Warn("emergency call", "dialled", in.Dialled(), "location", sw.c.Location)
		sw.c.Counters.Dialled.Add("emergency", 1)
		d.help()
	default:
		log.Warn("emergency number dialled, and refused: this telephone answers only", "dialled", in.Dialled())
		sw.c.Counters.Dialled.Add("emergency_refused", 1)
		d.explain()
	}
}

// refuse ends the call with the words that a display shows.
func (d *deskCall) refuse() {
	d.in.Refuse(403, "This telephone only answers", sip.NewHeader("Warning", `399 ringback "This telephone answers calls and makes none"`))
	d.over()
}

// explain lets her hear, before any answer, that help is not to be had here, and then refuses. What cannot hear early
// media has the words on its display.
func (d *deskCall) explain() {
	body, ok := d.open()
	if !ok {
		d.sorry()
		return
	}
	samples, err := d.sw.sounds.Prompt(cti.Prompt{Clips: []cti.Clip{cti.Clip(d.sw.c.language() + "/phone_emergency")}, Sound: cti.SoundSorry}, "")
	if err != nil {
		d.sw.c.Log.Warn("prompt not played", "err", err)
	}
	d.in.Progress(183, "Session Progress", body)
	lane := d.in.Lane()
	late := lane.After(sayPatience, d.sorry)
	d.stream.Say(samples, func(bool) {
		lane.Do(func() {
			late.Stop()
			d.sorry()
		})
	})
}

func (d *deskCall) sorry() {
	d.in.Refuse(403, "No emergency calls here, use your mobile", sip.NewHeader("Warning", `399 ringback "This telephone cannot call emergency services, use your mobile"`))
	d.over()
}

// open gives the call its sound and returns our description.
func (d *deskCall) open() (body []byte, ok bool) {
	s, err := d.sw.engine.Open(deskEars{})
	if err != nil {
		d.sw.c.Log.Error("no media socket", "user", d.user, "err", err)
		return nil, false
	}
	d.stream = s
	d.local = sdp.Local{ID: uint64(d.sw.random(1 << 30)), Port: s.Port(), Codecs: []cti.Codec{cti.PCMU, cti.PCMA}, Addr: d.sw.mediaAddr(d.in.Source().Addr(), "udp")}
	return d.take(d.in.Offer())
}

// take reads her description and answers it.
func (d *deskCall) take(offer []byte) ([]byte, bool) {
	o, err := sdp.Parse(offer)
	if err != nil || d.stream == nil {
		return nil, false
	}
	m, err := o.Sound()
	if err != nil {
		return nil, false
	}
	c, ok := m.Pick(d.local.Codecs)
	if !ok {
		return nil, false
	}
	out := d.local.Answer(o, c)
	from, natted := d.in.Remote()
	d.stream.Remote(remoteOf(m, c, from.Addr(), natted))
	return out, true
}

// remoteOf is what media needs of the description of a telephone.
func remoteOf(m *sdp.Media, c sdp.Codec, from netip.Addr, natted bool) media.Remote {
	law := audio.ULaw
	if c.Name == cti.PCMA {
		law = audio.ALaw
	}
	return media.Remote{Addr: netip.AddrPortFrom(m.Addr, uint16(m.Port)), Signalling: from, NAT: cti.NATAuto, Natted: natted, Law: law, PT: c.PT,
		RTCP: netip.AddrPortFrom(m.Addr, uint16(m.RTCP)), Mux: m.Mux, EventPT: m.EventPT, EventIn: sdp.PTEvent, Ptime: m.Ptime,
		Send: m.Direction == sdp.SendRecv || m.Direction == sdp.RecvOnly, Receive: m.Direction == sdp.SendRecv || m.Direction == sdp.SendOnly}
}

// mediaAddr is our address in the description for a far end.
func (sw *Switch) mediaAddr(far netip.Addr, transport string) netip.Addr {
	if outside(far) && sw.public[far.Is4()].IsValid() {
		return sw.public[far.Is4()]
	}
	if b := sw.c.RTPBind; b.IsValid() && !b.IsUnspecified() && b.Is4() == far.Is4() {
		return b
	}
	return sw.stack.Local(transport, far).Addr()
}

// over closes what the call has had.
func (d *deskCall) over() {
	if d.stream != nil {
		d.stream.Close()
	}
}

// deskEars hear nothing: nobody is asked anything.
type deskEars struct{}

func (deskEars) FirstPacket()      {}
func (deskEars) Digit(byte)        {}
func (deskEars) Quiet()            {}
func (deskEars) Heard()            {}
func (deskEars) PromptDone()       {}
func (deskEars) Voice(media.Voice) {}
func (deskEars) Ringing(bool)      {}
func (deskEars) Tone(cti.Tone)     {}

// The dialog's owner.

// Progress and Answered are of calls of ours.
func (d *deskCall) Progress(*dialog.Call, dialog.Provisional) {}
func (d *deskCall) Answered(*dialog.Call, []byte)             {}

// Failed is her CANCEL.
func (d *deskCall) Failed(*dialog.Call, dialog.Failure) {
	if d.out != nil {
		d.out.stop()
	}
	d.over()
}

// Offered answers her hold, or a moved address.
func (d *deskCall) Offered(c *dialog.Call, body []byte) ([]byte, int) {
	if body == nil {
		return d.local.Offer(), 0
	}
	out, ok := d.take(body)
	if !ok {
		return nil, 488
	}
	return out, 0
}

// Counter is her answer to a description of ours.
func (d *deskCall) Counter(_ *dialog.Call, body []byte) { d.take(body) }

// Info is a key; nobody waits for one.
func (d *deskCall) Info(*dialog.Call, string, []byte) {}

// Referred: nobody is transferred.
func (d *deskCall) Referred(*dialog.Call, dialog.Refer) (int, string) { return 403, "Forbidden" }

// Expired is a session that nobody has refreshed.
func (d *deskCall) Expired(c *dialog.Call) { c.Bye("") }

// Gone is the end of the call.
func (d *deskCall) Gone(*dialog.Call, bool, string) {
	if d.out != nil {
		d.out.stop()
	}
	d.over()
}

// ringTooLong bounds how long an emergency call rings: the far end decides before.
const ringTooLong = 3 * time.Minute

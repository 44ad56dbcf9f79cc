package cti

import "time"

// Quality is how good the sound of a leg was. In is what we hear of the far end, measured by us; Out is what it hears of
// us, from its own reports (RTCP, RFC 3550 section 6.4). The zero Quality is that of a leg without sound.
type Quality struct {
	MOS        float64 // 1 to 4.4, estimated by the E-model (ITU-T G.107) from loss and delay; 0 = nothing was heard
	MOSOut     float64 // 0 = the far end has sent no report
	Loss       float64 // share of its packets that never came, 0 to 1
	LossOut    float64
	Jitter     time.Duration // RFC 3550 section 6.4.1
	JitterOut  time.Duration
	RTT        time.Duration // to the far end and back; 0 = not known
	PacketsIn  int64
	PacketsOut int64
}

// Tone is what a machine says without words.
type Tone string

const (
	ToneRingback Tone = "ringback" // after the answer: it has not been answered yet
	ToneBusy     Tone = "busy"     // busy or congestion
	ToneSIT      Tone = "sit"      // three rising notes before "this number is not in service"
	ToneFax      Tone = "fax"      // 1100 or 2100 Hz: a fax machine or a modem
	ToneBeep     Tone = "beep"     // an answering machine listens now
)

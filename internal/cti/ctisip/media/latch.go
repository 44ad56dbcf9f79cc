package media

import (
	"net/netip"
	"time"

	"ringback/internal/cti"
)

// latch decides whom a stream listens to and where it sends. Signalling names one host; only its port may be learned,
// from the first packets, and then nothing but new SDP moves it. (Taking any first packet let strangers have a call's
// sound by spraying all ports: "RTP bleed", AST-2017-005.)
//
//	nat   packets are taken from                     and sent to
//	no    the SDP's address, one port at a time      the SDP's address and port
//	yes   the address the signalling came from       that address, the SDP's port until another is learned
type latch struct {
	yes     bool
	host    netip.Addr
	to      netip.AddrPort
	sdpPort uint16

	learned netip.AddrPort // zero until learnCount packets of one SSRC came from one port
	heard   int64          // last packet from learned
	reopen  int64          // until when SDP that changed nothing lets a silent source move

	rival     netip.AddrPort // the port that may become learned
	rivalSSRC uint32
	rivalSeen int64
	rivalN    int

	firstIn, firstOut int64 // since the last SDP, for the window
}

const (
	learnCount  = 3
	learnWindow = int64(10 * time.Second)
	rivalWait   = int64(200 * time.Millisecond) // a candidate silent for this long gives way to another
	silentMove  = int64(2 * time.Second)        // with nat no: a source silent for this long may go on from another port
)

// set takes the newest SDP and reports whether it moved anything.
func (l *latch) set(r Remote, now int64) bool {
	n := latch{yes: natted(r), host: r.Addr.Addr().Unmap(), sdpPort: r.Addr.Port()}
	if n.yes {
		n.host = r.Signalling.Unmap()
	}
	n.to = netip.AddrPortFrom(n.host, n.sdpPort)
	if l.host == n.host && l.yes == n.yes && l.sdpPort == n.sdpPort {
		l.reopen = now + learnWindow
		return false
	}
	*l = n
	return true
}

// natted says whether the signalling's address is believed more than the SDP's. A private address that is also where
// the signalling comes from has no router in between.
func natted(r Remote) bool {
	sdp, sig := r.Addr.Addr().Unmap(), r.Signalling.Unmap()
	switch {
	case !sig.IsValid() || r.NAT == cti.NATNo || r.NAT == "":
		return false
	case r.NAT == cti.NATYes:
		return true
	}
	return r.Natted || sdp != sig && private(sdp)
}

func private(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || carrierNAT.Contains(a)
}

var carrierNAT = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// known says whether the leg listens to from at all; it changes nothing.
func (l *latch) known(from netip.AddrPort, now int64) bool {
	if from.Addr() != l.host {
		return false
	}
	if l.learned.IsValid() {
		return from == l.learned || now-l.heard > silentMove && (!l.yes || now < l.reopen)
	}
	return !l.yes || from.Port() == l.sdpPort || l.open(now)
}

// lost says whether from may be the learned source under another port: its router has forgotten it and gave it a new one.
// That is believed of a packet only that continues the stream, or is authentic (Stream.accept); nobody who did not hear
// the stream knows its SSRC and number.
func (l *latch) lost(from netip.AddrPort, now int64) bool {
	return l.yes && l.learned.IsValid() && from.Addr() == l.host && now-l.heard > silentMove
}

// take judges a well-formed packet of a known source and learns from it; pace is the time between two packets.
func (l *latch) take(from netip.AddrPort, ssrc uint32, now, pace int64) bool {
	if from == l.learned {
		l.heard = now
		return true
	}
	if l.firstIn == 0 {
		l.firstIn = now
	}
	switch {
	case from == l.rival && ssrc == l.rivalSSRC:
		l.rivalN++
	case from == l.rival, l.rivalN == 0, from.Port() == l.sdpPort, now-l.rivalSeen > max(rivalWait, 2*pace):
		l.rival, l.rivalSSRC, l.rivalN = from, ssrc, 1
	default:
		return false // somebody else is being learned
	}
	l.rivalSeen = now
	if l.rivalN >= learnCount {
		l.learned, l.heard, l.rival, l.rivalN = from, now, netip.AddrPort{}, 0
		if l.yes {
			l.to = from
		}
	}
	return true
}

// open says whether the port may still be learned: 10 s from the first packet or our first, whichever is later.
func (l *latch) open(now int64) bool {
	return l.firstIn == 0 || now < max(l.firstIn, l.firstOut)+learnWindow
}

package srtp

// Sender protects the packets of one stream.
type Sender struct {
	c    crypter
	p    progress
	next uint32 // index of the next SRTCP packet
	room []byte
}

// NewSender returns a Sender with fresh counters.
func NewSender(s Suite, k Key) (*Sender, error) {
	c, err := newCrypter(s, k)
	if err != nil {
		return nil, err
	}
	return &Sender{c: c, room: make([]byte, 0, 2048)}, nil
}

// Continue goes on where another Sender of the same stream stood: a new key does not set the rollover counter back
// (RFC 3711 section 3.3.1 knows one for a stream, not for a key).
func (s *Sender) Continue(old *Sender) {
	if old != nil {
		s.p, s.next = old.p, old.next
	}
}

// Protect returns an RTP packet encrypted; it holds until the next call. A sequence number that was used is refused: two
// packets under one index would tell both.
func (s *Sender) Protect(b []byte) ([]byte, error) {
	body := bodyOf(b)
	if body == 0 || len(b)+Overhead > cap(s.room) {
		return nil, ErrShort
	}
	ssrc, seq := ssrcOf(b), seqOf(b)
	if s.p.ssrc != ssrc {
		s.p = progress{ssrc: ssrc}
	}
	roc, ok := s.p.guess(seq)
	if !ok || !s.p.fresh(roc, seq) {
		return nil, ErrReplay
	}
	s.p.take(roc, seq)
	return s.c.seal(append(s.room[:0], b...), body, ssrc, roc, seq), nil
}

// ProtectRTCP returns an RTCP packet encrypted; it holds until the next call.
func (s *Sender) ProtectRTCP(b []byte) ([]byte, error) {
	if len(b) < rtcpHeader || len(b)+Overhead > cap(s.room) {
		return nil, ErrShort
	}
	i := s.next
	s.next = (s.next + 1) &^ encrypted
	return s.c.sealRTCP(append(s.room[:0], b...), ssrcOfRTCP(b), i), nil
}

// Receiver takes the packets of one far end. It may change its SSRC; the newest few are kept apart.
type Receiver struct {
	c       crypter
	streams [4]progress
	last    int  // of streams: the one that was heard of last
	rekeyed bool // no packet came under this key yet
	room    []byte
}

// NewReceiver returns a Receiver with fresh counters.
func NewReceiver(s Suite, k Key) (*Receiver, error) {
	c, err := newCrypter(s, k)
	if err != nil {
		return nil, err
	}
	return &Receiver{c: c}, nil
}

// Continue goes on where another Receiver of the same far end stood, with another key. Some far ends go on counting
// turns of the sequence, some begin again: the first packet tells.
func (r *Receiver) Continue(old *Receiver) {
	if old == nil {
		return
	}
	r.streams, r.last, r.rekeyed = old.streams, old.last, true
	for i := range r.streams {
		r.streams[i].seen, r.streams[i].rtcp = window{}, window{} // of the old key
	}
}

// Unprotect checks an RTP packet and returns it decrypted, where it lies.
func (r *Receiver) Unprotect(b []byte) ([]byte, error) {
	body := bodyOf(b)
	if body == 0 {
		return nil, ErrShort
	}
	ssrc, seq := ssrcOf(b), seqOf(b)
	at, known := r.find(ssrc)
	p := progress{ssrc: ssrc}
	if known {
		p = r.streams[at]
	}
	roc, ok := p.guess(seq)
	if !ok || !p.fresh(roc, seq) {
		return nil, ErrReplay
	}
	again := known && r.rekeyed && roc > 0
	if again {
		r.room = append(r.room[:0], b...) // a failed try may have spoilt it
	}
	plain, ok := r.c.open(b, body, ssrc, roc, seq)
	if !ok && again {
		p, roc = progress{ssrc: ssrc}, 0
		plain, ok = r.c.open(b[:copy(b, r.room)], body, ssrc, roc, seq)
	}
	if !ok {
		return nil, ErrAuth
	}
	p.take(roc, seq)
	r.rekeyed = false
	r.keep(at, p)
	return plain, nil
}

// UnprotectRTCP checks an RTCP packet and returns it decrypted, where it lies.
func (r *Receiver) UnprotectRTCP(b []byte) ([]byte, error) {
	if len(b) < rtcpHeader {
		return nil, ErrShort
	}
	plain, i, ok := r.c.openRTCP(b)
	if !ok {
		return nil, ErrAuth
	}
	ssrc := ssrcOfRTCP(plain)
	at, known := r.find(ssrc)
	p := progress{ssrc: ssrc}
	if known {
		p = r.streams[at]
	}
	if !p.rtcp.fresh(uint64(i) + 1) {
		return nil, ErrReplay
	}
	p.rtcp.take(uint64(i) + 1)
	r.keep(at, p)
	return plain, nil
}

// find returns the place of a stream, or the one to put it.
func (r *Receiver) find(ssrc uint32) (at int, known bool) {
	for i := range r.streams {
		if p := &r.streams[i]; p.ssrc == ssrc && (p.began || p.rtcp.high > 0) {
			return i, true
		}
	}
	return (r.last + 1) % len(r.streams), false
}

// keep notes a stream whose packet was authentic: nobody else can push one out.
func (r *Receiver) keep(at int, p progress) { r.streams[at], r.last = p, at }

package media

import (
	"bytes"

	"ringback/internal/cti/ctisip/srtp"
)

// Crypt is how a leg's packets are protected. The zero Crypt is not at all.
type Crypt struct {
	Suite  srtp.Suite
	Ours   srtp.Key // what we encrypt with
	Theirs srtp.Key // what the far end does
}

// crypt is the protected side of a stream. The counters of both directions live as long as the stream: the same key again
// changes nothing, a new one goes on where the old one stood.
type crypt struct {
	set Crypt
	in  *srtp.Receiver // nil = packets come as they are
	out *srtp.Sender   // nil = they go as they are
}

// agree takes what the newest SDP says. With a key that fits nothing the stream is dumb and deaf, not open.
func (c *crypt) agree(n Crypt) error {
	old := c.set
	c.set = n
	if n.Suite == "" {
		c.in, c.out = nil, nil
		return nil
	}
	if old.Suite != n.Suite || !bytes.Equal(old.Ours, n.Ours) {
		s, err := srtp.NewSender(n.Suite, n.Ours)
		if err != nil {
			return err
		}
		s.Continue(c.out)
		c.out = s
	}
	if old.Suite != n.Suite || !bytes.Equal(old.Theirs, n.Theirs) {
		r, err := srtp.NewReceiver(n.Suite, n.Theirs)
		if err != nil {
			return err
		}
		r.Continue(c.in)
		c.in = r
	}
	return nil
}

// open returns a packet that came, decrypted where it lies; false = it is not the far end's.
func (c *crypt) open(b []byte, control bool) (plain []byte, ok bool) {
	if c.in == nil {
		return b, true
	}
	var err error
	if control {
		b, err = c.in.UnprotectRTCP(b)
	} else {
		b, err = c.in.Unprotect(b)
	}
	return b, err == nil
}

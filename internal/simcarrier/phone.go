package simcarrier

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// PhoneConfig is a desk telephone that registers somewhere else.
type PhoneConfig struct {
	User      string        `json:"user"`
	Password  string        `json:"password"`
	Domain    string        `json:"domain"`     // host of its address; "" = the registrar's
	Registrar string        `json:"registrar"`  // "10.0.0.1:5060"
	Transport string        `json:"transport"`  // udp, tcp, tls; "" = udp
	Listen    string        `json:"listen"`     // its own address; "" = any port beside the network's own
	Expires   time.Duration `json:"expires"`    // asked for; 0 = 120 s
	KeepAlive time.Duration `json:"keep_alive"` // between two empty lines (RFC 5626 section 3.5.1); 0 = 25 s, negative = none
	Person    Person        `json:"person"`     // who sits there; nobody = answers after a second
}

// PhoneStatus is how its registration stands.
type PhoneStatus struct {
	User       string    `json:"user"`
	Addr       string    `json:"addr"`
	Registered bool      `json:"registered"`
	Code       int       `json:"code"` // of the last answer to a REGISTER; 408 = none
	Until      time.Time `json:"until"`
	Accepted   int       `json:"accepted"`   // REGISTERs that were taken
	Challenges int       `json:"challenges"` // 401 and 407
	Pongs      int64     `json:"pongs"`      // answers to keep-alives over a stream
}

// Phone is a desk telephone of this network: its calls are in the same ledger. Only the loop touches what follows line.
type Phone struct {
	c      *Carrier
	cfg    PhoneConfig
	line   *line
	way    hop
	person Person
	pongs  atomic.Int64

	callID, tag   string
	cseq          uint32
	branch        string
	text          string // the REGISTER that waits for its answer
	sent          time.Time
	answers       uint32 // CSeq that was answered
	credentials   string
	stale         bool
	expires       time.Duration
	status        PhoneStatus
	refresh, beat *alarm
	gone          bool
}

// Phone plugs a telephone in; it registers at once and goes on until Close.
func (c *Carrier) Phone(cfg PhoneConfig) (*Phone, error) {
	to, err := netip.ParseAddrPort(cfg.Registrar)
	if err != nil {
		return nil, fmt.Errorf("phone %s: registrar: %w", cfg.User, err)
	}
	if cfg.Person.Does == "" {
		cfg.Person = Person{Does: "answers", After: time.Second, Personality: cfg.Person.Personality}
	}
	if err := cfg.Person.check(); err != nil {
		return nil, fmt.Errorf("phone %s: %w", cfg.User, err)
	}
	if cfg.Expires == 0 {
		cfg.Expires = 2 * time.Minute
	}
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = 25 * time.Second
	}
	if cfg.Listen == "" {
		cfg.Listen = netip.AddrPortFrom(c.line.addr.Addr(), 0).String()
	}
	p := &Phone{c: c, cfg: cfg, person: cfg.Person, expires: cfg.Expires}
	if p.line, err = c.openLine(cfg.Listen, p); err != nil {
		return nil, fmt.Errorf("phone %s: %w", cfg.User, err)
	}
	c.do(func() {
		p.callID, p.tag, p.cseq = c.sources.tag()+"@phone", c.sources.tag(), c.rand.Uint32N(1000)
		p.status.User, p.status.Addr = cfg.User, p.line.addr.String()
		p.way = hop{line: p.line, addr: to}
		c.phones[p.callID] = p
		p.connect()
	})
	return p, nil
}

// Status tells how its registration stands.
func (p *Phone) Status() (s PhoneStatus) {
	p.c.do(func() {
		s = p.status
		s.Registered = s.Registered && time.Now().Before(s.Until)
		s.Pongs = p.pongs.Load()
	})
	return s
}

// Addr is where its SIP leaves from over UDP.
func (p *Phone) Addr() string { return p.line.addr.String() }

// SetPerson puts somebody else beside it, for the calls to come.
func (p *Phone) SetPerson(who Person) error {
	err := who.check()
	if err == nil {
		p.c.do(func() { p.person = who })
	}
	return err
}

// Call dials from this telephone.
func (p *Phone) Call(d Dial) (callID string, err error) {
	if d.From == "" {
		d.From = p.cfg.User
	}
	return p.c.place(d, p)
}

// Close takes its registration back and unplugs it once that was answered, or after 2 s.
func (p *Phone) Close() {
	p.c.do(func() {
		p.stop()
		p.expires, p.gone = 0, true
		p.register()
		p.c.alarm(2*time.Second, p.forget)
	})
}

// Unplug takes it off the network without a word.
func (p *Phone) Unplug() { p.c.do(p.forget) }

func (p *Phone) forget() {
	p.stop()
	p.gone = true
	delete(p.c.phones, p.callID)
	if p.way.conn != nil {
		_ = p.way.conn.conn.Close()
	}
	_ = p.line.close()
}

func (p *Phone) stop() {
	p.c.clock.stop(p.refresh)
	p.c.clock.stop(p.beat)
}

func (p *Phone) domain() string {
	if p.cfg.Domain != "" {
		return p.cfg.Domain
	}
	return p.way.addr.Addr().String()
}

// connect opens the stream, if it speaks over one, and registers.
func (p *Phone) connect() {
	if p.cfg.Transport == "" || p.cfg.Transport == "udp" {
		p.register()
		p.pulse()
		return
	}
	p.c.dial(p.line, p.cfg.Transport == "tls", p.way.addr, func(h hop, err error) {
		switch {
		case p.gone && err == nil:
			_ = h.conn.conn.Close()
		case p.gone:
		case err != nil:
			p.status.Code = 408
			p.refresh = p.c.alarm(5*time.Second, p.connect)
		default:
			p.way = h
			p.register()
			p.pulse()
			p.c.wg.Go(func() { p.watch(h.conn) })
		}
	})
}

// watch opens a new stream when the old one is gone.
func (p *Phone) watch(f *flow) {
	select {
	case <-f.gone:
		p.c.post(func() {
			if !p.gone && p.way.conn == f {
				p.stop()
				p.status.Registered = false
				p.refresh = p.c.alarm(time.Second, p.connect)
			}
		})
	case <-p.c.quit:
	}
}

// pulse sends keep-alives.
func (p *Phone) pulse() {
	if p.cfg.KeepAlive < 0 {
		return
	}
	p.beat = p.c.alarm(p.cfg.KeepAlive, func() {
		p.c.send(ping, p.way)
		p.pulse()
	})
}

// register sends a REGISTER, with the credentials of the last challenge.
func (p *Phone) register() {
	p.cseq++
	p.branch = "z9hG4bK" + p.c.sources.tag()
	to := fmt.Sprintf("<sip:%s@%s>", p.cfg.User, p.domain())
	var b strings.Builder
	b.WriteString("REGISTER " + p.uri() + " SIP/2.0\r\nVia: SIP/2.0/" + p.way.proto() + " " + p.way.here().String() + ";branch=" + p.branch + ";rport\r\nMax-Forwards: 70\r\n")
	b.WriteString("From: " + to + ";tag=" + p.tag + "\r\nTo: " + to + "\r\nCall-ID: " + p.callID + "\r\nCSeq: " + strconv.FormatUint(uint64(p.cseq), 10) + " REGISTER\r\n")
	extra := []string{"Contact: " + p.way.contact(p.cfg.User), fmt.Sprintf("Expires: %d", int(p.expires.Seconds())), "Supported: outbound, path", "User-Agent: simphone"}
	if p.credentials != "" {
		extra = append(extra, p.credentials)
	}
	finish(&b, extra, "")
	p.text, p.sent = b.String(), time.Now()
	p.c.send(p.text, p.way)
	p.again(p.cseq, timer1)
}

func (p *Phone) uri() string { return "sip:" + p.domain() }

// again sends the REGISTER again until it is answered; after 32 s it begins anew.
func (p *Phone) again(cseq uint32, wait time.Duration) {
	p.c.alarm(wait, func() {
		switch {
		case p.cseq != cseq || p.answers == cseq || p.c.phones[p.callID] != p:
		case time.Since(p.sent) >= timerB:
			p.status.Registered, p.status.Code = false, 408
			p.retry(5 * time.Second)
		default:
			if p.way.conn == nil {
				p.c.send(p.text, p.way)
			}
			p.again(cseq, min(2*wait, timer2, timerB-time.Since(p.sent)))
		}
	})
}

func (p *Phone) retry(d time.Duration) {
	if !p.gone {
		p.c.clock.stop(p.refresh)
		p.refresh = p.c.alarm(d, p.register)
	}
}

// response is the answer to a REGISTER.
func (p *Phone) response(m *message) {
	if m.status < 200 || m.cseq != p.cseq || p.answers == m.cseq || m.cseqMethod != "REGISTER" {
		return
	}
	p.answers = m.cseq
	p.status.Code = m.status
	switch m.status {
	case 200:
		p.taken(m)
	case 401, 407:
		p.status.Challenges++
		asked := p.credentials
		p.credentials = authorize(m, "REGISTER", p.uri(), p.cfg.User, p.cfg.Password)
		if p.credentials != "" && (asked == "" || p.stale || strings.Contains(strings.ToLower(m.get("www-authenticate")), "stale=true")) {
			p.stale = false
			p.register()
			return
		}
		p.credentials = ""
		p.status.Registered = false
		p.retry(30 * time.Second)
	case 423:
		if n, err := strconv.Atoi(m.get("min-expires")); err == nil && n > int(p.expires.Seconds()) {
			p.expires = time.Duration(n) * time.Second
			p.register()
			return
		}
		p.retry(30 * time.Second)
	default:
		p.status.Registered = false
		p.retry(30 * time.Second)
	}
}

func (p *Phone) taken(m *message) {
	p.status.Accepted++
	if p.gone {
		p.status.Registered = false
		p.forget()
		return
	}
	granted := p.expires
	ours := addrURI(p.way.contact(p.cfg.User))
	for _, c := range m.all("contact") {
		if addrURI(c) == ours {
			granted = expiresOf(m, c)
		}
	}
	p.status.Registered, p.status.Until = true, stamp(time.Now().Add(granted))
	p.stale = true // the nonce may be too old by the time of the next one
	p.retry(max(granted/2, time.Second))
}

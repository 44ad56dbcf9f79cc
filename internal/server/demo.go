package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ringback/internal/config"
	"ringback/internal/simcarrier"
)

// Demo is everything on one machine: the service, a telephone network, and a shop that has a link.
type Demo struct {
	*Service
	Carrier *simcarrier.Carrier
	Shop    string
	Ledger  string // address of the carrier's ledger
	servers []*http.Server
	phone   *demoPhone
	data    string
}

// StartDemo starts it on the usual ports, or on free ones where those are taken, with data that is thrown away.
func StartDemo(ctx context.Context, log *slog.Logger) (d *Demo, err error) {
	d = &Demo{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.data, err = os.MkdirTemp("", "ringback-demo-"); err != nil {
		return d, err
	}
	if err = d.startCarrier(log); err != nil {
		return d, err
	}
	c := config.Default()
	c.Data = filepath.Join(d.data, "data")
	c.Listen.HTTP = freeOr("127.0.0.1:8080")
	c.URL = "http://" + c.Listen.HTTP
	c.Listen.SIP = []config.SIPSocket{{Network: "udp", Host: "127.0.0.1", Port: 0}}
	c.Listen.RTP = config.Ports{Host: "127.0.0.1"}
	c.Listen.RTC = anyPort(c.Listen.RTC) // browsers are told it, nobody types it
	c.Policy.Limits = config.Limits{PerNumber: []config.Limit{{N: 60, Per: time.Hour}}, PerVisitor: []config.Limit{{N: 60, Per: time.Hour}}}
	c.Policy.AllowProofOff = true // acme-main may be tried with curl
	if d.Service, err = StartService(ctx, c, log); err != nil {
		return d, err
	}
	for _, a := range d.Service.Switch.Addrs() {
		if sip, ok := strings.CutPrefix(a, "udp://"); ok {
			d.Carrier.SetPeer(sip) // POST /calls of the network rings here
		}
	}
	if d.phone, err = startDemoPhone(d.Service.Switch.Addrs(), log); err != nil {
		return d, err
	}
	shop, err := listenFree("127.0.0.1:8081")
	if err != nil {
		return d, err
	}
	d.Shop = "http://" + shop.Addr().String()
	if err = d.setUp(ctx); err != nil {
		return d, errors.Join(err, shop.Close())
	}
	d.serve(shop, d.shopRoutes())
	return d, nil
}

func (d *Demo) startCarrier(log *slog.Logger) (err error) {
	if d.Carrier, err = simcarrier.New(simcarrier.Config{Listen: freeUDPOr("127.0.0.1:5070"), Seed: 1, Log: log}); err != nil {
		return err
	}
	l, err := listenFree("127.0.0.1:5071")
	if err != nil {
		return err
	}
	d.Ledger = "http://" + l.Addr().String()
	d.serve(l, d.Carrier.Handler())
	return nil
}

func (d *Demo) serve(l net.Listener, h http.Handler) {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	d.servers = append(d.servers, s)
	go s.Serve(l)
}

// Whoever tries the demo signs in at its desk with these. It listens on this machine only.
const (
	deskName     = "dana"
	deskPassword = "tulip-field"
)

// setUp applies the demo's seed: two businesses, two agents whose telephones are in the simulated network, and one who
// answers in her browser, for both; while she is ready, she is asked first.
func (d *Demo) setUp(ctx context.Context) error {
	seed := fmt.Sprintf(`
trunks:
  - {id: pstn, address: "sip:%[1]s;transport=udp"}
  - {id: tab, address: "sip:%[4]s;transport=udp", prefixes: ["%[5]s"]}
subscribers:
  - id: acme
    name: Acme Plumbing
    regions: [US]
    time_zone: America/New_York
    caller_id: "+12025550190"
    buttons:
      - {id: acme-main, origins: ["%[2]s"], proof: off}
  - id: bell
    name: Bell Bakery
    regions: [US]
    time_zone: America/Los_Angeles
    caller_id: "+12025550191"
    recording: {on: true}
    buttons:
      - {id: bell-main, origins: ["%[2]s"], proof: required}
agents:
  - id: ann
    name: Ann
    devices: ["sip:ann0100@%[1]s"]
    ready: true
    represents:
      - {subscriber: acme, display_name: "Ann at Acme", greeting: "Acme Plumbing, Ann speaking", priority: 2}
      - {subscriber: bell, display_name: "Ann at Bell", greeting: "Bell Bakery, Ann speaking", priority: 2}
  - id: bob
    name: Bob
    devices: ["sip:bob0100@%[1]s"]
    ready: true
    represents:
      - {subscriber: acme, display_name: "Bob at Acme", greeting: "Acme Plumbing, this is Bob", priority: 2}
      - {subscriber: bell, display_name: "Bob at Bell", greeting: "Bell Bakery, good morning", priority: 2}
  - id: %[3]s
    name: Dana
    devices: ["web"]
    supervisor: true
    represents:
      - {subscriber: acme, display_name: "Dana at Acme", greeting: "Acme Plumbing, Dana speaking. What can I do for you?", script: "Ask how old the boiler is. Offer a visit today.", priority: 1}
      - {subscriber: bell, display_name: "Dana at Bell", greeting: "Bell Bakery, good morning!", script: "Orders for tomorrow until 17:00.", priority: 1}
`, d.Carrier.Addr(), d.Shop, deskName, d.phone.addr, demoNumber)
	s, err := parseSeed("demo", []byte(seed))
	if err != nil {
		return err
	}
	s.Passwords[deskName] = deskPassword
	_, err = d.Apply(ctx, ApplyOrder{Seed: *s})
	return err
}

// Desk is where an agent answers in her browser.
func (d *Demo) Desk() string { return d.URL + "/desk/" }

// ReadyLine tells where everything is.
func (d *Demo) ReadyLine(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]string{"url": d.URL, "shop": d.Shop, "carrier": d.Ledger})
	}
	_, err := fmt.Fprintf(out, "ready url=%s shop=%s carrier=%s\n", d.URL, d.Shop, d.Ledger)
	return err
}

// Close ends everything at once and removes the data.
func (d *Demo) Close() error {
	var errs []error
	if d.Service != nil {
		hard, stop := context.WithCancel(context.Background())
		stop()
		errs = append(errs, d.Stop(hard))
	}
	for _, s := range d.servers {
		errs = append(errs, s.Close())
	}
	if d.phone != nil {
		errs = append(errs, d.phone.Close())
	}
	if d.Carrier != nil {
		errs = append(errs, d.Carrier.Close())
	}
	if d.data != "" {
		errs = append(errs, os.RemoveAll(d.data))
	}
	return errors.Join(errs...)
}

// listenFree opens the usual address, or any free port of the host when it is taken.
func listenFree(usual string) (net.Listener, error) {
	l, err := net.Listen("tcp", usual)
	if err == nil {
		return l, nil
	}
	return net.Listen("tcp", anyPort(usual))
}

func anyPort(addr string) string {
	host, _, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(host, "0")
}

// freeOr returns the usual address if nobody has it, else one that is free now.
func freeOr(usual string) string {
	l, err := listenFree(usual)
	if err != nil {
		return usual
	}
	defer l.Close()
	return l.Addr().String()
}

func freeUDPOr(usual string) string {
	c, err := net.ListenPacket("udp4", usual)
	if err != nil {
		return anyPort(usual)
	}
	defer c.Close()
	return usual
}

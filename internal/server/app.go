package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/config"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/directory"
	"ringback/internal/doctor"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/ladder"
	"ringback/internal/live"
	"ringback/internal/login"
	"ringback/internal/notify"
	"ringback/internal/schedule"
	"ringback/internal/speech"
	"ringback/internal/store"
	"ringback/internal/studio"
	"ringback/internal/wire"
	"ringback/internal/words"
)

// App is one assembled service: store, switch, conductor. It begins in that order and ends in the other.
type App struct {
	Config    *config.Config
	Mint      *id.Mint
	Store     *store.DB
	Switch    *ctisip.Switch
	Conductor *callback.Conductor
	Live      *live.Hub
	Gate      *login.Gate
	Passkeys  *login.Passkeys
	Hearts    *live.Hearts
	meter     *meter
	log       *slog.Logger
	lock      *DataLock
	keys      secrets
	recorded  *recordings
	never     *neverList
	Studio    *studio.Studio
	Doctor    *doctor.Doctor
	ladder    *ladder.Store
	speaker   speech.Speaker
	words     *words.Book
	front     *front // of listen.https; nil = there is none
	Post      *notify.Post
	sweeping  sync.WaitGroup
	stopSweep context.CancelFunc
}

// Assemble opens the data, the switch's sockets and the conductor; nothing rings before Start.
func Assemble(ctx context.Context, c *config.Config, log *slog.Logger) (a *App, err error) {
	a = &App{Config: c, Mint: id.NewMint(time.Now, rand.Reader), Live: live.NewHub(), Hearts: live.NewHearts(time.Now), meter: newMeter(), log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err = a.openData(ctx); err != nil {
		return a, err
	}
	if command := c.Speech.Command; len(command) > 0 {
		if a.speaker.Synth, err = speech.NewSynth(command, filepath.Join(c.Data, "speech"), log); err != nil {
			return a, err
		}
	}
	a.never = &neverList{path: filepath.Join(c.Data, "never"), log: log}
	if c.Log.Ladder > 0 {
		if a.ladder, err = ladder.Open(ladder.Config{Dir: ladderDir(c), Keep: c.Log.Ladder, Log: log}); err != nil {
			return a, err
		}
	}
	if a.front, err = openFront(c, log); err != nil {
		return a, err
	}
	if a.Switch, err = ctisip.New(a.switchConfig()); err != nil {
		return a, err
	}
	if a.Post, err = a.newPost(); err != nil {
		return a, err
	}
	if a.words, err = readWords(c.Data, log); err != nil {
		return a, err
	}
	a.Conductor = callback.NewConductor(a.Store, a.Store, a.Switch, callback.Settings{
		Mint: a.Mint, Key: a.keys.hash, Now: time.Now, Policy: policyOf(c), Publisher: a.Live, Meter: a.meter, Log: log, Speaker: a.speaker, Recorder: a.recorded,
		Words: a.words, Post: a.Post, Watchers: a.Store, Tell: a.tell, From: mailbox(c), URL: strings.TrimSuffix(c.URL, "/"), Reloaded: a.never.keep,
		Restored: restoredAt(c.Data)})
	a.Gate = login.NewGate(login.GateDeps{Sessions: a.Store, Mint: a.Mint, Now: time.Now, NoPasswords: !c.Auth.Passwords,
		Account: func(idOrLogin string) *login.Account { return a.Conductor.Directory().Account(idOrLogin) }})
	if c.Auth.Passkeys {
		if a.Passkeys, err = login.NewPasskeys(c.URL, a.Store, a.Gate); err != nil {
			return a, err
		}
	}
	a.Studio = studio.New(studio.Deps{Switch: a.Conductor.Switch(), Book: a.Store, Reload: a.Conductor.Reload, Hash: a.Conductor.HashNumber,
		Mint: a.Mint, Speaker: a.speaker, Dir: filepath.Join(c.Data, "prompts"), Now: time.Now, Log: log})
	a.Doctor = a.newDoctor()
	a.meter.watchLadder(a.ladder.Dropped)
	a.meter.watch(a.Conductor.Counts, a.Switch.Counters())
	a.meter.registry.MustRegister(lines{a.Switch.Lines})
	return a, nil
}

// openData takes the lock and opens the database: what offline commands need too.
func (a *App) openData(ctx context.Context) (err error) {
	if a.lock, err = LockData(a.Config.Data); err != nil {
		return err
	}
	if err = cutShort(a.Config.Data); err != nil {
		return err
	}
	if a.keys, err = readSecrets(a.Config.Data); err != nil {
		return err
	}
	a.Store, err = store.Open(ctx, databaseURL(a.Config), store.Options{Mint: a.Mint, Key: a.keys.seal, Log: a.log, OnCommit: a.meter.committed, KeepRefusals: a.Config.Policy.KeepRefusals})
	a.recorded = &recordings{a.Store, filepath.Join(a.Config.Data, "recordings"), a.log}
	return unreachable(a.Config.Database, err)
}

// unreachable says at a start what a visitor need not know: which database it is that does not answer.
func unreachable(database string, err error) error {
	var f *fault.Fault
	u, bad := url.Parse(database)
	if bad != nil || u.Host == "" || !errors.As(err, &f) || f.Code != fault.StorageBusy {
		return err
	}
	return fmt.Errorf("database: %s does not answer: start it, or set database to another: %w", u.Host, f.Cause)
}

// OpenData opens only the data, for commands that run while no service does.
func OpenData(ctx context.Context, c *config.Config, log *slog.Logger) (*App, error) {
	a := &App{Config: c, Mint: id.NewMint(time.Now, rand.Reader), meter: newMeter(), log: log}
	if err := a.openData(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// Start reconciles with the switch and begins to work.
func (a *App) Start(ctx context.Context) error {
	if err := a.recorded.recover(ctx); err != nil {
		return err
	}
	if err := a.never.bring(ctx, a.Store, a.Mint); err != nil {
		return err
	}
	if err := a.Conductor.Start(ctx); err != nil {
		return err
	}
	if !a.Conductor.Restored.IsZero() {
		if err := a.people().eraseAgain(ctx); err != nil {
			return err
		}
	}
	if err := os.Remove(filepath.Join(a.Config.Data, restoredName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return rights(a.Config.Data, err)
	}
	a.warm()
	var sweep context.Context
	sweep, a.stopSweep = context.WithCancel(context.Background())
	a.sweeping.Go(func() { a.sweep(sweep) })
	a.sweeping.Go(func() { a.Post.Run(sweep) })
	digests := notify.Digests{DigestDeps: notify.DigestDeps{Directory: a.Conductor.Directory, Callbacks: a.Store.Callbacks, Send: a.Send, Mint: a.Mint, Now: time.Now, Log: a.log}}
	a.sweeping.Go(func() { digests.Run(sweep) })
	a.sweeping.Go(func() { a.Hearts.Watch(sweep, a.Conductor, a.log) })
	return nil
}

// warm lets the synthesiser read the sentences with each business's name before they are wanted.
func (a *App) warm() {
	for _, s := range a.Conductor.Directory().Subscribers {
		a.speaker.Warm(speech.Language(s.Language), speech.Words{Name: s.Name, Spoken: s.Prompts.SpokenName})
	}
}

// sweep deletes, once an hour, what nobody asks for any more.
func (a *App) sweep(ctx context.Context) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		if n, err := a.recorded.expire(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("recordings that have been kept long enough", "err", err)
		} else if n > 0 {
			a.log.Info("recordings deleted: they have been kept long enough", "count", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		a.signOutIdle(ctx)
		if n, err := a.Store.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("sweep", "err", err)
		} else if n > 0 {
			a.log.Info("swept", "rows", n)
		}
	}
}

// signOutIdle ends the presence of agents whose sessions are all over.
func (a *App) signOutIdle(ctx context.Context) {
	gone, err := a.Store.SessionsOver(ctx, time.Now())
	for _, who := range gone {
		if err == nil && a.Conductor.Agents()[who].Presence != agent.SignedOut {
			err = a.Conductor.SignOut(ctx, who)
		}
	}
	if err != nil && ctx.Err() == nil {
		a.log.Error("agents whose sessions are over", "err", err)
	}
}

// Drain takes no new wishes and begins no new calls. It returns how many callers hear now that nobody takes their call.
func (a *App) Drain() (told int) {
	return a.Conductor.Drain()
}

// Close ends everything: calls that are up are hung up, and their end is stored.
func (a *App) Close() error {
	var errs []error
	if a.stopSweep != nil {
		a.stopSweep()
		a.sweeping.Wait()
	}
	if a.Switch != nil {
		errs = append(errs, a.Switch.Close())
	}
	a.front.Close()
	if a.Conductor != nil {
		a.Conductor.Stop()
	}
	errs = append(errs, a.ladder.Close())
	if a.speaker.Synth != nil {
		a.speaker.Synth.Close()
	}
	if a.Store != nil {
		errs = append(errs, a.Store.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Close())
	}
	return errors.Join(errs...)
}

func (a *App) switchConfig() ctisip.Config {
	c := a.Config
	out := ctisip.Config{Net: wire.Real{}, RTPMin: uint16(c.Listen.RTP.First), RTPMax: uint16(c.Listen.RTP.Last),
		PublicIP4: literal(c.Public.IP4), PublicIP6: literal(c.Public.IP6), RTC: c.Listen.RTC, Log: a.log, Ladder: a.ladder,
		Cert: c.SIPTLS.Cert, Key: c.SIPTLS.Key, CA: authorities(c), SIPMark: c.Listen.SIPMark, RTPMark: c.Listen.RTPMark,
		Register: c.Listen.Registrations, Domains: c.Listen.SIPDomains, DomainsOnly: len(c.Listen.SIPDomains) > 0, Keep: a.Store,
		Speech: speech.NewVoices().Samples,
		Sink:   a.onSwitch}
	if out.Language = c.Phones.Language; c.Phones.DialOut == "emergency" {
		out.EmergencyTrunk, out.Location = c.Phones.EmergencyTrunk, c.Phones.Location
	}
	if u, err := url.Parse(c.URL); err == nil && !out.DomainsOnly {
		out.Domains = []string{u.Hostname()}
	}
	for _, s := range c.Listen.SIP {
		out.SIP = append(out.SIP, s.String())
	}
	if a.front != nil {
		out.RTCStreams, out.RTCRelayed, out.RTCRelay = a.front.browsers, a.front.relays, relayURL(c.URL, a.front.l.Addr())
	}
	out.RTPBind, out.RTPOther = mediaAddrs(c)
	return out
}

// mediaAddrs are where speech is bound: the address of listen.rtp, and for the other family of addresses the one where SIP
// is spoken in it. Without an address it is every one of the machine.
func mediaAddrs(c *config.Config) (bind, other netip.Addr) {
	bind, err := netip.ParseAddr(c.Listen.RTP.Host)
	if err != nil {
		return netip.IPv4Unspecified(), netip.IPv6Unspecified()
	}
	for _, s := range c.Listen.SIP {
		if a, err := netip.ParseAddr(s.Host); err == nil && a.Is4() != bind.Is4() {
			return bind, a
		}
	}
	return bind, netip.Addr{}
}

// onSwitch hands a fact to whoever made the call.
func (a *App) onSwitch(ev cti.Event) {
	if ev.Kind == cti.RecordingEnded {
		a.recorded.ended(ev)
	}
	if ev.Peer != "" {
		return // of a browser, not of a call
	}
	if !a.Studio.OnSwitch(ev) && !a.Doctor.OnSwitch(ev) {
		a.Conductor.OnSwitch(ev)
	}
}

// literal leaves out what is no address ("auto" is asked by `check`).
func literal(s string) string {
	if _, err := netip.ParseAddr(s); err != nil {
		return ""
	}
	return s
}

func databaseURL(c *config.Config) string {
	if c.Database == "sqlite" {
		return "sqlite:" + filepath.Join(c.Data, "ringback.db")
	}
	return c.Database
}

func policyOf(c *config.Config) callback.Policy {
	p := callback.Policy{AllowSIP: c.Policy.AllowSIP, MonitorWithoutNotice: c.Policy.MonitorWithoutNotice,
		SpendPerDay: c.Policy.SpendPerDay, Proof: c.Policy.Proof == "required", AllowProofOff: c.Policy.AllowProofOff}
	p.Night, _ = schedule.ParseNight(c.Policy.QuietHours) // it was checked when the settings were read
	limits := c.Policy.Limits
	if c.Policy.Guard == "on" {
		p.Guard = guardOf(limits)
	}
	limits.PerPrefix, limits.PerSubscriber = loosened(limits.PerPrefix, limits), loosened(limits.PerSubscriber, limits)
	for _, l := range []struct {
		from []config.Limit
		to   *[]callback.Rate
	}{{limits.PerNumber, &p.PerNumber}, {limits.PerVisitor, &p.PerVisitor}, {limits.PerPrefix, &p.PerPrefix}, {limits.PerSubscriber, &p.PerSubscriber},
		{limits.WithoutScript.PerVisitor, &p.PlainPerVisitor}, {limits.WithoutScript.PerSubscriber, &p.PlainPerSubscriber}, {limits.Inbound.PerCaller, &p.PerCaller}, {limits.Inbound.PerTrunk, &p.PerTrunk}} {
		for _, one := range l.from {
			*l.to = append(*l.to, callback.Rate(one))
		}
	}
	return p
}

// Applied is what an apply did.
type Applied struct {
	Changes []directory.Change
	NewKey  string // a new operator key, when one was asked for and made
}

// keySlug names the operator key that `apply --key-file` makes.
const keySlug = "key-file"

// Apply sets up what a seed names. With a running conductor it takes effect at once.
func (a *App) Apply(ctx context.Context, o ApplyOrder) (Applied, error) {
	dir, err := a.Store.Directory(ctx)
	if err != nil {
		return Applied{}, err
	}
	s := o.Seed
	if err := s.Check(dir, o.Options); err != nil {
		return Applied{}, err
	}
	if err := s.Hash(dir); err != nil {
		return Applied{}, err
	}
	for i := range s.Setup.Blocks {
		b := &s.Setup.Blocks[i]
		b.NumberHash = callback.HashNumber(a.keys.hash, cti.Endpoint(b.NumberHash))
	}
	var out Applied
	if o.WantKey {
		out.NewKey = a.operatorKey(&s, dir, o.HaveKey)
	}
	if out.Changes, err = a.Store.Apply(ctx, s.Setup, o.Options); err != nil || o.Options.DryRun || a.Conductor == nil {
		return out, err
	}
	if err := a.Conductor.Reload(ctx); err != nil {
		return out, err
	}
	a.warm()
	return out, nil
}

// operatorKey adds the key of the key file to the setup: the one that is there if it is known, else a new one.
func (a *App) operatorKey(s *Seed, dir *directory.Directory, have string) (made string) {
	k := login.Key{Slug: keySlug, Role: login.Operator, SecretHash: have}
	if old := dir.KeyBySecret(have); old != nil {
		if old.Slug == keySlug {
			s.Setup.Keys = append(s.Setup.Keys, k)
		}
		return ""
	}
	for _, named := range s.Setup.Keys {
		if named.SecretHash == have {
			return "" // the seed itself brings it
		}
	}
	made = a.Mint.Token(id.SecretKey)
	k.SecretHash = id.TokenHash(made)
	s.Setup.Keys = append(s.Setup.Keys, k)
	return made
}

// Logger makes the logger of a configuration.
func Logger(c *config.Config) *slog.Logger {
	level := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}[c.Log.Level]
	o := &slog.HandlerOptions{Level: level}
	if c.Log.Format == "text" || c.Log.Format == "auto" && terminal(os.Stderr) {
		return slog.New(slog.NewTextHandler(os.Stderr, o))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, o))
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

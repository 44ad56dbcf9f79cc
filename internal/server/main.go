package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"ringback/internal/config"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// Exit statuses of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // usage, config or seed
)

// commands is the command line; the help texts are its manual.
type commands struct {
	Serve   serveCmd   `cmd:"" help:"Run the service."`
	Demo    demoCmd    `cmd:"" help:"Try everything on this machine: a shop page, the service, a telephone network. No account, no carrier."`
	Carrier carrierCmd `cmd:"" help:"Run the simulated telephone network by itself."`
	Init    initCmd    `cmd:"" help:"Make a folder with settings, a first seed file and keys."`
	Apply   applyCmd   `cmd:"" help:"Set up businesses, buttons, agents, trunks and keys from a seed file."`
	Check   checkCmd   `cmd:"" help:"Look at everything a start needs, and say what to do about what is wrong."`
	Config  configCmd  `cmd:"" help:"Show the configuration in force."`
	Setup   setupCmd   `cmd:"" help:"Set up what is said."`
	Trunk   trunkCmd   `cmd:"" help:"Lines to the telephone network."`
	Kill    killCmd    `cmd:"" help:"Stop all calls that have not left, or let them leave again."`
	Call    callCmd    `cmd:"" help:"Call somebody back now, and see what happens until it ends."`
	Explain explainCmd `cmd:"" help:"Tell the story of a callback."`
	Consent consentCmd `cmd:"" help:"Proof of who asked to be called, and who asked never to be."`
	Person  personCmd  `cmd:"" help:"What is kept of a person: show it, erase it."`
	Backup  backupCmd  `cmd:"" help:"Write all data to a file, also while the service runs."`
	Restore restoreCmd `cmd:"" help:"Put a backup in the place of the data; no service may run on them."`
	Migrate migrateCmd `cmd:"" help:"Bring the database schema up to date (serve does it by itself)."`
	Words   wordsCmd   `cmd:"" help:"Write what visitors read in a language as a file, to change it or to begin another one."`
	Version versionCmd `cmd:"" help:"Show the version."`

	Snippet  snippetCmd  `cmd:"" help:"Show what is put on a page for a button: link, HTML, QR code."`
	Rehearse rehearseCmd `cmd:"" help:"Say what would come of a request at a time: who rings, what is said and why. Nothing of it is done."`
}

// streams are where a command writes and which signals it hears.
type streams struct {
	ctx  context.Context // ends with the first SIGINT or SIGTERM
	hard context.Context // ends with the second
	out  io.Writer
	err  io.Writer
}

// Main runs one command and returns its exit status.
func Main(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("ringback"), kong.Description("A self-hosted Internet call-back service."),
		kong.Writers(out, errOut), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Exit(func(int) {}))
	if err != nil {
		fmt.Fprintln(errOut, "ringback:", err)
		return exitFailed
	}
	if len(args) == 0 || wantsHelp(args) {
		return help(parser, args, errOut)
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(errOut, "ringback: %v\nringback --help lists the commands\n", err)
		return exitUsage
	}
	soft, hard, stop := signals(ctx)
	defer stop()
	err = k.Run(&streams{ctx: soft, hard: hard, out: out, err: errOut})
	return status(err, errOut, wantsJSON(args))
}

func wantsHelp(args []string) bool {
	for _, a := range args {
		if a == "--help" || a == "-h" || a == "help" {
			return true
		}
	}
	return false
}

func wantsJSON(args []string) bool {
	for _, a := range args {
		if a == "--json" {
			return true
		}
	}
	return false
}

// help prints the usage of a command; asking for it is no error.
func help(parser *kong.Kong, args []string, errOut io.Writer) int {
	var path []string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") && a != "help" {
			path = append(path, a)
		}
	}
	_, err := parser.Parse(append(path, "--help"))
	if len(args) == 0 {
		return exitUsage
	}
	if err != nil && len(path) > 0 {
		var missing *kong.ParseError
		if !errors.As(err, &missing) {
			fmt.Fprintln(errOut, "ringback:", err)
			return exitUsage
		}
	}
	return exitDone
}

// signals: the first SIGINT or SIGTERM ends soft, the second hard.
func signals(ctx context.Context) (soft, hard context.Context, stop func()) {
	soft, endSoft := context.WithCancel(ctx)
	hard, endHard := context.WithCancel(ctx)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for _, end := range []func(){endSoft, endHard} {
			select {
			case <-ch:
				end()
			case <-done:
				return
			}
		}
	}()
	return soft, hard, func() { signal.Stop(ch); close(done); endSoft(); endHard() }
}

// status prints an error and says which exit status it is.
func status(err error, errOut io.Writer, asJSON bool) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	if config.IsProblem(err) {
		code = exitUsage
	}
	if asJSON {
		_ = json.NewEncoder(errOut).Encode(problemOf(err))
		return code
	}
	fmt.Fprintln(errOut, err)
	return code
}

// problemOf is an error in the shape of the API's problems.
func problemOf(err error) map[string]any {
	p := map[string]any{"type": "about:blank", "title": "The command failed", "code": "failed", "detail": err.Error(), "errors": []any{}}
	var f *fault.Fault
	if errors.As(err, &f) {
		p["code"], p["detail"], p["errors"] = f.Code, f.Detail, append([]fault.Field{}, f.Fields...)
	}
	var all config.Problems
	if errors.As(err, &all) {
		var list []map[string]any
		for _, x := range all {
			list = append(list, map[string]any{"field": x.Key, "code": "invalid", "message": x.Error()})
		}
		p["code"], p["errors"] = "invalid", list
	}
	return p
}

type configFlag struct {
	File string `name:"config" placeholder:"FILE" help:"Configuration file; without one the defaults and the environment hold."`
}

func (f configFlag) load() (*config.Config, error) { return config.Load(f.File, os.Environ()) }

type serveCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print the ready line as a JSON object."`
}

func (c *serveCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return Serve(s.ctx, s.hard, cfg, s.out, c.JSON)
}

type applyCmd struct {
	configFlag
	Seed    string `name:"file" short:"f" required:"" placeholder:"SEED" help:"Seed file (YAML)."`
	KeyFile string `name:"key-file" placeholder:"F" type:"path" help:"Write a new operator key to F if F is absent or its key is not known."`
	DryRun  bool   `name:"dry-run" help:"Say what would change; change nothing."`
	Prune   bool   `name:"prune" help:"Delete what the seed does not name."`
	JSON    bool   `name:"json" help:"Print the changes as a JSON array."`
}

func (c *applyCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	seed, err := ReadSeed(c.Seed)
	if err != nil {
		return err
	}
	o := ApplyOrder{Seed: *seed, Options: directory.Options{DryRun: c.DryRun, Prune: c.Prune}}
	if c.KeyFile != "" && !c.DryRun {
		o.WantKey, o.HaveKey = true, keyIn(c.KeyFile)
	}
	done, err := Apply(s.ctx, cfg, o)
	if err != nil {
		return err
	}
	if done.NewKey != "" {
		if err := writeWhole(c.KeyFile, []byte(done.NewKey+"\n")); err != nil {
			return fmt.Errorf("the key could not be written to %s: %w; apply again", c.KeyFile, err)
		}
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(append([]directory.Change{}, done.Changes...))
	}
	for _, ch := range done.Changes {
		name := ch.Slug
		if name == "" {
			name = ch.ID
		}
		fmt.Fprintln(s.out, ch.Verb, ch.Kind, name)
	}
	return nil
}

// keyIn is the hash of the key in a file; "" when there is none.
func keyIn(path string) string {
	b, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(b)) == "" {
		return ""
	}
	return id.TokenHash(strings.TrimSpace(string(b)))
}

type checkCmd struct {
	configFlag
	JSON bool   `name:"json" help:"Print the findings as a JSON array."`
	Mail string `name:"mail" placeholder:"TO" help:"Send one test mail."`
	SMS  string `name:"sms" placeholder:"TO" help:"Send one test message by SMS."`
}

func (c *checkCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	cfg.Log.Level = "error"
	all := Check(s.ctx, cfg)
	if c.Mail != "" {
		all = append(all, CheckLetter(s.ctx, cfg, letter.Mail, c.Mail))
	}
	if c.SMS != "" {
		all = append(all, CheckLetter(s.ctx, cfg, letter.SMS, c.SMS))
	}
	if c.JSON {
		if err := json.NewEncoder(s.out).Encode(all); err != nil {
			return err
		}
		return WriteFindings(io.Discard, all)
	}
	return WriteFindings(s.out, all)
}

type configCmd struct {
	Print configPrintCmd `cmd:"" help:"Show every key with its value and where it comes from."`
}

type configPrintCmd struct {
	configFlag
	JSON bool `name:"json" help:"Print a JSON object."`
}

func (c *configPrintCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.JSON {
		return cfg.PrintJSON(s.out)
	}
	return cfg.Print(s.out)
}

type explainCmd struct {
	configFlag
	ID   string `arg:"" help:"The callback: cb_…"`
	SIP  bool   `name:"sip" help:"Show every message of its calls, what was played and decided, on one time axis."`
	File string `name:"pcapng" placeholder:"FILE" type:"path" help:"Write the messages to FILE, for Wireshark or a carrier's support."`
	JSON bool   `name:"json" help:"Print the callback with its journal as a JSON object, as GET /api/v1/callbacks/{id} does; with --sip an array of steps."`
}

func (c *explainCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if c.SIP || c.File != "" {
		return ExplainSIP(s.ctx, cfg, c.ID, s.out, c.JSON, c.File)
	}
	return Explain(s.ctx, cfg, c.ID, s.out, c.JSON)
}

type migrateCmd struct{ configFlag }

func (c *migrateCmd) Run(s *streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	return Migrate(s.ctx, cfg, s.out)
}

type versionCmd struct {
	JSON bool `name:"json" help:"Print a JSON object."`
}

func (c *versionCmd) Run(s *streams) error {
	if c.JSON {
		return json.NewEncoder(s.out).Encode(map[string]string{"version": Version})
	}
	_, err := fmt.Fprintln(s.out, Version)
	return err
}

package speech

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"ringback/internal/audio"
)

// Synth lets a program of the operator's read texts aloud, one after the other, and keeps what it has read. The program
// is started without a shell, so a text can order nothing.
type Synth struct {
	command []string // {lang}, {text} and {out} are filled in
	dir     string   // what was read lies here, under a hash of the command, the language and the text
	log     *slog.Logger

	mu     sync.Mutex
	state  map[string]spoken
	queue  chan utterance
	ctx    context.Context
	stop   context.CancelFunc
	worker sync.WaitGroup
}

// spoken is what is known of a text.
type spoken int

const (
	asked spoken = iota + 1
	there
	failed // not asked for again before the next start
)

type utterance struct {
	lang Lang
	text string
	path string
}

// Limits of what a synthesiser may make and of how long it may take.
const (
	synthTime   = 20 * time.Second
	synthBytes  = 8 << 20
	synthLength = time.Minute
	synthQueue  = 1000
	maxText     = 500 // bytes
)

// NewSynth begins to read texts with a command such as [espeak-ng, -v, "{lang}", -w, "{out}", "{text}"]. Close ends it.
func NewSynth(command []string, dir string, log *slog.Logger) (*Synth, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("speech: %w", err)
	}
	y := &Synth{command: command, dir: dir, log: log, state: map[string]spoken{}, queue: make(chan utterance, synthQueue)}
	y.ctx, y.stop = context.WithCancel(context.Background())
	y.worker.Go(y.work)
	return y, nil
}

// Close ends the program that runs and waits for it.
func (y *Synth) Close() {
	y.stop()
	y.worker.Wait()
}

// Spoken returns the WAV file of a text that has been read. Another text is read in the background, for the next time.
func (y *Synth) Spoken(l Lang, text string) (path string, ok bool) {
	if text == "" || len(text) > maxText {
		return "", false
	}
	path = filepath.Join(y.dir, y.name(l, text))
	y.mu.Lock()
	defer y.mu.Unlock()
	switch y.state[path] {
	case there:
		return path, true
	case asked, failed:
		return "", false
	}
	if _, err := os.Stat(path); err == nil {
		y.state[path] = there
		return path, true
	}
	select {
	case y.queue <- utterance{l, text, path}:
		y.state[path] = asked
	default: // too many wait: another time
	}
	return "", false
}

func (y *Synth) name(l Lang, text string) string {
	sum := sha256.Sum256([]byte(strings.Join(y.command, "\x00") + "\x00\x00" + string(l) + "\x00" + text))
	return hex.EncodeToString(sum[:16]) + ".wav"
}

func (y *Synth) work() {
	for {
		select {
		case <-y.ctx.Done():
			return
		case u := <-y.queue:
			became := there
			if err := y.read(u); err != nil {
				if y.ctx.Err() != nil {
					return
				}
				y.log.Warn("the synthesiser failed; the sentence is said without a name", "lang", u.lang, "err", err)
				became = failed
			}
			y.mu.Lock()
			y.state[u.path] = became
			y.mu.Unlock()
		}
	}
}

// read runs the program and keeps its file once it is known to be sound.
func (y *Synth) read(u utterance) error {
	part := strings.TrimSuffix(u.path, ".wav") + ".part.wav"
	defer os.Remove(part)
	fill := strings.NewReplacer("{lang}", string(u.lang), "{text}", u.text, "{out}", part)
	args := make([]string, len(y.command))
	for i, a := range y.command {
		args[i] = fill.Replace(a)
	}
	if strings.HasPrefix(u.text, "-") {
		return fmt.Errorf("a text that begins with - could be an option")
	}
	ctx, done := context.WithTimeout(y.ctx, synthTime)
	defer done()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + y.dir}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if _, err := CheckWAV(part, synthBytes, synthLength); err != nil {
		return err
	}
	return os.Rename(part, u.path)
}

// Try lets a command read one sentence and says what is wrong with what comes of it.
func Try(ctx context.Context, command []string) error {
	dir, err := os.MkdirTemp("", "ringback-speech-")
	if err != nil {
		return fmt.Errorf("speech: %w", err)
	}
	defer os.RemoveAll(dir)
	y := &Synth{command: command, dir: dir, ctx: ctx}
	return y.read(utterance{Languages[0], english[VisitorThanks].plain, filepath.Join(dir, "try.wav")})
}

// Limits of what a business's own prompt may be: a minute at 16000 samples a second, and some.
const (
	MaxBytes  = 2 << 20
	MaxLength = time.Minute
)

// CheckWAV says whether a file can be played as a prompt: a WAV file that holds some sound, at most so large and so long.
// It returns its length.
func CheckWAV(path string, most int64, longest time.Duration) (time.Duration, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is no file", filepath.Base(path))
	}
	if info.Size() > most {
		return 0, fmt.Errorf("%d bytes are more than the %d that a prompt may have", info.Size(), most)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return CheckSound(b, longest)
}

// CheckSound is CheckWAV of what has been read already.
func CheckSound(b []byte, longest time.Duration) (time.Duration, error) {
	samples, err := audio.ReadWAV(b)
	if err != nil {
		return 0, err
	}
	length := time.Duration(len(samples)) * time.Second / audio.Rate
	switch {
	case length < 200*time.Millisecond:
		return 0, fmt.Errorf("it is too short: %d ms", length.Milliseconds())
	case length > longest:
		return 0, fmt.Errorf("it lasts %.0f s, and a prompt may last %.0f s", length.Seconds(), longest.Seconds())
	}
	return length, nil
}

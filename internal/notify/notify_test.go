package notify

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/id"
	"ringback/internal/letter"
	"ringback/internal/store/storemem"
)

// hand is a sender that answers as it is told and remembers what it was given.
type hand struct {
	mu     sync.Mutex
	answer func(try int) error
	got    []string // names, in order
	at     []time.Time
	hangs  bool
}

func (h *hand) Send(ctx context.Context, l *letter.Letter) error {
	h.mu.Lock()
	h.got, h.at = append(h.got, string(l.ID)+" "+l.Text), append(h.at, time.Now())
	n, hangs := len(h.got), h.hangs
	h.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if h.answer == nil {
		return nil
	}
	return h.answer(n)
}

func (h *hand) names() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

// office is a post on a store in memory, in simulated time.
type office struct {
	t     *testing.T
	store *storemem.Store
	mint  *id.Mint
	hand  *hand
	way   Way
	deps  Deps
	stop  func()
}

func newOffice(t *testing.T, h *hand, perDay int) *office {
	o := &office{t: t, hand: h, mint: id.NewMint(time.Now, rand.NewChaCha8([32]byte{1}))}
	o.store = storemem.New(o.mint, time.Now)
	o.way = Way{h, perDay}
	return o
}

// opened is an office that works.
func opened(t *testing.T, h *hand, perDay int) *office {
	o := newOffice(t, h, perDay)
	o.open()
	return o
}

func (o *office) open() {
	o.deps = Deps{Outbox: o.store, Ways: map[letter.Kind]Way{letter.SMS: o.way}, Now: time.Now, Chance: func() float64 { return 0 }, Log: slog.New(slog.DiscardHandler),
		Refuses: func(l *letter.Letter) string {
			if strings.HasSuffix(l.To, "66") {
				return "this number is blocked"
			}
			return ""
		}}
	p := New(o.deps)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	o.stop = func() { cancel(); <-done }
}

func (o *office) put(to, text string) letter.Letter {
	l := letter.Letter{ID: o.mint.Letter(), Address: letter.Address{Kind: letter.SMS, To: to}, Text: text, Subscriber: "sub_acme", Callback: "cb_1", CreatedAt: time.Now(), DueAt: time.Now()}
	if err := o.store.PutLetters(context.Background(), l); err != nil {
		o.t.Fatal(err)
	}
	return l
}

func (o *office) letter(i int) letter.Letter {
	all, err := o.store.LettersOf(context.Background(), "cb_1")
	if err != nil || i >= len(all) {
		o.t.Fatalf("letters: %v %+v", err, all)
	}
	return all[i]
}

func TestSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, &hand{}, 0)
		o.put("+12025550112", "hello")
		time.Sleep(time.Hour)
		o.stop()
		if l := o.letter(0); len(o.hand.names()) != 1 || l.SentAt.IsZero() || l.Tries != 1 || l.Trouble != "" {
			t.Errorf("%v %+v", o.hand.got, l)
		}
	})
}

// A gateway that is down is asked again, later and later, and then no more.
func TestTriedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, &hand{answer: func(int) error { return &Trouble{Say: "the SMS gateway answers 503"} }}, 0)
		o.put("+12025550112", "hello")
		time.Sleep(25 * time.Hour)
		o.stop()
		l := o.letter(0)
		if n := len(o.hand.names()); n < 15 || n > 25 || l.GivenUpAt.IsZero() || l.Trouble != "the SMS gateway answers 503" {
			t.Errorf("%d tries, %+v", n, l)
		}
		if last := o.hand.at[len(o.hand.at)-1].Sub(o.hand.at[0]); last > 24*time.Hour || last < 20*time.Hour {
			t.Errorf("tried for %v", last)
		}
		if slices.ContainsFunc(o.hand.got, func(s string) bool { return s != o.hand.got[0] }) {
			t.Errorf("another name or text: %v", o.hand.got)
		}
	})
}

func TestGivenUpAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, &hand{answer: func(int) error { return &Trouble{Say: "550", Final: true} }}, 0)
		o.put("+12025550112", "final")
		o.put("+12025550166", "blocked")
		late := letter.Letter{ID: o.mint.Letter(), Address: letter.Address{Kind: letter.SMS, To: "+12025550112"}, Callback: "cb_1", CreatedAt: time.Now(), DueAt: time.Now().Add(time.Minute), LastAt: time.Now().Add(time.Second)}
		mail := letter.Letter{ID: o.mint.Letter(), Address: letter.Address{Kind: letter.Mail, To: "ann@example.com"}, Callback: "cb_1", CreatedAt: time.Now(), DueAt: time.Now()}
		if err := o.store.PutLetters(t.Context(), late, mail); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		o.stop()
		if len(o.hand.names()) != 1 {
			t.Errorf("sent: %v", o.hand.got)
		}
		all, _ := o.store.LettersOf(t.Context(), "cb_1")
		var why []string
		for _, l := range all {
			why = append(why, l.Trouble)
			if l.GivenUpAt.IsZero() || l.Tries != 1 {
				t.Errorf("%+v", l)
			}
		}
		slices.Sort(why)
		if want := []string{"550", "it is of no use any more", "mail is not set up any more", "this number is blocked"}; !slices.Equal(why, want) {
			t.Errorf("%q", why)
		}
	})
}

// A business's letters are held to so many a day; the day after there is room again.
func TestPerDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, &hand{}, 3)
		for range 20 {
			o.put("+12025550112", "x")
			time.Sleep(time.Minute)
		}
		if n := len(o.hand.names()); n != 3 {
			t.Errorf("%d were sent", n)
		}
		time.Sleep(24 * time.Hour)
		o.put("+12025550112", "x")
		time.Sleep(time.Minute)
		o.stop()
		if n := len(o.hand.names()); n != 4 {
			t.Errorf("%d were sent by the next day", n)
		}
	})
}

// Whoever dies between sending and writing it down sends once more, under the same name.
func TestDiesBetweenSendAndCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, &hand{}, 0)
		dies := o.store
		dies.Fail = func(op string) error {
			if op == "settle letter" {
				dies.Crash()
				return storemem.ErrCrashed
			}
			return nil
		}
		o.open()
		l := o.put("+12025550112", "hello")
		time.Sleep(1500 * time.Millisecond)
		o.stop()
		o.store = o.store.Reopen()
		o.open()
		time.Sleep(letter.Lease - 2*time.Second)
		if n := len(o.hand.names()); n != 1 {
			t.Errorf("%d sent while the first try may still be under way", n)
		}
		time.Sleep(10 * time.Second)
		o.stop()
		if want := string(l.ID) + " hello"; !slices.Equal(o.hand.got, []string{want, want}) || o.letter(0).SentAt.IsZero() || o.letter(0).Tries != 2 {
			t.Errorf("%v %+v", o.hand.got, o.letter(0))
		}
	})
}

// One far side that hangs holds up at most its own letters, and a stop does not wait for it.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, &hand{hangs: true}, 0)
		for range 3 {
			o.put("+12025550112", "x")
		}
		time.Sleep(35 * time.Second)
		o.hand.mu.Lock()
		o.hand.hangs = false
		o.hand.mu.Unlock()
		o.put("+12025550113", "y")
		time.Sleep(2 * time.Second)
		if l := o.letter(3); l.SentAt.IsZero() {
			t.Errorf("%+v", l)
		}
		o.hand.mu.Lock()
		o.hand.hangs = true
		o.hand.mu.Unlock()
		o.put("+12025550113", "z")
		time.Sleep(2 * time.Second)
		begun := time.Now()
		o.stop()
		if took := time.Since(begun); took > 0 {
			t.Errorf("stopping took %v", took)
		}
		if l := o.letter(4); l.Done() {
			t.Errorf("cut short, and yet %+v", l)
		}
	})
}

func TestSenderPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := opened(t, &hand{answer: func(n int) error {
			if n == 1 {
				panic("oops")
			}
			return errors.New("nothing in particular")
		}}, 0)
		o.put("+12025550112", "x")
		time.Sleep(1500 * time.Millisecond)
		if l := o.letter(0); l.Trouble != "a fault of ours; the log says more" {
			t.Errorf("%+v", l)
		}
		time.Sleep(time.Minute)
		o.stop()
		if l := o.letter(0); l.Trouble != "nothing in particular" || l.Done() {
			t.Errorf("%+v", l)
		}
	})
}

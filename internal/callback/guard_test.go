package callback_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/challenge"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisim"
	"ringback/internal/directory"
	"ringback/internal/fault"
	"ringback/internal/id"
	"ringback/internal/schedule"
	"ringback/internal/subscriber"
)

// watched plays a world whose operator guards against abuse.
func watched(t *testing.T, p callback.Policy, set func(*directory.Setup), f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, set)
		w.stop()
		w.policy = p
		w.boot()
		defer w.stop()
		w.phones.Person(telephones["ann"], ctisim.Answers(s(1), 0))
		w.phones.Person(telephones["bob"], ctisim.Answers(s(1), 0))
		f(w)
	})
}

// raised are the alarms on record, the oldest first.
func (w *world) raised() (out []string) {
	w.Helper()
	all, err := w.watchers().Alarms(w.ctx, "", 100)
	if err != nil {
		w.Fatal(err)
	}
	for i := len(all) - 1; i >= 0; i-- {
		out = append(out, string(all[i].Kind)+" "+all[i].What)
	}
	return out
}

func (w *world) calledAt(prefix string) (n int) {
	for _, c := range w.phones.Calls() {
		if strings.HasPrefix(c.To.Number(), prefix) {
			n++
		}
	}
	return n
}

// one call after another to the numbers of a block, each answered and over at once: the block is stopped with the tenth, for a
// day; when it comes again it is stopped for good. Another block is called all the time, and what was spent keeps to the budget.
func TestAPumpedBlockIsStopped(t *testing.T) {
	const block, other = "+1212555", "+1646555"
	watched(t, callback.Policy{Guard: callback.Guard{Numbers: 10}}, dear(20_000_000), func(w *world) {
		pump := func(block string, n, from int) (refused int) {
			for i := range n {
				number := fmt.Sprintf("%s01%02d", block, from+i)
				w.phones.Person(cti.Endpoint("tel:"+number), ctisim.Answers(s(1), s(2)))
				m, err := w.c.Request(w.ctx, visits(number))
				switch {
				case err == nil:
					w.reaches(m.Callback.ID, callback.Ended)
					pass(s(20)) // wrap-up
				case fault.Is(err, fault.NumberNotServed):
					refused++
				default:
					w.Fatalf("%s: %v", number, err)
				}
			}
			return refused
		}
		if refused := pump(block, 30, 0); refused != 20 || w.calledAt(block) != 10 {
			t.Errorf("%d refused, %d called of a block that is stopped after 10", refused, w.calledAt(block))
		}
		if refused := pump(other, 5, 0); refused != 0 {
			t.Errorf("another block: %d refused", refused)
		}
		if _, err := w.c.Request(w.ctx, visits(block+"0199")); !fault.Is(err, fault.NumberNotServed) {
			t.Errorf("another number of the block: %v", err)
		}
		w.kill()
		w.back(s(1))
		if _, err := w.c.Request(w.ctx, visits(block+"0198")); !fault.Is(err, fault.NumberNotServed) {
			t.Errorf("after a restart: %v", err)
		}
		w.jumps(25 * time.Hour)
		if refused := pump(block, 20, 40); refused != 10 || w.calledAt(block) != 20 {
			t.Errorf("a day later: %d refused, %d called", refused, w.calledAt(block))
		}
		w.jumps(40 * 24 * time.Hour)
		if _, err := w.c.Request(w.ctx, visits(block+"0197")); !fault.Is(err, fault.NumberNotServed) {
			t.Errorf("for good: %v", err)
		}
		wantEqual(t, "alarms", w.raised(), []string{"prefix_stopped +1212555…", "prefix_stopped +1212555…"})
		for _, b := range w.c.Directory().BlocksOf("prefix:" + block) { // staff lifts it
			if err := w.border.book.Delete(w.ctx, directory.Block, string(b.ID)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.c.Reload(w.ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := w.c.Request(w.ctx, visits(block+"0196")); err != nil {
			t.Errorf("lifted: %v", err)
		}
	})
}

// Where people talk no block is stopped, and what staff asks for is not watched.
func TestABlockWherePeopleTalkIsNotStopped(t *testing.T) {
	watched(t, callback.Policy{Guard: callback.Guard{Numbers: 3}}, nil, func(w *world) {
		for i := range 12 {
			number, talk := fmt.Sprintf("+12125550%03d", 100+i), s(2)
			if i%4 == 3 {
				talk = s(30)
			}
			r := visits(number)
			if i < 3 {
				r = wish("vera")
				r.Number = number
			}
			w.phones.Person(cti.Endpoint("tel:"+number), ctisim.Answers(s(1), talk))
			m, err := w.c.Request(w.ctx, r)
			if err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			w.reaches(m.Callback.ID, callback.Ended)
			pass(s(20))
		}
		wantEqual(t, "alarms", w.raised(), nil)
	})
}

// A thousand forms (in `make test`: two hundred) from fifty addresses at twenty businesses for one number: what the limit says, and
// who is refused is told when to come again.
func TestAThousandFormsForOneNumber(t *testing.T) {
	p := callback.Policy{PerNumber: []callback.Rate{{N: 1, Per: 5 * time.Minute}, {N: 3, Per: 24 * time.Hour}}, PerVisitor: []callback.Rate{{N: 3, Per: time.Hour}},
		PerPrefix: []callback.Rate{{N: 30, Per: time.Hour}}, PerSubscriber: []callback.Rate{{N: 100, Per: time.Hour}}, Guard: callback.Guard{Numbers: 10, Proofs: 20, Refused: 3}}
	shops := func(st *directory.Setup) {
		for i := range 19 {
			sub, b := st.Subscribers[0], st.Buttons[0]
			sub.Slug, sub.Name, sub.CallerID = fmt.Sprintf("shop%d", i), fmt.Sprintf("Shop %d", i), ""
			b.Slug, b.Subscriber = sub.Slug+"-main", id.Subscriber(sub.Slug)
			st.Subscribers, st.Buttons = append(st.Subscribers, sub), append(st.Buttons, b)
			for _, a := range []string{"ann", "bob"} {
				r := represents(a)
				r.Subscriber = id.Subscriber(sub.Slug)
				st.Representations = append(st.Representations, r)
			}
		}
	}
	watched(t, p, shops, func(w *world) {
		w.phones.Person(telephones["vera"], ctisim.Answers(s(3), s(20)))
		spellings := []string{"+12025550100", "(202) 555-0100", "202.555.0100", "tel:+1-202-555-0100"}
		refused := map[fault.Code]int{}
		rounds := 4
		if os.Getenv("RINGBACK_TEST_LONG") != "" {
			rounds = 20
		}
		for round := range rounds {
			var wg sync.WaitGroup
			var mu sync.Mutex
			for i := range 50 {
				wg.Go(func() {
					r := visits(spellings[i%len(spellings)])
					if strings.HasPrefix(r.Number, "tel:") {
						r.Number, r.Endpoint = "", "tel:+12025550100"
					}
					r.Visitor = fmt.Sprintf("198.51.100.%d", i)
					if n := (round + i) % 20; n > 0 {
						r.Button = fmt.Sprintf("shop%d-main", n-1)
					}
					_, err := w.c.Request(w.ctx, r)
					if err == nil {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					var f *fault.Fault
					if !errors.As(err, &f) || f.Code != fault.NumberBusy && f.RetryAfter <= 0 {
						w.Errorf("%v", err)
						return
					}
					refused[f.Code]++
				})
			}
			wg.Wait()
			pass(minute)
			w.jumps(time.Hour - minute)
		}
		if n := w.rung("vera"); n != 3 {
			t.Errorf("the telephone was rung %d times in %d hours", n, rounds)
		}
		if total := refused[fault.LimitNumber] + refused[fault.NumberBusy] + refused[fault.LimitVisitor]; total != 50*rounds-3 {
			t.Errorf("refused: %v", refused)
		}
	})
}

// A block of numbers and a business are asked for so often, whoever asks, and whoever changes the number of a callback.
func TestLimitsOfABlockAndABusiness(t *testing.T) {
	p := callback.Policy{PerPrefix: []callback.Rate{{N: 3, Per: time.Hour}}, PerSubscriber: []callback.Rate{{N: 5, Per: time.Hour}}}
	watched(t, p, nil, func(w *world) {
		ask := func(number string) error {
			r := visits(number)
			r.When = schedule.After(24 * time.Hour)
			_, err := w.c.Request(w.ctx, r)
			return err
		}
		for i, test := range []struct {
			number string
			want   fault.Code
		}{{"+12125550100", ""}, {"+12125550101", ""}, {"+12125550102", ""}, {"+12125550103", fault.LimitNumber}, {"+16465550100", ""}, {"+16465550101", ""},
			{"+19175550100", fault.LimitSubscriber}} {
			if err := ask(test.number); test.want == "" && err != nil || test.want != "" && !fault.Is(err, test.want) {
				t.Errorf("wish %d: %v, want %q", i+1, err, test.want)
			}
		}
		r := wish("vera")
		r.Number = "+12125550104"
		if _, err := w.c.Request(w.ctx, r); err != nil {
			t.Errorf("staff: %v", err)
		}
		w.kill() // they are counted on disk
		w.back(s(1))
		if err := ask("+19175550101"); !fault.Is(err, fault.LimitSubscriber) {
			t.Errorf("after a restart: %v", err)
		}
		w.jumps(time.Hour)
		if err := ask("+12125550105"); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

// Eighty and a hundred percent of a budget are told once a day each, by record and by letter.
func TestBudgetAlarms(t *testing.T) {
	p := callback.Policy{SpendPerDay: usd(100_000_000)}
	watched(t, p, dear(3_000_000), func(w *world) { // five hours of talk
		var asked []callback.Request
		for i := range 7 {
			asked = append(asked, visits(fmt.Sprintf("+120255501%02d", 20+i)))
		}
		for i, want := range []string{"", "", "", "budget_low", "budget_low budget_gone", "budget_low budget_gone", "budget_low budget_gone"} {
			_, err := w.c.Request(w.ctx, asked[i])
			if (err == nil) != (i < 5) {
				t.Errorf("call %d: %v", i+1, err)
			}
			synctest.Wait()
			if got := strings.ReplaceAll(strings.Join(w.raised(), ""), " ", ""); got != strings.ReplaceAll(want, " ", "") {
				t.Errorf("after call %d: %q, want %q", i+1, got, want)
			}
		}
		w.kill()
		w.back(s(1))
		if _, err := w.c.Request(w.ctx, asked[6]); !fault.Is(err, fault.LimitSpend) {
			t.Errorf("after a restart: %v", err)
		}
		synctest.Wait()
		wantEqual(t, "alarms", w.raised(), []string{"budget_low ", "budget_gone "})
	})
}

// A call that does not fit into what is left is refused: that is told, too.
func TestABudgetWithoutRoomIsTold(t *testing.T) {
	watched(t, callback.Policy{}, dear(900_000), func(w *world) {
		for i := range 2 {
			_, _ = w.c.Request(w.ctx, visits(fmt.Sprintf("+120255501%02d", 20+i)))
		}
		synctest.Wait()
		wantEqual(t, "alarms", w.raised(), []string{"budget_gone "})
	})
}

// Who sends form after form without a proof is not listened to for a day; who stands for a whole house always is.
func TestFormsWithoutProof(t *testing.T) {
	guarded(t, callback.Policy{Proof: true, Guard: callback.Guard{Proofs: 20}}, func(w *world, b *subscriber.Button) {
		from := func(visitor string, proves bool) error {
			r := visits("+12025550100", func(r *callback.Request) { r.Visitor = visitor })
			if proves {
				r.Proof = w.c.Puzzle(b, challenge.Commit(r.Number)).Solve()
			}
			m, err := w.c.Request(w.ctx, r)
			if err == nil {
				_, err = w.c.Cancel(w.ctx, m.Callback.ID, callback.ByVisitor)
			}
			return err
		}
		const scanner, proxy, house = "203.0.113.7", "127.0.0.1", "2001:db8:0:7::/64"
		for range 20 {
			for _, visitor := range []string{scanner, proxy, house} {
				if err := from(visitor, false); !fault.Is(err, fault.ProofMissing) {
					t.Fatalf("%s: %v", visitor, err)
				}
			}
		}
		synctest.Wait()
		for visitor, want := range map[string]fault.Code{scanner: fault.LimitVisitor, house: fault.LimitVisitor, proxy: "", "203.0.113.8": ""} {
			if err := from(visitor, true); want == "" && err != nil || want != "" && !fault.Is(err, want) {
				t.Errorf("%s: %v, want %q", visitor, err, want)
			}
		}
		w.jumps(25 * time.Hour)
		if err := from(scanner, true); err != nil {
			t.Errorf("a day later: %v", err)
		}
		wantEqual(t, "alarms", slices.Sorted(slices.Values(w.raised())), []string{"visitor_stopped 2001:db8::/48", "visitor_stopped 203.0.0.0/16"})
	})
}

// A number that declines again and again is left alone for a day, then for ever.
func TestANumberThatDeclines(t *testing.T) {
	watched(t, callback.Policy{Guard: callback.Guard{Refused: 3}}, nil, func(w *world) {
		w.phones.Person(telephones["vera"], ctisim.Declines(s(2)))
		decline := func() error {
			m, err := w.c.Request(w.ctx, visits("+12025550100"))
			if err == nil {
				w.reaches(m.Callback.ID, callback.Ended)
				pass(minute)
			}
			return err
		}
		for i, want := range []bool{true, true, true, false} {
			if err := decline(); (err == nil) != want {
				t.Errorf("call %d: %v", i+1, err)
			}
		}
		w.jumps(25 * time.Hour)
		if err := decline(); err != nil {
			t.Errorf("a day later: %v", err)
		}
		w.jumps(25 * time.Hour)
		if err := decline(); !fault.Is(err, fault.NumberNotServed) {
			t.Errorf("the fourth within a week: %v", err)
		}
		wantEqual(t, "alarms", w.raised(), []string{"number_stopped +12•••••0100", "number_stopped +12•••••0100"})
		for _, b := range w.c.Directory().Blocks {
			if !b.Until.IsZero() || b.OwnWish {
				t.Errorf("%+v", b)
			}
		}
	})
}

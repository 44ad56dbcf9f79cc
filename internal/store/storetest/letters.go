package storetest

import (
	"reflect"
	"testing"
	"time"

	"ringback/internal/agent"
	"ringback/internal/callback"
	"ringback/internal/id"
	"ringback/internal/letter"
)

// letters wait in the outbox, one of each key; whoever takes one has it for a while, also after a restart, and what is done
// says nothing any more.
func letters(t *testing.T, h *House) {
	c := h.Made("+12025550177")
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	mail := letter.Letter{ID: h.Mint.Letter(), Key: "a", Address: letter.Address{Kind: letter.Mail, To: "ann@example.com"}, Subject: "Acme", Text: "Zoë called",
		Files: []letter.File{{Name: "a.ics", Type: "text/calendar", Data: []byte{0, 255}}}, Subscriber: h.Acme, Callback: c.ID, CreatedAt: now, DueAt: now, Shown: "a•••@example.com"}
	again, later := mail, mail
	again.ID = h.Mint.Letter()
	h.Clock.Pass(time.Millisecond)
	later.ID, later.Key, later.DueAt, later.LastAt, later.Files = h.Mint.Letter(), "", now.Add(time.Hour), now.Add(2*time.Hour), nil
	later.Address, later.Shown = letter.Address{Kind: letter.SMS, To: "+12025550177"}, "+12•••••0177"
	put(t, h, mail, later)
	put(t, h, again)
	take := func(at time.Time, want ...letter.Letter) {
		t.Helper()
		got, err := h.TakeLetters(t.Context(), at, at.Add(letter.Lease), 9)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("taken at %v: %v\n got %+v\nwant %+v", at, err, got, want)
		}
	}
	mail.Tries, mail.BegunAt, mail.DueAt = 1, now, now.Add(letter.Lease)
	take(now, mail)
	h.Store = h.Again() // it died with the letter in hand
	take(now.Add(letter.Lease - 1))
	mail.Tries, mail.DueAt = 2, now.Add(2*letter.Lease)
	take(now.Add(letter.Lease), mail)
	sent := mail
	sent.SentAt = now.Add(time.Minute)
	settle(t, h, sent)
	later.Key, later.Tries, later.BegunAt, later.DueAt = string(later.ID), 1, now.Add(time.Hour), now.Add(time.Hour+letter.Lease)
	take(now.Add(time.Hour), later)
	failed := later.Failed(now.Add(time.Hour), "503", false, 0)
	settle(t, h, failed)
	sentIs(t, h, h.Acme, letter.Mail, now, 1)
	sentIs(t, h, h.Acme, letter.Mail, now.Add(time.Second), 0)
	sentIs(t, h, h.Acme, letter.SMS, now, 1)
	sentIs(t, h, h.Zen, letter.Mail, now, 0)
	failed.GivenUpAt, failed.Trouble = now.Add(2*time.Hour), "nobody takes it"
	settle(t, h, failed)
	sentIs(t, h, h.Acme, letter.SMS, now, 0)
	take(now.Add(240 * time.Hour))

	lettersOfAWish(t, h)

	h.Store = h.Again()
	put(t, h, again) // its key is known for good
	of, err := h.LettersOf(t.Context(), c.ID)
	if want := []letter.Letter{emptied(sent), emptied(failed)}; err != nil || !reflect.DeepEqual(of, want) {
		t.Fatalf("letters of the callback: %v\n got %+v\nwant %+v", err, of, want)
	}
	for since, want := range map[time.Time]int{now: 1, failed.GivenUpAt: 1, failed.GivenUpAt.Add(time.Microsecond): 0} {
		if given, err := h.LettersGivenUp(t.Context(), since, 5); err != nil || len(given) != want || want == 1 && given[0].Trouble != "nobody takes it" {
			t.Errorf("given up since %v: %v %+v", since, err, given)
		}
	}
}

// Letters and links come with a step, and are not there when it fails.
func stepPosts(t *testing.T, h *House) {
	c := h.Made("+12025550178")
	now := h.Clock.Now().UTC().Truncate(time.Microsecond)
	link := callback.Companion{TokenHash: id.TokenHash("a_x"), Callback: c.ID, Agent: h.Ann, CreatedAt: now}
	for _, fails := range []bool{true, false} {
		_, err := h.Step(t.Context(), c.ID, func(*callback.Callback) (callback.Change, error) {
			ch := callback.Change{Lines: []callback.Line{{At: now}}, Companions: []callback.Companion{link}, Letters: []letter.Letter{{ID: h.Mint.Letter(), Callback: c.ID,
				Address: letter.Address{Kind: letter.Mail, To: "ann@example.com"}, CreatedAt: now, DueAt: now}}}
			if fails {
				ch.Agents = []callback.Move{{Agent: h.Ann, From: []agent.Presence{agent.Talking}}}
			}
			return ch, nil
		})
		if (err != nil) != fails {
			t.Fatalf("step: %v", err)
		}
		got, err := h.Companion(t.Context(), link.TokenHash)
		of, err2 := h.LettersOf(t.Context(), c.ID)
		if err != nil || err2 != nil || (got == nil) != fails || (len(of) == 0) != fails || !fails && *got != link {
			t.Fatalf("fails %v: %+v %v, %+v %v", fails, got, err, of, err2)
		}
	}
	h.Store = h.Again()
	if got, err := h.Companion(t.Context(), link.TokenHash); err != nil || got == nil || *got != link {
		t.Errorf("after a restart: %+v %v", got, err)
	}
	if got, err := h.Companion(t.Context(), "unknown"); err != nil || got != nil {
		t.Errorf("unknown: %+v %v", got, err)
	}
}

func put(t *testing.T, h *House, all ...letter.Letter) {
	t.Helper()
	if err := h.PutLetters(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
}

func settle(t *testing.T, h *House, l letter.Letter) {
	t.Helper()
	if err := h.SettleLetter(t.Context(), l); err != nil {
		t.Fatal(err)
	}
}

func sentIs(t *testing.T, h *House, s id.Subscriber, k letter.Kind, since time.Time, want int) {
	t.Helper()
	if n, err := h.LettersSent(t.Context(), s, k, since); err != nil || n != want {
		t.Errorf("%s of %s since %v: %d %v, want %d", k, s, since, n, err, want)
	}
}

func emptied(l letter.Letter) letter.Letter {
	l.To, l.Subject, l.Text, l.Files = "", "", "", nil
	return l
}

// lettersOfAWish are written with it, or neither is.
func lettersOfAWish(t *testing.T, h *House) {
	t.Helper()
	for _, want := range []int{1, 0} { // the second is for a number that is being called
		n := h.Wish("+12025550176")
		now := n.Callback.CreatedAt
		n.Letters = []letter.Letter{{ID: h.Mint.Letter(), Key: "promise/" + string(n.Callback.ID), Address: letter.Address{Kind: letter.Mail, To: "vera@example.com"},
			Subscriber: h.Acme, Callback: n.Callback.ID, CreatedAt: now, DueAt: now.Add(1000 * time.Hour)}}
		if err := h.Create(t.Context(), n); (err == nil) != (want == 1) {
			t.Fatalf("create: %v", err)
		}
		if all, err := h.LettersOf(t.Context(), n.Callback.ID); err != nil || len(all) != want {
			t.Errorf("%d letters of a wish, want %d: %v", len(all), want, err)
		}
	}
}

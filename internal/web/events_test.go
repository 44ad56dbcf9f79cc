package web_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"ringback/internal/callback"
	"ringback/internal/web"
)

// reading is a stream as a browser gets it: each event or comment is one text.
type reading struct {
	header http.Header
	blocks chan string
	status chan int
	stop   context.CancelFunc
}

// stream opens the events of a callback; what the handler writes arrives block by block.
func (h *house) stream(token string, headers ...string) *reading {
	return h.reads("/api/v1/public/callbacks/"+token+"/events", headers...)
}

func (h *house) reads(path string, headers ...string) *reading {
	ctx, stop := context.WithCancel(context.Background())
	r := httptest.NewRequest("GET", path, nil).WithContext(ctx)
	for _, s := range headers {
		k, v, _ := strings.Cut(s, ": ")
		r.Header.Set(k, v)
	}
	out := &reading{header: http.Header{}, blocks: make(chan string, 100), status: make(chan int, 1), stop: stop}
	go func() {
		w := &blockWriter{out: out}
		h.handler.ServeHTTP(w, r)
		close(out.blocks)
	}()
	return out
}

type blockWriter struct {
	out    *reading
	status int
}

func (w *blockWriter) Header() http.Header { return w.out.header }
func (w *blockWriter) Flush()              {}
func (w *blockWriter) WriteHeader(s int) {
	if w.status == 0 {
		w.status = s
		w.out.status <- s
	}
}
func (w *blockWriter) Write(b []byte) (int, error) {
	w.WriteHeader(200)
	w.out.blocks <- string(b)
	return len(b), nil
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		c, token := h.call(callback.Callback{State: callback.Queued})
		s := h.stream(token)
		first := <-s.blocks
		if !strings.HasPrefix(first, "event: callback\nid: 1\ndata: {\"state\":\"queued\"") || !strings.HasSuffix(first, "\n\n") {
			t.Errorf("first %q", first)
		}
		if ct := s.header.Get("Content-Type"); ct != "text/event-stream" {
			t.Errorf("Content-Type %q", ct)
		}
		at := time.Now()
		if b := <-s.blocks; b != ": ping\n\n" || time.Since(at) != 15*time.Second {
			t.Errorf("%q after %s, want a ping after 15 s", b, time.Since(at))
		}
		h.change(c.ID, func(c *callback.Callback) { c.State = callback.RingingAgent })
		if b := <-s.blocks; !strings.Contains(b, "id: 2\n") || !strings.Contains(b, "ringing_agent") {
			t.Errorf("%q", b)
		}
		h.change(c.ID, func(c *callback.Callback) { c.State, c.EndedAt = callback.Ended, h.now })
		if b := <-s.blocks; !strings.Contains(b, "id: 3\n") || !strings.Contains(b, `"state":"ended"`) {
			t.Errorf("%q", b)
		}
		if b, open := <-s.blocks; open {
			t.Errorf("after the last event: %q", b)
		}
		back := h.stream(token, "Last-Event-ID: 3")
		if _, open := <-back.blocks; open || <-back.status != 204 {
			t.Error("a reconnect after the end is no 204")
		}
		h.change(c.ID, func(*callback.Callback) {}) // the last telephone is put down
		for _, header := range [][]string{{"Last-Event-ID: 3"}, nil} {
			back := h.stream(token, header...)
			if _, open := <-back.blocks; open || <-back.status != 204 {
				t.Errorf("%q after the last event: no 204", header)
			}
		}
		cut := h.stream(token, "Last-Event-ID: 2") // was cut off before the end
		if b := <-cut.blocks; !strings.Contains(b, `"state":"ended"`) {
			t.Errorf("cut off before the end, then %q", b)
		}
		synctest.Wait() // whoever sent it is gone
		if n := h.live.Watchers(); n != 0 {
			t.Errorf("%d watchers left", n)
		}
	})
}

func TestEventsOfACallbackThatEndedUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		_, token := h.call(callback.Callback{State: callback.Ended, EndedAt: h.now})
		late := h.stream(token) // opened only now: it is told once
		if b := <-late.blocks; !strings.Contains(b, `"state":"ended"`) {
			t.Errorf("late %q", b)
		}
		if _, open := <-late.blocks; open {
			t.Error("the stream of an ended callback stays open")
		}
		back := h.stream(token)
		if _, open := <-back.blocks; open || <-back.status != 204 {
			t.Error("a second time is no 204")
		}
	})
}

func TestEventsTellThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		c, token := h.call(callback.Callback{State: callback.Queued})
		h.mu.Lock()
		h.place[c.ID] = 2
		h.mu.Unlock()
		s := h.stream(token)
		if b := <-s.blocks; !strings.Contains(b, `"place":2`) {
			t.Errorf("%q", b)
		}
		h.mu.Lock()
		h.place[c.ID] = 1 // another one was served: this callback did not change
		h.mu.Unlock()
		<-s.blocks // ping
		if b := <-s.blocks; !strings.Contains(b, `"place":1`) {
			t.Errorf("%q", b)
		}
		s.stop()
		for range s.blocks {
		}
		synctest.Wait()
		if n := h.live.Watchers(); n != 0 {
			t.Errorf("%d watchers left", n)
		}
	})
}

func TestEventsEndWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		_, token := h.call(callback.Callback{State: callback.Queued})
		s := h.stream(token)
		<-s.blocks
		h.live.Close()
		if _, open := <-s.blocks; open {
			t.Error("the stream outlives the hub")
		}
	})
}

// A real server's read and write timeouts must not end a stream.
func TestEventsOutliveTheServersTimeouts(t *testing.T) {
	h := newHouse(t)
	c, token := h.call(callback.Callback{State: callback.Queued})
	srv := web.Server(h.handler, slog.New(slog.DiscardHandler))
	srv.ReadTimeout, srv.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	defer func() { _ = srv.Close(); <-done }()
	res, err := http.Get("http://" + l.Addr().String() + "/api/v1/public/callbacks/" + token + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	in := bufio.NewReader(res.Body)
	if _, err := in.ReadString('}'); err != nil {
		t.Fatal(err)
	}
	<-time.After(120 * time.Millisecond) // the time itself is what is tested: twice the server's bound
	h.change(c.ID, func(c *callback.Callback) { c.State, c.EndedAt = callback.Ended, h.now })
	rest, err := io.ReadAll(in)
	if err != nil || !strings.Contains(string(rest), `"state":"ended"`) {
		t.Errorf("%v: %q", err, rest)
	}
}

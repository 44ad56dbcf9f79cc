package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"ringback/internal/callback"
	"ringback/internal/web/status"
)

// events streams a callback's views until it ends. A reader that comes back after the last event gets 204, which tells
// a browser to stop. One that was cut off before the end and comes back after it is told the end.
func (a *API) events(w http.ResponseWriter, r *http.Request) error {
	c, err := a.held(w, r)
	if err != nil {
		return err
	}
	return a.Stream(w, r, c, a.view(r))
}

// Stream sends views of a callback to one reader, as events does.
func (a *API) Stream(w http.ResponseWriter, r *http.Request, c *callback.Callback, view func(*callback.Callback) status.View) (err error) {
	if c.State == callback.Ended && a.told.knows(r.Header.Get("Last-Event-ID"), c) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	watch := a.Live.Watch(c.ID)
	defer watch.Close()
	// Read again: what happened between the first look and the watch is in it.
	if c, err = a.Callbacks.Callback(r.Context(), c.Subscriber, c.ID); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies that buffer would hold the news back
	s := &stream{w: w, control: http.NewResponseController(w)}
	w.WriteHeader(http.StatusOK)
	a.follow(r, s, c, view, watch.C())
	return nil
}

// follow sends the first view at once, then each change, and a sign of life in between. Without one a place in line is
// looked up at the sign of life: others move it.
func (a *API) follow(r *http.Request, s *stream, c *callback.Callback, view func(*callback.Callback) status.View, news <-chan *callback.Callback) {
	tick := time.NewTicker(ping)
	defer tick.Stop()
	for s.send(view(c)) {
		if c.State == callback.Ended {
			a.told.end(c)
			return
		}
		select {
		case <-r.Context().Done():
			return
		case next, open := <-news:
			if !open {
				return // the service stops, or the page was opened once more
			}
			if next.Version > c.Version {
				c = next
			}
			tick.Reset(ping)
		case <-tick.C:
			if !s.write([]byte(": ping\n\n")) {
				return
			}
		}
	}
}

// stream writes server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    []byte
}

// send writes a view unless it is what was sent last; false when nobody reads any more.
func (s *stream) send(v status.View) bool {
	data, err := json.Marshal(v)
	if err != nil {
		return false
	}
	if bytes.Equal(data, s.last) {
		return true
	}
	s.last = data
	return s.write(fmt.Appendf(nil, "event: callback\nid: %d\ndata: %s\n\n", v.Version, data))
}

func (s *stream) write(b []byte) bool {
	// A server without deadlines (a test's) answers with an error: then there is none to extend.
	_ = s.control.SetWriteDeadline(time.Now().Add(patience))
	if _, err := s.w.Write(b); err != nil {
		return false
	}
	return s.control.Flush() == nil
}

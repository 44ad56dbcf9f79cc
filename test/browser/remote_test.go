//go:build browser

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// remote is a browser that takes orders in JSON over a WebSocket: Firefox by WebDriver BiDi (W3C), Chromium by the
// DevTools protocol. Both number what they are asked and answer with that number.
type remote struct {
	t    *testing.T
	ws   *websocket.Conn
	hear func(event reply) // under the lock

	mu    sync.Mutex
	last  int
	waits map[int]chan reply
}

type reply struct {
	ID     int             `json:"id"`
	Type   string          `json:"type"`
	Method string          `json:"method"`
	Error  json.RawMessage `json:"error"`
	Result json.RawMessage `json:"result"`
	Params json.RawMessage `json:"params"`

	Message string `json:"message"`
}

// start runs a browser until the test is over, and returns the address that it says after a mark.
func start(t *testing.T, mark string, environment []string, program string, args ...string) (address string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(append(os.Environ(), "MOZ_CRASHREPORTER_DISABLE=1"), environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // its group: the pages' processes too
		reading.Wait()
		_ = cmd.Wait()
	})
	found := make(chan string, 1)
	reading.Go(func() {
		for lines := bufio.NewScanner(said); lines.Scan(); {
			if _, at, ok := strings.Cut(lines.Text(), mark); ok {
				found <- strings.TrimSpace(at)
			}
		}
	})
	select {
	case address = <-found:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not say where it listens", program)
	}
	return address
}

func reach(t *testing.T, address string) *remote {
	t.Helper()
	ws, _, err := websocket.Dial(t.Context(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.SetReadLimit(64 << 20)
	r := &remote{t: t, ws: ws, waits: map[int]chan reply{}, hear: func(reply) {}}
	var reading sync.WaitGroup
	reading.Go(r.read)
	t.Cleanup(func() {
		_ = ws.CloseNow()
		reading.Wait()
	})
	return r
}

func (r *remote) read() {
	for {
		_, b, err := r.ws.Read(context.Background())
		if err != nil {
			return
		}
		var in reply
		if json.Unmarshal(b, &in) != nil {
			continue
		}
		r.mu.Lock()
		if c := r.waits[in.ID]; c != nil {
			delete(r.waits, in.ID)
			c <- in
		} else if in.Method != "" {
			r.hear(in)
		}
		r.mu.Unlock()
	}
}

// try sends an order, in a session where the protocol has them, and reads its result into out.
func (r *remote) try(session, method string, params, out any) error {
	r.mu.Lock()
	r.last++
	id, c := r.last, make(chan reply, 1)
	r.waits[id] = c
	r.mu.Unlock()
	order := map[string]any{"id": id, "method": method, "params": params}
	if session != "" {
		order["sessionId"] = session
	}
	b, err := json.Marshal(order)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	if err := r.ws.Write(ctx, websocket.MessageText, b); err != nil {
		return err
	}
	select {
	case in := <-c:
		if in.Error != nil {
			return fmt.Errorf("%s: %s %s", method, in.Error, in.Message)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(in.Result, out)
	case <-ctx.Done():
		return fmt.Errorf("%s: no answer: %w", method, ctx.Err())
	}
}

func (r *remote) do(session, method string, params, out any) {
	r.t.Helper()
	if err := r.try(session, method, params, out); err != nil {
		r.t.Fatal(err)
	}
}

package service

import (
	"io"
	"strings"
	"sync"
)

// tail passes on what a process complains of and keeps the end of it, for the error that says why it did not start.
type tail struct {
	mu   sync.Mutex
	w    io.Writer
	last []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	t.last = t.last[max(0, len(t.last)-tailBytes):]
	return t.w.Write(b)
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.last))
}

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// ControlURL begins the address of every request to a control socket: what follows is the path of the route.
const ControlURL = "http://control"

// Control answers the other commands of this machine (apply, explain, call …) while the service runs: HTTP over
// data/run/control.sock. Who may open the socket (mode 0600) may do anything; nobody else reaches it.
type Control struct {
	path   string
	server *http.Server
	done   chan error
}

// ListenControl serves h on the control socket of a data folder that this process has locked. A socket that a killed
// process left behind is replaced: the lock proves that nobody serves it.
func ListenControl(lock *DataLock, h http.Handler) (*Control, error) {
	path := socketPath(lock.data)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, rights(filepath.Dir(path), err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		return nil, rights(filepath.Dir(path), err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, rights(path, err)
	}
	l, err := listenUnix(path)
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, rights(path, err)
	}
	c := &Control{path: path, server: &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}, done: make(chan error, 1)}
	go func() { c.done <- c.server.Serve(l) }()
	return c, nil
}

// Close takes no more requests, waits for those that run until ctx ends, and removes the socket.
func (c *Control) Close(ctx context.Context) error {
	err := c.server.Shutdown(ctx)
	if err != nil {
		c.server.Close()
	}
	if served := <-c.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if gone := os.Remove(c.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// Dial returns a client that talks to the service which owns data, and whether one answers. Requests go to ControlURL.
// Without one the data may be opened by this process, if LockData lets it.
func Dial(data string) (*http.Client, bool) {
	path := socketPath(data)
	conn, err := dialUnix(context.Background(), path)
	if err != nil {
		return nil, false
	}
	conn.Close()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return dialUnix(ctx, path) }
	return &http.Client{Transport: &http.Transport{DialContext: dial}}, true
}

func socketPath(data string) string { return filepath.Join(data, "run", "control.sock") }

func listenUnix(path string) (net.Listener, error) {
	short, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: short})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the short name is gone by then; Close removes the long one
	return l, nil
}

func dialUnix(ctx context.Context, path string) (net.Conn, error) {
	short, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	return (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "unix", short)
}

// maxSocketPath is what sockaddr_un takes on every system we run on (Linux 108, macOS 104, with the final zero).
const maxSocketPath = 103

// shorten returns a name for path that fits into a socket address. Linux reaches a deep folder through an open handle.
func shorten(path string) (short string, done func(), err error) {
	if len(path) <= maxSocketPath || runtime.GOOS != "linux" {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)), func() { dir.Close() }, nil
}

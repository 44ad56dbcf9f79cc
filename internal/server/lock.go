package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// DataLock is the right to use a data folder: one process at a time has it. The kernel gives it back when the process
// ends, however it ends.
type DataLock struct {
	data string
	file *os.File
}

// Held says that another process owns the data folder.
type Held struct {
	Path string // data/lock
	PID  int    // 0 if the lock file does not tell
}

func (h *Held) Error() string {
	who := "another process"
	if h.PID > 0 {
		who = fmt.Sprintf("process %d (ps -fp %[1]d)", h.PID)
	}
	return fmt.Sprintf("%s is held by %s: stop it first, or set data to another folder", h.Path, who)
}

// LockData makes the folder data (mode 0700) if it is missing, and takes data/lock. The error is a *Held if another
// process has it, and otherwise says whose folder it is and which line sets it right.
func LockData(data string) (*DataLock, error) {
	if err := prepare(data); err != nil {
		return nil, err
	}
	path := filepath.Join(data, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, rights(path, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &Held{Path: path, PID: holder(file)}
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := sign(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &DataLock{data: data, file: file}, nil
}

// Close gives the folder back. The lock file stays: removing it would let two processes lock two files of one name.
func (l *DataLock) Close() error { return l.file.Close() }

// sign writes who holds the lock, for the message that the next one reads.
func sign(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holder(file *os.File) int {
	text := make([]byte, 32)
	n, _ := file.ReadAt(text, 0) // a short read is the usual end of file
	pid, err := strconv.Atoi(strings.TrimSpace(string(text[:n])))
	if err != nil {
		return 0
	}
	return pid
}

// prepare makes the folder, and refuses one that others could put files into: it holds keys and everybody's numbers.
func prepare(data string) error {
	info, err := os.Stat(data)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(data, 0o700); err != nil {
			return rights(data, err)
		}
		return nil
	}
	switch {
	case err != nil:
		return rights(data, err)
	case !info.IsDir():
		return fmt.Errorf("data: %s is a file; set data to a folder", data)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("data: %s may be written by others (mode %04o): chmod go-w %s", data, info.Mode().Perm(), quote(data))
	}
	return nil
}

// rights adds to a refused path whose it is and what to type.
func rights(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("data: %w", err)
	}
	near, info := nearest(path)
	what := fmt.Sprintf("data: process of uid %d may not use %s", os.Geteuid(), path)
	owner, ok := ownerOf(info)
	if !ok {
		return fmt.Errorf("%s: %w", what, err)
	}
	if owner == os.Geteuid() {
		return fmt.Errorf("%s: %s has mode %04o: chmod u+rwX %s", what, near, info.Mode().Perm(), quote(near))
	}
	return fmt.Errorf("%s: %s belongs to uid %d: run as that user, or chown -R %d %s", what, near, owner, os.Geteuid(), quote(near))
}

// nearest is path, or the nearest folder around it that can be looked at.
func nearest(path string) (string, fs.FileInfo) {
	for {
		if info, err := os.Stat(path); err == nil {
			return path, info
		}
		around := filepath.Dir(path)
		if around == path {
			return path, nil
		}
		path = around
	}
}

func ownerOf(info fs.FileInfo) (uid int, ok bool) {
	if info == nil {
		return 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}

// quote makes a path safe to paste into a shell.
func quote(path string) string {
	if strings.ContainsAny(path, " '\"$`\\&;()<>|*?[]#~!\t\n") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}

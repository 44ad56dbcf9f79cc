package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrNoPostgres: PostgreSQL is not installed here.
var ErrNoPostgres = errors.New("PostgreSQL is not installed")

// Postgres is a database server of our own.
type Postgres struct {
	URL string
	dir string
	sh  string
}

// StartPostgres runs scripts/postgres of the project at root. durable says whether it waits for the disk, as one that
// is in earnest does.
func StartPostgres(ctx context.Context, root string, durable bool) (*Postgres, error) {
	dir, err := os.MkdirTemp("", "ringback-postgres-")
	if err != nil {
		return nil, err
	}
	p := &Postgres{dir: dir, sh: filepath.Join(root, "scripts", "postgres")}
	if err := os.Chmod(dir, 0o711); err != nil { // it runs as somebody else when we are root
		return nil, err
	}
	cmd := exec.CommandContext(ctx, p.sh, "start", p.data())
	if durable {
		cmd.Env = append(os.Environ(), "DURABLE=on")
	}
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 3 {
			return nil, errors.Join(ErrNoPostgres, os.RemoveAll(dir))
		}
		return nil, errors.Join(fmt.Errorf("%s start: %w", p.sh, err), os.RemoveAll(dir))
	}
	p.URL = strings.TrimSpace(string(out))
	return p, nil
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "server") }

// PID is the server's first process, the parent of all others; 0 when it does not run.
func (p *Postgres) PID() int {
	b, err := os.ReadFile(filepath.Join(p.data(), "db", "postmaster.pid"))
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	pid, _ := strconv.Atoi(line)
	return pid
}

// Close ends the server and removes its data.
func (p *Postgres) Close() error {
	return errors.Join(exec.Command(p.sh, "stop", p.data()).Run(), os.RemoveAll(p.dir))
}

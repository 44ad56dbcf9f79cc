package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"ringback/bench/phones"
	"ringback/bench/proc"
	"ringback/bench/service"
)

// whole is the product: HTTP in, telephones out, every step on disk.
type whole struct {
	svc *service.Service
	api *service.API
	dir string
	pg  *service.Postgres // its database server; nil = SQLite
}

// startWhole runs a service on an empty folder; without a database server it stores in a file.
func startWhole(ctx context.Context, binary string, pg *service.Postgres) (*whole, error) {
	database := "sqlite"
	if pg != nil {
		database = pg.URL
	}
	dir, err := os.MkdirTemp("", "ringback-bench-")
	if err != nil {
		return nil, err
	}
	w := &whole{dir: dir, pg: pg}
	abs, err := filepath.Abs(binary)
	if err == nil {
		w.svc, err = service.New(service.Options{Binary: abs, Dir: dir, Database: database})
	}
	if err == nil {
		_, err = w.svc.Start(ctx)
	}
	if err == nil {
		err = w.svc.Apply(ctx, service.Seed("127.0.0.1:9"))
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	w.api = w.svc.API()
	return w, nil
}

func (w *whole) pid() int { return w.svc.PID() }

func (w *whole) cpu() time.Duration {
	sum := proc.CPU(w.pid())
	if w.pg != nil {
		for _, pid := range proc.Family(w.pg.PID()) {
			sum += proc.CPU(pid)
		}
	}
	return sum
}

func (w *whole) close() error {
	var err error
	if w.svc != nil {
		err = w.svc.Kill()
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}

// place asks for a callback as a program does, with an operator's key.
func (w *whole) place(ctx context.Context, p *phones.Pair, c *phones.Call) error {
	body, err := json.Marshal(map[string]string{"button": "acme-main", "endpoint": p.Visitor(c), "destination": p.Agent(c), "limits": "skip"})
	if err != nil {
		return err
	}
	got, err := w.api.Make(ctx, fmt.Sprintf("bench-%d-%d", w.pid(), c.ID), body)
	switch {
	case err != nil:
		return fmt.Errorf("POST: %w", err)
	case got.Status != http.StatusCreated:
		return fmt.Errorf("POST: %d %s", got.Status, got.Code)
	}
	return nil
}

// recorded asks the API whether the newest n callbacks ended completed: the record is part of the product. It waits a
// moment for the last ones.
func (w *whole) recorded(ctx context.Context, n int) error {
	ctx, stop := context.WithTimeout(ctx, 15*time.Second)
	defer stop()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := w.outcomes(ctx, n)
		if err == nil && got["ended completed"] == n {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("of %d callbacks on record: %v %w", n, got, errors.Join(err, ctx.Err()))
		}
	}
}

// outcomes counts the states and outcomes of the newest n.
func (w *whole) outcomes(ctx context.Context, n int) (map[string]int, error) {
	got, after := map[string]int{}, ""
	for n > 0 {
		page, next, err := w.api.Newest(ctx, "", after)
		if err != nil {
			return got, err
		}
		for _, c := range page[:min(n, len(page))] {
			what := c.State
			if c.Outcome != "" {
				what += " " + c.Outcome
			}
			got[what]++
		}
		n -= len(page)
		if after = next; after == "" {
			break
		}
	}
	return got, nil
}

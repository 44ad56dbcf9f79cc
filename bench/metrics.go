package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// stored is what the store did, from the product's own metrics.
type stored struct {
	steps, commits, seconds float64
}

// stored reads the metrics of the running product.
func (w *whole) stored(ctx context.Context) (stored, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", w.svc.URL()+"/metrics", nil)
	if err != nil {
		return stored{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return stored{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return stored{}, fmt.Errorf("GET /metrics: %s", resp.Status)
	}
	m, err := samples(resp.Body)
	return stored{m["ringback_commit_batch_sum"], m["ringback_commit_batch_count"], m["ringback_commit_seconds_sum"]}, err
}

// since takes away what was there before.
func (s stored) since(was stored) stored {
	return stored{s.steps - was.steps, s.commits - was.commits, s.seconds - was.seconds}
}

// samples reads the lines of the text format that have no labels.
func samples(r io.Reader) (map[string]float64, error) {
	out := map[string]float64{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") || strings.Contains(name, "{") {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("metric %s: %w", name, err)
		}
		out[name] = v
	}
	return out, lines.Err()
}

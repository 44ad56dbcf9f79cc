package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"ringback/internal/simcarrier"
)

// Carrier is a running simulated telephone network.
type Carrier struct {
	SIP  string // host:port
	HTTP string // URL
	cmd  *exec.Cmd
}

// StartCarrier runs the network on free ports.
func StartCarrier(ctx context.Context, binary string, seed uint64, log io.Writer) (*Carrier, error) {
	cmd := exec.Command(binary, "carrier", "--json", "--listen", "udp://127.0.0.1:0", "--http", "127.0.0.1:0", "--seed", fmt.Sprint(seed))
	var ready struct{ SIP, HTTP string }
	if err := run(ctx, cmd, log, &ready); err != nil {
		return nil, fmt.Errorf("start the carrier: %w", err)
	}
	return &Carrier{SIP: strings.TrimPrefix(ready.SIP, "udp://"), HTTP: ready.HTTP, cmd: cmd}, nil
}

// SetPerson puts somebody behind a number or the last four digits of many. person is the JSON of simcarrier's
// PUT /people.
func (c *Carrier) SetPerson(ctx context.Context, who, person string) error {
	req, err := http.NewRequestWithContext(ctx, "PUT", c.HTTP+"/people/"+who, bytes.NewReader([]byte(person)))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		b, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("person %s: %s: %s", who, resp.Status, b)
	}
	return nil
}

// Ledger returns all rows of the network, oldest first.
func (c *Carrier) Ledger(ctx context.Context) ([]simcarrier.Entry, error) {
	req, err := http.NewRequestWithContext(ctx, "GET", c.HTTP+"/ledger", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var rows []simcarrier.Entry
	if err := json.NewDecoder(resp.Body).Decode(&rows); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return rows, nil
}

// Close ends the network.
func (c *Carrier) Close() error {
	err := c.cmd.Process.Signal(os.Interrupt)
	_ = c.cmd.Wait()
	return err
}

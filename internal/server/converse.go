package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"ringback/internal/fault"
)

// said is a line of the answer of a control request that takes long: what happens now, or, last, the answer.
type said struct {
	Say string
	controlAnswer
}

// converse sends an order over the control socket, tells what happens meanwhile, and reads the answer into v.
func converse(ctx context.Context, client *http.Client, path string, o any, say func(string), v any) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ControlURL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the running service does not answer: %w", err)
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var a said
		if err := d.Decode(&a); err != nil {
			return fmt.Errorf("the running service answered something unreadable: %w", err)
		}
		switch {
		case a.Say != "":
			say(a.Say)
		case a.Error != "":
			return fault.New(a.Code, "%s", a.Error)
		default:
			return json.Unmarshal(a.Value, v)
		}
	}
}

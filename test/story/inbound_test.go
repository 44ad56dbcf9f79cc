package story_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// calls FROM TO PERSON lets somebody of the telephone network call the service; the Call-ID is kept as $call.
func calls(ts *testscript.TestScript, neg bool, args []string) {
	body, err := json.Marshal(map[string]any{"from": args[0], "to": args[1], "person": json.RawMessage(args[2]), "target": ts.Getenv("serve_sip")})
	ts.Check(err)
	resp, err := http.Post(ts.Getenv("carrier_http")+"/calls", "application/json", strings.NewReader(string(body)))
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	var out struct {
		CallID string `json:"call_id"`
	}
	if resp.StatusCode != http.StatusCreated || json.Unmarshal(b, &out) != nil {
		ts.Fatalf("call: %d %s", resp.StatusCode, b)
	}
	ts.Setenv("call", out.CallID)
}

// answered CODE wants the final answer to the call $call; with taken it wants a 200, and keeps its callback as $id.
func answered(ts *testscript.TestScript, neg bool, args []string) {
	within(ts, "the call "+ts.Getenv("call"), func() string {
		row := placed(ts)
		if want := map[string]int{"404": 404, "486": 486, "603": 603, "taken": 200}[args[0]]; row.Final != want {
			return "its final answer is not " + args[0]
		}
		if args[0] != "taken" {
			return ""
		}
		var list struct {
			Data []struct {
				ID        string
				Direction string
			}
		}
		_, b := ask(ts, "GET", "/api/v1/callbacks?limit=1", "")
		ts.Check(json.Unmarshal(b, &list))
		if len(list.Data) == 0 || list.Data[0].Direction != "inbound" {
			return string(b)
		}
		ts.Setenv("id", list.Data[0].ID)
		return ""
	})
}

// talks wants the caller of $call and the telephone that was rung for $id to hear each other, and nothing else for long.
func talks(ts *testscript.TestScript, neg bool, args []string) {
	within(ts, "the talk", func() string { return heardEachOther(append(sides(ts, ts.Getenv("id")), placed(ts))) })
}

// hungup wants the call $call to be over, by our BYE.
func hungup(ts *testscript.TestScript, neg bool, args []string) {
	within(ts, "the call "+ts.Getenv("call"), func() string {
		if placed(ts).ByeAt == nil {
			return "no BYE came"
		}
		return ""
	})
}

// placed is the ledger's row of the call $call.
func placed(ts *testscript.TestScript) (row side) {
	resp, err := http.Get(ts.Getenv("carrier_http") + "/ledger")
	ts.Check(err)
	defer resp.Body.Close()
	var rows []struct {
		CallID string `json:"call_id"`
		side
	}
	ts.Check(json.NewDecoder(resp.Body).Decode(&rows))
	for _, r := range rows {
		if r.CallID == ts.Getenv("call") {
			return r.side
		}
	}
	return side{}
}

func within(ts *testscript.TestScript, what string, wrong func() string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		why := wrong()
		if why == "" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			ts.Fatalf("%s: %s", what, why)
		}
	}
}

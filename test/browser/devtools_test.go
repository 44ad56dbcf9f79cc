//go:build browser

package browser

import (
	"encoding/json"
	"fmt"
	"testing"
)

// chrome is a Chromium as people have it: what test tools turn off for their own ease, such as letting hidden pages sleep,
// is on.
type chrome struct {
	*remote
	tab
	session string
}

// startChrome opens it with one tab, which is in front.
func startChrome(t *testing.T, program string, more ...string) *chrome {
	t.Helper()
	args := append([]string{"--headless=new", "--remote-debugging-port=0", "--user-data-dir=" + t.TempDir(), "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"}, more...)
	address := start(t, "DevTools listening on ", nil, program, append(args, "about:blank")...)
	c := &chrome{remote: reach(t, address)}
	c.tab = tab{t, c.evaluate}
	var all struct {
		TargetInfos []struct{ TargetID, Type string }
	}
	c.do("", "Target.getTargets", map[string]any{}, &all)
	for _, target := range all.TargetInfos {
		if target.Type == "page" {
			c.attach(target.TargetID)
		}
	}
	return c
}

// attach lets a test into a tab, and page.js into its pages.
func (c *chrome) attach(target string) {
	c.tab.t.Helper()
	var attached struct{ SessionID string }
	c.do("", "Target.attachToTarget", map[string]any{"targetId": target, "flatten": true}, &attached)
	c.session = attached.SessionID
	c.do(c.session, "Page.enable", map[string]any{}, nil)
	c.do(c.session, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": "{\n" + pageScript + "\n}"}, nil)
}

func (c *chrome) open(url string) {
	c.tab.t.Helper()
	c.do(c.session, "Page.navigate", map[string]any{"url": url}, nil)
}

// another opens a tab before all others, which are hidden then.
func (c *chrome) another() *chrome {
	c.tab.t.Helper()
	var made struct{ TargetID string }
	c.do("", "Target.createTarget", map[string]any{"url": "about:blank", "newWindow": false}, &made)
	c.do("", "Target.activateTarget", map[string]any{"targetId": made.TargetID}, nil)
	c.until("the tab is not hidden", "document.hidden", patience)
	other := &chrome{remote: c.remote}
	other.tab = tab{c.tab.t, other.evaluate}
	other.attach(made.TargetID)
	return other
}

func (c *chrome) evaluate(script string, out any) error {
	var got struct {
		Result           struct{ Value string }
		ExceptionDetails *struct{ Text string }
	}
	params := map[string]any{"expression": "Promise.resolve(" + script + ").then((v) => JSON.stringify(v ?? null))", "awaitPromise": true, "userGesture": true}
	if err := c.try(c.session, "Runtime.evaluate", params, &got); err != nil {
		return err
	}
	if got.ExceptionDetails != nil {
		return fmt.Errorf("%s: %s", script, got.ExceptionDetails.Text)
	}
	return json.Unmarshal([]byte(got.Result.Value), out)
}

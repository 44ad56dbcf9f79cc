package main

// mutant is a bug built in on purpose: texts of a file and what stands there instead.
type mutant struct {
	name  string
	edits []edit
	in    string // the test that looks for it; "" = simulated days
}

type edit struct{ file, old, new string }

// mutants are what simulated days must find. Each old text must stand in its file exactly once (table_test.go
// asks); when the code moves on, the text here moves with it.
var mutants = []mutant{
	{name: "HangUp missing", edits: []edit{{"internal/callback/effects.go",
		`return c.sw.HangUp(c.ctx, a.Leg, cti.HangUp{Cause: a.Cause, Say: c.said(cb, a)})`,
		`return nil`}}},
	{name: "fence not raised", edits: []edit{
		{"internal/callback/step.go",
			`		d.Fence++ // what the switch does not know may be an order that has yet to arrive`, ``},
		{"internal/callback/step.go",
			`	d.Fence++
	d.Attempts = append`,
			`	d.Attempts = append`},
	}},
	{name: "sent_at after Originate", edits: []edit{{"internal/callback/step.go",
		`CreatedAt: d.at, SentAt: d.at}`,
		`CreatedAt: d.at}`}}},
	{name: "arrived_at reset", edits: []edit{{"internal/callback/step.go",
		`if d.ArrivedAt.IsZero() {`,
		`if true {`}}},
	{name: "CANCEL not sent", edits: []edit{{"internal/cti/ctisip/dialog/call.go",
		`	c.s.oneShot(c.lane, c.s.cancelOf(c.req, c.reason), func(*sip.Response) {})
`, ``}}},
	{name: "reconcile skipped", edits: []edit{{"internal/callback/restart.go",
		`c.sw.Reconcile(ctx, known)`,
		`c.sw.Reconcile(ctx, known[:0])`}}},
	{name: "journal outside the transaction", edits: []edit{
		{"internal/store/storemem/storemem.go",
			`	mu      sync.Mutex
	crashed bool`,
			`	mu      sync.Mutex
	crashed bool
	late    map[id.Callback][]callback.Line`},
		{"internal/store/storemem/storemem.go",
			`	s.write(after, lines)
	return after, nil
}

// grown`,
			`	s.write(after, nil)
	if s.late == nil {
		s.late = map[id.Callback][]callback.Line{}
	}
	s.late[cb] = lines
	return after, nil
}

// grown`},
		{"internal/store/storemem/storemem.go",
			`		after, err = s.step(cb, decide)
		return err
	})
`,
			`		after, err = s.step(cb, decide)
		return err
	})
	if err == nil {
		err = s.do(ctx, "lines", func() error {
			s.journal[cb] = append(s.journal[cb], s.late[cb]...)
			return nil
		})
	}
`},
	}},
	{name: "publish before commit", edits: []edit{
		{"internal/callback/carry.go",
			`	after, err := c.store.Step(c.ctx, cb,`,
			`	if cur, err := c.store.Callback(c.ctx, "", cb); err == nil {
		early := c.draft(cur)
		for _, j := range jobs {
			_ = j.do(early)
		}
		if len(early.lines) > 0 {
			early.Version += int64(len(early.lines))
			c.Publisher.Publish(early.Callback, early.lines)
		}
	}
	after, err := c.store.Step(c.ctx, cb,`},
		{"internal/callback/carry.go",
			`	c.Publisher.Publish(after, d.lines)
`, ``},
	}},
	{name: "two agents reserved", edits: []edit{
		{"internal/callback/moves.go",
			`v.plan(agent.Ready, agent.Status{Presence: agent.Reserved, Callback: d.ID}, false)`,
			`v.plan(agent.Ready, agent.Status{Presence: agent.Reserved, Callback: d.ID}, true)`},
		{"internal/callback/candidates.go",
			`			st.Presence = agent.Reserved
`, ``},
	}},
	{name: "retry ignoring 603", edits: []edit{{"internal/callback/retry.go",
		`ResultVisitorDeclined: {0, "", VisitorDeclined,`,
		`ResultVisitorDeclined: {90 * time.Second, ReasonRetryBusy, VisitorDeclined,`}}},
	{name: "ring timer lost at restart", edits: []edit{
		{"internal/callback/restart.go",
			`		c.wake.at(cb.ID, cb.DueAt)
`, ``},
		{"internal/callback/wake.go",
			`			if c.wake.knows(cb) {`,
			`			if cb != "" {`},
	}},
	{name: "late 200 not ended", edits: []edit{{"internal/cti/ctisip/dialog/foreign.go",
		`	if s.first(i.CallID + " " + d.remoteTag) {`,
		`	if seq == 0 {`}}},
	{name: "a retry goes by when it was tried last", in: "TestOneLine", edits: []edit{{"internal/callback/line.go",
		`func (c *Callback) stands() time.Time {`,
		`func (c *Callback) stands() time.Time {
	if n := len(c.Attempts); n > 0 {
		return c.Attempts[n-1].EndedAt
	}
`}}},
	{name: "who is chosen is not held", in: "TestOneLine", edits: []edit{
		{"internal/callback/moves.go",
			`v.plan(agent.Ready, agent.Status{Presence: agent.Reserved, Callback: d.ID}, false)`,
			`v.plan(agent.Ready, agent.Status{Presence: agent.Ready, Callback: d.ID}, true)`},
	}},
	{name: "nobody looks when an agent has rested", in: "TestOneLine", edits: []edit{{"internal/callback/line.go",
		`		soonest(at)
`,
		`		soonest(at.Add(time.Minute))
`}}},
}

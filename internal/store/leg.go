package store

import (
	"encoding/json"
	"fmt"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/id"
	"ringback/internal/store/micro"
)

const legColumns = `callback_id, n, ord, id, party, kind, endpoint, trunk_id, call_id, switch_ref, state, cause, ended_by, sip_code,
	created_at, sent_at, ringing_at, answered_at, confirmed_at, bridged_at, ended_at, quality, notice_played, agent_id, role`

func loadLegs(q querier, byID map[id.Callback]*callback.Callback, where string, args ...any) error {
	rows, err := q.query("SELECT "+legColumns+" FROM legs WHERE "+where+" ORDER BY callback_id, n, ord", args...)
	if err != nil {
		return err
	}
	_, err = collect(rows, func(scan scanner) (none struct{}, err error) {
		cb, n, l, err := scanLeg(scan)
		if err == nil {
			addLeg(byID[cb], n, l)
		}
		return none, err
	})
	return err
}

func addLeg(c *callback.Callback, n int, l callback.Leg) {
	if c == nil {
		return
	}
	for i := range c.Attempts {
		if c.Attempts[i].N == n {
			c.Attempts[i].Legs = append(c.Attempts[i].Legs, l)
		}
	}
}

func scanLeg(scan scanner) (cb id.Callback, n int, l callback.Leg, err error) {
	var ord, created, sent, ringing, answered, confirmed, bridged, ended, notice int64
	var kind string
	var ref []byte
	var quality string
	err = scan(&cb, &n, &ord, &l.ID, &l.Party, &kind, &l.Endpoint, &l.Trunk, &l.CallID, &ref, &l.State, &l.Cause, &l.By, &l.SIPCode,
		&created, &sent, &ringing, &answered, &confirmed, &bridged, &ended, &quality, &notice, &l.Agent, &l.Role)
	l.NoticePlayed = notice != 0
	l.Ref = string(ref)
	l.CreatedAt, l.SentAt, l.RingingAt, l.AnsweredAt = micro.Time(created), micro.Time(sent), micro.Time(ringing), micro.Time(answered)
	l.ConfirmedAt, l.BridgedAt, l.EndedAt = micro.Time(confirmed), micro.Time(bridged), micro.Time(ended)
	if err == nil && quality != "" {
		err = json.Unmarshal([]byte(quality), &l.Quality)
	}
	return cb, n, l, err
}

var (
	insertLeg = "INSERT INTO legs (" + legColumns + ") VALUES " + placeholders(1, 25)
	updateLeg = `UPDATE legs SET trunk_id = $4, call_id = $5, switch_ref = $6, state = $7, cause = $8, ended_by = $9, sip_code = $10,
		sent_at = $11, ringing_at = $12, answered_at = $13, confirmed_at = $14, bridged_at = $15, ended_at = $16, quality = $17, notice_played = $18, role = $19
		WHERE callback_id = $1 AND n = $2 AND ord = $3`
)

func writeLegs(t *tx, cb id.Callback, n int, before, after []callback.Leg) error {
	if len(after) < len(before) {
		return fmt.Errorf("a step took a leg away")
	}
	for i := range after {
		var err error
		switch l := &after[i]; {
		case i >= len(before):
			_, err = t.exec(insertLeg, string(cb), n, i, string(l.ID), string(l.Party), string(l.Endpoint.Kind()), string(l.Endpoint),
				string(l.Trunk), l.CallID, []byte(l.Ref), string(l.State), string(l.Cause), string(l.By), l.SIPCode, micro.Of(l.CreatedAt),
				micro.Of(l.SentAt), micro.Of(l.RingingAt), micro.Of(l.AnsweredAt), micro.Of(l.ConfirmedAt), micro.Of(l.BridgedAt), micro.Of(l.EndedAt),
				qualityOf(l), number(l.NoticePlayed), string(l.Agent), string(l.Role))
		case before[i] != *l:
			_, err = t.exec(updateLeg, string(cb), n, i, string(l.Trunk), l.CallID, []byte(l.Ref), string(l.State), string(l.Cause), string(l.By),
				l.SIPCode, micro.Of(l.SentAt), micro.Of(l.RingingAt), micro.Of(l.AnsweredAt), micro.Of(l.ConfirmedAt), micro.Of(l.BridgedAt),
				micro.Of(l.EndedAt), qualityOf(l), number(l.NoticePlayed), string(l.Role))
		}
		if err != nil {
			return fmt.Errorf("leg %s: %w", after[i].ID, err)
		}
	}
	return nil
}

// qualityOf is a leg's quality as it is kept: JSON, "" = none.
func qualityOf(l *callback.Leg) string {
	if l.Quality == (cti.Quality{}) {
		return ""
	}
	b, err := json.Marshal(l.Quality)
	if err != nil { // not a number: kept is what can be read again
		return ""
	}
	return string(b)
}

package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ringback/internal/cti"
)

// lines exports how trunks are, at the time of a scrape.
type lines struct {
	of func(context.Context) ([]cti.LineState, error)
}

var (
	descLineUp         = prometheus.NewDesc("ringback_trunk_up", "1 while the trunk can carry calls, 0 while it is down or rests.", []string{"trunk"}, nil)
	descLineRegistered = prometheus.NewDesc("ringback_trunk_registered", "Accounts of the trunk that are registered.", []string{"trunk"}, nil)
	descLineAccounts   = prometheus.NewDesc("ringback_trunk_accounts", "Accounts of the trunk that are to be registered.", []string{"trunk"}, nil)
	descLineCalls      = prometheus.NewDesc("ringback_trunk_calls", "Calls on the trunk now.", []string{"trunk"}, nil)
	descLineSent       = prometheus.NewDesc("ringback_trunk_calls_total", "Calls that were given to the trunk.", []string{"trunk"}, nil)
	descLineAnswered   = prometheus.NewDesc("ringback_trunk_answered_total", "Calls of the trunk that were answered.", []string{"trunk"}, nil)
	descLineShort      = prometheus.NewDesc("ringback_trunk_short_total", "Answered calls of the trunk that lasted at most 12 s.", []string{"trunk"}, nil)
	descLineAnswerRate = prometheus.NewDesc("ringback_trunk_answer_rate", "Share of the last hundred calls that were answered.", []string{"trunk"}, nil)
	descLineShortShare = prometheus.NewDesc("ringback_trunk_short_share", "Share of the last hundred calls that were answered and lasted at most 12 s.", []string{"trunk"}, nil)
)

func (l lines) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLineUp, descLineRegistered, descLineAccounts, descLineCalls, descLineSent, descLineAnswered, descLineShort, descLineAnswerRate, descLineShortShare} {
		ch <- d
	}
}

func (l lines) Collect(ch chan<- prometheus.Metric) {
	ctx, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	all, err := l.of(ctx)
	if err != nil {
		return // the switch is away: what it does not tell is not told
	}
	for _, s := range all {
		put := func(d *prometheus.Desc, kind prometheus.ValueType, v float64) {
			ch <- prometheus.MustNewConstMetric(d, kind, v, s.Slug)
		}
		registered := 0
		for _, a := range s.Accounts {
			if a.Registered {
				registered++
			}
		}
		up := 1.0
		if s.Condition == cti.LineDown || s.Condition == cti.LineResting {
			up = 0
		}
		put(descLineUp, prometheus.GaugeValue, up)
		put(descLineRegistered, prometheus.GaugeValue, float64(registered))
		put(descLineAccounts, prometheus.GaugeValue, float64(len(s.Accounts)))
		put(descLineCalls, prometheus.GaugeValue, float64(s.Calls))
		put(descLineSent, prometheus.CounterValue, float64(s.Figures.Sent))
		put(descLineAnswered, prometheus.CounterValue, float64(s.Figures.Answered))
		put(descLineShort, prometheus.CounterValue, float64(s.Figures.Short))
		if n := float64(s.Figures.Recent); n > 0 {
			put(descLineAnswerRate, prometheus.GaugeValue, float64(s.Figures.RecentAnswered)/n)
			put(descLineShortShare, prometheus.GaugeValue, float64(s.Figures.RecentShort)/n)
		}
	}
}

package server

import (
	"errors"
	"maps"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"ringback/internal/callback"
	"ringback/internal/cti"
	"ringback/internal/cti/ctisip"
	"ringback/internal/cti/ctisip/media"
	"ringback/internal/letter"
)

// meter is what an operator watches, as Prometheus metrics. It is the conductor's callback.Meter.
type meter struct {
	registry   *prometheus.Registry
	ended      *prometheus.CounterVec
	invite     prometheus.Histogram
	commit     prometheus.Histogram
	batch      prometheus.Histogram
	refused    *prometheus.CounterVec
	outOfPlace *prometheus.CounterVec
	late       prometheus.Histogram
	letters    *prometheus.CounterVec
	alarms     *prometheus.CounterVec
	panics     atomic.Int64 // in HTTP handlers
}

func newMeter() *meter {
	m := &meter{registry: prometheus.NewRegistry()}
	m.ended = m.counters("ringback_callbacks_total", "Callbacks that ended, by outcome.", "outcome")
	m.invite = m.histogram("ringback_accept_to_invite_seconds", "From the wish on disk to the order of its first leg.", prometheus.ExponentialBuckets(0.0005, 2, 14))
	m.commit = m.histogram("ringback_commit_seconds", "From BEGIN to the answer of a commit.", prometheus.ExponentialBuckets(0.00025, 2, 14))
	m.batch = m.histogram("ringback_commit_batch", "Steps that shared a commit.", prometheus.ExponentialBuckets(1, 2, 8))
	m.refused = m.counters("ringback_originate_refused_total", "Orders the switch refused, by why.", "error")
	m.outOfPlace = m.counters("ringback_out_of_place_total", "Events that did not fit the state, by event.", "event")
	m.late = m.histogram("ringback_due_late_seconds", "How late wake-ups were.", prometheus.ExponentialBuckets(0.001, 4, 9))
	m.letters = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ringback_letters_total", Help: "Tries to send a letter, by kind and what came of it: sent, failed (it is tried again), given_up."}, []string{"kind", "result"})
	m.registry.MustRegister(m.letters)
	m.alarms = m.counters("ringback_alarms_total", "What the operator was told of, by kind.", "kind")
	for _, k := range callback.AlarmKinds {
		m.alarms.WithLabelValues(string(k))
	}
	for _, k := range []letter.Kind{letter.Mail, letter.SMS, letter.Hook} {
		for _, result := range []string{"sent", "failed", "given_up"} {
			m.letters.WithLabelValues(string(k), result)
		}
	}
	// A series that appears only with its first count shows no rise: those that are known begin at 0.
	for _, o := range callback.Outcomes {
		m.ended.WithLabelValues(string(o))
	}
	for label := range refusals {
		m.refused.WithLabelValues(label)
	}
	for _, e := range []cti.EventKind{cti.LegSent, cti.LegRinging, cti.LegAnswered, cti.LegConfirmed, cti.LegJoined, cti.LegEnded} {
		m.outOfPlace.WithLabelValues(string(e))
	}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meter) counters(name, help, label string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	m.registry.MustRegister(c)
	return c
}

func (m *meter) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

func (m *meter) Invited(d time.Duration) { m.invite.Observe(d.Seconds()) }
func (m *meter) Ended(o callback.Outcome) {
	m.ended.WithLabelValues(string(o)).Inc()
}
func (m *meter) OutOfPlace(event string) { m.outOfPlace.WithLabelValues(event).Inc() }
func (m *meter) Late(d time.Duration)    { m.late.Observe(max(d, 0).Seconds()) }
func (m *meter) Refused(err error)       { m.refused.WithLabelValues(refusal(err)).Inc() }

func (m *meter) Alarmed(k callback.AlarmKind) { m.alarms.WithLabelValues(string(k)).Inc() }

func (m *meter) letter(k letter.Kind, result string) {
	m.letters.WithLabelValues(string(k), result).Inc()
}

func (m *meter) committed(units int, took time.Duration) {
	m.batch.Observe(float64(units))
	m.commit.Observe(took.Seconds())
}

// refusals are the labels of what a switch refuses with.
var refusals = map[string]error{"second_call": cti.ErrSecondCall, "stale_token": cti.ErrStaleToken, "cancelled": cti.ErrCancelled,
	"past_deadline": cti.ErrPastDeadline, "not_reconciled": cti.ErrNotReconciled, "no_trunk": cti.ErrNoTrunk, "down": cti.ErrDown}

// refusal is the label of a switch's refusal.
func refusal(err error) string {
	for label, known := range refusals {
		if errors.Is(err, known) {
			return label
		}
	}
	return "other"
}

// watch exports what the conductor and the switch count themselves.
func (m *meter) watch(live func() map[callback.State]int, sw *ctisip.Counters) {
	m.registry.MustRegister(&snapshot{live: live, sw: sw, web: &m.panics})
}

// watchLadder exports what the ladder had no room for.
func (m *meter) watchLadder(dropped func() int64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "ringback_ladder_dropped_total",
		Help: "Messages and notes of calls that `explain --sip` will miss: the disk was too slow or full."}, func() float64 { return float64(dropped()) }))
}

// snapshot reads counts at the time of a scrape.
type snapshot struct {
	live func() map[callback.State]int
	sw   *ctisip.Counters
	web  *atomic.Int64
}

var (
	descLive     = prometheus.NewDesc("ringback_callbacks_live", "Callbacks that have not ended, by state.", []string{"state"}, nil)
	descLegs     = prometheus.NewDesc("ringback_legs_live", "Legs that have not ended, by kind.", []string{"kind"}, nil)
	descEnded    = prometheus.NewDesc("ringback_legs_ended_total", "Legs that ended, by cause.", []string{"cause"}, nil)
	descRTP      = prometheus.NewDesc("ringback_rtp_packets_total", "RTP packets, by direction.", []string{"dir"}, nil)
	descRTPDrop  = prometheus.NewDesc("ringback_rtp_dropped_total", "RTP packets dropped, by why.", []string{"why"}, nil)
	descSIPDrop  = prometheus.NewDesc("ringback_sip_dropped_total", "SIP messages dropped, by why.", []string{"why"}, nil)
	descPanics   = prometheus.NewDesc("ringback_panics_total", "Panics caught in handlers; each is a defect.", nil, nil)
	descPhones   = prometheus.NewDesc("ringback_registrations", "Telephones that are registered, by transport.", []string{"transport"}, nil)
	descArrived  = prometheus.NewDesc("ringback_calls_arrived_total", "Calls that came in over trunks, by what became of them at the door: taken, full.", []string{"what"}, nil)
	descDialled  = prometheus.NewDesc("ringback_phones_dialled_total", "Calls that registered telephones began, by what became of them.", []string{"what"}, nil)
	descRegister = prometheus.NewDesc("ringback_register_refused_total", "REGISTERs that were refused, by why.", []string{"why"}, nil)
	descFailover = prometheus.NewDesc("ringback_silent_failover_total", "Second trunks tried because the first was silent.", nil, nil)
)

func (s *snapshot) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLive, descLegs, descEnded, descRTP, descRTPDrop, descSIPDrop, descPanics, descFailover, descPhones, descDialled, descArrived, descRegister} {
		ch <- d
	}
}

func (s *snapshot) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	total := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	live := s.live()
	for _, st := range callback.States[:len(callback.States)-1] {
		gauge(descLive, float64(live[st]), string(st))
	}
	legs := s.sw.LegsLive.All()
	for _, k := range []cti.Kind{cti.Tel, cti.SIP, cti.Web} {
		gauge(descLegs, float64(legs[string(k)]), string(k))
	}
	ended := s.sw.LegsEnded.All()
	for _, c := range cti.Causes {
		total(descEnded, float64(ended[string(c)]), string(c))
	}
	dropped := map[string]int64{"source": 0, "malformed": 0, "streams": 0}
	maps.Copy(dropped, s.sw.SIPDropped.All())
	for why, n := range dropped {
		total(descSIPDrop, float64(n), why)
	}
	phones := map[string]int64{"udp": 0, "tcp": 0}
	maps.Copy(phones, s.sw.Registered.All())
	for transport, n := range phones {
		gauge(descPhones, float64(n), transport)
	}
	arrived := map[string]int64{"taken": 0, "full": 0}
	maps.Copy(arrived, s.sw.Arrived.All())
	for what, n := range arrived {
		total(descArrived, float64(n), what)
	}
	dialled := map[string]int64{"refused": 0, "emergency": 0, "emergency_refused": 0}
	maps.Copy(dialled, s.sw.Dialled.All())
	for what, n := range dialled {
		total(descDialled, float64(n), what)
	}
	refused := map[string]int64{"password": 0, "replay": 0, "banned": 0, "rate": 0}
	maps.Copy(refused, s.sw.RegisterRefused.All())
	for why, n := range refused {
		total(descRegister, float64(n), why)
	}
	rtp := &s.sw.RTP
	total(descRTP, float64(rtp.In.Load()), "in")
	total(descRTP, float64(rtp.Out.Load()), "out")
	for _, why := range media.Whys {
		total(descRTPDrop, float64(rtp.Dropped(why)), why.String())
	}
	total(descPanics, float64(s.sw.Panics.Load()+rtp.Panics.Load()+s.web.Load()))
	total(descFailover, float64(s.sw.SilentFailovers.Load()))
}

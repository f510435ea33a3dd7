package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// Collector is the metrics view of the tracker. All but the histogram are read
// from one snapshot at each scrape, so that a scrape never sees half a change.
type Collector struct {
	tracker      *track.Tracker
	duration     *prometheus.HistogramVec
	linesDropped prometheus.CounterFunc
	descs
}

type descs struct {
	up, condition, since, transitions        *prometheus.Desc
	rounds, success, failures, requests      *prometheus.Desc
	roundDuration, lastRound                 *prometheus.Desc
	expiration, rotations, infoUpdated, info *prometheus.Desc
	clockOffset, hopLimit, v1, drops         *prometheus.Desc
}

// desc makes a descriptor; its name carries the prefix imds_.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("imds_"+name, help, labels, nil)
}

func newDescs() descs {
	return descs{
		up:            desc("up", "Whether IMDS answered hostname to a request with a session token.", "vantage"),
		condition:     desc("condition", "Whether this is the vantage's condition: the one root cause. Exactly one is 1.", "vantage", "condition"),
		since:         desc("condition_since_timestamp_seconds", "When the condition was first seen, in seconds since the epoch.", "vantage"),
		transitions:   desc("condition_transitions_total", "Changes of the condition.", "vantage"),
		rounds:        desc("rounds_total", "Rounds by what they were worth: good found a healthy IMDS, bad anything else, local failed for want of something on this host and is no verdict.", "vantage", "outcome"),
		success:       desc("probe_success", "Whether the probe passed in the last round; a skipped probe did not.", "vantage", "probe"),
		failures:      desc("probe_failures_total", "Rounds in which the probe failed, blips included; attempts are the count of imds_probe_duration_seconds.", "vantage", "probe"),
		requests:      desc("requests_total", "HTTP requests to IMDS by the answer's status code; error where no whole answer came.", "code"),
		roundDuration: desc("round_duration_seconds", "How long the last round took.", "vantage"),
		lastRound:     desc("last_round_timestamp_seconds", "When the last round ended, in seconds since the epoch.", "vantage"),
		expiration:    desc("credentials_expiration_timestamp_seconds", "When the credentials last seen expire, in seconds since the epoch; kept while IMDS cannot be asked.", "vantage"),
		rotations:     desc("credentials_rotations_total", "How often the credentials were replaced by others.", "vantage"),
		infoUpdated:   desc("iam_info_last_updated_timestamp_seconds", "When EC2 last refreshed the instance profile, by iam/info, in seconds since the epoch.", "vantage"),
		info:          desc("instance_profile_info", "The instance profile and role last seen; always 1.", "vantage", "instance_profile_arn", "instance_profile_id", "role"),
		clockOffset:   desc("clock_offset_seconds", "How far the host clock is ahead of IMDS's."),
		hopLimit:      desc("token_hop_limit_min", "The answer to the token PUT survives at least this many hops; 1 reaches the host only."),
		v1:            desc("v1_enabled", "Whether IMDS answers requests without a session token (IMDSv1)."),
		drops:         desc("linklocal_allowance_exceeded_total", "Packets to link-local services (IMDS, DNS, NTP) that the network driver dropped beyond the limit.", "device"),
	}
}

// New returns the metrics of a tracker. linesDropped counts the log lines that were
// not written; nil is none.
func New(tracker *track.Tracker, linesDropped func() uint64) *Collector {
	if linesDropped == nil {
		linesDropped = func() uint64 { return 0 }
	}
	return &Collector{
		tracker: tracker,
		descs:   newDescs(),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:                           "imds_probe_duration_seconds",
			Help:                           "How long the exchanges of a probe took together.",
			NativeHistogramBucketFactor:    1.1,
			NativeHistogramMaxBucketNumber: 100,
		}, []string{"vantage", "probe"}),
		linesDropped: prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "imds_probe_log_lines_dropped_total",
			Help: "Log lines that standard error did not take in time.",
		}, func() float64 { return float64(linesDropped()) }),
	}
}

// RegisterOwn registers what is the agent's alone: the metrics whose names begin
// with imds_. No other exporter has any of them.
func (m *Collector) RegisterOwn(reg prometheus.Registerer) error {
	return register(reg, m, m.duration, m.linesDropped, versioncollector.NewCollector("imds_probe"))
}

// RegisterProcess registers what every exporter has of its own process, and with
// goRuntime what it has of Go's runtime.
func RegisterProcess(reg prometheus.Registerer, goRuntime bool) error {
	if goRuntime {
		return register(reg, newProcessCollector(), collectors.NewGoCollector())
	}
	return register(reg, newProcessCollector())
}

func register(reg prometheus.Registerer, all ...prometheus.Collector) error {
	errs := make([]error, len(all))
	for i, c := range all {
		errs[i] = reg.Register(c)
	}
	return errors.Join(errs...)
}

// Observe counts the durations of a round.
func (m *Collector) Observe(r probes.Round) {
	for _, p := range probes.Ladder() {
		if result := r.Result(p); len(result.Exchanges) > 0 {
			m.duration.WithLabelValues(r.Vantage, p.String()).Observe(result.Duration().Seconds())
		}
	}
}

// Describe implements [prometheus.Collector].
func (m *Collector) Describe(ch chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, ch)
}

// Collect implements [prometheus.Collector].
func (m *Collector) Collect(ch chan<- prometheus.Metric) {
	s := m.tracker.Snapshot()
	out := sink(ch)
	for _, v := range s.Vantages {
		m.collectCondition(out, v)
		m.collectProbes(out, v)
		m.collectCredentials(out, v)
	}
	for code, n := range s.Requests {
		out.counter(m.requests, float64(n), code)
	}
	for device, n := range s.Drops {
		out.counter(m.drops, float64(n), device)
	}
	if clock := s.Vantages[0].Known.Clock; clock.Measured {
		out.gauge(m.clockOffset, clock.Estimate().Seconds())
	}
	if s.HopLimit > 0 {
		out.gauge(m.hopLimit, float64(s.HopLimit))
	}
	if s.V1 != nil {
		out.gauge(m.v1, bit(*s.V1))
	}
}

func (m *Collector) collectCondition(out sink, v track.State) {
	for _, c := range probes.Conditions() {
		out.gauge(m.condition, bit(c == v.Diagnosis.Condition), v.Vantage, c.String())
	}
	out.gauge(m.since, seconds(v.Since), v.Vantage)
	out.counter(m.transitions, float64(v.Transitions), v.Vantage)
}

func (m *Collector) collectProbes(out sink, v track.State) {
	out.gauge(m.up, bit(v.Last.Result(probes.ProbeHostname).Status == probes.StatusPass), v.Vantage)
	for _, p := range probes.Ladder() {
		out.gauge(m.success, bit(v.Last.Result(p).Status == probes.StatusPass), v.Vantage, p.String())
		out.counter(m.failures, float64(v.Failures[p]), v.Vantage, p.String())
	}
	for outcome, n := range map[string]int{"good": v.Rounds.Good, "bad": v.Rounds.Bad, "local": v.Rounds.Local} {
		out.counter(m.rounds, float64(n), v.Vantage, outcome)
	}
	if !v.Last.Start.IsZero() {
		out.gauge(m.roundDuration, v.Last.Duration.Seconds(), v.Vantage)
		out.gauge(m.lastRound, seconds(v.Last.End()), v.Vantage)
	}
}

func (m *Collector) collectCredentials(out sink, v track.State) {
	out.counter(m.rotations, float64(v.Rotations), v.Vantage)
	if v.Diagnosis.Reason == probes.ReasonVantageGone {
		return // credentials of a container that has ended are nobody's
	}
	if !v.Known.Expiration.IsZero() {
		out.gauge(m.expiration, seconds(v.Known.Expiration), v.Vantage)
	}
	if updated := v.Round.Info().LastUpdated; !updated.IsZero() {
		out.gauge(m.infoUpdated, seconds(updated), v.Vantage)
	}
	if k := v.Known; !k.Absent && (k.ProfileARN != "" || k.Role != "") {
		out.gauge(m.info, 1, v.Vantage, k.ProfileARN, k.ProfileID, k.Role)
	}
}

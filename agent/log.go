package agent

import (
	"errors"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// logEvent writes one event to the log.
func logEvent(log *zap.Logger, e track.Event) {
	v := e.State
	event := []zap.Field{zap.String("event", string(e.Kind)), zap.String("vantage", v.Vantage)}
	switch e.Kind {
	case track.EventConditionChanged:
		severity := v.Diagnosis.Condition.Severity()
		log.Log(levelOf(severity), probes.Explain(v.Diagnosis.Condition).Title, append(event, conditionFields(e)...)...)
	case track.EventRotated:
		log.Info("credentials were renewed", append(event,
			zap.String("role", v.Known.Role), zap.Time("expiration", v.Known.Expiration.UTC()), zap.Int("rotations", v.Rotations))...)
	case track.EventProfileChanged:
		log.Warn("the instance profile or its role was changed", append(event,
			zap.Stringer("reason", e.Change),
			zap.String("instance_profile_arn_before", e.Before.ProfileARN), zap.String("instance_profile_arn", v.Known.ProfileARN),
			zap.String("instance_profile_id_before", e.Before.ProfileID), zap.String("instance_profile_id", v.Known.ProfileID),
			zap.String("role_before", e.Before.Role), zap.String("role", v.Known.Role))...)
	case track.EventBlip:
		log.Info("a fault came and went before it was confirmed", append(event,
			zap.Stringer("condition", e.Blip.Condition), zap.Stringer("reason", e.Blip.Reason))...)
	case track.EventStarted, track.EventStopping: // of the process, not of a vantage: see Agent.Run
	}
}

func levelOf(s probes.Severity) zapcore.Level {
	switch s {
	case probes.SeverityCritical:
		return zapcore.ErrorLevel
	case probes.SeverityWarning:
		return zapcore.WarnLevel
	case probes.SeverityOK, probes.SeverityUnknown:
	}
	return zapcore.InfoLevel
}

func conditionFields(e track.Event) []zap.Field {
	v := e.State
	code, message := v.Round.Code()
	steps := report.Remedy(v)
	remedy := make([]string, len(steps))
	for i, s := range steps {
		remedy[i] = s.String()
	}
	return []zap.Field{
		zap.Stringer("from", e.Transition.From),
		zap.Stringer("to", e.Transition.To),
		zap.Stringer("severity", v.Diagnosis.Condition.Severity()),
		zap.Float64("held_seconds", e.Transition.HeldSeconds),
		zap.String("code", code),
		zap.String("message", message),
		zap.Stringer("reason", v.Diagnosis.Reason),
		zap.String("summary", probes.Summary(v.Round, v.Diagnosis)),
		zap.Object("evidence", evidence(v.Round.Result(v.Diagnosis.Probe).Answer())),
		zap.Strings("remedy", remedy),
		zap.String("doc", probes.Explain(v.Diagnosis.Condition).Doc),
	}
}

// evidence is the exchange at which the condition showed.
type evidence probes.Exchange

// MarshalLogObject implements [zapcore.ObjectMarshaler].
func (e evidence) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	r := report.NewExchange(probes.Exchange(e))
	enc.AddString("method", r.Method)
	enc.AddString("path", r.Path)
	enc.AddInt("status", r.Status)
	enc.AddString("server", r.Server)
	enc.AddString("error", r.Error)
	enc.AddString("errno", r.Errno)
	enc.AddFloat64("connect_seconds", r.ConnectSeconds)
	enc.AddFloat64("first_byte_seconds", r.FirstByteSeconds)
	enc.AddFloat64("duration_seconds", r.DurationSeconds)
	return nil
}

func logRound(log *zap.Logger, r probes.Round) {
	if entry := log.Check(zapcore.DebugLevel, "round"); entry != nil {
		entry.Write(
			zap.String("vantage", r.Vantage), zap.Duration("duration", r.Duration.Round(time.Microsecond)), zap.Int("exchanges", len(r.Exchanges())))
	}
}

// logUnusable says what became of a state file that cannot be used.
func logUnusable(log *zap.Logger, err error) {
	e, ok := errors.AsType[*track.UnusableError](err)
	switch {
	case !ok:
	case e.Aside == "":
		log.Warn("the state file cannot be used; it is left as it is, and no state is kept",
			zap.String("path", e.Path), zap.String("why", e.Why.Error()))
	default:
		log.Warn("the state file cannot be used; starting without", zap.String("path", e.Path),
			zap.String("why", e.Why.Error()), zap.String("set_aside_as", e.Aside), zap.NamedError("set_aside_error", e.AsideErr))
	}
}

package probes_test

import (
	"encoding"
	"fmt"
	"testing"

	"github.com/imds-probe/imds-probe/probes"
)

// enum is what all closed sets have.
type enum interface {
	~uint8
	fmt.Stringer
	encoding.TextMarshaler
}

// checkEnum wants the first n values to have distinct names that survive a round
// trip, and every value beyond to be refused.
func checkEnum[T enum, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, n int, zero string) {
	t.Helper()
	seen := map[string]bool{}
	for i := range 256 {
		v := T(i)
		text, err := v.MarshalText()
		if i >= n {
			if err == nil {
				t.Errorf("%T(%d) is outside the set and marshals as %q", v, i, text)
			}
			if want := fmt.Sprintf("(%d)", i); v.String() == "" || v.String()[len(v.String())-len(want):] != want {
				t.Errorf("%T(%d).String() = %q", v, i, v.String())
			}
			continue
		}
		if err != nil || string(text) != v.String() || seen[v.String()] || v.String() == "" {
			t.Errorf("%T(%d): %q, %v, seen %v", v, i, text, err, seen[v.String()])
		}
		seen[v.String()] = true
		var back T
		if err := P(&back).UnmarshalText(text); err != nil || back != v {
			t.Errorf("%q parses as %v, %v", text, back, err)
		}
	}
	if T(0).String() != zero {
		t.Errorf("zero value is %v, want %s", T(0), zero)
	}
	var v T
	if P(&v).UnmarshalText([]byte("no such name")) == nil {
		t.Errorf("%T accepts an unknown name", v)
	}
}

func TestEnums(t *testing.T) {
	checkEnum[probes.Condition, *probes.Condition](t, len(probes.Conditions()), "unknown")
	checkEnum[probes.Reason, *probes.Reason](t, len(probes.Reasons()), "none")
	checkEnum[probes.Severity, *probes.Severity](t, 4, "unknown")
	checkEnum[probes.Status, *probes.Status](t, 4, "unknown")
	checkEnum[probes.Probe, *probes.Probe](t, len(probes.Ladder()), "token")
	checkEnum[probes.Presence, *probes.Presence](t, 3, "required")
}

func TestExitCodes(t *testing.T) {
	for severity, want := range map[probes.Severity]int{
		probes.SeverityOK: 0, probes.SeverityWarning: 1, probes.SeverityCritical: 2, probes.SeverityUnknown: 3, 99: 3,
	} {
		if got := severity.ExitCode(); got != want {
			t.Errorf("%v exits with %d, want %d", severity, got, want)
		}
	}
}

func TestWorst(t *testing.T) {
	h, w, c, u := probes.ConditionHealthy, probes.ConditionRotationStalled, probes.ConditionNoRole, probes.ConditionUnknown
	for _, tc := range []struct {
		in   []probes.Condition
		want probes.Condition
	}{
		{nil, u},
		{[]probes.Condition{h}, h},
		{[]probes.Condition{h, u}, u},
		{[]probes.Condition{u, w, h}, w},
		{[]probes.Condition{w, u, c, h}, c},
		{[]probes.Condition{c, probes.ConditionTokenRefused}, c},
	} {
		if got := probes.Worst(tc.in...); got != tc.want {
			t.Errorf("worst of %v is %v, want %v", tc.in, got, tc.want)
		}
	}
}

package doctor

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// labelValue escapes a label's value.
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
var labelValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// WritePrometheus writes the audit for node_exporter's textfile collector. It has a
// series for each problem of each profile, none for each instance.
func (r AuditReport) WritePrometheus(w io.Writer) error {
	var b bytes.Buffer
	family := func(name, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
	}
	family("iam_doctor_audit_timestamp_seconds", "When the audit was made, as a Unix time.")
	fmt.Fprintf(&b, "iam_doctor_audit_timestamp_seconds{account=\"%s\"} %d\n", labelValue.Replace(r.Account), r.CheckedAt.Unix())
	family("iam_doctor_audit_complete", "Whether all was answered: 0 if a permission was lacking or a region did not answer.")
	fmt.Fprintf(&b, "iam_doctor_audit_complete{account=\"%s\"} %d\n", labelValue.Replace(r.Account), r.complete())
	family("iam_doctor_audit_instances", "Running instances that the audit looked at.")
	fmt.Fprintf(&b, "iam_doctor_audit_instances{account=\"%s\"} %d\n", labelValue.Replace(r.Account), r.Counts.Instances)
	family("iam_doctor_audit_problem_instances", "Instances with the problem, by profile; the profile is empty where the problem is not one of a profile.")
	for _, s := range r.series() {
		fmt.Fprintf(&b, "iam_doctor_audit_problem_instances{account=\"%s\",condition=\"%s\",severity=\"%s\",instance_profile=\"%s\"} %d\n",
			labelValue.Replace(r.Account), labelValue.Replace(string(s.Condition)), s.Severity, labelValue.Replace(s.Profile), s.n)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// complete is 1 if nothing was left out.
func (r AuditReport) complete() int {
	for _, p := range r.Problems {
		if p.Severity.ExitCode() == 3 && p.Condition != ConditionInstanceNotFound {
			return 0
		}
	}
	return 1
}

// problemSeries is a problem of a profile, whatever its reasons.
type problemSeries struct {
	Problem
	n int
}

// series adds up the problems that differ in their reason or role only, so that no
// series is there twice.
func (r AuditReport) series() []problemSeries {
	var all []problemSeries
	place := map[string]int{}
	for _, p := range r.Problems {
		key := string(p.Condition) + "\x00" + p.Profile
		i, known := place[key]
		if !known {
			i = len(all)
			place[key] = i
			all = append(all, problemSeries{Problem: p})
		}
		all[i].n += len(p.Instances)
	}
	return all
}

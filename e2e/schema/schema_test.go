package schema_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/zap"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/agent/report"
	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/imdstest"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// source returns the schema as it is in docs.
func source(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", "status.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, text).(map[string]any)
}

func parse(t *testing.T, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// strict compiles the schema so that it allows no field which it does not
// describe. Readers must allow them; what we write must be described.
func strict(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema := source(t)
	forbidOthers(schema)
	for _, definition := range schema["$defs"].(map[string]any) {
		forbidOthers(definition.(map[string]any))
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource("status.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("status.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func forbidOthers(schema map[string]any) {
	if schema["properties"] != nil {
		schema["additionalProperties"] = false
	}
}

// options are those of a scenario, against a simulator in memory.
func options(t *testing.T, sc imdstest.Scenario, sim *imdstest.Simulator) agent.Options {
	t.Helper()
	o := agent.Options{
		Endpoint: "http://127.0.0.1:1", Interval: 30 * time.Second, Timeout: time.Second, Policy: probes.DefaultPolicy(),
		TelemetryPath: "/metrics", Version: "1.2.3", Logger: zap.NewNop(), HTTPClient: wire.NewClient(sim.Dial),
	}
	for _, arg := range sc.Args {
		name, value, _ := strings.Cut(arg, "=")
		pattern, err := probes.Anchored(value)
		switch name {
		case "--expect.profile":
			err = o.Policy.Profile.UnmarshalText([]byte(value))
		case "--expect.role":
			o.Policy.Role = pattern
		case "--expect.profile-arn":
			o.Policy.ProfileARN = pattern
		case "--imds.allow-server":
			o.Policy.AllowServer = pattern
		default:
			t.Fatalf("a scenario needs an unknown flag: %s", arg)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// status is what the daemon serves once it has confirmed a scenario.
func status(t *testing.T, sc imdstest.Scenario) []byte {
	t.Helper()
	sim := imdstest.New(imdstest.MustFind("healthy"))
	a, err := agent.New(t.Context(), options(t, sc, sim))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	time.Sleep(time.Second) // of the bubble's
	sc.Before = 0
	sim.Set(sc)
	time.Sleep(2 * time.Minute)
	synctest.Wait()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/status", nil))
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	time.Sleep(time.Minute) // lets answers that drip find their client gone
	return w.Body.Bytes()
}

// checked is what check prints of a scenario.
func checked(t *testing.T, sc imdstest.Scenario) []byte {
	t.Helper()
	sim := imdstest.New(sc)
	found, err := agent.Check(t.Context(), options(t, sc, sim))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := report.WriteJSON(&out, found); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
	return out.Bytes()
}

func TestStatusOfScenarios(t *testing.T) {
	schema := strict(t)
	for _, sc := range imdstest.Scenarios() {
		t.Run(sc.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, text := range [][]byte{status(t, sc), checked(t, sc)} {
					if err := schema.Validate(parse(t, text)); err != nil {
						t.Errorf("%v\n%s", err, text)
					}
				}
			})
		})
	}
}

// TestSchemaRefuses wants the schema to see what is missing, wrong or unknown.
func TestSchemaRefuses(t *testing.T) {
	schema := strict(t)
	synctest.Test(t, func(t *testing.T) {
		whole := parse(t, status(t, imdstest.MustFind("no_role"))).(map[string]any)
		for name := range whole {
			changed := maps.Clone(whole)
			changed[name] = json.Number("-1.5")
			if schema.Validate(changed) == nil {
				t.Errorf("%s may be -1.5", name)
			}
			delete(changed, name)
			if schema.Validate(changed) == nil {
				t.Errorf("%s may be missing", name)
			}
		}
		whole["other"] = true
		if schema.Validate(whole) == nil {
			t.Error("a field may be there that the schema does not describe")
		}
	})
}

// TestSchemaNames wants the closed sets of the schema to be those of the code.
func TestSchemaNames(t *testing.T) {
	definitions := source(t)["$defs"].(map[string]any)
	for set, want := range map[string][]string{
		"condition": names(probes.Conditions()),
		"reason":    names(probes.Reasons()),
		"probe":     names(probes.Ladder()),
	} {
		var got []string
		for _, name := range definitions[set].(map[string]any)["enum"].([]any) {
			got = append(got, name.(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s -code +schema:\n%s", set, diff)
		}
	}
}

func names[T interface{ String() string }](values []T) (all []string) {
	for _, v := range values {
		all = append(all, v.String())
	}
	return all
}

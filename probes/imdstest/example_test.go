package imdstest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

var t *testing.T // that of a test

// A test starts a simulator, and lets the SDK of what it tests find it.
func ExampleStart() {
	imds := imdstest.Start(t, "no_instance_profile")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.URL())
}

// Faults combine: here one path fails twice, and all answers are late.
func ExampleStart_faults() {
	imdstest.Start(t, "healthy",
		imdstest.Fault{Path: "meta-data/iam/*", Status: http.StatusServiceUnavailable, Times: 2},
		imdstest.Fault{Delay: 100 * time.Millisecond, Jitter: 50 * time.Millisecond, Seed: 1},
	)
}

// get is what a program that uses IMDSv1 does.
func get(client *http.Client, path string) (status int, body string) {
	resp, err := client.Get("http://169.254.169.254/latest/meta-data/" + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// In memory there is no socket, whatever the address that is asked.
func ExampleSimulator_Client() {
	sim := imdstest.New(imdstest.MustFind("imdsv1_enabled"))
	fmt.Println(get(sim.Client(), "placement/region"))
	// Output: 200 us-east-1
}

// The scenario can change at any time.
func ExampleSimulator_Set() {
	sim := imdstest.New(imdstest.MustFind("imdsv1_enabled"))
	fmt.Println(get(sim.Client(), "iam/security-credentials/"))

	sim.Set(imdstest.MustFind("imds_disabled"))
	status, _ := get(sim.Client(), "iam/security-credentials/")
	fmt.Println(status)
	// Output:
	// 200 app
	// 403
}

// A scenario is a value: change it, and set it.
func ExampleInstance() {
	sc := imdstest.MustFind("imdsv1_enabled")
	sc.Instance.Zone = "eu-central-1b"
	sc.Instance.Profile.Role = "batch"
	sim := imdstest.New(sc)
	fmt.Println(get(sim.Client(), "placement/region"))
	fmt.Println(get(sim.Client(), "hostname"))
	fmt.Println(get(sim.Client(), "iam/security-credentials/"))
	// Output:
	// 200 eu-central-1
	// 200 ip-10-237-0-21.eu-central-1.compute.internal
	// 200 batch
}

// Faults are added to those of a scenario. Which share of the requests they happen to
// is the same in each run, by their seed.
func ExampleScenario_With() {
	half := imdstest.Fault{Share: 0.5, Seed: 7, Status: http.StatusServiceUnavailable}
	statuses := func() (seen [20]int) {
		sim := imdstest.New(imdstest.MustFind("imdsv1_enabled").With(half))
		for i := range seen {
			seen[i], _ = get(sim.Client(), "hostname")
		}
		return seen
	}
	first, again := statuses(), statuses()
	fmt.Println("the same again:", first == again)
	// Output: the same again: true
}

// What was asked, in its order, and how it was answered.
func ExampleSimulator_Requests() {
	sim := imdstest.New(imdstest.MustFind("healthy"))
	get(sim.Client(), "iam/info")
	for _, r := range sim.Requests() {
		fmt.Println(r.Status, r.Method, r.Path, r.Header.Get("User-Agent"))
	}
	// Output: 401 GET /latest/meta-data/iam/info Go-http-client/1.1
}

// Credentials are renewed on a schedule, and time passes when it is told to.
func ExampleSimulator_Advance() {
	sc := imdstest.MustFind("imdsv1_enabled")
	sc.Instance.Profile.Keys = imdstest.Keys{Every: 10 * time.Minute, Lifetime: 15 * time.Minute}
	sim := imdstest.New(sc)
	key := func() string {
		var document struct{ AccessKeyID string }
		_, text := get(sim.Client(), "iam/security-credentials/app")
		_ = json.Unmarshal([]byte(text), &document)
		return document.AccessKeyID
	}
	first := key()
	sim.Advance(9 * time.Minute)
	fmt.Println("renewed after 9 min:", key() != first)
	sim.Advance(time.Minute)
	fmt.Println("renewed after 10 min:", key() != first)
	// Output:
	// renewed after 9 min: false
	// renewed after 10 min: true
}

// Listen serves at an address of your choice, where Start takes a free port.
func ExampleListen() {
	server, err := imdstest.Listen(imdstest.New(imdstest.MustFind("imdsv1_enabled")), "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer server.Close()
	resp, err := http.Get(server.URL() + "/latest/meta-data/instance-id")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	id, _ := io.ReadAll(resp.Body)
	fmt.Println(string(id))
	// Output: i-0123456789abcdef0
}

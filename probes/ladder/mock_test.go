package ladder_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/ladder"
)

// TestTokenTTLOfOthers runs on a server that gives its token any TTL, or none:
// the round asks for one token, and uses it.
func TestTokenTTLOfOthers(t *testing.T) {
	for _, ttl := range []string{"", "0", "-1", "99999999999999999999", "soon", "21600"} {
		puts := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Server", "EC2ws")
			switch r.URL.Path {
			case ladder.TokenPath:
				puts++
				if ttl != "" {
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", ttl)
				}
				fmt.Fprint(w, "token")
			case ladder.InfoPath:
				fmt.Fprintf(w, `{"Code":"Success","LastUpdated":%q,"InstanceProfileArn":"a","InstanceProfileId":"i"}`, time.Now().UTC().Format(time.RFC3339))
			case rolePath:
				fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":%q}`, time.Now().UTC().Add(time.Hour).Format(time.RFC3339))
			default:
				fmt.Fprint(w, "app")
			}
		}))
		prober, err := ladder.New(ladder.Options{Endpoint: server.URL, Timeout: 5 * time.Second, Policy: probes.DefaultPolicy()})
		if err != nil {
			t.Fatal(err)
		}
		r := round(t, prober)
		server.Close()
		known, _ := probes.Known{}.Learn(r)
		if d := probes.Diagnose(r, probes.DefaultPolicy(), known); d.Condition != probes.ConditionHealthy || puts != 1 {
			t.Errorf("TTL %q: %v (%v), %d token requests", ttl, d.Condition, d.Reason, puts)
		}
	}
}

package ladder

import (
	"context"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/imds-probe/imds-probe/probes"
)

// climb is a round under way.
type climb struct {
	policy   probes.Policy
	endpoint string
	recorder *recorder
	client   *imds.Client
	round    probes.Round
	// hostname is the hostname request that the SDK sent right behind the token
	// PUT, kept for the probe whose turn comes next.
	hostname []recorded
}

// step runs one probe, unless one that it needs did not pass, and judges it.
func (c *climb) step(ctx context.Context, p probes.Probe) {
	o := probes.Observation{Probe: p}
	if c.ready(p) {
		o = c.observe(ctx, p)
	}
	for _, e := range o.Exchanges {
		if e.Answered() && c.policy.IsIMDS(e) {
			c.round.Clock = c.round.Clock.And(probes.OffsetOf(e))
		}
	}
	now := c.round.Start
	if n := len(o.Exchanges); n > 0 {
		now = o.Exchanges[n-1].Start
	}
	verdict := probes.Classify(o, c.policy, c.round.Clock.Correct(now))
	c.round.Results[p] = probes.Result{Observation: o, Verdict: verdict}
}

// ready tells whether a probe has what it needs. A failed expectation stops
// nothing: which role is the wrong one, and how long its keys live, is worth
// knowing.
func (c *climb) ready(p probes.Probe) bool {
	results := &c.round.Results
	present := results[probes.ProbeIAM].Reason == probes.ReasonOK || results[probes.ProbeIAM].Reason == probes.ReasonProfilePresent
	switch p {
	case probes.ProbeToken:
		return true
	case probes.ProbeHostname:
		return results[probes.ProbeToken].Status == probes.StatusPass
	case probes.ProbeIAM:
		return results[probes.ProbeHostname].Status == probes.StatusPass
	case probes.ProbeIAMInfo:
		return present
	case probes.ProbeRoleList:
		// What iam/info says does not matter; that it was answered does, for a
		// dead IMDS should not cost a time-out for each path.
		return present && results[probes.ProbeIAMInfo].Answer().Answered()
	case probes.ProbeRoleCredentials:
		return c.round.Role() != ""
	}
	return false
}

func (c *climb) observe(ctx context.Context, p probes.Probe) probes.Observation {
	switch p {
	case probes.ProbeToken:
		return c.observeToken(ctx)
	case probes.ProbeHostname:
		return observation(p, c.hostname)
	case probes.ProbeIAM:
		return c.observeIAM(ctx)
	case probes.ProbeIAMInfo:
		return observation(p, c.get(ctx, infoPath))
	case probes.ProbeRoleList:
		return observation(p, c.get(ctx, roleListPath))
	case probes.ProbeRoleCredentials:
		return observation(p, c.get(ctx, roleListPath+c.round.Role()))
	}
	return probes.Observation{Probe: p}
}

// observeToken lets the SDK ask for the hostname, for which it first needs a
// token.
func (c *climb) observeToken(ctx context.Context) probes.Observation {
	seen := c.get(ctx, hostnamePath)
	o := observation(probes.ProbeToken, seen[:min(1, len(seen))])
	c.hostname = seen[len(o.Exchanges):]
	if o.Answer().Status == http.StatusOK && len(c.hostname) == 0 && o.Content.Defect == probes.ReasonNone {
		// The SDK rejected the answer for a reason of its own.
		o.Content.Defect = probes.ReasonTokenMalformed
	}
	if probes.NeedsControl(o, c.policy) {
		o.Exchanges = append(o.Exchanges, getWithoutToken(ctx, c.recorder, c.endpoint))
	}
	return o
}

// observeIAM adds the control, which is there with or without a profile, when a
// missing iam/ would be a fault.
func (c *climb) observeIAM(ctx context.Context) probes.Observation {
	o := observation(probes.ProbeIAM, c.get(ctx, iamPath))
	if probes.NeedsControl(o, c.policy) {
		o.Exchanges = append(o.Exchanges, exchangesOf(c.get(ctx, controlPath))...)
	}
	return o
}

// get asks IMDS through the SDK and returns the exchanges that this took. The
// SDK's error is dropped, since it hides what the recorder saw.
func (c *climb) get(ctx context.Context, path string) []recorded {
	before := len(c.recorder.log)
	_, _ = c.client.GetMetadata(ctx, &imds.GetMetadataInput{Path: path})
	return c.recorder.log[before:]
}

// getWithoutToken asks as IMDSv1 does. It is sent only when a round needs it to
// tell faults apart, for AWS counts such requests (MetadataNoToken).
func getWithoutToken(ctx context.Context, r *recorder, endpoint string) probes.Exchange {
	url := strings.TrimSuffix(endpoint, "/") + metadataPath + hostnamePath
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return probes.Exchange{}
	}
	if resp, err := r.Do(req); err == nil {
		_ = resp.Body.Close()
	}
	return r.log[len(r.log)-1].Exchange
}

func observation(p probes.Probe, seen []recorded) probes.Observation {
	o := probes.Observation{Probe: p, Exchanges: exchangesOf(seen)}
	if len(seen) > 0 {
		o.Content = seen[0].content
	}
	return o
}

func exchangesOf(seen []recorded) []probes.Exchange {
	exchanges := make([]probes.Exchange, len(seen))
	for i, s := range seen {
		exchanges[i] = s.Exchange
	}
	return exchanges
}

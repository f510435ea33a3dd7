package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/imds-probe/imds-probe/probes"
)

// AgentStatus is what is read of the document that the agent serves at
// /api/v1/status. The rest of it is ignored.
type AgentStatus struct {
	Condition probes.Condition `json:"condition"`
	// InstanceID is the instance that the agent is on, or empty if it does not know.
	InstanceID string         `json:"instance_id"`
	CheckedAt  time.Time      `json:"checked_at"`
	Vantages   []AgentVantage `json:"vantages"`
}

// AgentVantage is what the agent sees from one vantage.
type AgentVantage struct {
	Vantage            string           `json:"vantage"`
	Condition          probes.Condition `json:"condition"`
	Role               string           `json:"role"`
	InstanceProfileARN string           `json:"instance_profile_arn"`
	InstanceProfileID  string           `json:"instance_profile_id"`
	// Credentials is nil where the vantage saw none.
	Credentials *AgentCredentials `json:"credentials"`
}

// AgentCredentials is what is read of the life of the credentials.
type AgentCredentials struct {
	// LastUpdated is when they were issued, as IMDS says, or nil.
	LastUpdated *time.Time `json:"last_updated"`
}

// issued is when the credentials that the vantage sees were issued, or zero.
func (v AgentVantage) issued() time.Time {
	if v.Credentials == nil || v.Credentials.LastUpdated == nil {
		return time.Time{}
	}
	return *v.Credentials.LastUpdated
}

const (
	agentPath = "/api/v1/status"
	// maxStatus is far above what an agent with many vantages serves.
	maxStatus = 1 << 20
	// maxVantages is more than an agent is ever given.
	maxVantages = 256
	// maxAgentAge is many rounds; an older verdict is about another time.
	maxAgentAge = 15 * time.Minute
	// maxAgentAhead allows for a clock that is somewhat off.
	maxAgentAhead = 5 * time.Minute
)

// AskAgent fetches the status of the agent at the base URL. What answers is not
// trusted: it is read up to a limit, within the context's time, without
// following redirects, and checked in every field that is used.
func AskAgent(ctx context.Context, client *http.Client, base string, now time.Time) Answer[AgentStatus] {
	a := Answer[AgentStatus]{Asked: "GET " + agentPath}
	status, err := fetchAgent(ctx, client, base)
	if err == nil {
		err = status.validate(now)
	}
	if err != nil {
		a.Failure = &Failure{Message: "the agent gave no usable answer: " + innermost(err)}
		return a
	}
	a.Value = status
	return a
}

// fetchAgent returns the document as it came.
func fetchAgent(ctx context.Context, client *http.Client, base string) (AgentStatus, error) {
	var status AgentStatus
	at, err := url.Parse(base)
	if err != nil {
		return status, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.JoinPath(agentPath).String(), nil)
	if err != nil {
		return status, err
	}
	request.Header.Set("Accept", "application/json")
	strict := *client
	strict.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := strict.Do(request)
	if err != nil {
		return status, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return status, fmt.Errorf("status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxStatus+1))
	if err != nil {
		return status, err
	}
	if len(body) > maxStatus {
		return status, fmt.Errorf("more than %d bytes", maxStatus)
	}
	if json.Unmarshal(body, &status) != nil {
		return status, errors.New("not a status document")
	}
	return status, nil
}

// validate refuses a document with a field that the agent would not write.
func (s AgentStatus) validate(now time.Time) error {
	switch age := now.Sub(s.CheckedAt); {
	case s.CheckedAt.IsZero():
		return errors.New("the document has no checked_at")
	case age > maxAgentAge:
		return fmt.Errorf("its last round is %s old", age.Round(time.Minute))
	case age < -maxAgentAhead:
		return fmt.Errorf("its last round lies %s in the future", (-age).Round(time.Minute))
	case len(s.Vantages) > maxVantages:
		return errors.New("the document has too many vantages")
	case s.InstanceID != "" && !IsInstanceID(s.InstanceID):
		return errors.New("the document has a malformed instance_id")
	case len(s.Vantages) == 0:
		return errors.New("the document has no vantage")
	}
	for _, v := range s.Vantages {
		switch {
		case v.Vantage == "" || len(v.Vantage) > 256 || printable(v.Vantage) != v.Vantage:
			return errors.New("the document has a malformed vantage")
		case v.Role != "" && !IsRoleName(v.Role):
			return errors.New("the document has a malformed role")
		case v.InstanceProfileARN != "" && nameOf(v.InstanceProfileARN) == "":
			return errors.New("the document has a malformed instance_profile_arn")
		case v.InstanceProfileID != "" && !uniqueID.MatchString(v.InstanceProfileID):
			return errors.New("the document has a malformed instance_profile_id")
		}
	}
	return nil
}

package ladder

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/imds-probe/imds-probe/probes"
	"github.com/imds-probe/imds-probe/probes/wire"
)

// The endpoints of IMDS.
const (
	EndpointIPv4 = "http://169.254.169.254"
	EndpointIPv6 = "http://[fd00:ec2::254]"
)

// Options configures a [Prober].
type Options struct {
	// Endpoint is the base URL of IMDS; empty means [EndpointIPv4].
	Endpoint string
	// Timeout limits each request, from the connection to the body's last byte.
	Timeout time.Duration
	// Policy is what answers are judged by.
	Policy probes.Policy
	// Vantage is from where the rounds look; nil means the host.
	Vantage wire.Vantage
	// Salt is the salt of access key hashes; the zero value is a random one.
	Salt probes.Salt
	// HTTPClient takes the place of the network, for tests; nil means TCP from
	// the vantage.
	HTTPClient imds.HTTPClient
	// Drops counts link-local packets that the host's network driver dropped, by
	// device; nil where nothing counts them.
	Drops func() map[string]uint64
}

// A Prober makes rounds for one vantage. It is not safe for concurrent use.
type Prober struct {
	options  Options
	recorder *recorder
	vantage  *guardedVantage
}

// New returns a prober. It makes no request.
func New(o Options) (*Prober, error) {
	if o.Endpoint == "" {
		o.Endpoint = EndpointIPv4
	}
	if err := CheckEndpoint(o.Endpoint); err != nil {
		return nil, err
	}
	if o.Timeout <= 0 {
		return nil, fmt.Errorf("not a positive time-out: %v", o.Timeout)
	}
	if o.Vantage == nil {
		o.Vantage = wire.HostVantage()
	}
	if o.Salt == (probes.Salt{}) {
		o.Salt = probes.NewSalt()
	}
	vantage := &guardedVantage{Vantage: o.Vantage}
	client := o.HTTPClient
	if client == nil {
		client = wire.NewClient(wire.Insist(vantage.Dial))
	}
	return &Prober{options: o, recorder: newRecorder(client, o), vantage: vantage}, nil
}

// CheckEndpoint refuses what the SDK would accept and then not do.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http":
		return errors.New("not a URL of the form http://HOST[:PORT]")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return errors.New("no user, path, query or fragment is allowed")
	}
	return nil
}

// Vantage returns the name of the prober's vantage.
func (p *Prober) Vantage() string { return p.vantage.Name() }

// Round makes one pass over the ladder. It returns an error only if there is
// nothing to judge: the context ended, or the vantage is gone
// ([wire.ErrVantageGone]).
func (p *Prober) Round(ctx context.Context) (probes.Round, error) {
	before := p.drops()
	climb := p.newClimb()
	for _, probe := range probes.Ladder() {
		climb.step(ctx, probe)
		if err := errors.Join(ctx.Err(), p.vantage.err()); err != nil {
			return probes.Round{}, err
		}
	}
	climb.round.Duration = time.Since(climb.round.Start)
	climb.round.Drops = p.drops()
	climb.round.Dropped = dropped(before, climb.round.Drops)
	return climb.round, nil
}

// drops counts the link-local packets that were dropped so far.
func (p *Prober) drops() map[string]uint64 {
	if p.options.Drops == nil {
		return nil
	}
	return p.options.Drops()
}

// dropped returns by how much the devices' counters moved. A device that came
// meanwhile, or whose counter was reset, says nothing.
func dropped(before, after map[string]uint64) (n uint64) {
	for device, now := range after {
		if was, known := before[device]; known && now > was {
			n += now - was
		}
	}
	return n
}

// newClimb starts a round. The SDK's client is a new one each time, since it
// caches its session token, and every round shall ask for one.
func (p *Prober) newClimb() *climb {
	p.recorder.log = p.recorder.log[:0]
	return &climb{
		policy:   p.options.Policy,
		endpoint: p.options.Endpoint,
		recorder: p.recorder,
		client: imds.New(imds.Options{
			Endpoint:                 p.options.Endpoint,
			HTTPClient:               p.recorder,
			Retryer:                  aws.NopRetryer{},
			EnableFallback:           aws.FalseTernary,
			ClientEnableState:        imds.ClientEnabled,
			DisableDefaultTimeout:    true,
			DisableDefaultMaxBackoff: true,
		}),
		round: probes.Round{Vantage: p.Vantage(), Start: time.Now()},
	}
}

// guardedVantage notes that the vantage was found gone: then there is nothing
// to judge, whatever the exchange looked like.
type guardedVantage struct {
	wire.Vantage

	mu   sync.Mutex
	gone error
}

func (g *guardedVantage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := g.Vantage.Dial(ctx, network, address)
	if errors.Is(err, wire.ErrVantageGone) || errors.Is(err, wire.ErrVantageDenied) {
		g.mu.Lock()
		g.gone = err
		g.mu.Unlock()
	}
	return conn, err
}

// err returns what was noted, once.
func (g *guardedVantage) err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.gone
	g.gone = nil
	return err
}

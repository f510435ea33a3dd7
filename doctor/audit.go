package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"
)

// AuditRequest is what the topic "audit" is asked.
type AuditRequest struct {
	// Regions are looked at; the region of the configuration if there is none.
	Regions []string
	// AllRegions looks at every region that is enabled for the account.
	AllRegions bool
	// IDs are the only instances to look at, if there are any.
	IDs []string
	// Filters are those of DescribeInstances: values by name.
	Filters map[string][]string
	// Containers says that containers behind a bridge on the instances need IMDS.
	Containers bool
	// AskAgent asks the agent of an instance, by its private IP address; nil asks none.
	AskAgent func(ctx context.Context, address string) Answer[AgentStatus]
	// Progress, if not nil, is told after each page how far the audit is.
	Progress func(AuditProgress)
}

// AuditProgress is how far an audit is.
type AuditProgress struct{ Instances, Regions, RegionsDone int }

// AuditFacts is all that the API and the agents answered about an account.
type AuditFacts struct {
	Request   AuditRequest
	Now       time.Time
	Caller    Answer[Caller]
	Available Answer[[]string]
	// Regions are the answers of each region, in the order of its name.
	Regions []RegionFacts
	// Profiles are the instance profiles in use, by name, each read once.
	Profiles map[string]Answer[Profile]
	// Roles are the roles that the list of profiles shows without a trust policy.
	Roles map[string]Answer[Role]
	// Agents are the answers of the agents, by instance.
	Agents map[string]Answer[AgentStatus]
}

// RegionFacts is what a region answered.
type RegionFacts struct {
	Region    string
	Instances Answer[[]Instance]
}

const (
	// regionsAtOnce and rolesAtOnce keep an audit well within the API's limits; the
	// SDK's adaptive retries do the rest.
	regionsAtOnce = 4
	rolesAtOnce   = 8
	// agentsAtOnce is bounded by file descriptors only.
	agentsAtOnce = 64
	// pageSize is the most that DescribeInstances and IAM's lists allow.
	pageSize = 1000
	// idsAtOnce is the most values that a filter of EC2 may have.
	idsAtOnce = 200
)

// Auditor asks about all instances of an account.
type Auditor struct {
	cfg aws.Config
	all *Doctor
	ec2 func(region string) EC2
}

// NewAuditor returns an auditor that asks through the SDK's clients for this
// configuration.
func NewAuditor(cfg aws.Config) *Auditor {
	return &Auditor{cfg: cfg, all: New(cfg), ec2: func(region string) EC2 {
		there := cfg.Copy()
		there.Region = region
		return New(there).ec2
	}}
}

// Audit asks about the account. A permission that is lacking, or a region that does
// not answer, leaves out what depends on it, and is a problem of its own.
func (a *Auditor) Audit(ctx context.Context, r AuditRequest) AuditReport {
	f := AuditFacts{Request: r, Now: a.all.now(), Caller: a.all.caller(ctx)}
	if !f.Caller.OK() {
		return JudgeAudit(f)
	}
	regions := r.Regions
	if r.AllRegions {
		f.Available = a.regions(ctx)
		regions = f.Available.Value
	}
	if len(regions) == 0 && !r.AllRegions {
		regions = []string{a.all.region}
	}
	f.Regions = a.instances(ctx, r, regions)
	f.Profiles = a.profiles(ctx, f.Caller.Value, f.profilesInUse())
	f.Roles = a.roles(ctx, f.Caller.Value, f.Profiles)
	f.Agents = a.agents(ctx, f)
	return JudgeAudit(f)
}

func (a *Auditor) regions(ctx context.Context) Answer[[]string] {
	return ask(ctx, "ec2:DescribeRegions", "", func() ([]string, error) {
		out, err := a.all.ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
		if err != nil {
			return nil, err
		}
		var all []string
		for _, r := range out.Regions {
			if name := aws.ToString(r.RegionName); IsRegion(name) {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all, nil
	})
}

// instances asks the regions, some at a time.
func (a *Auditor) instances(ctx context.Context, r AuditRequest, regions []string) []RegionFacts {
	facts := make([]RegionFacts, len(regions))
	var mu sync.Mutex
	progress := AuditProgress{Regions: len(regions)}
	tell := func(change func(*AuditProgress)) {
		mu.Lock()
		defer mu.Unlock()
		change(&progress)
		if r.Progress != nil {
			r.Progress(progress)
		}
	}
	var group errgroup.Group
	group.SetLimit(regionsAtOnce)
	for i, region := range regions {
		group.Go(func() error {
			paged := func(n int) { tell(func(p *AuditProgress) { p.Instances += n }) }
			facts[i] = RegionFacts{region, instancesOf(ctx, a.ec2(region), region, r, paged)}
			tell(func(p *AuditProgress) { p.RegionsDone++ })
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	return facts
}

// instancesOf asks one region. With ids it asks by filter, so that one that is not
// there does not hide the others.
func instancesOf(ctx context.Context, client EC2, region string, r AuditRequest, paged func(n int)) Answer[[]Instance] {
	return ask(ctx, "ec2:DescribeInstances", region, func() ([]Instance, error) {
		var all []Instance
		batches := slices.Collect(slices.Chunk(r.IDs, idsAtOnce))
		if len(r.IDs) == 0 {
			batches = [][]string{nil}
		}
		for _, ids := range batches {
			in := &ec2.DescribeInstancesInput{MaxResults: aws.Int32(pageSize), Filters: r.filters(ids)}
			pages := ec2.NewDescribeInstancesPaginator(client, in)
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return all, err
				}
				before := len(all)
				for _, reservation := range page.Reservations {
					for _, i := range reservation.Instances {
						all = append(all, instanceFrom(i))
					}
				}
				paged(len(all) - before)
			}
		}
		return all, nil
	})
}

// filters are those that were given, and the ids. Only running instances have
// credentials, so others are left out unless they were asked for.
func (r AuditRequest) filters(ids []string) []ec2types.Filter {
	byName := map[string][]string{}
	if len(ids) == 0 {
		byName["instance-state-name"] = []string{"running"}
	} else {
		byName["instance-id"] = ids
	}
	maps.Copy(byName, r.Filters)
	var all []ec2types.Filter
	for name, values := range byName {
		all = append(all, ec2types.Filter{Name: aws.String(name), Values: values})
	}
	slices.SortFunc(all, func(a, b ec2types.Filter) int { return strings.Compare(*a.Name, *b.Name) })
	return all
}

// profilesInUse returns the names of the profiles of all instances, sorted.
func (f AuditFacts) profilesInUse() []string {
	var all []string
	for _, region := range f.Regions {
		for _, i := range region.Instances.Value {
			if name := nameOf(i.ProfileARN); name != "" {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// profiles reads the profiles in use: off the list of all, which takes a call for
// each thousand; where that is denied, one by one.
func (a *Auditor) profiles(ctx context.Context, c Caller, names []string) map[string]Answer[Profile] {
	if len(names) == 0 {
		return nil
	}
	all := a.all.allProfiles(ctx)
	if !all.OK() {
		return each(names, rolesAtOnce, func(name string) Answer[Profile] { return a.all.profile(ctx, c, name) })
	}
	listed := make(map[string]Profile, len(all.Value))
	for _, p := range all.Value {
		listed[p.Name] = p
	}
	return each(names, 1, func(name string) Answer[Profile] {
		answer := Answer[Profile]{Asked: all.Asked}
		p, found := listed[name]
		if answer.Value = p; !found {
			answer.Failure = &Failure{Kind: FailureNotFound}
		}
		return answer
	})
}

// roles reads the roles whose trust policy the profiles do not show, each once.
func (a *Auditor) roles(ctx context.Context, c Caller, profiles map[string]Answer[Profile]) map[string]Answer[Role] {
	var names []string
	for _, p := range profiles {
		if roles := p.Value.Roles; len(roles) > 0 && roles[0].Trust == "" && IsRoleName(roles[0].Name) {
			names = append(names, roles[0].Name)
		}
	}
	slices.Sort(names)
	return each(slices.Compact(names), rolesAtOnce, func(name string) Answer[Role] { return a.all.role(ctx, c, name) })
}

// agents asks the agents of all instances that run, where that was asked for.
func (a *Auditor) agents(ctx context.Context, f AuditFacts) map[string]Answer[AgentStatus] {
	if f.Request.AskAgent == nil {
		return nil
	}
	addresses := map[string]string{}
	var ids []string
	for _, region := range f.Regions {
		for _, i := range region.Instances.Value {
			if i.Address != "" {
				addresses[i.ID] = i.Address
				ids = append(ids, i.ID)
			}
		}
	}
	return each(ids, agentsAtOnce, func(id string) Answer[AgentStatus] { return f.Request.AskAgent(ctx, addresses[id]) })
}

// each asks about each name, so many at a time.
func each[T any](names []string, atOnce int, ask func(name string) T) map[string]T {
	answers := make([]T, len(names))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, name := range names {
		group.Go(func() error {
			answers[i] = ask(name)
			return nil
		})
	}
	_ = group.Wait() // no function returns an error
	all := make(map[string]T, len(names))
	for i, name := range names {
		all[name] = answers[i]
	}
	return all
}

// ParseFilter reads a filter as the AWS CLI takes it, Name=NAME,Values=A,B.
func ParseFilter(s string) (name string, values []string, err error) {
	head, tail, found := strings.Cut(s, ",Values=")
	name, named := strings.CutPrefix(head, "Name=")
	if !found || !named || name == "" || tail == "" || printable(s) != s {
		return "", nil, errors.New("not a filter such as Name=tag:team,Values=web")
	}
	return name, strings.Split(tail, ","), nil
}

// describe names the regions in a sentence.
func (f AuditFacts) describe() string {
	if len(f.Regions) == 1 {
		return f.Regions[0].Region
	}
	return fmt.Sprintf("%d regions", len(f.Regions))
}

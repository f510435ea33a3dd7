package imdstest

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Keys are credentials that EC2 renews, as a function of time.
type Keys struct {
	// Lifetime is how long keys live; Every is how often they are renewed.
	Lifetime, Every time.Duration
	// Born is when the first ones were made; the zero value means 20 minutes
	// before the simulator was.
	Born time.Time
	// RefreshStops is when renewal stops; zero for never.
	RefreshStops time.Time
	// Age makes the keys that old when the scenario is set, and stops renewal; 0
	// leaves them to Born and Every.
	Age time.Duration
	// Seed makes keys differ from those of another seed.
	Seed string
	// Omit names fields that the document lacks.
	Omit []string
}

// The times of real credentials: renewed hourly, valid for 6 h 35 min.
const (
	Lifetime     = 6*time.Hour + 35*time.Minute
	RefreshEvery = time.Hour
)

// Marks of the secrets that the simulator serves. They must appear in no output.
const (
	CanaryAccessKeyID     = "ASIACANARY"
	CanarySecretAccessKey = "CanarySecretAccessKey/"
	CanaryToken           = "CanaryToken//"
	// CanarySessionToken marks IMDS's own session tokens.
	CanarySessionToken = "CanarySessionToken"
)

// Canaries returns the marks of all secrets that the simulator serves.
func Canaries() []string {
	return []string{CanaryAccessKeyID, CanarySecretAccessKey, CanaryToken, CanarySessionToken}
}

// generation is one set of keys.
type generation struct {
	number  int64
	born    time.Time
	expires time.Time
}

// at returns the keys that are served at a moment.
func (k Keys) at(at moment) generation {
	born := k.Born
	switch {
	case k.Age != 0:
		born = at.set.Add(-k.Age)
	case born.IsZero():
		born = at.boot.Add(-20 * time.Minute)
	}
	g := generation{born: born.UTC().Truncate(time.Second)}
	if k.Age == 0 && k.Every > 0 {
		until := at.now
		if !k.RefreshStops.IsZero() && k.RefreshStops.Before(at.now) {
			until = k.RefreshStops
		}
		g.number = max(0, int64(until.Sub(g.born)/k.Every))
		g.born = g.born.Add(time.Duration(g.number) * k.Every)
	}
	g.expires = g.born.Add(k.Lifetime)
	return g
}

// jitter is how far the role document's own LastUpdated lies from iam/info's:
// up to 45 s either way.
func (g generation) jitter() time.Duration {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(g.number))) //nolint:gosec // G115: any bits do
	return time.Duration(int(sum[0])%91-45) * time.Second
}

// secret returns a canary that is the same for the same generation and seed.
func (g generation) secret(mark, seed string, length int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", mark, seed, g.number))
	text := mark + strings.ToUpper(hex.EncodeToString(sum[:]))
	return (text + strings.Repeat("0", length))[:length]
}

// infoDocument returns the body of iam/info.
func (p Profile) infoDocument(g generation) string {
	d := document{{"Code", cmp.Or(p.Code, "Success")}}
	if p.Message != "" {
		d = append(d, field{"Message", p.Message})
	}
	d = append(d, field{"LastUpdated", stamp(g.born)})
	if p.ARN != "" {
		d = append(d, field{"InstanceProfileArn", p.ARN}, field{"InstanceProfileId", p.ID})
	}
	return d.String()
}

// roleDocument returns the body of iam/security-credentials/<role>, with more
// fields at its end where it succeeds.
func (p Profile) roleDocument(g generation, more ...field) string {
	if p.RoleCode != "" {
		d := document{{"Code", p.RoleCode}}
		if p.RoleMessage != "" {
			d = append(d, field{"Message", p.RoleMessage})
		}
		return append(d, field{"LastUpdated", stamp(g.born)}).String()
	}
	return append(p.Keys.document(g), more...).String()
}

// document is what a role's document holds if all is well.
func (k Keys) document(g generation) document {
	return document{
		{"Code", "Success"},
		{"LastUpdated", stamp(g.born.Add(g.jitter()))},
		{"Type", "AWS-HMAC"},
		{"AccessKeyId", g.secret(CanaryAccessKeyID, k.Seed, 20)},
		{"SecretAccessKey", g.secret(CanarySecretAccessKey, k.Seed, 40)},
		{"Token", g.secret(CanaryToken, k.Seed, 900)},
		{"Expiration", stamp(g.expires)},
	}.without(k.Omit)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

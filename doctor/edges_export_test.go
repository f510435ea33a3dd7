package doctor

import (
	"context"
	"encoding/json"
)

// MaxPolicy is how much of a policy is read, MaxForeignText of another's text.
const (
	MaxPolicy      = maxPolicy
	MaxForeignText = maxForeignText
)

// Clean is clean, Glob is glob, RegionPartition is partitionOfRegion, Wrap is wrap.
var (
	Clean           = clean
	Glob            = glob
	RegionPartition = partitionOfRegion
	Wrap            = wrap
)

// Classify is classify.
func Classify(ctx context.Context, action string, err error) *Failure {
	return classify(ctx, action, err)
}

// NoCredentials marks an error as that of the search for credentials.
func NoCredentials(err error) error { return &credentialsError{err} }

// ShownJSON is compactJSON.
func ShownJSON(v any) json.RawMessage { return compactJSON(v) }

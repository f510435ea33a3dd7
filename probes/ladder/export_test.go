package ladder

import "github.com/imds-probe/imds-probe/probes"

// What the tests need to see from within.
const (
	MaxHops = maxHops

	TokenPath    = tokenPath
	InfoPath     = metadataPath + infoPath
	RoleListPath = metadataPath + roleListPath
)

// Decode decodes a body as the recorder does.
func Decode(path string, body []byte) probes.Content {
	return decoder{salt: probes.Salt{1}}.decode(path, body)
}

package probes

// Decode decodes a body as the recorder does, for tests.
func Decode(path string, body []byte) Content {
	return decoder{salt: Salt{1}}.decode(path, body)
}

// HashOf is hashOf, for tests.
var HashOf = hashOf

// Paths for tests.
const (
	TokenPath    = tokenPath
	InfoPath     = metadataPath + infoPath
	RoleListPath = metadataPath + roleListPath
)

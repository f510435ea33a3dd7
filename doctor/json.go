package doctor

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the report as one JSON document. Its fields are a contract:
// scripts read them.
func (r Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

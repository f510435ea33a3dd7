package page

import (
	"io"
	"time"

	"github.com/imds-probe/imds-probe/agent/report"
)

// WritePage writes the page of a status as it is at a moment.
func WritePage(w io.Writer, s report.Status, now time.Time) error {
	return newPageView(s, now).document().Render(validWriter{w})
}

package agent

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// publish shows the state after a round to those who do not come and ask.
func (a *Agent) publish() {
	a.state.save(a.tracker.saved())
	a.notify.status(a.tracker.Snapshot())
	if path := a.options.TextfilePath; path != "" {
		err := prometheus.WriteToTextfile(path, a.registry)
		if err != nil && !a.textfileFailed { // one warning is enough
			a.log.Warn("textfile not written; going on without", zap.String("path", path), zap.Error(err))
		}
		a.textfileFailed = err != nil
	}
}

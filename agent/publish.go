package agent

import (
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// publish shows the state after a round to those who do not come and ask.
func (a *Agent) publish() {
	a.saveState()
	a.notify.status(a.tracker.Snapshot())
	if path := a.options.TextfilePath; path != "" {
		err := prometheus.WriteToTextfile(path, a.textfile)
		if err != nil && !a.textfileFailed { // one warning is enough
			a.log.Warn("textfile not written; going on without", zap.String("path", path), zap.Error(err))
		}
		a.textfileFailed = err != nil
	}
}

// saveState warns of the first failure in a row; the next round tries again.
func (a *Agent) saveState() {
	err := a.state.Save(a.tracker.Saved())
	if err != nil && !a.stateFailed {
		a.log.Warn("the state file cannot be written; going on without", zap.String("path", a.options.StateFile), zap.Error(err))
	}
	a.stateFailed = err != nil
}

package agent

import (
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"imds-probe/probes"
)

// notifier tells systemd of the daemon's state. Without systemd it does nothing.
type notifier struct {
	watchdog bool
}

func newNotifier() notifier {
	interval, err := daemon.SdWatchdogEnabled(false)
	return notifier{watchdog: err == nil && interval > time.Duration(0)}
}

// send ignores failure: the daemon's work does not depend on who is told.
func (notifier) send(state string) { _, _ = daemon.SdNotify(false, state) }

func (n notifier) ready()    { n.send(daemon.SdNotifyReady) }
func (n notifier) stopping() { n.send(daemon.SdNotifyStopping) }

// status shows the verdict in systemctl status, and feeds the watchdog: it is
// called by the loop that makes the rounds, so that a stuck loop is restarted
// and an unreachable IMDS is not.
func (n notifier) status(s Snapshot) {
	worst := s.Worst()
	d := worst.Diagnosis
	n.send("STATUS=" + d.Condition.String() + ": " + probes.Explain(d.Condition).Title)
	if n.watchdog {
		n.send(daemon.SdNotifyWatchdog)
	}
}

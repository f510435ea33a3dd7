package agent

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/imds-probe/imds-probe/agent/track"
	"github.com/imds-probe/imds-probe/probes"
)

// roundRequests is more requests' time than a round ever takes, with the patience
// of one that confirms.
const roundRequests = 24

// maxMessages is how many messages wait for systemd to take them. The rest is dropped:
// a systemd that is stuck must not hold up a round.
const maxMessages = 16

// notifier tells systemd of the daemon's state. Without systemd it does nothing.
type notifier struct {
	// messages is nil without systemd.
	messages chan string
	// feed is how often the watchdog is fed while the loop waits; 0 is never.
	feed time.Duration
}

// newNotifier asks systemd for more patience where requests may take so long
// that a round, during which nobody feeds the watchdog, would look stuck.
func newNotifier(timeout time.Duration) (n notifier) {
	if os.Getenv("NOTIFY_SOCKET") == "" {
		return n
	}
	n.messages = make(chan string, maxMessages)
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval <= 0 {
		return n
	}
	if longest := roundRequests * timeout; interval < 2*longest {
		interval = 2 * longest
		n.send("WATCHDOG_USEC=" + strconv.FormatInt(interval.Microseconds(), 10))
	}
	n.feed = interval / 2
	return n
}

// run begins to send. What it returns ends that, and waits a moment for the last message.
func (n notifier) run() (end func()) {
	if n.messages == nil {
		return func() {}
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for message := range n.messages {
			// A failure is ignored: the daemon's work does not depend on who is told.
			_, _ = daemon.SdNotify(false, message)
		}
	}()
	return func() {
		close(n.messages)
		select {
		case <-sent:
		case <-time.After(time.Second):
		}
	}
}

func (n notifier) send(message string) {
	select {
	case n.messages <- message:
	default: // without systemd, too
	}
}

func (n notifier) ready()    { n.send(daemon.SdNotifyReady) }
func (n notifier) stopping() { n.send(daemon.SdNotifyStopping) }

// status shows the verdict in systemctl status.
func (n notifier) status(s track.Snapshot) {
	worst := s.Worst()
	text := worst.Diagnosis.Condition.String() + ": " + probes.Summary(worst.Round, worst.Diagnosis)
	if len(s.Vantages) > 1 {
		text = worst.Vantage + ": " + text
	}
	n.send("STATUS=" + oneLine(text))
}

// oneLine keeps what IMDS may have made up from being a message of its own to
// systemd, which ends each at a newline.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// sleepUntil waits for the next round and feeds the watchdog meanwhile. Only the
// loop that makes the rounds calls it, so that a stuck loop is restarted, and
// neither a long interval nor an unreachable IMDS is.
func (n notifier) sleepUntil(ctx context.Context, at time.Time) error {
	if n.feed == 0 {
		return sleepUntil(ctx, at)
	}
	for {
		n.send(daemon.SdNotifyWatchdog)
		next := time.Now().Add(n.feed)
		if !next.Before(at) {
			return sleepUntil(ctx, at)
		}
		if err := sleepUntil(ctx, next); err != nil {
			return err
		}
	}
}

package track

import "github.com/imds-probe/imds-probe/probes"

// EventKind names an event as the log has it.
type EventKind string

// The events of the log.
const (
	EventStarted          EventKind = "started"
	EventConditionChanged EventKind = "condition_changed"
	EventRotated          EventKind = "credentials_rotated"
	EventProfileChanged   EventKind = "profile_changed"
	EventBlip             EventKind = "blip"
	EventStopping         EventKind = "stopping"
)

// Event is one change that a round made.
type Event struct {
	Kind EventKind
	// State is the vantage's state after the change.
	State State
	// Transition is set for EventConditionChanged.
	Transition Transition
	// Blip is what was suspected, for EventBlip.
	Blip probes.Diagnosis
	// Change and Before are set for EventProfileChanged.
	Change probes.Reason
	Before probes.Known
}

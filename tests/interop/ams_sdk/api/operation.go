// Package api holds the JSON of AMS: what a client sends and what it expects, with exact types.
package api

import (
	"encoding/json"
	"time"
)

// StatusCode is the state of an operation.
type StatusCode int

// The final states.
const (
	Success   StatusCode = 200
	Failure   StatusCode = 400
	Cancelled StatusCode = 401
)

// IsFinal reports whether the operation has ended.
func (code StatusCode) IsFinal() bool { return code >= 200 }

// Operation is a background operation.
type Operation struct {
	ID            string              `json:"id"`
	Class         string              `json:"class"`
	Description   string              `json:"description"`
	CreatedAt     time.Time           `json:"created_at"`
	UpdatedAt     time.Time           `json:"updated_at"`
	Status        string              `json:"status"`
	StatusCode    StatusCode          `json:"status_code"`
	Resources     map[string][]string `json:"resources"`
	Metadata      map[string]any      `json:"metadata"`
	MayCancel     bool                `json:"may_cancel"`
	Err           string              `json:"err"`
	ServerAddress string              `json:"server_address"`
}

// EventType is the kind of an event.
type EventType string

// The kinds of events.
const (
	EventTypeOperation EventType = "operation"
	EventTypeLifecycle EventType = "lifecycle"
)

// Event is one message of the events' WebSocket.
type Event struct {
	Type      EventType       `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Metadata  json.RawMessage `json:"metadata"`
}

// LifecycleEvent is the metadata of a lifecycle event.
type LifecycleEvent struct {
	Action string `json:"action"`
	Source string `json:"source"`
}

// EventAuth is the answer of POST /1.0/events/auth.
type EventAuth struct {
	Token string `json:"token"`
}

package rest

import (
	"encoding/json"
	"sync"

	"redan.example/ams_sdk/api"
)

// EventListener receives the events of one connection, which all listeners of a client share.
type EventListener struct {
	stream *eventStream
	Events chan api.Event
}

type eventStream struct {
	client    *Client
	conn      *Conn
	mutex     sync.Mutex
	listeners map[*EventListener]bool
	err       error
}

const kept = 1024

// GetEvents subscribes to all events.
func (c *Client) GetEvents() (*EventListener, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.listener == nil {
		conn, err := c.Websocket(APIPath("events"))
		if err != nil {
			return nil, err
		}
		c.listener = &eventStream{client: c, conn: conn, listeners: map[*EventListener]bool{}}
		go c.listener.run()
	}
	return c.listener.subscribe(), nil
}

func (s *eventStream) subscribe() *EventListener {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	listener := &EventListener{stream: s, Events: make(chan api.Event, kept)}
	if s.err == nil {
		s.listeners[listener] = true
	} else {
		close(listener.Events)
	}
	return listener
}

// run hands events out until the connection ends.
func (s *eventStream) run() {
	for {
		_, text, err := s.conn.ReadMessage()
		if err != nil {
			s.end(err)
			return
		}
		s.client.observe("EVENT", "/1.0/events", nil, 0, nil, text)
		var event api.Event
		if json.Unmarshal(text, &event) == nil {
			s.hand(event)
		}
	}
}

func (s *eventStream) hand(event api.Event) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for listener := range s.listeners {
		select {
		case listener.Events <- event:
		default: // This listener does not read.
		}
	}
}

func (s *eventStream) end(err error) {
	s.client.mutex.Lock()
	s.client.listener = nil
	s.client.mutex.Unlock()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.err = err
	for listener := range s.listeners {
		close(listener.Events)
	}
	s.listeners = nil
}

// Disconnect ends this subscription. The connection stays, for the next one.
func (l *EventListener) Disconnect() {
	l.stream.mutex.Lock()
	defer l.stream.mutex.Unlock()
	delete(l.stream.listeners, l)
}

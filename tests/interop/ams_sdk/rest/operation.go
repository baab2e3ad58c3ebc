package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"redan.example/ams_sdk/api"
)

// Operation is a background operation of the server.
type Operation interface {
	Get() api.Operation
	Refresh() error
	Cancel() error
	Wait(ctx context.Context) error
}

type operation struct {
	api.Operation
	client   *Client
	listener *EventListener
}

// QueryOperation sends a request that starts an operation. It subscribes to events first, so that no event is missed.
func (c *Client) QueryOperation(method, path string, params QueryParams, header http.Header, body io.Reader) (Operation, error) {
	listener, _ := c.GetEvents()
	op := &operation{client: c, listener: listener}
	if _, err := c.QueryStruct(method, path, params, header, body, &op.Operation); err != nil {
		op.disconnect()
		return nil, err
	}
	if op.ID == "" {
		return nil, errors.New("the answer holds no operation")
	}
	return op, nil
}

func (op *operation) disconnect() {
	if op.listener != nil {
		op.listener.Disconnect()
		op.listener = nil
	}
}

func (op *operation) Get() api.Operation { return op.Operation }

func (op *operation) Refresh() error {
	fresh := api.Operation{}
	if _, err := op.client.QueryStruct("GET", APIPath("operations", op.ID), nil, nil, nil, &fresh); err != nil {
		return err
	}
	op.Operation = fresh
	return nil
}

func (op *operation) Cancel() error {
	_, _, err := op.client.CallAPI("DELETE", APIPath("operations", op.ID), nil, nil, nil)
	return err
}

func (op *operation) result() error {
	op.disconnect()
	if op.Err != "" {
		return errors.New(op.Err)
	}
	if op.StatusCode != api.Success {
		return fmt.Errorf("the operation ended as %s", op.Status)
	}
	return nil
}

// Wait returns when the operation has ended: it reads it once and then follows the events.
func (op *operation) Wait(ctx context.Context) error {
	if op.StatusCode.IsFinal() {
		return op.result()
	}
	if op.listener == nil {
		return errors.New("no events: the events' WebSocket could not be opened")
	}
	if err := op.Refresh(); err != nil {
		return err
	}
	for !op.StatusCode.IsFinal() {
		select {
		case <-ctx.Done():
			op.Cancel()
			return fmt.Errorf("operation %s (%s): %w", op.ID, op.Status, ctx.Err())
		case event, open := <-op.listener.Events:
			if !open {
				return errors.New("the events' WebSocket was closed")
			}
			op.take(event)
		}
	}
	return op.result()
}

func (op *operation) take(event api.Event) {
	fresh := api.Operation{}
	if event.Type != api.EventTypeOperation || json.Unmarshal(event.Metadata, &fresh) != nil || fresh.ID != op.ID {
		return
	}
	op.Operation = fresh
}

package main

import (
	"fmt"
	"strings"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

var operationCalls = []call{
	{name: "ShowOperation", run: func(s *suite) error {
		op, err := s.LaunchInstance(&api.InstancesPost{Name: "seen", ApplicationID: "tool", NoStart: true}, true)
		if err != nil {
			return err
		}
		s.operation = op.Get().ID
		shown, err := s.ShowOperation(s.operation)
		return all(err, expect(err != nil || shown.Class == "task" && shown.Description != "" && !shown.CreatedAt.IsZero(), "%+v", shown))
	}},
	{name: "WaitForOperationToFinish", run: func(s *suite) error {
		ended, err := s.WaitForOperationToFinish(s.operation)
		return all(err, expect(err != nil || ended.StatusCode == api.Success && ended.Status == "Success", "%+v", ended))
	}},
	{name: "ListOperations", run: func(s *suite) error {
		operations, err := s.ListOperations()
		for _, one := range operations["success"] {
			if one.ID == s.operation {
				return nil
			}
		}
		return all(err, errMissing)
	}},
	{name: "ListURLs of operations", run: func(s *suite) error { return s.listsURLs("operations", 1) }},
	{name: "CancelOperation", run: func(s *suite) error {
		op, err := s.ExecuteInstanceWithoutSockets()
		if err != nil {
			return err
		}
		if err := all(expect(op.Get().MayCancel, "may_cancel is false"), s.CancelOperation(op.Get().ID)); err != nil {
			return err
		}
		ended, err := s.WaitForOperationToFinish(op.Get().ID)
		return all(err, expect(err != nil || ended.StatusCode == api.Cancelled && ended.Status == "Cancelled", "%+v", ended))
	}},
	{name: "CancelOperation that has ended", must: true, refusal: []string{"cancel"}, run: func(s *suite) error { return s.CancelOperation(s.operation) }},
	{name: "GetEvents", run: func(s *suite) error {
		listener, err := s.GetEvents()
		if err != nil {
			return err
		}
		defer listener.Disconnect()
		if err := s.wait(s.DeleteInstanceByID("seen", true)); err != nil {
			return err
		}
		return s.sees(listener, map[string]bool{"operation": true, "instance-removed": true})
	}},
	{name: "GetEvents of one type", run: func(s *suite) error {
		conn, err := s.Websocket(rest.APIPath("events") + "?type=lifecycle")
		if err != nil {
			return err
		}
		defer conn.Close()
		op, err := s.LaunchInstance(&api.InstancesPost{Name: "seen", ApplicationID: "tool", NoStart: true}, true)
		if err := all(s.wait(op, err), s.wait(s.DeleteInstanceByID("seen", true))); err != nil {
			return err
		}
		_, message, err := conn.ReadMessage()
		return all(err, expect(strings.Contains(string(message), `"lifecycle"`) && strings.Contains(string(message), "instance-created"), "%s", message))
	}},
	{name: "GetEvents of all types", run: func(s *suite) error {
		conn, err := s.Websocket(rest.APIPath("events") + "?type=all")
		if err != nil {
			return err
		}
		return conn.Close()
	}},
	{name: "GetEvents of an unknown type", must: true, refusal: []string{"400"}, run: func(s *suite) error {
		conn, err := s.Websocket(rest.APIPath("events") + "?type=nothing")
		if err == nil {
			conn.Close()
		}
		return err
	}},
	{name: "NewEventsToken", run: func(s *suite) error {
		token, err := s.NewEventsToken()
		return all(err, expect(strings.Count(token, ".") == 2, "%q is no JWT", token))
	}},
}

// sees reads events until all that are awaited came.
func (s *suite) sees(listener *rest.EventListener, awaited map[string]bool) error {
	for len(awaited) > 0 {
		select {
		case <-s.ctx.Done():
			return fmt.Errorf("no event: %v", awaited)
		case event, open := <-listener.Events:
			if !open {
				return fmt.Errorf("the events ended; no event: %v", awaited)
			}
			delete(awaited, string(event.Type))
			for name := range awaited {
				if strings.Contains(string(event.Metadata), `"`+name+`"`) {
					delete(awaited, name)
				}
			}
		}
	}
	return nil
}

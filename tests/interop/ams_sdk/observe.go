package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"

	"redan.example/ams_sdk/rest"
	"redan.example/ams_sdk/shape"
)

// observe compares an answer with its documented shape.
func (s *suite) observe(method, path string, params rest.QueryParams, status int, header http.Header, body []byte) {
	if method == "EVENT" {
		s.observeEvent(body)
		return
	}
	recurses := params["recursion"] == "1" || params["default"] == "true"
	entry := s.shapes.Find(method, path, recurses)
	at := method + " " + path
	if entry == nil {
		return // Not documented.
	}
	s.problem.Lock()
	entry.Seen = true
	s.problem.Unlock()
	if body == nil {
		return // A file.
	}
	var envelope map[string]any
	if err := json.Unmarshal(body, &envelope); err != nil {
		s.add(fmt.Sprintf("%s: the answer is not JSON", at))
		return
	}
	kind, expected := "AmsSync", entry.Answer
	if recurses && entry.Expanded != nil {
		expected = entry.Expanded
	}
	switch {
	case envelope["type"] == "error":
		kind, expected = "AmsError", nil
	case entry.Answer == "operation":
		kind, expected = "AmsAsync", nil
		if location := header.Get("Location"); status == 202 && location != envelope["operation"] {
			s.add(fmt.Sprintf("%s: Location is %q, the operation %v", at, location, envelope["operation"]))
		}
	}
	s.add(s.shapes.Differences(at, envelope, kind)...)
	if expected != nil {
		s.add(s.shapes.Differences(at+": metadata", envelope["metadata"], expected)...)
	}
}

func (s *suite) observeEvent(body []byte) {
	var event map[string]any
	if err := json.Unmarshal(body, &event); err != nil {
		s.add("an event is not JSON")
		return
	}
	s.add(s.shapes.Differences("event", event, "Event")...)
	kinds := map[any]string{"operation": "Operation", "lifecycle": "LifecycleEvent"}
	if kind, known := kinds[event["type"]]; known {
		s.add(s.shapes.Differences("event: metadata", event["metadata"], kind)...)
	}
}

func (s *suite) add(problems ...string) {
	s.problem.Lock()
	defer s.problem.Unlock()
	s.problem.texts = append(s.problem.texts, problems...)
}

func (s *suite) takeProblems() []string {
	s.problem.Lock()
	defer s.problem.Unlock()
	sort.Strings(s.problem.texts)
	var unique []string
	for at, text := range s.problem.texts {
		if at == 0 || text != s.problem.texts[at-1] {
			unique = append(unique, text)
		}
	}
	s.problem.texts = nil
	if len(unique) > 6 {
		unique = append(unique[:6], fmt.Sprintf("and %d more", len(unique)-6))
	}
	return unique
}

// unseen lists the documented paths that no call has used. One that ends in a slash is the same as without.
func (s *suite) unseen() []string {
	plain := func(entry *shape.Entry) string { return entry.Method + " " + strings.TrimSuffix(entry.Path, "/") }
	seen := map[string]bool{}
	for _, entry := range s.shapes.AMS {
		seen[plain(entry)] = seen[plain(entry)] || entry.Seen
	}
	var paths []string
	for _, entry := range s.shapes.AMS {
		if !seen[plain(entry)] {
			paths = append(paths, plain(entry))
		}
	}
	return paths
}

// Package shape compares JSON with the documented shapes of shapes.json.
//
// A shape is a name of "types", a list with the shape of its elements, an object with the shapes of its members (a
// member whose name ends in "?" may be absent or null; "*" stands for every member), or a text of alternatives: string,
// integer, number, boolean, time, object, null, any, 'a literal'.
package shape

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"
)

// Entry is a documented path with its answer. A list that is expanded with recursion=1 has a path of its own, or Expanded.
type Entry struct {
	Method   string `json:"method"`
	Path     string `json:"path"`
	Body     string `json:"body"`
	Upload   string `json:"upload"`
	Answer   any    `json:"answer"`
	Expanded any    `json:"expanded"`
	Statuses []int  `json:"statuses"`
	Seen     bool   `json:"-"`
	pattern  *regexp.Regexp
	recurses bool
}

// Shapes are the documented shapes.
type Shapes struct {
	Types map[string]any `json:"types"`
	AMS   []*Entry       `json:"ams"`
}

// Load reads shapes.json.
func Load(path string) (*Shapes, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	shapes := &Shapes{}
	if err := json.Unmarshal(text, shapes); err != nil {
		return nil, err
	}
	for _, entry := range shapes.AMS {
		path, query, _ := strings.Cut(entry.Path, "?")
		entry.recurses = query != ""
		pattern := regexp.MustCompile(`\\\{[^/]*\\\}`).ReplaceAllString(regexp.QuoteMeta(strings.TrimSuffix(path, "/")), "[^/]+")
		entry.pattern = regexp.MustCompile("^" + pattern + "$")
	}
	// A path without parameters is preferred to one with: /applications/{id}/manifest before /{id}/{version}.
	sort.SliceStable(shapes.AMS, func(a, b int) bool {
		return strings.Count(shapes.AMS[a].Path, "{") < strings.Count(shapes.AMS[b].Path, "{")
	})
	return shapes, nil
}

// Find returns the documented entry of a request, or nil.
func (s *Shapes) Find(method, path string, recurses bool) *Entry {
	path = strings.TrimSuffix(strings.Replace(path, "/auth/identities/", "/auth/identites/", 1), "/")
	if method != "GET" {
		path = strings.Replace(path, "/auth/identites/", "/auth/identities/", 1)
	}
	for pass := 0; pass < 2; pass++ {
		for _, entry := range s.AMS {
			if entry.Method == method && entry.recurses == (recurses && pass == 0) && entry.pattern.MatchString(path) {
				return entry
			}
		}
	}
	return nil
}

// Differences lists where value, a decoded JSON value, differs from a shape.
func (s *Shapes) Differences(at string, value any, expected any) []string {
	switch expected := expected.(type) {
	case string:
		return s.text(at, value, expected)
	case []any:
		list, is := value.([]any)
		if !is {
			return []string{fmt.Sprintf("%s is %s, not a list", at, kind(value))}
		}
		var found []string
		for index, element := range list {
			found = append(found, s.Differences(fmt.Sprintf("%s[%d]", at, index), element, expected[0])...)
		}
		return found
	case map[string]any:
		return s.object(at, value, expected)
	}
	return []string{"shapes.json has an unknown shape"}
}

func (s *Shapes) object(at string, value any, expected map[string]any) []string {
	object, is := value.(map[string]any)
	if !is {
		return []string{fmt.Sprintf("%s is %s, not an object", at, kind(value))}
	}
	var found []string
	for name, shape := range expected {
		switch plain := strings.TrimSuffix(name, "?"); {
		case name == "*":
			for member, element := range object {
				found = append(found, s.Differences(at+"."+member, element, shape)...)
			}
		case plain != name && object[plain] == nil:
		default:
			member, there := object[plain]
			if !there {
				found = append(found, fmt.Sprintf("%s.%s is missing", at, plain))
				continue
			}
			found = append(found, s.Differences(at+"."+plain, member, shape)...)
		}
	}
	sort.Strings(found)
	return found
}

func (s *Shapes) text(at string, value any, expected string) []string {
	if named, is := s.Types[expected]; is {
		return s.Differences(at, value, named)
	}
	for _, alternative := range strings.Split(expected, "|") {
		if fits(value, alternative) {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %s, not %s", at, kind(value), expected)}
}

func fits(value any, alternative string) bool {
	text, isText := value.(string)
	number, isNumber := value.(float64)
	switch alternative {
	case "any":
		return true
	case "null":
		return value == nil
	case "string":
		return isText
	case "time":
		_, err := time.Parse(time.RFC3339, text)
		return isText && err == nil
	case "number":
		return isNumber
	case "integer":
		return isNumber && number == math.Trunc(number)
	case "boolean":
		_, is := value.(bool)
		return is
	case "object":
		_, is := value.(map[string]any)
		return is
	}
	return isText && alternative == "'"+text+"'"
}

func kind(value any) string {
	text, _ := json.Marshal(value)
	if len(text) > 60 {
		text = append(text[:57], "..."...)
	}
	return string(text)
}

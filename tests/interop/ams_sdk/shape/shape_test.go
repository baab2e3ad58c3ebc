package shape

import (
	"encoding/json"
	"strings"
	"testing"
)

func load(t *testing.T) *Shapes {
	shapes, err := Load("../shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	return shapes
}

func differences(t *testing.T, text string, expected any) string {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return strings.Join(load(t).Differences("it", value, expected), "; ")
}

func TestFindsWhatIsMissingOrOfAnotherType(t *testing.T) {
	permission := `{"entitlement": "can_view", "resource": "server"}`
	for _, one := range []struct {
		text     string
		expected any
		found    string
	}{
		{permission, "Permission", ""},
		{`{"entitlement": "can_view"}`, "Permission", "it.resource is missing"},
		{`{"entitlement": 5, "resource": "server"}`, "Permission", "it.entitlement is 5, not string"},
		{`[` + permission + `, {}]`, []any{"Permission"}, "it[1].entitlement is missing; it[1].resource is missing"},
		{permission, []any{"Permission"}, "it is {\"entitlement\":\"can_view\",\"resource\":\"server\"}, not a list"},
		{`null`, "Permission", "it is null, not an object"},
		{`{"a": ["x"], "b": 1}`, map[string]any{"*": []any{"string"}}, "it.b is 1, not a list"},
		{`"x"`, "'y'|null", `it is "x", not 'y'|null`},
		{`1.5`, "integer", "it is 1.5, not integer"},
		{`true`, "number", "it is true, not number"},
		{`"2026-01-02"`, "time", `it is "2026-01-02", not time`},
		{`"2026-01-02T03:04:05.678Z"`, "time", ""},
	} {
		if found := differences(t, one.text, one.expected); found != one.found {
			t.Errorf("%s as %v: %q, not %q", one.text, one.expected, found, one.found)
		}
	}
}

func TestLeavesOutWhatIsOptional(t *testing.T) {
	for _, text := range []string{`{}`, `{"a": null}`, `{"a": "x", "more": 1}`} {
		if found := differences(t, text, map[string]any{"a?": "string"}); found != "" {
			t.Errorf("%s: %s", text, found)
		}
	}
	if differences(t, `{"a": 1}`, map[string]any{"a?": "string"}) == "" {
		t.Error("an optional member of another type is accepted")
	}
}

func TestFindsTheDocumentedPath(t *testing.T) {
	for request, path := range map[string]string{
		"GET /1.0":                         "/1.0/",
		"GET /1.0/applications/x":          "/1.0/applications/{id}",
		"GET /1.0/applications/x/manifest": "/1.0/applications/{id}/manifest",
		"GET /1.0/applications/x/0":        "/1.0/applications/{id}/{version}",
		"GET /1.0/auth/identities/x":       "/1.0/auth/identites/{id}",
		"PUT /1.0/auth/identities/x":       "/1.0/auth/identities/{id}",
		"PUT /1.0/auth/groups/x":           "/1.0/auth/groups/{name}/",
		"GET /1.0/instances":               "/1.0/instances",
	} {
		method, asked, _ := strings.Cut(request, " ")
		if entry := load(t).Find(method, asked, false); entry == nil || entry.Path != path {
			t.Errorf("%s is %v, not %s", request, entry, path)
		}
	}
	if entry := load(t).Find("GET", "/1.0/instances", true); entry == nil || entry.Path != "/1.0/instances?recursion=1" {
		t.Errorf("the expanded list is %v", entry)
	}
	if entry := load(t).Find("GET", "/1.0/nothing", false); entry != nil {
		t.Errorf("an unknown path is %v", entry)
	}
}

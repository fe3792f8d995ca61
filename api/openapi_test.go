package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/knadh/koanf/parsers/yaml"

	"github.com/seed-f3cefc8c/focus/pkg/c3p"

	"github.com/seed-f3cefc8c/focus/pkg/quality"
)

// types are the structs that the schemas describe.
var types = map[string]any{
	"NewConference": &NewConference{}, "Conference": &Conference{}, "Conferences": &Conferences{},
	"ConferenceChange": &ConferenceChange{}, "LobbyCommand": &LobbyCommand{}, "NewParticipant": &NewParticipant{}, "ParticipantChange": &ParticipantChange{},
	"Participants": &Participants{}, "Participant": &Participant{}, "Endpoint": &Endpoint{}, "Media": &Media{},
	"NewWebhook": &NewWebhook{}, "Webhook": &Webhook{}, "WebhookList": &WebhookList{},
	"Event":            &Event{},
	"RecordingCommand": &RecordingCommand{}, "RecordingState": &RecordingState{},
	"NewUser": &NewUser{}, "UserChange": &UserChange{}, "User": &User{}, "UserList": &UserList{}, "Binding": &Binding{}, "BindingList": &BindingList{},
	"NewToken": &NewToken{}, "Token": &Token{}, "TokenList": &TokenList{}, "Problem": &Problem{},
	"CallList": &CallList{}, "Call": &quality.Report{}, "CallCodec": &quality.Codec{}, "Quality": &quality.Metrics{}, "TURNRequest": &TURNRequest{}, "ICEServers": &ICEServers{}, "ICEServer": &ICEServer{},
}

type object = map[string]any

func specification(t *testing.T) object {
	t.Helper()
	spec, err := yaml.Parser().Unmarshal([]byte(openAPI))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestEveryRouteIsDescribedAndNothingElse(t *testing.T) {
	var described, served []string
	for path, item := range specification(t)["paths"].(object) {
		for method := range item.(object) {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, r := range (&server{}).routes() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("served (-) and described (+):\n%s", diff)
	}
}

func TestSchemasAreTheTypes(t *testing.T) {
	schemas := specification(t)["components"].(object)["schemas"].(object)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(types)), slices.Sorted(maps.Keys(schemas))); diff != "" {
		t.Fatalf("types (-) and schemas (+):\n%s", diff)
	}
	for name, v := range types {
		want := exported(reflect.TypeOf(v).Elem())
		got := slices.Sorted(maps.Keys(schemas[name].(object)["properties"].(object)))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: fields (-) and properties (+):\n%s", name, diff)
		}
	}
}

func exported(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if t.Field(i).IsExported() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestExamplesParse reads each example that stands beside a schema into its type, and those of C3P as requests.
func TestExamplesParse(t *testing.T) {
	examples := 0
	walk(specification(t), func(media object) {
		example, ok := media["example"]
		if !ok {
			return
		}
		examples++
		if document, ok := example.(string); ok {
			if _, err := c3p.ParseRequest([]byte(document)); err != nil {
				t.Errorf("%s: %v", document, err)
			}
			return
		}
		reference, _ := media["schema"].(object)["$ref"].(string)
		checkExample(t, strings.TrimPrefix(reference, "#/components/schemas/"), example)
	})
	if examples < 15 {
		t.Errorf("only %d examples were found", examples)
	}
}

func checkExample(t *testing.T, schema string, example any) {
	t.Helper()
	text, err := json.Marshal(example)
	if err != nil || types[schema] == nil {
		t.Fatalf("%s: %v", schema, err)
	}
	v := reflect.New(reflect.TypeOf(types[schema]).Elem()).Interface()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		t.Errorf("%s: %s: %v", schema, text, err)
	}
}

// walk calls visit for every object in a tree.
func walk(node any, visit func(object)) {
	switch node := node.(type) {
	case object:
		visit(node)
		for _, child := range node {
			walk(child, visit)
		}
	case []any:
		for _, child := range node {
			walk(child, visit)
		}
	}
}

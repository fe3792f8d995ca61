package recorder

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

// checkManifest fails the test when the file does not follow api/recording.schema.json.
func checkManifest(t testing.TB, name string) {
	t.Helper()
	var schema map[string]any
	readJSON(t, "../../api/recording.schema.json", &schema)
	var value any
	readJSON(t, name, &value)
	v := validator{root: schema}
	v.check("manifest", schema, value)
	for _, problem := range v.problems {
		t.Errorf("%s: %s", name, problem)
	}
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// validator knows the keywords of JSON Schema (draft 2020-12) that our schema uses, and refuses a schema with others.
type validator struct {
	root     map[string]any
	problems []string
}

func (v *validator) fail(at, format string, args ...any) {
	v.problems = append(v.problems, at+": "+fmt.Sprintf(format, args...))
}

func (v *validator) check(at string, schema map[string]any, value any) {
	for keyword, want := range schema {
		switch keyword {
		case "$schema", "$id", "$defs", "title", "description":
		case "$ref":
			name := strings.TrimPrefix(want.(string), "#/$defs/")
			v.check(at, v.root["$defs"].(map[string]any)[name].(map[string]any), value)
		case "type":
			if got := typeOf(value); got != want && (want != "number" || got != "integer") {
				v.fail(at, "is %s, want %s", got, want)
				return
			}
		case "const":
			if value != want {
				v.fail(at, "is %v, want %v", value, want)
			}
		case "enum":
			v.enum(at, want.([]any), value)
		case "minimum":
			if n, ok := value.(float64); ok && n < want.(float64) {
				v.fail(at, "is %v, want at least %v", n, want)
			}
		case "format":
			if _, err := time.Parse(time.RFC3339Nano, fmt.Sprint(value)); err != nil || want != "date-time" {
				v.fail(at, "%v is no %v", value, want)
			}
		case "required", "properties", "additionalProperties":
		case "items", "minItems", "maxItems":
		default:
			v.fail(at, "the schema has the keyword %s", keyword)
		}
	}
	switch value := value.(type) {
	case map[string]any:
		v.object(at, schema, value)
	case []any:
		v.array(at, schema, value)
	}
}

func (v *validator) enum(at string, list []any, value any) {
	for _, want := range list {
		if value == want {
			return
		}
	}
	v.fail(at, "is %v, want one of %v", value, list)
}

func (v *validator) object(at string, schema map[string]any, value map[string]any) {
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := value[name.(string)]; !ok {
			v.fail(at, "has no %s", name)
		}
	}
	properties, ok := schema["properties"].(map[string]any)
	for name, member := range value {
		if property, known := properties[name].(map[string]any); known {
			v.check(at+"."+name, property, member)
		} else if ok && schema["additionalProperties"] == false {
			v.fail(at, "has an unknown %s", name)
		}
	}
}

func (v *validator) array(at string, schema map[string]any, value []any) {
	if n, ok := schema["minItems"].(float64); ok && float64(len(value)) < n {
		v.fail(at, "has %d items, want at least %v", len(value), n)
	}
	if n, ok := schema["maxItems"].(float64); ok && float64(len(value)) > n {
		v.fail(at, "has %d items, want at most %v", len(value), n)
	}
	items, ok := schema["items"].(map[string]any)
	for i, member := range value {
		if ok {
			v.check(fmt.Sprintf("%s[%d]", at, i), items, member)
		}
	}
}

func typeOf(value any) string {
	switch value := value.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if value == math.Trunc(value) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

func TestValidatorFindsFaults(t *testing.T) {
	var schema map[string]any
	readJSON(t, "../../api/recording.schema.json", &schema)
	for _, bad := range []string{`{}`, `[]`, `{"schemaVersion":2}`, `{"schemaVersion":1,"extra":true}`, `{"started":"yesterday"}`} {
		var value any
		if err := json.Unmarshal([]byte(bad), &value); err != nil {
			t.Fatal(err)
		}
		v := validator{root: schema}
		v.check("manifest", schema, value)
		if len(v.problems) == 0 {
			t.Errorf("%s passes", bad)
		}
	}
}

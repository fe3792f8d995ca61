package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/seed-f3cefc8c/focus/pkg/suggest"
)

// readJSON reads the body of a request into the struct that v points to.
func readJSON(w http.ResponseWriter, r *http.Request, v any) *Problem {
	body, refusal := readBody(w, r, "application/json")
	if refusal != nil {
		return refusal
	}
	return decode(body, v)
}

// decode reads one JSON object. It is stricter than encoding/json: each name is written as the struct has it, and once.
func decode(data []byte, v any) *Problem {
	if refusal := checkNames(data, names(reflect.TypeOf(v).Elem())); refusal != nil {
		return refusal
	}
	err := json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return badField(wrong.Field, wrong.Field+" cannot be a "+wrong.Value+": /openapi.yaml says what it is.")
	case err != nil:
		return problem(http.StatusBadRequest, "A value of the JSON cannot be read: "+err.Error()+".")
	}
	return nil
}

// names are those of the members of a JSON object.
func names(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// checkNames looks at the members of an object, and no deeper.
func checkNames(data []byte, known []string) *Problem {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return problem(http.StatusBadRequest, "The body is not a JSON object.")
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return notJSON(err)
		}
		name, _ := token.(string)
		if refusal := checkName(name, known, seen); refusal != nil {
			return refusal
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return notJSON(err)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return notJSON(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return problem(http.StatusBadRequest, "Something follows the JSON object: send one only.")
	}
	return nil
}

func checkName(name string, known []string, seen map[string]bool) *Problem {
	for _, k := range known {
		if name == k {
			if seen[name] {
				return badField(name, name+" is there twice: send it once.")
			}
			seen[name] = true
			return nil
		}
	}
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return badField(name, "There is no field \""+name+"\""+suggest.Hint(name, known)+"; there are "+strings.Join(known, ", ")+".")
}

func notJSON(err error) *Problem {
	return problem(http.StatusBadRequest, "The body is not JSON: "+err.Error()+".")
}

func badField(field, detail string) *Problem {
	p := problem(http.StatusBadRequest, detail)
	p.Field = field
	return p
}

// writeJSON sends an answer.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // an error here means that nobody listens any more
}

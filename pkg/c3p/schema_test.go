package c3p_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/seed-f3cefc8c/focus/internal/xmlschema"
	"github.com/seed-f3cefc8c/focus/pkg/c3p"
)

// TestSchemas: every document of the rows is written as the schemas of api/c3p say.
func TestSchemas(t *testing.T) {
	xmlschema.Require(t)
	var documents xmlschema.Documents
	for _, request := range requests {
		documents.Add(request.AppendXML(nil))
	}
	for _, response := range responses {
		documents.Add(response.AppendXML(nil))
	}
	for _, notification := range notifications {
		documents.Add(notification.AppendXML(nil))
	}
	documents.Validate(t)
}

// TestSchemasRefuse: the schemas are no rubber stamp.
func TestSchemasRefuse(t *testing.T) {
	xmlschema.Require(t)
	lock := string(requests["modifyConferenceLock"].AppendXML(nil))
	filter := string(requests["setMediaFilter"].AppendXML(nil))
	record := string(responses["modifyConference"].AppendXML(nil))
	for name, document := range map[string]string{
		"a boolean":           strings.Replace(lock, ">true<", "> yes <", 1),
		"an unknown command":  strings.ReplaceAll(lock, "modifyConferenceLock", "makeTea"),
		"a missing part":      strings.Replace(lock, "<locked>true</locked>", "", 1),
		"an unknown fx":       strings.Replace(filter, "fx:speaker", "fx:singer", -1),
		"an unknown part":     strings.Replace(record, "<fx:lobby>", "<fx:tea/><fx:lobby>", 1),
		"an order":            strings.Replace(record, "<subject>", "<free-text/><subject>", 1),
		"a policy":            strings.Replace(record, "openAuthenticated", "friends", 1),
		"an unknown reason":   strings.Replace(string(responses["modifyConference-old"].AppendXML(nil)), "invalidVersion", "tooOld", 1),
		"white space in text": strings.Replace(record, "openAuthenticated", "\nopenAuthenticated\n", 1),
	} {
		var documents xmlschema.Documents
		documents.Add([]byte(document))
		if len(documents.Complaints(t)) == 0 {
			t.Errorf("%s is taken:\n%s", name, document)
		}
	}
}

// TestSchemaHasEverything: every command and every reason stands in the schemas, and in the code no other reasons.
func TestSchemaHasEverything(t *testing.T) {
	schema, err := os.ReadFile("../../api/c3p/cccp.xsd")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c3p.CommandNames() {
		if strings.Count(string(schema), `<xs:element name="`+name+`"`)+strings.Count(string(schema), `<xs:element ref="fx:`+name+`"`) != 2 {
			t.Errorf("%s is not in both request and response", name)
		}
	}
	reasons := regexp.MustCompile(`Reason\s+= "(\w+)"`).FindAllStringSubmatch(string(code), -1)
	for _, reason := range reasons {
		if !strings.Contains(string(schema), `<xs:enumeration value="`+reason[1]+`"/>`) {
			t.Errorf("the reason %s is not in the schema", reason[1])
		}
	}
	if len(reasons) < 30 {
		t.Errorf("only %d reasons were found", len(reasons))
	}
}

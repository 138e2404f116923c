package nodeapi_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi"
)

// node-68: the document is made of the code, is served, and lists the calls that the router has and no others.
func TestDocumentListsAllCalls(t *testing.T) {
	a := start(t)
	code, headers, body := a.curl(t, "/openapi.json")
	if code != "200" || !strings.Contains(headers, "Content-Type: application/json") {
		t.Fatalf("%s %s", code, headers)
	}
	var doc struct {
		OpenAPI    string `json:"openapi"`
		Info       struct{ Title, Version string }
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Info.Title == "" || doc.Info.Version != "9.9" {
		t.Errorf("document of %s: %+v", doc.OpenAPI, doc.Info)
	}
	var listed []string
	ids := map[string]bool{}
	note := func(method, path string, text json.RawMessage) {
		var op struct {
			OperationID string `json:"operationId"`
			Parameters  []struct{ Name, In string }
			Responses   map[string]json.RawMessage
		}
		if err := json.Unmarshal(text, &op); err != nil || op.OperationID == "" || ids[op.OperationID] ||
			len(op.Responses) == 0 {
			t.Errorf("%s %s: %v, operation %q", method, path, err, op.OperationID)
		}
		ids[op.OperationID] = true
		var named []string
		for _, p := range op.Parameters {
			if p.In == "path" {
				named = append(named, "{"+p.Name+"}")
			}
		}
		equal(t, path, strings.Join(named, ""), strings.Join(regexp.MustCompile(`\{\w+\}`).FindAllString(path, -1), ""))
		listed = append(listed, method+" "+path)
	}
	for path, item := range doc.Paths {
		for method, op := range item {
			if method == "x-additional-operations" {
				var others map[string]json.RawMessage
				if err := json.Unmarshal(op, &others); err != nil {
					t.Fatal(err)
				}
				for method, op := range others {
					note(method, path, op)
				}
				continue
			}
			note(strings.ToUpper(method), path, op)
		}
	}
	want := []string{"GET /ping", "GET /openapi.json"}
	for _, pattern := range nodeapi.Patterns(a.server) {
		want = append(want, strings.ReplaceAll(pattern, "{$}", ""))
	}
	slices.Sort(want)
	slices.Sort(listed)
	equal(t, "calls", listed, want)
	for _, ref := range regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`).FindAllStringSubmatch(body, -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("a reference leads nowhere: %s", ref[1])
		}
	}
	// What is listed is answered by more than the last resort.
	for _, call := range listed {
		method, path, _ := strings.Cut(call, " ")
		_, _, answer := a.curl(t, strings.NewReplacer("{id}", "1", "{path}", "x").Replace(path),
			append(asNode, "-X", method)...)
		if strings.Contains(answer, "no such call") || strings.Contains(answer, "does not serve") {
			t.Errorf("%s: %s", call, answer)
		}
	}
}

// node-96: what this node has not is refused with why, and is in the document of the interface by TestInterfaceIsDocumented.
// node-100: so is the central service, with the words that clients which ask for it do not pass.
func TestCallsThatAreNotServedSaySo(t *testing.T) {
	a := start(t)
	for call, says := range map[string]string{
		"POST /files/sync_setup": "no sync", "GET /files/5/preview": "no previews",
		"PUT /asyncs/5": "no sync", "GET /rund/services": "watch folders",
		"POST /streams": "no streams", "CANCEL /streams/1": "no streams", "GET /services/x": "Kubernetes",
		"POST /services/soap/Transfer-201210": "central", "POST /services/rest/transfers/v1/sessions": "central",
		"GET /v3/watchfolders": "watch folders", "GET /v3/watchfolders/1/state": "watch folders",
		"POST /public_keys": "keys",
	} {
		method, path, _ := strings.Cut(call, " ")
		code, _, body := a.curl(t, path, append(asNode, "-X", method)...)
		if code != "501" || !strings.Contains(body, says) {
			t.Errorf("%s: %s %s", call, code, body)
		}
	}
}

// The document of the interface has a line for each call of the router, and for no other: what is not served is said to be
// refused.
func TestInterfaceIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/node-api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\n## Calls\n"))
	text, _, _ = bytes.Cut(text, []byte("\n## "))
	var served, refused []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|(.*)$").FindAllSubmatch(text, -1) {
		if call := string(row[1]); bytes.Contains(row[2], []byte("| refused, 501")) {
			refused = append(refused, call)
		} else {
			served = append(served, call)
		}
	}
	wanted := []string{"GET /ping", "GET /openapi.json"}
	for _, p := range nodeapi.Patterns(start(t).server) {
		wanted = append(wanted, strings.ReplaceAll(p, "{$}", ""))
	}
	for _, list := range [][]string{served, refused, wanted} {
		slices.Sort(list)
	}
	equal(t, "calls that are served", served, wanted)
	equal(t, "calls that are refused", refused, nodeapi.NotServed())
}

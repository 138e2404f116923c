package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// applySpecFile reads a transfer spec, as the APIs return it, from a file or from standard input. The spec may be
// wrapped as in the answers of a node: {"transfer_specs":[{"transfer_spec":{...}}]}. What the command line says goes
// first.
func (d *draft) applySpecFile(name string) error {
	text, err := readSpec(name)
	if err != nil {
		return fail.New(fail.Usage, "the transfer spec can't be read: %w", err)
	}
	fields, err := specFields(text)
	if err != nil {
		return err
	}
	return d.applyFields(fields)
}

// specFields are the fields of the one spec of a file.
func specFields(text []byte) (map[string]json.RawMessage, error) {
	type fields = map[string]json.RawMessage
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // Some editors put it there.
	var answer struct {
		TransferSpec  fields `json:"transfer_spec"`
		TransferSpecs []struct {
			TransferSpec fields `json:"transfer_spec"`
		} `json:"transfer_specs"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, badSpec(err)
	}
	switch {
	case answer.TransferSpec != nil:
		return answer.TransferSpec, nil
	case len(answer.TransferSpecs) == 1:
		return answer.TransferSpecs[0].TransferSpec, nil
	case len(answer.TransferSpecs) > 1:
		return nil, fail.New(fail.Usage, "the file holds %d transfer specs, one is run at a time", len(answer.TransferSpecs))
	}
	var plain fields
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, badSpec(err)
	}
	return plain, nil
}

// sift leaves those fields that an option of the table reads, under their first names. A field that is null is none.
// One that asks for what is refused is an error. Names that are not in the table are returned: they change nothing,
// but who wrote them may have thought otherwise.
func sift(fields map[string]json.RawMessage) (unknown []string, err error) {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o, value := ofField(name), fields[name]
		switch {
		case string(value) == "null":
		case o == nil:
			unknown = append(unknown, name)
		case o.fate == refused && asks(value) || o.unless != nil && o.unless(plainText(value)):
			return nil, fail.New(fail.Usage, "transfer spec: %s is not supported by this ascp: %s", name, o.words)
		case o.fate == works && name == o.fields[0]:
			continue
		case o.fate == works:
			if first, ok := fields[o.fields[0]]; !ok || string(first) == "null" {
				fields[o.fields[0]] = value
			}
		}
		delete(fields, name)
	}
	return unknown, nil
}

// plainText is the text of a JSON string, else empty.
func plainText(value json.RawMessage) string {
	var text string
	_ = json.Unmarshal(value, &text) // What is no text has none.
	return text
}

// asks reports whether a value of a field asks for anything.
func asks(value json.RawMessage) bool {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return true
	}
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case float64:
		return v != 0
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// mostNames bounds how many names one message has.
const mostNames = 10

// unknownFields names fields that nobody reads. The names are a stranger's: they are quoted.
func unknownFields(names []string) string {
	more := ""
	if len(names) > mostNames {
		more = fmt.Sprintf(" and %d more", len(names)-mostNames)
		names = names[:mostNames]
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.QuoteToASCII(n[:min(len(n), 64)])
	}
	return "transfer spec: not known and left out: " + strings.Join(quoted, ", ") + more
}

// badSpec describes a spec that is not JSON, or has a wrong type, without its values: it holds a token.
func badSpec(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return fail.New(fail.Usage, "the transfer spec is not JSON")
	case wrong.Field == "":
		return fail.New(fail.Usage, "the transfer spec is not an object")
	}
	return fail.New(fail.Usage, "transfer spec: field %s has a wrong type", wrong.Field)
}

func readSpec(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, 16<<20))
	}
	return os.ReadFile(name)
}

// applySpec takes what a spec says and the request does not.
func (r *request) applySpec(s transferspec.Spec) error {
	text, err := json.Marshal(s)
	if err != nil {
		return badSpec(err)
	}
	fields, err := specFields(text)
	if err != nil {
		return err
	}
	return (&draft{request: r}).applyFields(fields)
}

// applyFields has every option of the table take what the fields of a spec say of it.
func (d *draft) applyFields(fields map[string]json.RawMessage) error {
	unknown, err := sift(fields)
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		d.notices = append(d.notices, unknownFields(unknown))
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return badSpec(err)
	}
	var s transferspec.Spec
	if err := json.Unmarshal(text, &s); err != nil {
		return badSpec(err)
	}
	checked := d.options // with the attributes of the command line, which speak for both ends
	for _, o := range named(works) {
		if o.setting.spec == nil {
			continue
		}
		if err := o.setting.spec(d, &s); err != nil {
			return err
		}
	}
	d.webSocket = d.webSocket || d.offersWebSocket && d.token != ""
	if checked.Xattrs != "" {
		d.remoteXattrs = ""
	}
	if checked.ACLs != "" {
		d.remoteACLs = ""
	}
	return d.settleAttributes("transfer spec: preserve_remote_extended_attrs", "transfer spec: preserve_remote_acls")
}

// noticePairs finds out whether the paths of a spec name destinations: all or none do.
func (r *request) noticePairs() error {
	named := 0
	for _, p := range r.sources {
		if p.Destination != "" {
			named++
		}
	}
	if named != 0 && named != len(r.sources) {
		return fmt.Errorf("transfer spec: %d of %d paths have a destination, it must be all or none", named, len(r.sources))
	}
	r.pairs = named > 0
	return nil
}

package transferspec

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzSpec has specs that are read, written and read again stay the same.
func FuzzSpec(f *testing.F) {
	f.Add([]byte(`{"direction":"send","remote_host":"node","ssh_port":33001,` +
		`"paths":[{"source":"a","destination":"b"}],"tags":{"aspera":{}}}`))
	f.Add([]byte(`{"target_rate_kbps":1e3,"lock_rate_policy":true,"precalculate_job_size":null,"multi_session":-1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var spec, again Spec
		if json.Unmarshal(text, &spec) != nil {
			return
		}
		written, err := json.Marshal(spec)
		if err != nil {
			t.Fatalf("a spec that was read can't be written: %v", err)
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		rewritten, err := json.Marshal(again)
		if err != nil || !reflect.DeepEqual(written, rewritten) {
			t.Errorf("%s became %s: %v", written, rewritten, err)
		}
		if spec.Direction.Valid() != (spec.Direction == Send || spec.Direction == Receive) {
			t.Errorf("direction %q is valid: %t", spec.Direction, spec.Direction.Valid())
		}
	})
}

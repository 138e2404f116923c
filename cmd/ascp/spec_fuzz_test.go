package main

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzSpecFile has no transfer spec through that says not what to transfer, or with whom.
func FuzzSpecFile(f *testing.F) {
	f.Add([]byte(`{"direction":"send","remote_host":"node","paths":[{"source":"a"}],"token":"ATM3_x"}`))
	f.Add([]byte(`{"transfer_specs":[{"transfer_spec":{"direction":"receive","remote_host":"node","paths":[{"source":"/a","destination":"b"}]}}]}`))
	f.Add([]byte(`{"transfer_spec":{"target_rate_kbps":"fast"}}`))
	f.Add([]byte(`{"direction":"send","remote_host":"node","paths":[{"source":"a"}],"preserve_xattrs":"native","tags64":"e30=","no_such_field":null,"delete_source":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		name := filepath.Join(t.TempDir(), "spec")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := parse([]string{"-q", "--transfer-spec", name}, func(string) string { return "" })
		if err != nil {
			return
		}
		if r.host == "" || !r.direction.Valid() || len(r.sources) == 0 {
			t.Errorf("accepted without host, direction or sources: %+v", r.direction)
		}
	})
}

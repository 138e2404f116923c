package transfer

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// idleData is an engine to which no data comes.
type idleData struct{}

func (idleData) Expect(engine.Range) error     { return nil }
func (idleData) CloseExpect()                  {}
func (idleData) Run(ctx context.Context) error { <-ctx.Done(); return nil }
func (idleData) Stats() engine.Stats           { return engine.Stats{} }

// A sender that announces files without waiting for what becomes of them is refused, before it
// takes more memory than there is.
func TestReceiverBoundsWhatIsUndecided(t *testing.T) {
	large := control.Xattr{Name: "user.x", Value: bytes.Repeat([]byte("v"), 60<<10)}
	for name, c := range map[string]struct {
		entries int
		xattrs  []control.Xattr
	}{
		"files": {entries: manifest.MostOpen + 1},
		"bytes": {entries: manifest.MostOpenBytes/(60<<10) + 2, xattrs: []control.Xattr{large}},
	} {
		t.Run(name, func(t *testing.T) {
			root, err := storage.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			options, err := Normalize(control.Options{Xattrs: manifest.AttributesNative})
			if err != nil {
				t.Fatal(err)
			}
			a, b := pipe()
			r := newReceiver(newConn(b), root, func(p string) (string, *fail.Error) { return p, nil }, options)
			r.data = idleData{}
			hostile := newConn(a)
			defer hostile.close()
			go func() {
				for {
					if _, err := hostile.read(); err != nil {
						return
					}
				}
			}()
			go func() {
				for i := range c.entries {
					e := &control.Entry{Kind: control.KindFile, Path: fmt.Sprint(i), Size: 1, ModTime: 1}
					if c.xattrs != nil {
						e.Attributes = &control.Attributes{Xattrs: c.xattrs}
					}
					if hostile.send(e) != nil {
						return
					}
				}
			}()
			err = r.run(t.Context())
			if err == nil || !strings.Contains(err.Error(), "without an answer") {
				t.Errorf("the session ends with %v", err)
			}
			if r.open > manifest.MostOpen || r.openBytes > manifest.MostOpenBytes {
				t.Errorf("%d files and %d bytes are open", r.open, r.openBytes)
			}
		})
	}
}

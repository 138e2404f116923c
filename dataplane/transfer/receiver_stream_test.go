package transfer

import (
	"errors"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// TestDownloadRefusesAListThatIsNotWhole: the totals at the end of a list are those of its entries.
func TestDownloadRefusesAListThatIsNotWhole(t *testing.T) {
	for name, end := range map[string]control.End{
		"an entry is missing": {Entries: 2, Bytes: 5}, "bytes are missing": {Entries: 1, Bytes: 6},
	} {
		var text []byte
		for _, m := range []control.Message{
			&control.Entry{Kind: control.KindFile, Path: "f", Size: 5, ModTime: 1, Mode: 0o644}, &end,
		} {
			var err error
			if text, err = control.Append(text, m); err != nil {
				t.Fatal(err)
			}
		}
		options, err := Normalize(control.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := NewDownload()
		r := newStreamReceiver(said(text), d, options)
		r.data = memReceiver{newMemLink()}
		var failure *fail.Error
		if err := r.run(t.Context()); !errors.As(err, &failure) || failure.Code != fail.Protocol {
			t.Errorf("%s: the session ends with %v", name, err)
		}
		if _, complete, err := d.List(t.Context()); complete || err == nil {
			t.Errorf("%s: the list is called complete", name)
		}
	}
}

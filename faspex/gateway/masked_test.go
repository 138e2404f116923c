package gateway

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/mask"
	"faspex.io/operator/dataplane/transferspec"
)

// node-141, faspex-AA8 with TestNames of package mask and TestMaskedRemoteSource: names that are masked keep their extension and nothing else, whichever way the files come, and an upload that
// is begun again goes on where it was.
func TestUploadUnderMaskedNames(t *testing.T) {
	w := newWorld(t)
	b := noise(1, 2<<20)
	spec := func() transferspec.Spec {
		s := w.node.Upload(t, "/in")
		s.ObfuscateFileNames, s.ObfuscationKey = true, "key"
		return s
	}
	files := []file{{"Secret plan/Merger.pdf", int64(len(b)), modified}}
	u := w.created(w.create(spec(), files, "Secret plan", "Secret plan/Empty"))
	if u.Files[0].Path != files[0].Path {
		t.Errorf("the page's file is called %s", u.Files[0].Path)
	}
	w.patch(u.Files[0].URL, 0, b[:1<<20]).mustBe(t, 204)
	for w.server.memory.Used() > 0 {
		time.Sleep(time.Millisecond)
	}
	w.server.Close()
	w.node.Last(t).Ended(t)
	w.start()
	again := w.created(w.create(spec(), files, "Secret plan", "Secret plan/Empty"))
	off := *again.Files[0].Offset
	if off == 0 {
		t.Error("the second begins anew")
	}
	w.patch(again.Files[0].URL, off, b[off:]).mustBe(t, 204)
	w.complete(again).mustBe(t, 200)
	n := mask.New("key")
	w.has("in/"+n.File("Secret plan/Merger.pdf"), b)
	list, err := announcedFiles(transferspec.Spec{ObfuscateFileNames: true, ObfuscationKey: "key",
		Paths: []transferspec.Path{{Source: "/home/ada/Secret plan/Merger.pdf"}, {Source: "/home/ada/x"}}})
	if err != nil || list[0].path != n.File("ada/Secret plan/Merger.pdf") || list[1].path != n.File("ada/x") {
		t.Errorf("the published ways: %+v, %v", list, err)
	}
	if err := filepath.WalkDir(w.node.Dir, func(p string, _ fs.DirEntry, err error) error {
		for _, word := range []string{"Secret", "Merger", "Empty"} {
			if strings.Contains(p, word) {
				t.Errorf("the node has %s", p)
			}
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	record := w.node.Last(t).Transfer
	if text := string(record.Tags) + record.Cookie + w.log.String(); strings.Contains(text, "Merger") {
		t.Errorf("the name is in %s", text)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/mask"
	"faspex.io/operator/dataplane/transferspec"
)

// Names that are masked tell nothing to the node, and a spec that is run again sends nothing again.
func TestSendUnderMaskedNames(t *testing.T) {
	t.Parallel()
	n, from := startNode(t), t.TempDir()
	writeFiles(t, from, map[string][]byte{"Secret/Merger.pdf": noise(1, 1<<20), "Secret/deep/plan": []byte("x")})
	if err := os.Symlink("Merger.pdf", filepath.Join(from, "Secret/Pointer")); err != nil {
		t.Fatal(err)
	}
	runSpec := func(args ...string) (string, error) {
		text, err := json.Marshal(transferspec.Spec{Direction: transferspec.Send, RemoteHost: "127.0.0.1", RemoteUser: "xfer",
			SSHPort: n.sshPort, Token: n.sending(t, "/in"), DestinationRoot: "/in", ObfuscateFileNames: true, ObfuscationKey: "key",
			SymlinkPolicy: "copy", ResumePolicy: "sparse_csum", Paths: []transferspec.Path{{Source: from + "/Secret"}}})
		if err != nil {
			t.Fatal(err)
		}
		cmd := process(t, "ascp", "", append([]string{"--transfer-spec", "-"}, args...)...)
		cmd.Stdin = bytes.NewReader(text)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err = cmd.Run()
		return said.String(), err
	}
	if out, err := runSpec(); err == nil || !strings.Contains(out, "symbolic link is not sent where names are masked") {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.Remove(filepath.Join(from, "Secret/Pointer")); err != nil {
		t.Fatal(err)
	}
	if out, err := runSpec(); err != nil || !strings.Contains(out, "2 files") {
		t.Errorf("%v: %s", err, out)
	}
	m := mask.New("key")
	want := []string{m.Folder("Secret"), m.File("Secret/Merger.pdf"), m.Folder("Secret/deep"), m.File("Secret/deep/plan")}
	var got []string
	for name := range tree(t, filepath.Join(n.dir, "in")) {
		got = append(got, strings.TrimSuffix(name, "/"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the node has %q, want %q", got, want)
	}
	if raw, err := json.Marshal(n.recorder.Last(t)); err != nil || bytes.Contains(raw, []byte("Merger")) ||
		bytes.Contains(raw, []byte("Secret")) {
		t.Errorf("the record holds a name: %s, %v", raw, err)
	}
	if out, err := runSpec("--move-after-transfer="+from, "-v"); err == nil {
		t.Errorf("sources were moved: %s", out)
	}
}
